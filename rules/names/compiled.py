"""The index of a watchlist's names, compiled once for each list in use."""

from functools import lru_cache
from typing import Final

from rules.lists import Watchlist
from rules.names.index import NameIndex

_LISTS: Final = 3  # the list in force, the one that follows it, an earlier one that a replay needs


@lru_cache(maxsize=_LISTS)
def names_of(watchlist: Watchlist) -> NameIndex:
    """The compiled names. Takes seconds for a whole official list: ask for it before the first transfer needs it."""
    return NameIndex(watchlist)
