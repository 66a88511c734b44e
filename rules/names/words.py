"""The words of a name and what each is: a name proper, a legal form, a title, a particle, a number."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final, Protocol

import msgspec
from anyascii import anyascii
from rigour._core import person_name_prefixes_list

from rules.names.sound import skeleton, sound
from rules.names.tables import NO_TITLES, PARTICLES, TITLES
from rules.names.variants import groups


class Role(IntEnum):
    """What a word does in a name."""

    NAME = 0
    COMMON = 1  # company, bank, trading, ministry: a word many organisations share
    PLACE = 2
    NUMBER = 3
    INITIAL = 4
    PARTICLE = 5
    TITLE = 6
    LEGAL = 7


class Word(msgspec.Struct, frozen=True, gc=False):
    """A word of a name. `meaning` is shared by words of one sense in any language: TRADE, CO, FACTORY, 44.

    `variants` are the numbers of the groups of rules/names/variants.py that have it; `bits` is what meeting this very word
    proves (rules/names/rarity.py), `bare_bits` what meeting its consonants proves; both are 0 until it is weighed. Against a
    list (rules/names/vocabulary.py), `number` is that of a listed word's sound, and `near` has those of the sounds a word of
    a query may stand for, None where that is not known.
    """

    text: str
    role: Role
    sound: str
    skeleton: str
    variants: frozenset[int]
    meaning: str = ""
    bits: float = 0.0
    bare_bits: float = 0.0
    number: int = -1
    near: frozenset[int] | None = None


_HONORIFICS: Final = {
    word for title in person_name_prefixes_list() for word in re.findall("[a-z]+", anyascii(title).lower())
}
_TITLES: Final = frozenset(_HONORIFICS - set(NO_TITLES.split())) | frozenset(TITLES.split())
_PARTICLES: Final = frozenset(PARTICLES.split())


def is_title(word: str) -> bool:
    """Whether a word is a title that may stand before or after any name."""
    return word in _TITLES


def role_of(word: str, person: bool) -> Role:
    """What a word is by itself."""
    if word.isdigit():
        return Role.NUMBER
    if len(word) == 1:
        return Role.INITIAL
    if word in _PARTICLES:
        return Role.PARTICLE
    if person and word in _TITLES:
        return Role.TITLE
    return Role.NAME


class Make(Protocol):
    """Makes the words of a name that is taken apart."""

    def __call__(self, text: str, role: Role, meaning: str = "", /) -> Word:
        """A word with all that is known of it."""


def make(text: str, role: Role, meaning: str = "") -> Word:
    """A word with its keys."""
    key = sound(text)
    return Word(text, role, key, skeleton(text), groups(key), meaning)
