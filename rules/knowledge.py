"""What rules look things up in: the lists in force, as one immutable value that is swapped as a whole."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec

from rules.exceptions import NO_EXCEPTIONS, Exceptions
from rules.lists import Watchlist
from rules.names import NameIndex
from rules.names.compiled import names_of
from rules.reference import Reference, combine
from rules.reference.attribution import Attribution, attributions

NO_REFERENCE: Final = combine([])


class Need(StrEnum):
    """A list without which a rule cannot answer."""

    WATCHLIST = "sanctions list"
    JURISDICTIONS = "list of jurisdictions"
    NETWORKS = "list of networks"
    VASPS = "list of VASPs"
    LABELS = "list of address labels"
    VASPS_OR_LABELS = "list of VASPs or of address labels"


class Knowledge(msgspec.Struct, frozen=True, eq=False):
    """The lists in force, and the exceptions that people have made.

    Where a list is missing, rules that need it say that they were not evaluated.
    `watchlist` is None when no sanctions list is loaded; a part of `reference` is None when no list of its kind is.
    `attributed` is made of both: the addresses whose labels speak of a listed party. Leave it out.
    """

    watchlist: Watchlist | None = None
    reference: Reference = NO_REFERENCE
    exceptions: Exceptions = NO_EXCEPTIONS
    attributed: Mapping[str, Attribution] = {}

    def __post_init__(self) -> None:
        if self.watchlist is not None:
            msgspec.structs.force_setattr(self, "attributed", attributions(self.reference, self.watchlist))

    @property
    def names(self) -> NameIndex | None:
        """The names on the sanctions list, compiled at the first asking; None without a list."""
        return None if self.watchlist is None else names_of(self.watchlist)

    @property
    def hash(self) -> str:
        """Identifies everything that a rule may look up, for the journal; empty when there is nothing."""
        watched, referred = self.watchlist.hash if self.watchlist is not None else "", self.reference.hash
        return sha256(f"{watched}\n{referred}".encode()).hexdigest() if referred else watched

    @property
    def identity(self) -> str:
        """As `hash`, but it also covers the exceptions, and the lists' names and dates of publication, which alerts show."""
        lines = [self.hash]
        if self.watchlist is not None:
            lines += [f"{one.hash} {one.published} {one.name}" for one in self.watchlist.lists]
        lines += [f"{one.hash} {one.published} {one.name}" for one in self.reference.lists]
        lines += [self.exceptions.hash] if self.exceptions else []
        return sha256("\n".join(lines).encode()).hexdigest() if self.hash or self.exceptions else ""

    def lacks(self, need: Need) -> bool:
        """Whether no list of that kind is loaded."""
        if need is Need.WATCHLIST:
            return self.watchlist is None
        return all(getattr(self.reference, part) is None for part in need.name.lower().split("_or_"))


NOTHING: Final = Knowledge()
