"""Everything that rules look things up in, as the settings name it."""

from collections.abc import Callable, Sequence

from rules.knowledge import Knowledge
from rules.lists import Watchlist
from streams.errors import ListsError
from streams.referencefeed import load_reference
from streams.watchlists import load_watchlist


def load_knowledge(lists: Sequence[str], reference: Sequence[str]) -> Knowledge:
    """Load the sanctions lists and the reference lists.

    Raises:
        ListsError: naming each source that cannot be used.
    """
    return gather(lambda: load_watchlist(lists), reference)


def gather(load_lists: Callable[[], Watchlist], reference: Sequence[str]) -> Knowledge:
    """As `load_knowledge`, with sanctions lists that come from `load_lists`."""
    faults: list[str] = []
    try:
        watchlist = load_lists()
    except ListsError as error:
        faults += error.faults
    try:
        referred = load_reference(reference)
    except ListsError as error:
        faults += error.faults
    if faults:
        raise ListsError(faults)
    return Knowledge(watchlist, referred)
