"""Keys under which the names of past parties are stored, so that a newly listed name finds those that may be it.

A name is stored under few keys: one for each of its words, by consonants or, where these are few, by sound; and one for
what a Korean name may stand for. A listed name is sought under many: its words with a slip, joined, split, cut, or in
another form. Whoever meets enough of them is a candidate; whether it is the name is for `rules.names` to say.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from heapq import nsmallest
from string import ascii_lowercase
from typing import Final

import msgspec

from rules.names.cleaning import Text, readings
from rules.names.korean import korean_names
from rules.names.parsing import organisation, person_words
from rules.names.sound import skeleton, sound
from rules.names.variants import forms
from rules.names.words import Role, role_of
from rules.profile import contact_key

ID_BYTES: Final = 8
_TELLING: Final = frozenset({Role.NAME, Role.PLACE, Role.NUMBER})
_FEW_CONSONANTS: Final = 2  # and fewer: as many words have them that the vowels have to tell them apart
_LETTERS: Final = "abCdfghijklmnprstuvx"  # that a sound is made of
_CONSONANTS: Final = "aCbdfghjklmnprstvx"  # that stand in a skeleton; a is a vowel at its beginning
_SHORTEST_PIECE: Final = 2
RARE: Final = 200  # judgement: a word that more of the names have, spelt in any way, says nothing by itself
MOST: Final = 600  # judgement: names compared with one listed name; 40 ms
_EXACT, _SLIP, _INITIAL = 5, 4, 2  # what a word counts that is met as it is written, in another spelling, by its initial


def name_id(name: str) -> bytes:
    """What stands for a name under the keys of its words."""
    return contact_key(name).to_bytes(ID_BYTES, "big")


@lru_cache(maxsize=50_000)  # holders and VASPs come again and again; about 20 MB
def name_keys(name: str) -> tuple[str, ...]:
    """The keys that a name is stored under, none for one without a letter or digit."""
    keys: dict[str, None] = {}
    for text in readings(name):
        words = person_words(text.latin)
        keys |= dict.fromkeys(map(_key, _telling(words)))
        if text.original:
            keys |= dict.fromkeys(map(_key, _of_organisation(text)))
        keys |= dict.fromkeys(_korean(text, words))
    return tuple(keys)


class Sought(msgspec.Struct, frozen=True, gc=False):
    """A word of a listed name, by the keys of its spellings, of its initial, and of the two parts of it written apart.

    `key` is that of the word as it is written.
    `alone`: whoever meets it is a candidate, whatever else the name holds.
    """

    key: str
    keys: frozenset[str]
    initial: str = ""
    first: frozenset[str] = frozenset()
    second: frozenset[str] = frozenset()
    alone: bool = False

    @property
    def every(self) -> frozenset[str]:
        """All keys that have to be looked up."""
        return self.keys | self.first | self.second | ({self.initial} if self.initial else frozenset())


@lru_cache(maxsize=5_000)
def sought_words(name: str, *, slips: bool = True) -> tuple[Sought, ...]:
    """What a listed name is sought by. Without `slips` as it is written alone: for changes of thousands of names."""
    found: list[Sought] = []
    for text in readings(name):
        persons = person_words(text.latin)
        words = list(dict.fromkeys((*_telling(persons), *_of_organisation(text))))
        whole = frozenset(_korean(text, persons))
        if whole:
            found.append(Sought("", whole, alone=True))
        for word in words:
            alone = len(words) == 1
            found.append(_spelt(word, alone) if slips else Sought(_key(word), frozenset({_key(word)}), alone=alone))
        if slips:
            runs = {each[at] + each[at + 1] for each in (persons, words) for at in range(len(each) - 1)} | {"".join(words)}
            found += [Sought(_key(run), frozenset({_key(run)}), alone=True) for run in sorted(runs.difference(words))]
    return tuple(found)


def candidates(sought: Sequence[Sought], stored: Mapping[str, Sequence[bytes]]) -> list[bytes]:
    """The names, by id, that meet a rare word of the sought name, two words, or one and the initial of another.

    At most `MOST` of them: those that meet most.
    """
    enough: set[bytes] = set()
    met: defaultdict[bytes, int] = defaultdict(int)
    for word in sought:
        whole = _under(word.keys, stored)
        whole |= _under(word.first, stored) & _under(word.second, stored)
        if word.alone or len(whole) <= RARE:
            enough |= whole
        exact = _under((word.key,), stored)
        for each in whole:
            met[each] += _EXACT if each in exact else _SLIP
        if word.initial:
            for each in _under((word.initial,), stored) - whole:
                met[each] += _INITIAL
    found = [each for each, count in met.items() if count >= _SLIP + _INITIAL or each in enough]
    return nsmallest(MOST, found, key=lambda each: (-met[each], each))


def _under(keys: Iterable[str], stored: Mapping[str, Sequence[bytes]]) -> set[bytes]:
    return {each for key in keys for each in stored.get(key, ())}


def _key(word: str) -> str:
    if len(word) == 1:
        return f"i{word}"
    consonants = skeleton(word)
    return f"c{consonants}" if len(consonants) > _FEW_CONSONANTS else f"s{sound(word)}"


def _telling(words: Sequence[str]) -> list[str]:
    """The words but for particles such as al and de, unless there are no others."""
    return [word for word in words if role_of(word, person=True) is not Role.PARTICLE] or list(words)


def _korean(text: Text, words: Sequence[str]) -> Iterator[str]:
    if text.korean:
        yield from (f"k{key}" for name in korean_names(words) for key in name.keys)


def _of_organisation(text: Text) -> list[str]:
    """The words that tell an organisation from others, or all of them where none does."""
    words = organisation(text).words
    return [word.text for word in words if word.role in _TELLING] or [word.text for word in words]


@lru_cache(maxsize=10_000)
def _spelt(word: str, alone: bool) -> Sought:
    """A word, and the same with a slip, without its vowels, cut, split, or in another form of it."""
    if len(word) == 1:
        return Sought(_key(word), frozenset({_key(word)}), alone=alone)
    consonants, heard = skeleton(word), sound(word)
    keys = {_key(word), f"s{sound(consonants)}", *(_key_of_sound(form) for form in forms(heard))}
    keys |= {_key(each) for each in _slips(word, ascii_lowercase) if each}
    if len(consonants) > _FEW_CONSONANTS:
        keys |= {f"c{each}" for each in _slips(consonants, _CONSONANTS) if len(each) > _FEW_CONSONANTS}
    if len(consonants) <= _FEW_CONSONANTS + 1:
        keys |= {_key_of_sound(each) for each in _slips(heard, _LETTERS)}
    first: set[str] = set()
    second: set[str] = set()
    for at in range(_SHORTEST_PIECE, len(word) - 1):
        for pieces, piece in ((first, word[:at]), (second, word[at:])):
            (keys if len(skeleton(piece)) > _FEW_CONSONANTS else pieces).add(_key(piece))
    return Sought(_key(word), frozenset(keys), f"i{word[0]}", frozenset(first), frozenset(second), alone)


def _key_of_sound(heard: str) -> str:
    """The key of a word of which the sound alone is known."""
    consonants = skeleton(heard) if heard else ""
    return f"c{consonants}" if len(consonants) > _FEW_CONSONANTS else f"s{heard}"


def _slips(text: str, letters: Iterable[str]) -> Iterator[str]:
    """The text with a letter left out, put in, replaced, or changed with its neighbour."""
    for at in range(len(text) + 1):
        before, after = text[:at], text[at:]
        if after:
            yield before + after[1:]
            if len(after) > 1:
                yield before + after[1] + after[0] + after[2:]
        for letter in letters:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]
