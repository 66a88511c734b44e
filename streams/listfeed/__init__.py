"""Official sanctions lists: read from files, folders and URLs into one `Watchlist`."""

from .errors import ListError, ListTruncated, ListUnreachable, ListUnrecognised
from .sources import load_list, load_lists

__all__ = ["ListError", "ListTruncated", "ListUnreachable", "ListUnrecognised", "load_list", "load_lists"]
