"""The UK sanctions list in CSV: `Report Date: 08-Oct-2026`, a header of 58 columns, one row per name.

Rows of one party share its Unique ID. The rows of a party repeat its other facts, so that each is kept once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import IO

from rules.lists import Alias, AliasStrength, EntryKind, Identifier, ListEntry, SanctionsList

from .collected import Collected, day, day_or_none
from .errors import ListUnrecognised
from .free_text import addresses_in
from .header_csv import HeaderCsv

NAME = "UK"
_LEAD = "Report Date:"
_NEEDED = ("Unique ID", "Name 6", "Name type")
_KINDS = {
    "individual": EntryKind.INDIVIDUAL,
    "entity": EntryKind.ENTITY,
    "ship": EntryKind.VESSEL,
}
_IDENTIFIERS = {
    "OFSI Group ID": "OFSI Group ID",
    "UN Reference Number": "UN reference",
    "National Identifier number": "National Identifier",
    "Passport number": "Passport",
    "Business registration number (s)": "Business registration number",
    "IMO number": "IMO number",
    "Hull identification number (HIN)": "Hull identification number",
}
_DAYS = ("%d/%m/%Y", "%d-%b-%Y")


def looks_like(head: bytes) -> bool:
    """Whether the beginning of a file is the one of this format."""
    return head.lstrip(b'\xef\xbb\xbf "').startswith(_LEAD.encode())


class _Party:
    """The facts of one party, gathered from its rows in their order, each once."""

    def __init__(self, row: Mapping[str, str]) -> None:
        self.row = row
        self.primary = ""
        self.aliases: dict[Alias, None] = {}
        self.identifiers: dict[Identifier, None] = {}
        self.facts: dict[str, dict[str, None]] = {}

    def take(self, row: Mapping[str, str]) -> None:
        """Add what a row says."""
        self._name(row)
        for column, value in row.items():
            if value and column in _IDENTIFIERS:
                self.identifiers[Identifier(kind=_IDENTIFIERS[column], number=value)] = None
            elif value:
                self.facts.setdefault(column, {})[value] = None
        birthplace = ", ".join(filter(None, (row.get("Town of birth", ""), row.get("Country of birth", ""))))
        if birthplace:
            self.facts.setdefault("born in", {})[birthplace] = None

    def _name(self, row: Mapping[str, str]) -> None:
        spelled = " ".join(filter(None, (row.get(f"Name {number}", "") for number in (1, 2, 3, 4, 5, 6))))
        kind = row["Name type"].lower()
        if kind == "primary name" and not self.primary:
            self.primary = spelled
        elif spelled:
            weak = row.get("Alias strength", "").lower().startswith("low")
            self.aliases[Alias(name=spelled, strength=AliasStrength.WEAK if weak else AliasStrength.STRONG)] = None
        original = row.get("Name non-latin script", "")
        if original:
            self.aliases[Alias(name=original, script=row.get("Non-latin script type") or "original")] = None

    def _told(self, *columns: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for column in columns for value in self.facts.get(column, ())))

    def entry(self) -> ListEntry:
        """The entry of all rows."""
        remarks = self._told("Other Information", "UK Statement of Reasons")
        listed = (day_or_none(each, *_DAYS) for each in self._told("Date Designated"))
        return ListEntry(
            entry_id=self.row["Unique ID"],
            name=self.primary,
            source="",
            kind=_KINDS.get(self.row.get("Designation Type", "").lower(), EntryKind.ENTITY),
            programs=self._told("Regime Name"),
            aliases=tuple(self.aliases),
            addresses=addresses_in(" \n".join(remarks)),
            dates_of_birth=self._told("D.O.B"),
            places_of_birth=self._told("born in"),
            nationalities=self._told("Nationality(/ies)"),
            countries=self._told("Address Country", "Current believed flag of ship"),
            linked_to=self._told("Parent company", "Current owner/operator (s)"),
            gender=next(iter(self._told("Gender")), None),
            title="; ".join(self._told("Title", "Position")) or None,
            remarks="; ".join(remarks),
            identifiers=tuple(self.identifiers),
            listed_on=min((each for each in listed if each is not None), default=None),
        )


def read(stream: IO[bytes], source: str) -> SanctionsList:
    """Reads a whole file. Raises ListTruncated when it ends within a row, ListError for a row that is broken."""
    table = HeaderCsv(stream, source, delimiter=",", lead_lines=1)
    lead = table.lead[0].strip('", ')
    if not lead.startswith(_LEAD):
        raise ListUnrecognised(source, f"the first line is not {_LEAD} ...")
    published: date | None = day(lead.removeprefix(_LEAD).strip(), source, *_DAYS)
    parties: dict[str, _Party] = {}
    for row in table.rows(*_NEEDED):
        parties.setdefault(row["Unique ID"], _Party(row)).take(row)
    collected = Collected(source)
    for party in parties.values():
        collected.add(party.entry())
    return collected.listing(NAME, published)
