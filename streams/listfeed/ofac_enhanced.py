"""The official SDN_ENHANCED.XML and CONS_ENHANCED.XML: a `sanctionsData` of about 100 MB, read as a stream.

Names come in several scripts here. A name in another script than Latin is an alias that names its script.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import IO, TYPE_CHECKING

from rules.lists import Alias, AliasStrength, EntryKind, Identifier, ListedAddress, ListEntry, SanctionsList

from .collected import Collected, day, day_or_none
from .remarks import ADDRESS_LABEL, CONSOLIDATED, SDN
from .xml_stream import elements, local, text, texts

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_KINDS = {kind.value: kind for kind in EntryKind}
_LATIN = "Latin"
_NATIONALITIES = ("Nationality Country", "Citizenship Country")
_FLAGS = ("Vessel Flag", "Nationality of Registration")
_READ = frozenset(("Birthdate", "Place of Birth", "Gender", *_NATIONALITIES, *_FLAGS))


def read(stream: IO[bytes], source: str) -> SanctionsList:
    """Reads a whole file. Raises ListTruncated when it is not closed, ListUnrecognised for another schema."""
    collected = Collected(source)
    published: date | None = None
    on_sdn = 0
    for element in elements(
        stream,
        source,
        root="sanctionsData",
        wanted=("publicationInfo", "entity"),
        holders=("entities",),
        known=("referenceValues", "featureTypes"),
        strange=collected.strange,
    ):
        match local(element.tag):
            case "publicationInfo":
                published = day(text(element, "dataAsOf"), source)
            case "entity":
                collected.add(_entry(element))
                on_sdn += any(name == "SDN List" for name in texts(element, "sanctionsLists/sanctionsList"))
    return collected.listing(SDN if 2 * on_sdn >= collected.total else CONSOLIDATED, published)


def _entry(element: Element) -> ListEntry:
    features = [(text(each, "type"), text(each, "value")) for each in element.findall("{*}features/{*}feature")]
    name, aliases = _names(element)
    countries = (*texts(element, "addresses/address/country"), *_values(features, *_FLAGS))
    listed = (day_or_none(each.get("datePublished", "")) for each in element.findall("{*}sanctionsLists/{*}sanctionsList"))
    return ListEntry(
        entry_id=element.get("id", ""),
        name=name,
        source="",
        kind=_KINDS.get(" ".join(texts(element, "generalInfo/entityType")).lower(), EntryKind.ENTITY),
        programs=texts(element, "sanctionsPrograms/sanctionsProgram"),
        aliases=aliases,
        addresses=tuple(
            dict.fromkeys(
                ListedAddress(currency=kind.removeprefix(ADDRESS_LABEL).strip(" -"), address=value)
                for kind, value in features
                if kind.startswith(ADDRESS_LABEL) and value
            )
        ),
        dates_of_birth=_values(features, "Birthdate"),
        places_of_birth=_values(features, "Place of Birth"),
        nationalities=_values(features, *_NATIONALITIES),
        countries=tuple(dict.fromkeys(countries)),
        linked_to=texts(element, "relationships/relationship/relatedEntity"),
        gender=next(iter(_values(features, "Gender")), None),
        title=next(iter(texts(element, "generalInfo/title")), None),
        remarks="; ".join((*texts(element, "generalInfo/remarks"), *_other(features))),
        identifiers=_identifiers(element),
        listed_on=min((each for each in listed if each is not None), default=None),
    )


def _other(features: list[tuple[str, str]]) -> Iterator[str]:
    """Facts without a field of their own, as remarks."""
    for kind, value in features:
        if value and kind not in _READ and not kind.startswith(ADDRESS_LABEL):
            yield f"{kind.rstrip(' :-')}: {value}"


def _values(features: list[tuple[str, str]], *kinds: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for kind, value in features if kind in kinds and value))


def _names(element: Element) -> tuple[str, tuple[Alias, ...]]:
    """The primary name in Latin script, and every other name in every script."""
    primary = ""
    aliases: list[Alias] = []
    for name in element.findall("{*}names/{*}name"):
        is_primary = text(name, "isPrimary") == "true"
        weak = text(name, "isLowQuality") == "true"
        for translation in name.findall("{*}translations/{*}translation"):
            spelled = text(translation, "formattedFullName")
            script = text(translation, "script") or _LATIN
            if is_primary and script == _LATIN and not primary:
                primary = spelled
            elif spelled:
                aliases.append(
                    Alias(
                        name=spelled,
                        kind=text(name, "aliasType").replace(".", "").lower() or "aka",
                        strength=AliasStrength.WEAK if weak else AliasStrength.STRONG,
                        script=None if script == _LATIN else script,
                    )
                )
    return primary, tuple(dict.fromkeys(aliases))


def _identifiers(element: Element) -> tuple[Identifier, ...]:
    found = (
        Identifier(
            kind=text(each, "type") or text(each, "name"),
            number=text(each, "documentNumber"),
            country=text(each, "issuingCountry"),
        )
        for each in element.findall("{*}identityDocuments/{*}identityDocument")
    )
    return tuple(dict.fromkeys(each for each in found if each.number))
