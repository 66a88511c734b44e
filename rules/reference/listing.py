"""One reference list: rows of one kind with a name, a date and a content hash. Immutable."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final, Self

import msgspec

from rules.addresses import MalformedAddress, canonical_forms
from rules.reference.networks import BadAddress, prefix
from rules.reference.rows import Jurisdiction, Label, NetworkRow, Vasp

_HASH_PREFIX: Final = b"lockgate-reference-1"  # changes with what the hash covers
_encode: Final = msgspec.json.Encoder(order="deterministic").encode

Row = Jurisdiction | NetworkRow | Vasp | Label


class ListKind(StrEnum):
    """What the rows of a list are about."""

    JURISDICTIONS = "jurisdictions"
    NETWORKS = "networks"
    VASPS = "vasps"
    LABELS = "labels"

    @property
    def row(self) -> type[Row]:
        """The type of its rows."""
        return _ROWS[self]


_ROWS: Final[dict[ListKind, type[Row]]] = {
    ListKind.JURISDICTIONS: Jurisdiction,
    ListKind.NETWORKS: NetworkRow,
    ListKind.VASPS: Vasp,
    ListKind.LABELS: Label,
}


class LeftOutRow(msgspec.Struct, frozen=True, gc=False):
    """A row of a file that is not in the list, and why."""

    line: int
    reason: str


class ReferenceList(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One list as published. `hash` covers kind, name, date and rows, in whatever order the file has them."""

    name: str
    kind: ListKind
    published: date
    rows: tuple[Row, ...]
    left_out: tuple[LeftOutRow, ...] = ()
    hash: str

    @classmethod
    def of(
        cls, name: str, kind: ListKind, published: date, rows: Iterable[Row], left_out: Iterable[LeftOutRow] = ()
    ) -> Self:
        """Hashes the rows of a list. They are expected to have no `fault`."""
        kept = tuple(rows)
        digest = sha256(_HASH_PREFIX + _encode((name, kind, published)))
        for content in sorted(map(_encode, kept)):
            digest.update(content + b"\n")
        return cls(name=name, kind=kind, published=published, rows=kept, left_out=tuple(left_out), hash=digest.hexdigest())

    def age(self, as_of: date) -> timedelta:
        """Time from publication to `as_of`."""
        return as_of - self.published


def fault(row: Row) -> str | None:
    """Why a row of the right form cannot be used all the same, or None."""
    try:
        if isinstance(row, NetworkRow):
            prefix(row.network)
        elif isinstance(row, Label):
            canonical_forms(row.address, row.network)
    except (BadAddress, MalformedAddress) as error:
        return str(error)
    return None
