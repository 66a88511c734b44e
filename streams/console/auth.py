"""Who may use the console: by a token, by a header of a reverse proxy, or anybody on this machine.

Tokens: a file with a line `NAME:SHA-256 of the token, in hex` for each analyst. A token is long and random
(`openssl rand -hex 32`), so that a plain hash keeps it. A browser trades it for a cookie that scripts cannot read.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import HTTPConnection

from streams.errors import SettingsError
from streams.settings import Settings

COOKIE: Final = "lockgate_session"
SESSION_SECONDS: Final = 12 * 3600  # judgement: a shift
LOCAL: Final = "local"

_SESSIONS_KEPT: Final = 10_000
_LINE: Final = re.compile(r"([^\s:#][^:]{0,199}):([0-9a-f]{64})")
_LOCAL_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _Session(msgspec.Struct, frozen=True):
    name: str
    until: float


class Doorkeeper:
    """Says who a request is from, or that it is from nobody known."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        """Raises SettingsError when nothing would keep strangers out."""
        self._clock = clock
        self._names = {} if settings.console_users is None else _read_users(Path(settings.console_users))
        self._header = settings.console_user_header
        self._proxies = frozenset(part.strip() for part in settings.console_proxies.split(",") if part.strip())
        self._sessions: dict[str, _Session] = {}
        host, _ = settings.console_address()
        self.open = not self._names and not self._header
        if self.open and not is_loopback(host):
            reason = f"{settings.console} is open to the network, and nothing says who may in"
            raise SettingsError([f"console: {reason}; set console_users or console_user_header (docs/console.md)"])

    @property
    def takes_tokens(self) -> bool:
        """Whether there is a page to log in."""
        return bool(self._names)

    def who(self, request: HTTPConnection) -> str | None:
        """The name of whoever asks; None for a stranger."""
        if self.open:
            # a name of this machine: a page of a stranger's, rebound to 127.0.0.1 by its DNS, comes under its own
            return LOCAL if (request.url.hostname or "") in _LOCAL_HOSTS else None
        behind_proxy = self._header and request.client and request.client.host in self._proxies
        if behind_proxy and (name := request.headers.get(str(self._header), "").strip()):
            return name[:200]
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self.holder(token.strip())
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        return session.name if session and session.until > self._clock() else None

    def holder(self, token: str) -> str | None:
        """Whose token this is."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        found = [name for known, name in self._names.items() if hmac.compare_digest(known, digest)]
        return found[0] if found else None

    def admit(self, name: str) -> str:
        """A new session's secret, for the cookie."""
        now = self._clock()
        for old in [key for key, one in self._sessions.items() if one.until <= now]:
            del self._sessions[old]
        while len(self._sessions) >= _SESSIONS_KEPT:
            del self._sessions[next(iter(self._sessions))]
        secret = secrets.token_urlsafe(32)
        self._sessions[secret] = _Session(name, now + SESSION_SECONDS)
        return secret

    def leave(self, request: HTTPConnection) -> None:
        """End the session of a request."""
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to listen on."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def same_origin(request: HTTPConnection) -> bool:
    """Whether a request that changes something comes from our own page, as the browser tells; other programs say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def _read_users(path: Path) -> dict[str, str]:
    """Names by the SHA-256 of their tokens. Raises SettingsError."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"console_users: cannot read {path}: {error}"]) from None
    users, faults = {}, []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if match := _LINE.fullmatch(line.strip()):
            users[match[2]] = match[1]
        else:
            faults.append(f"console_users: {path}:{number} is not NAME:SHA-256 (64 hex digits in lower case)")
    if not users and not faults:
        faults.append(f"console_users: {path} names nobody")
    if faults:
        raise SettingsError(faults)
    return users
