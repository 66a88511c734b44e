"""What else is known of a party: kind, date of birth, countries. It raises or lowers how well a name agrees."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec
from rigour.territories import lookup_territory

from rules.lists import EntryKind, ListEntry
from rules.names.comparing import NameKind

_MONTH_NAMES: Final = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES.split(), 1)}
_TEXT_DATE: Final = re.compile(r"(?:(\d{1,2}) )?(?:([A-Z][a-z]{2})[a-z]* )?(\d{4})")
_ISO_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_ROUGH: Final = re.compile(r"circa|approximately|between|\bto\b|about", re.IGNORECASE).search
_ROUGH_YEARS: Final = 2  # judgement: how far off a date given as circa may be
_NEAR_YEARS: Final = 1  # judgement: one digit misread, or a year reckoned in another calendar

# How much of what is missing to 1 a fact that agrees gives back, and what one that contradicts leaves (judgement).
_SAME_DAY: Final = 0.6
_SAME_YEAR: Final = 0.3
_OTHER_BIRTH: Final = 0.75
_SAME_COUNTRY: Final = 0.15
_OTHER_COUNTRY: Final = 0.96
_OTHER_KIND: Final = 0.8
_WEAK_ALIAS: Final = 0.95


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Of the party whose name is screened. `born` is YYYY, YYYY-MM or YYYY-MM-DD, countries are ISO 3166-1 alpha-2."""

    kind: NameKind = NameKind.ANY
    born: str | None = None
    countries: tuple[str, ...] = ()


NO_FACTS: Final = Facts()


class Birth(msgspec.Struct, frozen=True):
    """A listed date of birth: the years it may be in, the month and day where given."""

    first: int
    last: int
    month: int | None = None
    day: int | None = None


@lru_cache(maxsize=20_000)
def births(text: str) -> tuple[Birth, ...]:
    """The dates in a publisher's words: `19 Mar 1970`, `1970`, `circa 1965`, `1958 to 1962`, `1970-03-19`."""
    iso = _ISO_DATE.fullmatch(text.strip())
    if iso is not None:
        year, month, day = (int(part) if part else None for part in iso.groups())
        return (Birth(year, year, month, day),) if year else ()
    found = [
        Birth(int(year), int(year), _MONTHS.get((month or "").lower()), int(day) if day else None)
        for day, month, year in _TEXT_DATE.findall(text)
    ]
    if found and _ROUGH(text):
        years = [each.first for each in found]
        slack = _ROUGH_YEARS if len(years) == 1 else 0
        return (Birth(min(years) - slack, max(years) + slack),)
    return tuple(found)


@lru_cache(maxsize=4_000)
def country_code(text: str) -> str | None:
    """The alpha-2 code of a country in a publisher's words, in upper case; None when it is not known."""
    found = lookup_territory(text)
    return found.code[:2].upper() if found is not None else None


def weigh_facts(score: float, entry: ListEntry, weak: bool, facts: Facts) -> tuple[float, tuple[str, ...]]:
    """The score with what is known of the party, and what that changed, in words."""
    said: list[str] = []
    if weak:
        score *= _WEAK_ALIAS
        said.append("a weak alias")
    if facts.kind is not NameKind.ANY and (entry.kind is EntryKind.INDIVIDUAL) is not (facts.kind is NameKind.PERSON):
        score *= _OTHER_KIND
        said.append(f"the listed party is of another kind: {entry.kind.value}")
    if facts.born is not None and entry.dates_of_birth:
        score = _with_birth(score, facts.born, entry.dates_of_birth, said)
    if facts.countries:
        score = _with_countries(score, facts.countries, entry, said)
    return score, tuple(said)


def _with_birth(score: float, born: str, listed: Iterable[str], said: list[str]) -> float:
    mine = births(born)
    theirs = [birth for text in listed for birth in births(text)]
    if not mine or not theirs:
        return score
    ((year, _, month, day),) = ((each.first, each.last, each.month, each.day) for each in mine)
    words = " or ".join(dict.fromkeys(listed))
    if day and any((year, month, day) == (each.first, each.month, each.day) for each in theirs):
        said.append(f"the date of birth agrees: {words}")
        return score + (1 - score) * _SAME_DAY
    if any(each.first <= year <= each.last and _may_be(month, each.month) for each in theirs):
        said.append(f"the year of birth agrees: {words}")
        return score + (1 - score) * _SAME_YEAR
    if any(each.first - _NEAR_YEARS <= year <= each.last + _NEAR_YEARS for each in theirs):
        return score
    said.append(f"born {born}, listed as {words}")
    return score * _OTHER_BIRTH


def _may_be(one: int | None, other: int | None) -> bool:
    return one is None or other is None or one == other


def _with_countries(score: float, countries: Iterable[str], entry: ListEntry, said: list[str]) -> float:
    listed = [*entry.nationalities, *entry.countries]
    codes = {code for text in listed if (code := country_code(text)) is not None}
    if not codes:
        return score
    shared = sorted(codes.intersection(countries))
    if shared:
        said.append(f"the country agrees: {', '.join(shared)}")
        return score + (1 - score) * _SAME_COUNTRY
    said.append(f"another country: {', '.join(countries)} against {', '.join(sorted(codes))}")
    return score * _OTHER_COUNTRY
