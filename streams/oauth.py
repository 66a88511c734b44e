"""Bearer tokens for SASL/OAUTHBEARER: from a file that somebody keeps fresh, or from a token endpoint.

Providers are called from several event loops (Faust fetches in a thread of its own): they keep no loop's objects.
"""

import asyncio
import ssl
import time
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaConnectionError

_ANSWER_SECONDS: Final = 10.0
_FRESH_SHARE: Final = 0.8  # judgement: a new token is fetched when a fifth of the old one's life is left
_USUAL_LIFE_SECONDS: Final = 300.0  # judgement: for endpoints that do not say, which RFC 6749 section 5.1 allows


class FileToken(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types
    """The token in a file, read at each connection: a Kubernetes service account's, or one that an agent renews."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def token(self) -> str:
        """The token. Raises KafkaConnectionError, which is tried again, when there is none."""
        try:
            text = await asyncio.to_thread(self._path.read_text, "utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise KafkaConnectionError(f"no token in {self._path}: {error}") from None
        return text.strip()


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = _USUAL_LIFE_SECONDS


class ClientCredentials(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types
    """Tokens by the client credentials grant (RFC 6749 section 4.4), kept until most of their life is over.

    The endpoint's certificate is checked against the system's authorities, or those of SSL_CERT_FILE.
    """

    def __init__(
        self, url: str, client: str, secret: str, *, scope: str | None = None, verify: ssl.SSLContext | None = None
    ) -> None:
        self._url = url
        self._login = (client, secret)
        self._form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        self._verify = verify or ssl.create_default_context()
        self._held: tuple[str, float] = ("", 0.0)  # the token, and until when (time.monotonic) it is used

    async def token(self) -> str:
        """The token. Raises KafkaConnectionError, which is tried again, when the endpoint gives none."""
        token, until = self._held
        if time.monotonic() < until:
            return token
        granted = await self._ask()
        self._held = (granted.access_token, time.monotonic() + _FRESH_SHARE * granted.expires_in)
        return granted.access_token

    async def _ask(self) -> _Granted:
        options: dict[str, Any] = {"timeout": _ANSWER_SECONDS, "verify": self._verify}
        try:
            async with httpx.AsyncClient(**options) as client:
                answer = await client.post(self._url, data=self._form, auth=self._login)
                answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=_Granted)
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            raise KafkaConnectionError(f"no token from {self._url}: {type(error).__name__}: {error}") from None
