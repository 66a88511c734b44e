"""Japanese names in Chinese characters, by a dictionary of names: their reading cannot be derived from the characters."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from japanese_personal_name_dataset import load_dataset

_HAN: Final = re.compile("[\u3005\u3400-\u9fff]+").fullmatch
_MOST: Final = 3  # judgement: given names have up to a dozen readings, which are near each other or rare
_LONG_VOWEL: Final = re.compile("ou|uu|oo")


@cache
def dictionary() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Romanised readings by characters: family names, given names (from the set's popular part first)."""
    given: dict[str, dict[str, None]] = {}
    for names in (*load_dataset("opti"), *load_dataset("org")):
        for facts in names.values():
            for characters in facts["kanji"]:
                given.setdefault(characters, {}).setdefault(_romanised(facts["en"]))
    _, _, families = load_dataset("opti", include_last_names=True)
    family: dict[str, tuple[str, ...]] = {characters: (_romanised(facts["en"]),) for characters, facts in families.items()}
    return family, {characters: tuple(found)[:_MOST] for characters, found in given.items()}


def _romanised(reading: str) -> str:
    """Without marks for long vowels, as passports write names."""
    return _LONG_VOWEL.sub(lambda found: found[0][0], reading)


def japanese_readings(text: str) -> tuple[str, ...]:
    """Family and given name as they may be read, for a name that the dictionary has; else nothing."""
    compact = text.replace(" ", "").replace("\u3000", "")
    if not 2 <= len(compact) <= 6 or _HAN(compact) is None:
        return ()
    family, given = dictionary()
    found = {
        f"{first} {last}": None
        for cut in range(1, len(compact))
        for first in family.get(compact[:cut], ())
        for last in given.get(compact[cut:], ())
    }
    return tuple(found)[:_MOST]
