"""What can go wrong with a list file.

ListError
    ListUnreachable     the file or URL cannot be read: infrastructure, worth another try
    ListUnrecognised    the content is no official list we can read
    ListTruncated       an official file that ends too early
"""

from __future__ import annotations


class ListError(ValueError):
    """A list source that cannot be loaded. Nothing of it is used: the caller keeps the last good list."""

    def __init__(self, source: str, reason: str, line: int | None = None) -> None:
        place = source if line is None else f"{source}, line {line}"
        super().__init__(f"{place}: {reason}")
        self.source = source
        self.reason = reason
        self.line = line


class ListUnreachable(ListError):
    """The file or URL could not be read."""


class ListUnrecognised(ListError):
    """The content is not in an official format that is read here."""


class ListTruncated(ListError):
    """An official file that ends before its end."""
