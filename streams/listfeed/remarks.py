"""What the free text of OFAC entries says: digital currency addresses, dates of birth, nationalities, weak aliases."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from rules.lists import Alias, AliasStrength, Identifier, ListedAddress

from .id_types import identifier_in

ADDRESS_LABEL = "Digital Currency Address"
# Tickers are taken from the list: new ones (SOL, TRX, BNB) appear without notice.
_ADDRESS = re.compile(rf"{ADDRESS_LABEL}\s*-\s*([^\s;]+)\s+([^\s;]+)")
_FACT = re.compile(
    r"(?:alt\. )?(?:(?P<birth>DOB) |(?P<place>POB) |(?P<nation>nationality |citizen )|(?P<gender>Gender) "
    r"|(?P<link>Linked To): )(?P<value>.+)"
)
_WEAK = re.compile(r"(?P<kind>[afn])\.k\.a\. '(?P<name>.+)'")

# Programs whose entries stand on the consolidated (non-SDN) list and hardly ever on the SDN list: 433 of 442 entries
# of a consolidated file, 23 of 8,976 entries of an SDN file carry one.
_NON_SDN_PROGRAMS = frozenset({"UKRAINE-EO13662", "NS-PLC", "CMIC-EO13959", "561-Related"})
SDN = "OFAC SDN"
CONSOLIDATED = "OFAC Consolidated"
# Names of OFAC's richer formats for what the others have columns for.
VESSEL_FACTS = ("Vessel Call Sign", "Vessel Type", "Vessel Tonnage", "Vessel Gross Registered Tonnage", "Vessel Owner")


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What could be read from remarks."""

    addresses: tuple[ListedAddress, ...] = ()
    aliases: tuple[Alias, ...] = ()
    dates_of_birth: tuple[str, ...] = ()
    places_of_birth: tuple[str, ...] = ()
    nationalities: tuple[str, ...] = ()
    linked_to: tuple[str, ...] = ()
    gender: str | None = None
    identifiers: tuple[Identifier, ...] = ()


def list_name(programs_of_entries: Iterable[Iterable[str]]) -> str:
    """Which OFAC list some entries make up, told by their programs: the file formats do not say."""
    entries = [frozenset(programs) for programs in programs_of_entries]
    non_sdn = sum(bool(programs & _NON_SDN_PROGRAMS) for programs in entries)
    return CONSOLIDATED if 2 * non_sdn > len(entries) else SDN


def read_addresses(text: str) -> tuple[ListedAddress, ...]:
    """The digital currency addresses in a text, each with the ticker the list gives it."""
    found = (ListedAddress(currency=ticker, address=address.rstrip(".,")) for ticker, address in _ADDRESS.findall(text))
    return tuple(dict.fromkeys(found))


def read_remarks(remarks: str) -> Facts:
    """Reads whole remarks, continuation included."""
    found: dict[str, list[str]] = {"birth": [], "place": [], "nation": [], "gender": [], "link": []}
    aliases: list[Alias] = []
    identifiers: list[Identifier] = []
    for part in remarks.split("; "):
        text = part.strip()
        text = text[:-1] if text.endswith((".", ";")) and not text.endswith("..") else text
        if weak := _WEAK.fullmatch(text):
            aliases.append(Alias(name=weak["name"], kind=f"{weak['kind']}ka", strength=AliasStrength.WEAK))
        elif (fact := _FACT.fullmatch(text)) is not None and fact.lastgroup is not None:
            label = next(name for name in found if fact[name])
            found[label].append(fact["value"])
        elif (number := identifier_in(text)) is not None:
            identifiers.append(number)
    return Facts(
        addresses=read_addresses(remarks),
        aliases=tuple(dict.fromkeys(aliases)),
        dates_of_birth=tuple(found["birth"]),
        places_of_birth=tuple(found["place"]),
        nationalities=tuple(dict.fromkeys(found["nation"])),
        linked_to=tuple(found["link"]),
        gender=found["gender"][0] if found["gender"] else None,
        identifiers=tuple(dict.fromkeys(identifiers)),
    )


def with_vessel_facts(remarks: str, values: Iterable[str]) -> str:
    """Remarks, and what is told of a ship in the order of `VESSEL_FACTS`, under the names that OFAC's richer formats use."""
    told = "; ".join(f"{name}: {value}" for name, value in zip(VESSEL_FACTS, values, strict=True) if value)
    return " ".join(filter(None, (remarks, told)))
