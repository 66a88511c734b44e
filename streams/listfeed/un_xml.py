"""The UN Security Council's consolidated list: a `CONSOLIDATED_LIST` of individuals and entities.

An entry is known by its permanent reference number, KPi.033. Empty aliases, which occur, are no aliases.
"""

from __future__ import annotations

from datetime import date
from typing import IO, TYPE_CHECKING

from rules.lists import Alias, AliasStrength, EntryKind, Identifier, ListEntry, SanctionsList

from .collected import Collected, day, day_or_none
from .free_text import addresses_in
from .xml_stream import elements, local, text, texts

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAME = "UN"
_NAMES = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
_WEAK = ("low", "a.k.a.low")
_PLACE = ("CITY", "STATE_PROVINCE", "COUNTRY")


def read(stream: IO[bytes], source: str) -> SanctionsList:
    """Reads a whole file. Raises ListTruncated when it is not closed, ListUnrecognised for another schema."""
    collected = Collected(source)
    published: date | None = None
    for element in elements(
        stream,
        source,
        root="CONSOLIDATED_LIST",
        wanted=("INDIVIDUAL", "ENTITY"),
        holders=("INDIVIDUALS", "ENTITIES"),
        strange=collected.strange,
    ):
        match local(element.tag):
            case "CONSOLIDATED_LIST":
                published = day(element.get("dateGenerated", ""), source)
            case "INDIVIDUAL":
                collected.add(_entry(element, EntryKind.INDIVIDUAL, "INDIVIDUAL_"))
            case "ENTITY":
                collected.add(_entry(element, EntryKind.ENTITY, "ENTITY_"))
    return collected.listing(NAME, published)


def _entry(element: Element, kind: EntryKind, prefix: str) -> ListEntry:
    reference, number = text(element, "REFERENCE_NUMBER"), text(element, "DATAID")
    comments = text(element, "COMMENTS1")
    notes = texts(element, f"{prefix}ADDRESS/NOTE")
    return ListEntry(
        entry_id=reference or number,
        name=" ".join(filter(None, (text(element, each) for each in _NAMES))),
        source="",
        kind=kind,
        programs=texts(element, "UN_LIST_TYPE"),
        aliases=_aliases(element, prefix),
        addresses=addresses_in(" ".join((comments, *notes))),
        dates_of_birth=_births(element),
        places_of_birth=_places(element, f"{prefix}PLACE_OF_BIRTH"),
        nationalities=texts(element, "NATIONALITY/VALUE"),
        countries=texts(element, f"{prefix}ADDRESS/COUNTRY"),
        gender=text(element, "GENDER") or None,
        title="; ".join((*texts(element, "TITLE/VALUE"), *texts(element, "DESIGNATION/VALUE"))) or None,
        remarks=comments,
        identifiers=_identifiers(element, number if reference else ""),
        listed_on=day_or_none(text(element, "LISTED_ON")),
    )


def _aliases(element: Element, prefix: str) -> tuple[Alias, ...]:
    found: list[Alias] = []
    for each in element.findall(f"{{*}}{prefix}ALIAS"):
        name, quality = text(each, "ALIAS_NAME"), text(each, "QUALITY").lower()
        if name:
            strength = AliasStrength.WEAK if quality in _WEAK else AliasStrength.STRONG
            found.append(Alias(name=name, kind="fka" if quality.startswith("f") else "aka", strength=strength))
    original = text(element, "NAME_ORIGINAL_SCRIPT")
    if original:
        found.append(Alias(name=original, script="original"))
    return tuple(dict.fromkeys(found))


def _births(element: Element) -> tuple[str, ...]:
    found: list[str] = []
    for each in element.findall("{*}INDIVIDUAL_DATE_OF_BIRTH"):
        exact = text(each, "DATE") or text(each, "YEAR")
        begin, end = text(each, "FROM_YEAR"), text(each, "TO_YEAR")
        words = exact or (f"{begin} to {end}" if begin and end else begin or end)
        if words:
            found.append(f"circa {words}" if text(each, "TYPE_OF_DATE") == "APPROXIMATELY" else words)
    found += texts(element, "INDIVIDUAL_ALIAS/DATE_OF_BIRTH")
    return tuple(dict.fromkeys(found))


def _places(element: Element, name: str) -> tuple[str, ...]:
    found = (", ".join(filter(None, (text(each, part) for part in _PLACE))) for each in element.findall(f"{{*}}{name}"))
    return tuple(dict.fromkeys(filter(None, found)))


def _identifiers(element: Element, number: str) -> tuple[Identifier, ...]:
    found = [Identifier(kind="UN DATAID", number=number)] if number else []
    for each in element.findall("{*}INDIVIDUAL_DOCUMENT"):
        document = text(each, "NUMBER")
        if document:
            kind = text(each, "TYPE_OF_DOCUMENT") or text(each, "TYPE_OF_DOCUMENT2") or "Document"
            country = text(each, "ISSUING_COUNTRY") or text(each, "COUNTRY_OF_ISSUE")
            found.append(Identifier(kind=kind, number=document, country=country))
    return tuple(dict.fromkeys(found))
