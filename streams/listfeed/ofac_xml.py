"""The official SDN.XML and its non-SDN sister: a `sdnList` in a namespace that ends in `/XML`, read as a stream."""

from __future__ import annotations

from datetime import date
from typing import IO, TYPE_CHECKING

from rules.lists import Alias, AliasStrength, EntryKind, Identifier, ListedAddress, ListEntry, SanctionsList

from .collected import Collected, day
from .id_types import identifier
from .remarks import ADDRESS_LABEL, list_name, with_vessel_facts
from .xml_stream import elements, local, text, texts

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_VESSEL_FACTS = ("callSign", "vesselType", "tonnage", "grossRegisteredTonnage", "vesselOwner")
_KINDS = {kind.value: kind for kind in EntryKind}


def read(stream: IO[bytes], source: str) -> SanctionsList:
    """Reads a whole file. Raises ListTruncated when it is not closed, ListUnrecognised for another schema."""
    collected = Collected(source)
    published: date | None = None
    announced: int | None = None
    for element in elements(
        stream, source, root="sdnList", wanted=("publshInformation", "sdnEntry"), strange=collected.strange
    ):
        match local(element.tag):
            case "publshInformation":
                published = day(text(element, "Publish_Date"), source, "%m/%d/%Y")
                count = text(element, "Record_Count")
                announced = int(count) if count.isdecimal() else None
            case "sdnEntry":
                collected.add(_entry(element))
    name = list_name(entry.programs for entry in collected.entries().values())
    return collected.listing(name, published, announced)


def _full_name(element: Element) -> str:
    return ", ".join(part for part in (text(element, "lastName"), text(element, "firstName")) if part)


def _entry(element: Element) -> ListEntry:
    ids = [
        (text(each, "idType"), text(each, "idNumber"), text(each, "idCountry"))
        for each in element.findall("{*}idList/{*}id")
    ]
    nationalities = (
        *texts(element, "nationalityList/nationality/country"),
        *texts(element, "citizenshipList/citizenship/country"),
    )
    countries = (*texts(element, "addressList/address/country"), *texts(element, "vesselInfo/vesselFlag"))
    return ListEntry(
        entry_id=text(element, "uid"),
        name=_full_name(element),
        source="",
        kind=_KINDS.get(text(element, "sdnType").lower(), EntryKind.ENTITY),
        programs=texts(element, "programList/program"),
        aliases=tuple(_alias(each) for each in element.findall("{*}akaList/{*}aka")),
        addresses=_addresses(ids),
        dates_of_birth=texts(element, "dateOfBirthList/dateOfBirthItem/dateOfBirth"),
        places_of_birth=texts(element, "placeOfBirthList/placeOfBirthItem/placeOfBirth"),
        nationalities=tuple(dict.fromkeys(nationalities)),
        countries=tuple(dict.fromkeys(countries)),
        gender=next((number for kind, number, _ in ids if kind == "Gender"), None),
        title=text(element, "title") or None,
        remarks=with_vessel_facts(text(element, "remarks"), _vessel_facts(element)),
        identifiers=_identifiers(ids),
    )


def _vessel_facts(element: Element) -> tuple[str, ...]:
    info = element.find("{*}vesselInfo")
    return tuple("" if info is None else text(info, name) for name in _VESSEL_FACTS)


def _addresses(ids: list[tuple[str, str, str]]) -> tuple[ListedAddress, ...]:
    found = (
        ListedAddress(currency=kind.removeprefix(ADDRESS_LABEL).strip(" -"), address=number)
        for kind, number, _ in ids
        if kind.startswith(ADDRESS_LABEL) and number
    )
    return tuple(dict.fromkeys(found))


def _identifiers(ids: list[tuple[str, str, str]]) -> tuple[Identifier, ...]:
    found = (identifier(*each) for each in ids)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _alias(element: Element) -> Alias:
    weak = text(element, "category").lower() == "weak"
    return Alias(
        name=_full_name(element),
        kind=text(element, "type").replace(".", "").lower() or "aka",
        strength=AliasStrength.WEAK if weak else AliasStrength.STRONG,
    )
