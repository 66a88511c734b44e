"""Fetches list files by URL into a folder: asks only for what changed, with limits on time and size, more than once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import date
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path

import httpx
import msgspec

from .errors import ListError, ListUnreachable

MAX_BYTES = 512 * 1024 * 1024  # four times SDN_ENHANCED.XML, the largest official file (about 100 MB)
_NOT_FOUND = (404, 410)  # not 403: a server that turns us away must not look like a set without aliases
_UNCHANGED = 304
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how often a server is asked. Seconds."""

    connect: float = 10.0
    silence: float = 30.0  # between two pieces of an answer
    whole: float = 600.0  # judgement: 100 MB at 170 kB/s
    attempts: int = 3
    first_pause: float = 1.0  # doubled each time, plus up to as much again at random
    max_bytes: int = MAX_BYTES


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was fetched, and what its server will know it by the next time."""

    url: str
    name: str  # of the file in its folder
    sha256: str
    etag: str | None = None
    last_modified: str | None = None

    @property
    def day(self) -> date | None:
        """The day its `Last-Modified` header names."""
        try:
            return None if self.last_modified is None else parsedate_to_datetime(self.last_modified).date()
        except ValueError:
            return None


class Missing(ListUnreachable):
    """The server says that there is no such file."""


def fetch(url: str, into: Path, known: Fetched | None = None, patience: Patience | None = None) -> Fetched | None:
    """Write the content of a URL to a file; None when the server says that it is as it was when `known` was fetched.

    Raises Missing, ListUnreachable, or ListError when it is larger than allowed.
    """
    patience = patience or Patience()
    pause = patience.first_pause
    for left in reversed(range(patience.attempts)):
        try:
            return _once(url, into, known, patience)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            if status in _NOT_FOUND:
                raise Missing(url, f"the server answered {status}") from None
            fault = ListUnreachable(url, f"the server answered {status}")
            if status not in _WORTH_ANOTHER_TRY or not left:
                raise fault from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ListUnreachable(url, str(error) or type(error).__name__) from None
        except httpx.HTTPError as error:
            if not left:
                raise ListUnreachable(url, str(error) or type(error).__name__) from None
        time.sleep(pause + random.uniform(0, pause))  # noqa: S311  # spreads workers that ask at the same time
        pause *= 2
    raise AssertionError("the last attempt returns or raises")


def _once(url: str, into: Path, known: Fetched | None, patience: Patience) -> Fetched | None:
    deadline = time.monotonic() + patience.whole
    timeout = httpx.Timeout(patience.silence, connect=patience.connect)
    with (
        httpx.Client(follow_redirects=True, timeout=timeout) as client,
        client.stream("GET", url, headers=_conditions(known)) as response,
    ):
        if response.status_code == _UNCHANGED and known is not None:
            return None
        response.raise_for_status()
        if response.status_code == _UNCHANGED:
            raise ListUnreachable(url, "the server answered 304 to a request without conditions")
        digest = _write(response, into, url, deadline, patience.max_bytes)
        headers = response.headers
        return Fetched(
            url=url,
            name=into.name,
            sha256=digest,
            etag=headers.get("ETag"),
            last_modified=headers.get("Last-Modified"),
        )


def _conditions(known: Fetched | None) -> dict[str, str]:
    conditions: dict[str, str] = {}
    if known is not None and known.etag:
        conditions["If-None-Match"] = known.etag
    if known is not None and known.last_modified:
        conditions["If-Modified-Since"] = known.last_modified
    return conditions


def _write(response: httpx.Response, into: Path, url: str, deadline: float, max_bytes: int) -> str:
    digest, size = sha256(), 0
    with into.open("wb") as out:
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > max_bytes:
                raise ListError(url, f"larger than {max_bytes} bytes")
            if time.monotonic() > deadline:
                raise ListUnreachable(url, "the transfer takes too long")
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


Fetch = Callable[[str, Path, Fetched | None], Fetched | None]
