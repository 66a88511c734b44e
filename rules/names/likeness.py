"""How like two words are, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from rapidfuzz.distance import OSA

from rules.names.cleaning import Vowels
from rules.names.sound import drops_vowels, fits, sound_abroad
from rules.names.words import Role, Word


class Why(StrEnum):
    """Why two words count as one, in an analyst's words."""

    SAME = "the same"
    SOUND = "another spelling of the same sound"
    MEANING = "the same meaning"
    KOREAN = "another romanisation of the same Korean name"
    VARIANT = "another form of the same name"
    VOWELS = "vowels left out"
    UNWRITTEN = "the same consonants; the script leaves vowels out"
    LOOKS = "letters that look alike"
    SWAPPED = "two letters swapped"
    SHUFFLED = "the same letters in another order"
    TYPO = "one letter differs"
    TYPOS = "two letters differ"
    CUT = "the rest is cut off"
    ENDING = "the same word with an ending"
    INITIAL = "an initial"
    JOINED = "written apart"
    NUMBER = "the same number"


# How many bits a word loses when a letter may differ, by its length: so many more words come near it. On the SDN list of
# 2021 log2 of the names within one edit of a word, against those with the word itself, is 5.6, 4.5, 3.3, 2.2, 1.4, 0.8, 0.6
# for 2 to 8 letters; somewhat more is asked, most of short words, which frequent names are.
_TYPO_COSTS: Final = (9.0, 9.0, 8.0, 6.0, 4.0, 2.5, 1.5, 1.0, 0.7)
_DENSE_SOUND: Final = 5
FAR_AT: Final = 5
TWO_TYPOS_AT: Final = 8
ABROAD_AT: Final = 6
_ABROAD_SIMILARITY: Final = 0.9
_ABROAD_COST: Final = 2.0
_TWO_TYPOS_COST: Final = 3.0
_SOUND_COSTS: Final = (5.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5)
_SOUND_SIMILARITY: Final = (0.85, 0.85, 0.88, 0.9, 0.94, 0.96, 0.96)


def typo_cost(length: int) -> float:
    """Bits that a word of this length loses when one letter differs."""
    return _TYPO_COSTS[min(length, len(_TYPO_COSTS) - 1)]


def likeness(query: Word, listed: Word, vowels: Vowels, dense: bool = False) -> tuple[float, float, Why] | None:
    """Similarity from 0 to 1, bits lost against meeting the very word, and why. None when they are different words."""
    mine, theirs = query.text, listed.text
    if mine == theirs:
        return 1.0, 0.0, Why.SAME
    if mine.isdigit() or theirs.isdigit():
        return None
    longest = max(len(mine), len(theirs))
    if len(mine) == 1 and listed.role is Role.LEGAL and drops_vowels(mine, theirs):
        return 1 - 0.5 / longest, 0.0, Why.VOWELS
    if min(len(mine), len(theirs)) == 1 or (dense and longest < _DENSE_SOUND):
        return None
    if query.sound == listed.sound:
        short = min(longest, len(_SOUND_COSTS) - 1)
        return _SOUND_SIMILARITY[short], _SOUND_COSTS[short], Why.SOUND
    if query.variants and listed.variants:  # Ahmet is no slip of the pen for Mehmet
        return None if query.variants.isdisjoint(listed.variants) else (0.9, 2.0, Why.VARIANT)
    if longest >= ABROAD_AT and (sound_abroad(mine) == listed.sound or sound_abroad(theirs) == query.sound):
        return _ABROAD_SIMILARITY, _ABROAD_COST, Why.SOUND
    if listed.role is Role.PARTICLE:
        return (0.7, 9.0, Why.TYPO) if OSA.distance(mine, theirs, score_cutoff=1) == 1 else None
    if query.role is Role.PARTICLE:
        return None
    if dense:
        return None
    if query.skeleton == listed.skeleton or (listed.skeleton[0] == "a" and query.skeleton == listed.skeleton[1:]):
        if vowels and query.skeleton == listed.skeleton and (vowels is Vowels.SYLLABIC or _may_be(mine, theirs)):
            return 0.92, listed.bits - listed.bare_bits, Why.UNWRITTEN
        if drops_vowels(mine, theirs) or drops_vowels(theirs, mine):
            if abs(len(mine) - len(theirs)) == 1:
                return 1 - 0.5 / longest, typo_cost(longest) * 0.5, Why.VOWELS
            return 0.9, listed.bits - listed.bare_bits, Why.VOWELS
    if vowels is Vowels.UNWRITTEN or abs(len(mine) - len(theirs)) > 3:
        return None
    distance = OSA.distance(mine, theirs, score_cutoff=3)
    if distance == 1:
        if len(mine) == len(theirs):
            if sorted(mine) == sorted(theirs):
                return 1 - 0.6 / longest, typo_cost(longest) * 0.5, Why.SWAPPED
            if _looks_alike(mine, theirs):
                return 1 - 0.4 / longest, typo_cost(longest) * 0.4, Why.LOOKS
        return 1 - 0.9 / longest, typo_cost(longest), Why.TYPO
    if longest > 4 and len(mine) == len(theirs) and sorted(mine) == sorted(theirs):
        return 0.85, typo_cost(longest) + 1.0, Why.SHUFFLED
    if distance == 2 and _merged(mine) == _merged(theirs):
        return 1 - 0.5 / longest, typo_cost(longest) * 0.5, Why.LOOKS
    if distance > (3 if longest > FAR_AT else 2):
        return None
    if min(len(query.sound), len(listed.sound)) > 3 and OSA.distance(query.sound, listed.sound, score_cutoff=1) == 1:
        slips = 1.2 if distance < 3 else 2.0
        return 1 - slips / longest, typo_cost(max(len(query.sound), len(listed.sound))) + 0.7, Why.TYPO
    if distance == 2 and min(len(mine), len(theirs)) >= TWO_TYPOS_AT:
        return 1 - 2.0 / longest, _TWO_TYPOS_COST, Why.TYPOS
    return None


def _may_be(mine: str, theirs: str) -> bool:
    return fits(mine, theirs) or fits(theirs, mine)


_PAIRS: Final = "il cg ce co hb uv vy nh ft rn mn qg ij sz ck iy uw dt fp"
_LOOK_ALIKE: Final = frozenset(frozenset(pair) for pair in _PAIRS.split())


def _looks_alike(mine: str, theirs: str) -> bool:
    for a, b in zip(mine, theirs, strict=True):
        if a != b:
            return frozenset((a, b)) in _LOOK_ALIKE
    return False


def _merged(text: str) -> str:
    return text.replace("rn", "m").replace("cl", "d").replace("vv", "w").replace("nn", "m").replace("ii", "u")
