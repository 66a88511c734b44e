"""Fetches a list file by URL, with limits on time and size."""

from __future__ import annotations

import time
from datetime import date
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from .errors import ListError, ListUnreachable

MAX_BYTES = 512 * 1024 * 1024  # four times SDN_ENHANCED.XML, the largest official file (about 100 MB)
MAX_SECONDS = 600.0  # judgement: 100 MB at 170 kB/s
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_NOT_FOUND = (404, 410)  # not 403: a server that turns us away must not look like a set without aliases


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a response and the day its `Last-Modified` header names."""

    data: bytes
    last_modified: date | None


def fetch(url: str, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS) -> Download:
    """The whole content of a URL. Raises ListUnreachable, or ListError when it is larger than `max_bytes`."""
    try:
        return _fetch(url, max_bytes, time.monotonic() + max_seconds)
    except httpx.HTTPStatusError as error:
        raise ListUnreachable(url, f"the server answered {error.response.status_code}") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ListUnreachable(url, str(error) or type(error).__name__) from None


def fetch_if_there(url: str) -> Download | None:
    """As `fetch`, but None when the server says that there is no such file. Raises ListUnreachable, ListError."""
    try:
        return _fetch(url, MAX_BYTES, time.monotonic() + MAX_SECONDS)
    except httpx.HTTPStatusError as error:
        if error.response.status_code in _NOT_FOUND:
            return None
        raise ListUnreachable(url, f"the server answered {error.response.status_code}") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ListUnreachable(url, str(error) or type(error).__name__) from None


def _fetch(url: str, max_bytes: int, deadline: float) -> Download:
    chunks: list[bytes] = []
    size = 0
    with (
        httpx.Client(follow_redirects=True, timeout=_TIMEOUT) as client,
        client.stream("GET", url) as response,
    ):
        response.raise_for_status()
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > max_bytes:
                raise ListError(url, f"larger than {max_bytes} bytes")
            if time.monotonic() > deadline:
                raise ListUnreachable(url, "the transfer takes too long")
            chunks.append(chunk)
    return Download(data=b"".join(chunks), last_modified=_day(response.headers.get("Last-Modified")))


def _day(header: str | None) -> date | None:
    try:
        return None if header is None else parsedate_to_datetime(header).date()
    except ValueError:
        return None
