"""The EU's consolidated financial sanctions file (FSF) 1.1 in CSV: `;` between fields, one row per alias, address, birth ...

Rows of one entity share its logical id. Columns are found by name, since versions of the file have more or fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import IO

from rules.lists import Alias, Identifier, ListEntry, SanctionsList

from .collected import Collected, day, day_or_none
from .eu_names import NAME, Names, alias, birth_words, kind_of, place_words
from .free_text import addresses_in
from .header_csv import HeaderCsv

_NEEDED = ("Entity_LogicalId", "NameAlias_WholeName")
_BIRTH = {
    "birthdate": "BirthDate_BirthDate", "dayOfMonth": "BirthDate_Day", "monthOfYear": "BirthDate_Month",
    "year": "BirthDate_Year", "yearRangeFrom": "BirthDate_YearRangeFrom", "yearRangeTo": "BirthDate_YearRangeTo",
    "circa": "BirthDate_Circa", "place": "BirthDate_Place", "city": "BirthDate_City", "region": "BirthDate_Region",
    "countryDescription": "BirthDate_CountryDescription",
}  # fmt: skip
_DAY = "%d/%m/%Y"


def looks_like(head: bytes) -> bool:
    """Whether the beginning of a file is the header of this format."""
    first = head.partition(b"\n")[0]
    return b";" in first and all(column.encode() in first for column in _NEEDED)


class _Entity:
    """The facts of one entity, gathered from its rows in their order, each once."""

    def __init__(self, row: Mapping[str, str]) -> None:
        self.row = row
        self.aliases: dict[Alias | None, None] = {}
        self.identifiers: dict[Identifier, None] = {}
        self.facts: dict[str, dict[str, None]] = {}

    def take(self, row: Mapping[str, str]) -> None:
        """Add what a row says."""
        parts = [row.get(f"NameAlias_{part}Name", "") for part in ("First", "Middle", "Last")]
        self.aliases[alias(row["NameAlias_WholeName"], parts, strong=row.get("NameAlias_Strong", "true"))] = None
        birth = {name: row.get(column, "") for name, column in _BIRTH.items()}
        self._note("birth", birth_words(birth))
        self._note("birthplace", place_words(birth))
        self._note("nationality", row.get("Citizenship_CountryDescription", ""))
        self._note("country", row.get("Address_CountryDescription", ""))
        self._note("programme", row.get("Entity_Regulation_Programme", ""))
        self._note("gender", row.get("NameAlias_Gender", ""))
        for column in ("NameAlias_Title", "NameAlias_Function"):
            self._note("title", row.get(column, ""))
        for column, value in row.items():
            if column.endswith("_Remark") or column == "Entity_DesignationDetails":
                self._note("remark", value)
        number = row.get("Identification_Number") or row.get("Identification_LatinNumber") or ""
        if number:
            kind = row.get("Identification_TypeDescription") or row.get("Identification_TypeCode") or "Document"
            country = row.get("Identification_CountryDescription", "")
            self.identifiers[Identifier(kind=kind, number=number, country=country)] = None

    def _note(self, kind: str, value: str) -> None:
        if value and value != "UNKNOWN":
            self.facts.setdefault(kind, {})[value] = None

    def _told(self, kind: str) -> tuple[str, ...]:
        return tuple(self.facts.get(kind, ()))

    def entry(self) -> ListEntry:
        """The entry of all rows."""
        row, names = self.row, Names(self.aliases)
        references = (
            ("EU reference", row.get("Entity_EU_ReferenceNumber", "")),
            ("UN reference", row.get("Entity_UnitedNationId", "")),
        )
        own = [Identifier(kind=kind, number=number) for kind, number in references if number]
        return ListEntry(
            entry_id=row["Entity_LogicalId"],
            name=names.name,
            source="",
            kind=kind_of(row.get("Entity_SubjectType", ""), row.get("Entity_SubjectType_ClassificationCode", "")),
            programs=self._told("programme"),
            aliases=names.aliases,
            addresses=addresses_in(" \n".join(self._told("remark"))),
            dates_of_birth=self._told("birth"),
            places_of_birth=self._told("birthplace"),
            nationalities=self._told("nationality"),
            countries=self._told("country"),
            gender=next(iter(self._told("gender")), None),
            title="; ".join(self._told("title")) or None,
            remarks="; ".join(self._told("remark")),
            identifiers=(*own, *self.identifiers),
            listed_on=day_or_none(row.get("Entity_DesignationDate", ""), _DAY)
            or day_or_none(row.get("Entity_Regulation_EntryIntoForceDate", ""), _DAY),
        )


def read(stream: IO[bytes], source: str) -> SanctionsList:
    """Reads a whole file. Raises ListTruncated when it ends within a row, ListError for a row that is broken."""
    entities: dict[str, _Entity] = {}
    published: date | None = None
    for row in HeaderCsv(stream, source, delimiter=";").rows(*_NEEDED):
        if published is None:
            published = day(row.get("fileGenerationDate", ""), source, _DAY)
        entity_id = row["Entity_LogicalId"]
        entities.setdefault(entity_id, _Entity(row)).take(row)
    collected = Collected(source)
    for entry in _entries(entities.values()):
        collected.add(entry)
    return collected.listing(NAME, published)


def _entries(entities: Iterable[_Entity]) -> Iterable[ListEntry]:
    return (each.entry() for each in entities)
