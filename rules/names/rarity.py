"""How much a word proves: the rarer it is, the more, in bits.

A word that one name in 1,024 has proves 10 bits. Words are counted in the list that is screened against; where no list is
at hand (two names compared), the role and length of the word have to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import log2
from typing import Final

from rules.names.tables import FREQUENT
from rules.names.words import Role, Word

_BY_ROLE: Final = {
    **{Role.PARTICLE: 0.7, Role.TITLE: 0.2, Role.LEGAL: 0.6, Role.INITIAL: 3.5},
    **{Role.NUMBER: 6.0, Role.PLACE: 4.0, Role.COMMON: 5.5},
}
_BY_LENGTH: Final = (0.0, 4.0, 6.0, 8.0, 9.5, 11.0, 12.0, 12.5, 13.0, 14.0)
_COUNTED: Final = (Role.NAME, Role.COMMON, Role.PLACE, Role.TITLE)
_AT_MOST: Final = {Role.NAME: 13.0, Role.COMMON: 9.0, Role.PLACE: 7.0, Role.TITLE: 9.0}
_FREQUENT: Final = 7.0
_FREQUENT_NAMES: Final = frozenset(FREQUENT.split())


class Rarity:
    """Bits of a word without a list: by its role and length."""

    def bits(self, word: Word) -> float:
        """What meeting exactly this word proves."""
        fixed = _BY_ROLE.get(word.role)
        if fixed is not None:
            return fixed
        if word.sound in _FREQUENT_NAMES:
            return _FREQUENT
        return _BY_LENGTH[min(len(word.text), len(_BY_LENGTH) - 1)]


class ListRarity(Rarity):
    """Bits of a word by the number of names of a list that have it, or a word of its sound."""

    def __init__(self, names: Iterable[Iterable[Word]]) -> None:
        counts: Counter[str] = Counter()
        total = 0
        for words in names:
            total += 1
            counts.update({word.sound for word in words if word.role in _COUNTED})
        self._total = log2(max(total, 2))
        self._bits = {sound: self._total - log2(count) for sound, count in counts.items()}

    def bits(self, word: Word) -> float:
        """As `Rarity.bits`, counted."""
        if word.role not in _COUNTED:
            return super().bits(word)
        return min(self._bits.get(word.sound, self._total), _AT_MOST[word.role])
