"""The official SDN.XML and its non-SDN sister: a `sdnList` in a namespace that ends in `/XML`, read as a stream."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from rules.lists import Alias, AliasStrength, EntryKind, LeftOut, ListedAddress, ListEntry, SanctionsList

from .errors import ListError, ListTruncated, ListUnrecognised
from .remarks import ADDRESS_LABEL, list_name

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_KINDS = {kind.value: kind for kind in EntryKind}


def read(data: bytes, source: str) -> SanctionsList:
    """Reads a whole file. Raises ListTruncated when it is not closed, ListUnrecognised for another schema."""
    entries: dict[str, ListEntry] = {}
    left_out: list[LeftOut] = []
    published: date | None = None
    announced: int | None = None
    for element in _elements(data, source):
        name = _local(element.tag)
        if name == "publshInformation":
            published = _published(_text(element, "Publish_Date"), source)
            count = _text(element, "Record_Count")
            announced = int(count) if count.isdecimal() else None
        elif name == "sdnEntry":
            entry = _entry(element, source)
            if entries.setdefault(entry.entry_id, entry) != entry:
                raise ListError(source, f"entry {entry.entry_id} stands twice with different content")
            if entries[entry.entry_id] is not entry:
                left_out.append(LeftOut(entry_id=entry.entry_id, reason="the same entry stands twice"))
            element.clear()
    if not entries:
        raise ListTruncated(source, "no entries")
    total = len(entries) + len(left_out)
    notes = [f"{announced} entries announced, {total} found"] if announced not in (None, total) else []
    name = list_name(entry.programs for entry in entries.values())
    named = [msgspec.structs.replace(entry, source=name) for entry in entries.values()]
    return SanctionsList.of(name, named, published=published, left_out=left_out, notes=notes)


def _elements(data: bytes, source: str) -> Iterator[Element]:
    root: Element | None = None
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            if root is None:
                root = element
                if _local(root.tag) != "sdnList":
                    raise ListUnrecognised(source, "the root of the document is not sdnList")
            elif event == "end":
                yield element
                if _local(element.tag) == "sdnEntry":
                    root.clear()
    except ParseError as error:
        kind = ListError if data.rstrip().endswith(b"sdnList>") else ListTruncated
        raise kind(source, f"not well-formed XML: {error}", error.position[0]) from None
    except DefusedXmlException:
        raise ListError(source, "document type declarations and entities are refused") from None


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _text(element: Element, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()


def _texts(element: Element, path: str) -> tuple[str, ...]:
    steps = "/".join(f"{{*}}{step}" for step in path.split("/"))
    found = ((each.text or "").strip() for each in element.findall(steps))
    return tuple(dict.fromkeys(text for text in found if text))


def _published(text: str, source: str) -> date | None:
    for form in ("%m/%d/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day, no time zone is told
        except ValueError:
            continue
    if text:
        raise ListError(source, f"the publication date {text!r} is no date")
    return None


def _full_name(element: Element) -> str:
    return ", ".join(part for part in (_text(element, "lastName"), _text(element, "firstName")) if part)


def _entry(element: Element, source: str) -> ListEntry:
    entry_id = _text(element, "uid")
    if not entry_id:
        raise ListError(source, "an entry without uid")
    ids = [(_text(each, "idType"), _text(each, "idNumber")) for each in element.findall("{*}idList/{*}id")]
    nationalities = (
        *_texts(element, "nationalityList/nationality/country"),
        *_texts(element, "citizenshipList/citizenship/country"),
    )
    countries = (*_texts(element, "addressList/address/country"), *_texts(element, "vesselInfo/vesselFlag"))
    return ListEntry(
        entry_id=entry_id,
        name=_full_name(element),
        source="",
        kind=_KINDS.get(_text(element, "sdnType").lower(), EntryKind.ENTITY),
        programs=_texts(element, "programList/program"),
        aliases=tuple(_alias(each) for each in element.findall("{*}akaList/{*}aka")),
        addresses=_addresses(ids),
        dates_of_birth=_texts(element, "dateOfBirthList/dateOfBirthItem/dateOfBirth"),
        places_of_birth=_texts(element, "placeOfBirthList/placeOfBirthItem/placeOfBirth"),
        nationalities=tuple(dict.fromkeys(nationalities)),
        countries=tuple(dict.fromkeys(countries)),
        gender=next((number for kind, number in ids if kind == "Gender"), None),
        title=_text(element, "title") or None,
        remarks=_text(element, "remarks"),
    )


def _addresses(ids: list[tuple[str, str]]) -> tuple[ListedAddress, ...]:
    found = (
        ListedAddress(currency=kind.removeprefix(ADDRESS_LABEL).strip(" -"), address=number)
        for kind, number in ids
        if kind.startswith(ADDRESS_LABEL) and number
    )
    return tuple(dict.fromkeys(found))


def _alias(element: Element) -> Alias:
    weak = _text(element, "category").lower() == "weak"
    return Alias(
        name=_full_name(element),
        kind=_text(element, "type").replace(".", "").lower() or "aka",
        strength=AliasStrength.WEAK if weak else AliasStrength.STRONG,
    )
