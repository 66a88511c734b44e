"""The sanctions lists that the settings name, as one watchlist."""

from collections.abc import Sequence

from rules.lists import Watchlist, merge
from streams.errors import ListsError
from streams.listfeed import ListError, load_list


def load_watchlist(sources: Sequence[str]) -> Watchlist:
    """Load every source.

    Raises:
        ListsError: naming each source that cannot be used.
    """
    lists, faults = [], []
    for source in sources:
        try:
            lists += load_list(source)
        except ListError as error:
            faults.append(f"lists: {error}")
    if faults:
        raise ListsError(faults)
    return merge(lists)
