"""The EU's consolidated financial sanctions file (FSF) 1.1 in XML: an `export` of sanction entities.

The first strong alias of an entity is its name. Digital currency addresses stand in remarks, as sentences.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import IO, TYPE_CHECKING

from rules.lists import Alias, Identifier, ListEntry, SanctionsList

from .collected import Collected, day, day_or_none
from .eu_names import NAME, Names, alias, birth_words, kind_of, place_words
from .free_text import addresses_in
from .xml_stream import elements, local

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def read(stream: IO[bytes], source: str) -> SanctionsList:
    """Reads a whole file. Raises ListTruncated when it is not closed, ListUnrecognised for another schema."""
    collected = Collected(source)
    published: date | None = None
    for element in elements(stream, source, root="export", wanted=("sanctionEntity",), strange=collected.strange):
        match local(element.tag):
            case "export":
                published = day(element.get("generationDate", ""), source)
            case "sanctionEntity":
                collected.add(_entry(element))
    return collected.listing(NAME, published)


def _entry(element: Element) -> ListEntry:
    subject = element.find("{*}subjectType")
    codes = () if subject is None else (subject.get("code", ""), subject.get("classificationCode", ""))
    names = Names([_alias(each) for each in element.findall("{*}nameAlias")])
    remarks = _remarks(element)
    births = element.findall("{*}birthdate")
    return ListEntry(
        entry_id=element.get("logicalId", ""),
        name=names.name,
        source="",
        kind=kind_of(*codes),
        programs=_attributes(element, "regulation", "programme"),
        aliases=names.aliases,
        addresses=addresses_in(" \n".join(remarks)),
        dates_of_birth=_filled(birth_words(each.attrib) for each in births),
        places_of_birth=_filled(place_words(each.attrib) for each in births),
        nationalities=_attributes(element, "citizenship", "countryDescription"),
        countries=_attributes(element, "address", "countryDescription"),
        gender=next(iter(_attributes(element, "nameAlias", "gender")), None),
        title="; ".join((*_attributes(element, "nameAlias", "title"), *_attributes(element, "nameAlias", "function")))
        or None,
        remarks="; ".join(remarks),
        identifiers=_identifiers(element),
        listed_on=day_or_none(element.get("designationDate", "")) or _entry_into_force(element),
    )


def _entry_into_force(element: Element) -> date | None:
    regulation = element.find("{*}regulation")
    return None if regulation is None else day_or_none(regulation.get("entryIntoForceDate", ""))


def _alias(element: Element) -> Alias | None:
    return alias(
        element.get("wholeName", ""),
        (element.get("firstName", ""), element.get("middleName", ""), element.get("lastName", "")),
        strong=element.get("strong", "true"),
    )


def _remarks(element: Element) -> list[str]:
    """The remarks of an entity and of its parts: addresses stand under identifications, too."""
    found = [element.get("designationDetails", "")]
    found += ["".join(each.itertext()) for each in element.iterfind(".//{*}remark")]
    return list(dict.fromkeys(filter(None, (each.strip() for each in found))))


def _attributes(element: Element, child: str, name: str) -> tuple[str, ...]:
    return _filled(each.get(name, "") for each in element.findall(f"{{*}}{child}"))


def _filled(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in values if each and each != "UNKNOWN"))


def _identifiers(element: Element) -> tuple[Identifier, ...]:
    found = [
        Identifier(kind=kind, number=number)
        for kind, number in (
            ("EU reference", element.get("euReferenceNumber", "")),
            ("UN reference", element.get("unitedNationId", "")),
        )
        if number
    ]
    for each in element.findall("{*}identification"):
        number = each.get("number") or each.get("latinNumber") or ""
        if number:
            kind = each.get("identificationTypeDescription") or each.get("identificationTypeCode") or "Document"
            found.append(Identifier(kind=kind, number=number, country=each.get("countryDescription", "")))
    return tuple(dict.fromkeys(found))
