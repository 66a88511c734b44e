"""What both forms of the EU's file have in common: names, kinds and dates of birth."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from rules.lists import Alias, AliasStrength, EntryKind

NAME = "EU FSF"
_UNKNOWN = frozenset({"", "UNKNOWN"})


class Names:
    """The name of an entity and its aliases: the first strong one in Latin script is the name."""

    def __init__(self, found: Iterable[Alias | None]) -> None:
        known = tuple(dict.fromkeys(each for each in found if each is not None))
        ordered = sorted(known, key=lambda each: (each.strength is AliasStrength.WEAK, each.script is not None))
        self.name = ordered[0].name if ordered else ""
        self.aliases = tuple(each for each in known if each is not (ordered[0] if ordered else None))


def alias(whole: str, parts: Sequence[str], *, strong: str = "true") -> Alias | None:
    """One name of an entity, from the whole name or its parts; None when it has neither."""
    name = whole.strip() or " ".join(filter(None, (part.strip() for part in parts)))
    if not name:
        return None
    weak = strong.strip().lower() in ("false", "0")
    return Alias(name=name, strength=AliasStrength.WEAK if weak else AliasStrength.STRONG, script=script_of(name))


def script_of(name: str) -> str | None:
    """The script of the first letter that is not Latin, None for a Latin name."""
    for letter in name:
        if letter.isalpha():
            word = unicodedata.name(letter, "LATIN").partition(" ")[0]
            if word not in ("LATIN", "FEMININE", "MASCULINE", "MODIFIER"):
                return {"CJK": "Han"}.get(word, word.capitalize())
    return None


def kind_of(code: str = "", classification: str = "") -> EntryKind:
    """What an entity is, by its subject type. The EU lists vessels as enterprises; no code tells them apart."""
    if code.lower() == "person" or classification == "P":
        return EntryKind.INDIVIDUAL
    return {"vessel": EntryKind.VESSEL, "ship": EntryKind.VESSEL}.get(code.lower(), EntryKind.ENTITY)


def birth_words(facts: Mapping[str, str]) -> str:
    """A date of birth in words: `1970-02-03`, `1970`, `circa 1962`, `1960 to 1963`."""
    year, begin, end = (facts.get(name, "") for name in ("year", "yearRangeFrom", "yearRangeTo"))
    month, day_of_month = (facts.get(name, "") for name in ("monthOfYear", "dayOfMonth"))
    words = facts.get("birthdate", "")
    if not words and year.isdecimal():
        parts = (part for part in (month, day_of_month) if part.isdecimal() and int(part))
        words = "-".join((year, *(part.zfill(2) for part in parts)))
    if not words and begin:
        words = f"{begin} to {end}" if end else begin
    return f"circa {words}" if words and facts.get("circa", "").lower() in ("true", "1") else words


def place_words(facts: Mapping[str, str]) -> str:
    """A place of birth in words, the parts that are known."""
    parts = (facts.get(name, "") for name in ("place", "city", "region", "countryDescription"))
    return ", ".join(dict.fromkeys(part for part in parts if part not in _UNKNOWN))
