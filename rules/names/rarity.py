"""How much a word proves: the rarer it is, the more, in bits.

A word that one name in 1,024 has proves 10 bits. Words are counted in the list that is screened against; where no list is
at hand (two names compared), the role and length of the word have to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import log2
from typing import Final

from msgspec.structs import replace

from rules.names.sound import bare
from rules.names.tables import FREQUENT
from rules.names.words import Role, Word, make

_BY_ROLE: Final = {
    **{Role.PARTICLE: 0.7, Role.TITLE: 0.2, Role.LEGAL: 0.6, Role.INITIAL: 3.5},
    **{Role.NUMBER: 6.0, Role.PLACE: 4.0, Role.COMMON: 5.5},
}
_BY_LENGTH: Final = (0.0, 4.0, 6.0, 8.0, 9.5, 11.0, 12.0, 12.5, 13.0, 14.0)
_MOST: Final = 14.0
_FEW: Final = 5_000  # names; a list with fewer says little about how rare a word is
_LEAST_TOTAL: Final = 14.5  # bits: a small list is judged as a part of one of 25,000 names
_COUNTED: Final = (Role.NAME, Role.COMMON, Role.PLACE, Role.TITLE)
_AT_MOST: Final = {Role.NAME: 13.0, Role.COMMON: 9.0, Role.PLACE: 7.0, Role.TITLE: 9.0}
_VOWEL_COSTS: Final = (8.0, 6.0, 3.0, 1.5, 1.0)  # by the number of consonants
_FREQUENT: Final = 7.0
_FREQUENT_NAMES: Final = frozenset(FREQUENT.split())


def bits_by_length(text: str) -> float:
    """What meeting a word proves of which nothing is known but its letters."""
    return _BY_LENGTH[min(len(text), len(_BY_LENGTH) - 1)]


class Rarity:
    """Bits of a word without a list: by its role and length."""

    def bits(self, word: Word) -> float:
        """What meeting exactly this word proves."""
        fixed = _BY_ROLE.get(word.role)
        if fixed is not None:
            return fixed
        if word.sound in _FREQUENT_NAMES:
            return _FREQUENT
        return bits_by_length(word.text)

    def bare_bits(self, word: Word) -> float:
        """What meeting a word with the same consonants proves."""
        return max(self.bits(word) - _VOWEL_COSTS[min(len(bare(word.text)), len(_VOWEL_COSTS) - 1)], 0.0)

    def make(self, text: str, role: Role, meaning: str = "", /) -> Word:
        """A word with what it proves."""
        word = make(text, role, meaning)
        return replace(word, bits=self.bits(word), bare_bits=self.bare_bits(word))


class ListRarity(Rarity):
    """Bits of a word by the number of names of a list that have it, or a word of its sound."""

    def __init__(self, names: Iterable[Iterable[Word]]) -> None:
        sounds: Counter[str] = Counter()
        skeletons: Counter[str] = Counter()
        total = 0
        for words in names:
            total += 1
            counted = [word for word in words if word.role in _COUNTED]
            sounds.update({word.sound for word in counted})
            skeletons.update({word.skeleton for word in counted})
        self._few = total < _FEW
        most = max(log2(max(total, 1)), _LEAST_TOTAL)
        self._bits = {sound: most - log2(count) for sound, count in sounds.items()}
        self._bare_bits = {skeleton: most - log2(count) for skeleton, count in skeletons.items()}

    def bits(self, word: Word) -> float:
        """As `Rarity.bits`, counted; a word that the list has not is judged by its length."""
        counted = self._bits.get(word.sound) if word.role in _COUNTED else None
        if counted is None or self._few:
            return min(super().bits(word), counted or _MOST)
        return min(counted, _AT_MOST[word.role])

    def bare_bits(self, word: Word) -> float:
        """As `Rarity.bare_bits`, counted."""
        counted = self._bare_bits.get(word.skeleton) if word.role in _COUNTED else None
        if counted is None or self._few:
            return min(super().bare_bits(word), counted or _MOST)
        return min(counted, _AT_MOST[word.role])
