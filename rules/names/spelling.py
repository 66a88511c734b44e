"""Listed words that a word of a query may stand for: by sound, a slip of the pen, dropped vowels, another language."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from rapidfuzz.distance import OSA

from rules.memo import Memo
from rules.names.cleaning import Vowels
from rules.names.likeness import ABROAD_AT, FAR_AT, TWO_TYPOS_AT
from rules.names.parsing import MEANINGS_OF
from rules.names.rarity import bits_by_length
from rules.names.sound import bare, drops_vowels, fits, skeleton, sound, sound_abroad
from rules.names.variants import forms, groups
from rules.names.words import Role, Word, is_title, role_of

_distance: Final = OSA.distance
_TITLE_BITS: Final = 2.0
_TWO_EDITS_AT: Final = 7
_SHORT: Final = 3
_SHUFFLED_AT: Final = 5
_REMEMBERED: Final = 16_384  # judgement: given and family names are shared by many people; about 10 MB
_VOWEL: Final = re.compile("[aeiou]").search
# How print and OCR confuse letters: what is read, and what may stand there.
_MISREAD: Final = (("rn", "m"), ("m", "rn"), ("cl", "d"), ("vv", "w"), ("ii", "u"))


class Near(msgspec.Struct, frozen=True, gc=False):
    """What a word is worth in bits, the number of its own sound, and the numbers of all sounds it may stand for.

    `size` is how many names have one of them, those that have several counted as often.
    """

    bits: float
    own: int | None
    sounds: frozenset[int]
    size: int


class Spellings:
    """The words of a list by their keys. A sound, shared by all words that sound alike, is known by its number."""

    def __init__(self, names: Iterable[Sequence[Word]]) -> None:
        self._numbers: dict[str, int] = {}
        self._bits: list[float] = []
        self._bits_of_text: dict[str, float] = {}
        self._meaning_of: dict[str, str] = dict(MEANINGS_OF)
        texts_of: list[dict[str, None]] = []
        meanings: dict[str, dict[int, None]] = defaultdict(dict)
        self._counts: list[int] = []
        for words in names:
            counted = set()
            for word in words:
                if word.role in (Role.PARTICLE, Role.INITIAL):
                    continue
                number = self._numbers.setdefault(word.sound, len(texts_of))
                if number == len(texts_of):
                    texts_of.append({})
                    self._bits.append(0.0)
                    self._counts.append(0)
                if number not in counted:
                    counted.add(number)
                    self._counts[number] += 1
                self._bits[number] = max(self._bits[number], word.bits)
                self._bits_of_text[word.text] = max(word.bits, self._bits_of_text.get(word.text, 0.0))
                texts_of[number][word.text] = None
                if word.meaning:
                    meanings[word.meaning][number] = None
                    self._meaning_of.setdefault(word.text, word.meaning)
        self._sounds = list(self._numbers)
        self._texts_of = [tuple(texts) for texts in texts_of]
        self._meanings = {meaning: tuple(found) for meaning, found in meanings.items()}
        self._index()
        self.known: Final[Mapping[str, Near]] = {
            text: self._find((text, Vowels.WRITTEN, False)) for text in self._bits_of_text
        }
        self._found = Memo(self._find, _REMEMBERED)

    def _index(self) -> None:
        deletes: dict[str, list[int]] = defaultdict(list)
        misspelt: dict[str, list[int]] = defaultdict(list)
        skeletons: dict[str, list[int]] = defaultdict(list)
        shuffled: dict[str, list[int]] = defaultdict(list)
        without_vowels: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for key, number in self._numbers.items():
            if key.isdigit():
                continue
            texts = self._texts_of[number]
            for each in _deletes(key):
                deletes[each].append(number)
            for each in {each for text in texts for each in _deletes(text)}:
                misspelt[each].append(number)
            for each in {skeleton(text) for text in texts}:
                skeletons[each].append(number)
            for each in {"".join(sorted(text)) for text in texts if len(text) >= _SHUFFLED_AT}:
                shuffled[each].append(number)
            for text in texts:
                if len(consonants := bare(text)) < len(text):
                    without_vowels[consonants].append((text, number))
        self._deletes = _frozen(deletes)
        self._misspelt = _frozen(misspelt)
        self._skeletons = _frozen(skeletons)
        self._shuffled = _frozen(shuffled)
        self._bare = {key: tuple(words) for key, words in without_vowels.items()}

    def number(self, word: Word) -> int | None:
        """The number of a word's sound."""
        return self._numbers.get(word.sound)

    def number_of(self, text: str) -> int | None:
        """The number of the sound of a listed word, given by its text."""
        known = self.known.get(text)
        return None if known is None else known.own

    def near(self, text: str, vowels: Vowels, dense: bool) -> Near:
        """What a word of a query may stand for; `dense` scripts are not misspelt."""
        if not vowels and not dense:
            known = self.known.get(text)
            if known is not None:
                return known
        return self._found[text, vowels, dense]

    def _find(self, asked: tuple[str, Vowels, bool]) -> Near:
        text, vowels, dense = asked
        key = sound(text)
        own = self._numbers.get(key)
        found = set() if own is None else {own}
        bits = self._worth(text, own)
        if bits > 1 and not text.isdigit():
            found.update(self._meanings.get(self._meaning_of.get(text, ""), ()))
            if groups(key):
                found.update(number for form in forms(key) if (number := self._numbers.get(form)) is not None)
            if not dense:
                if vowels is not Vowels.UNWRITTEN:
                    self._misspellings(text, key, own, found)
                self._without_vowels(text, vowels, found)
        counts = self._counts
        return Near(bits, own, frozenset(found), sum([counts[each] for each in found]))

    def _worth(self, text: str, own: int | None) -> float:
        if is_title(text):
            return 0.0 if own is None else _TITLE_BITS
        bits = self._bits_of_text.get(text)
        if bits is not None:  # what looks like a legal form may be a name without its vowels
            return max(bits, _TITLE_BITS) if _VOWEL(text) is None else bits
        if role_of(text, person=True) is Role.PARTICLE:
            return 0.0
        return bits_by_length(text) if own is None else self._bits[own]

    def _misspellings(self, text: str, key: str, own: int | None, found: set[int]) -> None:
        if len(key) > 1:
            self._sounding_near(text, key, found)
        if text not in self._bits_of_text:
            far = 1 if len(text) < TWO_TYPOS_AT - 1 else 2
            for other in _shared(self._misspelt, text).difference(found):
                for word in self._texts_of[other]:
                    if _distance(text, word, score_cutoff=far) <= far:
                        found.add(other)
                        break
        if len(text) >= ABROAD_AT and (abroad := sound_abroad(text)) is not None and abroad in self._numbers:
            found.add(self._numbers[abroad])
        for seen, meant in _MISREAD:
            if seen in text:
                other_sound = self._numbers.get(sound(text.replace(seen, meant)))
                if other_sound is not None:
                    found.add(other_sound)
        if len(text) >= _SHUFFLED_AT:
            found.update(self._shuffled.get("".join(sorted(text)), ()))

    def _sounding_near(self, text: str, key: str, found: set[int]) -> None:
        short = len(key) < _TWO_EDITS_AT
        far = 1 if len(key) <= _SHORT else 2 if len(text) <= FAR_AT else 3
        sounds = self._sounds
        for other in _shared(self._deletes, key).difference(found):
            heard = sounds[other]
            if short and _distance(key, heard, score_cutoff=1) > 1:
                continue
            most = 1 if len(heard) <= _SHORT else far
            for word in self._texts_of[other]:
                if _distance(text, word, score_cutoff=most) <= most:
                    found.add(other)
                    break

    def _without_vowels(self, text: str, vowels: Vowels, found: set[int]) -> None:
        if vowels:
            same = self._skeletons.get(skeleton(text), ())
            if vowels is Vowels.SYLLABIC:
                found.update(same)
            else:
                found.update(other for other in same if any(fits(text, word) for word in self._texts_of[other]))
            return
        consonants = bare(text)
        if 2 * len(consonants) < len(text):  # a word full of vowels has dropped none
            return
        size = len(text)
        for word, number in self._bare.get(consonants, ()):
            if len(word) > size and number not in found and drops_vowels(text, word):
                found.add(number)


def _frozen(found: Mapping[str, list[int]]) -> dict[str, tuple[int, ...]]:
    return {key: tuple(numbers) for key, numbers in found.items()}


def _shared(index: Mapping[str, tuple[int, ...]], text: str) -> set[int]:
    """What an index of `_deletes` has for a text."""
    get = index.get
    return set().union(*[numbers for each in _deletes(text) if (numbers := get(each)) is not None])


def _deletes(text: str) -> list[str]:
    """The text, and the text without each of its letters: two texts that share one are within an edit or two."""
    return [text, *[text[:i] + text[i + 1 :] for i in range(len(text))]]
