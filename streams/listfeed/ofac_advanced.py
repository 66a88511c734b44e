"""The official SDN_ADVANCED.XML and CONS_ADVANCED.XML: a `Sanctions` document whose values are numbers, explained in it.

What a number means stands in the reference sets at the beginning, never in this file: a new ticker is a new feature type.
Parties come before the entries that tell their programs and days of listing, so that those are added at the end.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import IO, TYPE_CHECKING

import msgspec

from rules.lists import Alias, AliasStrength, EntryKind, Identifier, ListedAddress, ListEntry, SanctionsList

from .collected import Collected
from .date_period import period, single_day
from .remarks import ADDRESS_LABEL, CONSOLIDATED, SDN
from .xml_stream import elements, local, text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_KINDS = {kind.value: kind for kind in EntryKind}
_LATIN = "Latin"
_FAMILY_NAMES = frozenset({"Last Name", "Maiden Name", "Patronymic", "Matronymic"})
_WANTED = ("DateOfIssue", "ReferenceValueSets", "Location", "IDRegDocument", "DistinctParty", "SanctionsEntry")
_HOLDERS = ("Locations", "IDRegDocuments", "DistinctParties", "SanctionsEntries")
_KNOWN = ("ProfileRelationships", "SanctionsEntryLinks")


class _Place(msgspec.Struct, frozen=True):
    """A location: its country and its parts."""

    country: str
    parts: str


class _Listing(msgspec.Struct):
    """What the entries say of a party: programs, day of listing, lists."""

    programs: list[str] = []
    listed_on: date | None = None


class _Reader:
    """The tables of one document, and the parties read with them."""

    def __init__(self, source: str) -> None:
        self.collected = Collected(source)
        self.published: date | None = None
        self.on_sdn = 0
        self._meaning: dict[str, dict[str, str]] = defaultdict(dict)
        self._types: dict[str, str] = {}  # party type of a party subtype
        self._places: dict[str, _Place] = {}
        self._documents: dict[str, list[Identifier]] = defaultdict(list)
        self._listings: dict[str, _Listing] = defaultdict(_Listing)
        self._profiles: dict[str, str] = {}

    def take(self, element: Element) -> None:
        """Read one of the wanted elements."""
        match local(element.tag):
            case "DateOfIssue":
                self.published = single_day(element)
            case "ReferenceValueSets":
                for each in element.iter():
                    if "ID" in each.attrib:
                        self._meaning[local(each.tag)][each.get("ID", "")] = (each.text or "").strip()
                    if local(each.tag) == "PartySubType":
                        self._types[each.get("ID", "")] = each.get("PartyTypeID", "")
            case "Location":
                self._places[element.get("ID", "")] = self._place(element)
            case "IDRegDocument":
                self._document(element)
            case "DistinctParty":
                self.collected.add(self._party(element))
            case "SanctionsEntry":
                self._listed(element)

    def finish(self) -> SanctionsList:
        """The list, programs and days of listing included."""
        entries = self.collected.entries()
        for profile_id, listing in self._listings.items():
            entry_id = self._profiles.get(profile_id, profile_id)
            if entry_id in entries:
                programs = (*entries[entry_id].programs, *listing.programs)
                entries[entry_id] = msgspec.structs.replace(
                    entries[entry_id], programs=tuple(dict.fromkeys(programs)), listed_on=listing.listed_on
                )
        name = SDN if 2 * self.on_sdn >= len(self._listings) else CONSOLIDATED
        return self.collected.listing(name, self.published)

    def _means(self, kind: str, number: str | None) -> str:
        return self._meaning[kind].get(number or "", "")

    def _place(self, element: Element) -> _Place:
        countries = [self._means("Country", each.get("CountryID")) for each in element.findall("{*}LocationCountry")]
        values = [(each.text or "").strip() for each in element.findall("{*}LocationPart/{*}LocationPartValue/{*}Value")]
        country = next((each for each in countries if each), "")
        return _Place(country, ", ".join(each for each in (*values, country) if each))

    def _document(self, element: Element) -> None:
        number = text(element, "IDRegistrationNo")
        if number:
            found = Identifier(
                kind=self._means("IDRegDocType", element.get("IDRegDocTypeID")),
                number=number,
                country=self._means("Country", element.get("IssuedBy-CountryID")),
            )
            self._documents[element.get("IdentityID", "")].append(found)

    def _listed(self, element: Element) -> None:
        listing = self._listings[element.get("ProfileID", "")]
        self.on_sdn += self._means("List", element.get("ListID")) == "SDN List"
        for measure in element.findall("{*}SanctionsMeasure"):
            kind, program = self._means("SanctionsType", measure.get("SanctionsTypeID")), text(measure, "Comment")
            if program and kind in ("Program", ""):
                listing.programs.append(program)
        days = [single_day(each) for each in element.findall("{*}EntryEvent/{*}Date")]
        known = [each for each in (listing.listed_on, *days) if each is not None]
        listing.listed_on = min(known, default=None)

    def _kind(self, profile: Element) -> EntryKind:
        subtype = profile.get("PartySubTypeID", "")
        for word in (self._means("PartySubType", subtype), self._means("PartyType", self._types.get(subtype))):
            if word.lower() in _KINDS:
                return _KINDS[word.lower()]
        return EntryKind.ENTITY

    def _party(self, element: Element) -> ListEntry:
        entry_id = element.get("FixedRef", "")
        kind, name = EntryKind.ENTITY, ""
        aliases: list[Alias] = []
        documents: list[Identifier] = []
        for profile in element.findall("{*}Profile"):
            self._profiles[profile.get("ID", "")] = entry_id
            kind = self._kind(profile)
            for identity in profile.findall("{*}Identity"):
                documents += self._documents.pop(identity.get("ID", ""), [])
                found, others = self._names(identity)
                name, aliases = name or found, [*aliases, *others]
        facts: dict[str, list[str]] = defaultdict(list)
        for feature in element.iterfind(".//{*}Feature"):
            self._feature(feature, facts)
        addresses = [
            ListedAddress(currency=label.removeprefix(ADDRESS_LABEL).strip(" -"), address=value)
            for label, values in facts.items()
            if label.startswith(ADDRESS_LABEL)
            for value in values
        ]
        return ListEntry(
            entry_id=entry_id,
            name=name,
            source="",
            kind=kind,
            aliases=tuple(dict.fromkeys(aliases)),
            addresses=tuple(dict.fromkeys(addresses)),
            dates_of_birth=_once(facts["Birthdate"]),
            places_of_birth=_once(facts["Place of Birth"]),
            nationalities=_once([*facts["Nationality Country"], *facts["Citizenship Country"]]),
            countries=_once([*facts["Location"], *facts["Vessel Flag"], *facts["Nationality of Registration"]]),
            gender=next(iter(facts["Gender"]), None),
            title=next(iter(facts["Title"]), None),
            remarks="; ".join(part for part in (text(element, "Comment"), *_other(facts)) if part),
            identifiers=tuple(dict.fromkeys(documents)),
        )

    def _feature(self, feature: Element, facts: dict[str, list[str]]) -> None:
        """Adds what a feature says to the facts of its kind."""
        kind = self._means("FeatureType", feature.get("FeatureTypeID"))
        for version in feature.findall("{*}FeatureVersion"):
            found = [period(each) for each in version.findall("{*}DatePeriod")]
            for each in version.findall("{*}VersionDetail"):
                found.append((each.text or "").strip() or self._means("DetailReference", each.get("DetailReferenceID")))
            for each in version.findall("{*}VersionLocation"):
                place = self._places.get(each.get("LocationID", ""), _Place("", ""))
                found.append(place.parts if kind == "Place of Birth" else place.country)
            facts[kind] += [each for each in found if each]

    def _names(self, identity: Element) -> tuple[str, list[Alias]]:
        """The primary name in Latin script, and every other name in every script."""
        types = {
            each.get("ID", ""): self._means("NamePartType", each.get("NamePartTypeID"))
            for each in identity.iterfind("{*}NamePartGroups/{*}MasterNamePartGroup/{*}NamePartGroup")
        }
        primary = ""
        aliases: list[Alias] = []
        for alias in identity.findall("{*}Alias"):
            kind = self._means("AliasType", alias.get("AliasTypeID")).replace(".", "").lower()
            for documented in alias.findall("{*}DocumentedName"):
                spelled, script = self._spelled(documented, types)
                if alias.get("Primary") == "true" and script is None and not primary:
                    primary = spelled
                elif spelled:
                    aliases.append(
                        Alias(
                            name=spelled,
                            kind=kind if kind in ("aka", "fka", "nka") else "aka",
                            strength=AliasStrength.WEAK if alias.get("LowQuality") == "true" else AliasStrength.STRONG,
                            script=script,
                        )
                    )
        return primary, aliases

    def _spelled(self, documented: Element, types: dict[str, str]) -> tuple[str, str | None]:
        """A name as SDN.XML writes it, `FAMILY, Given`, and its script unless that is Latin."""
        family: list[str] = []
        given: list[str] = []
        scripts: list[str] = []
        for part in documented.iterfind("{*}DocumentedNamePart/{*}NamePartValue"):
            value = (part.text or "").strip()
            is_family = types.get(part.get("NamePartGroupID", "")) in _FAMILY_NAMES
            (family if is_family else given).append(value)
            scripts.append(self._means("Script", part.get("ScriptID")) or _LATIN)
        other = next((each for each in scripts if each != _LATIN), None)
        both = [" ".join(filter(None, family)), " ".join(filter(None, given))]
        return (", " if other is None else " ").join(filter(None, both)), other


_READ = frozenset(
    {"Birthdate", "Place of Birth", "Nationality Country", "Citizenship Country", "Location", "Vessel Flag",
     "Nationality of Registration", "Gender", "Title"}
)  # fmt: skip


def _other(facts: dict[str, list[str]]) -> list[str]:
    """Facts without a field of their own, as remarks."""
    return [
        f"{kind.rstrip(' :-')}: {value}"
        for kind, values in facts.items()
        if kind not in _READ and not kind.startswith(ADDRESS_LABEL)
        for value in values
    ]


def _once(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def read(stream: IO[bytes], source: str) -> SanctionsList:
    """Reads a whole file. Raises ListTruncated when it is not closed, ListUnrecognised for another schema."""
    reader = _Reader(source)
    strange = reader.collected.strange
    for element in elements(
        stream, source, root="Sanctions", wanted=_WANTED, holders=_HOLDERS, known=_KNOWN, strange=strange
    ):
        reader.take(element)
    return reader.finish()
