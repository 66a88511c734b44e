"""What rules look things up in: the lists in force, as one immutable value that is swapped as a whole."""

from typing import Final

import msgspec

from rules.lists import Watchlist


class Knowledge(msgspec.Struct, frozen=True, eq=False):
    """The lists in force; None where none is loaded: then rules that need it say that they were not evaluated."""

    watchlist: Watchlist | None = None

    @property
    def hash(self) -> str:
        """Identifies everything that a rule may look up, for the journal; empty when there is nothing."""
        return self.watchlist.hash if self.watchlist is not None else ""


NOTHING: Final = Knowledge()
