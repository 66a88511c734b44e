"""Which listed names come into question for a name.

A name is worth comparing in full when enough of what the query consists of, in bits, may be met. The names are taken from
the postings of the rarest words alone; what the other words must meet is asked of those few.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from heapq import nsmallest
from typing import Final

import msgspec

from rules.names.cleaning import Text
from rules.names.korean import korean_names
from rules.names.parsing import Parsed
from rules.names.spelling import Near, Spellings
from rules.names.words import Role, Word, role_of

_COVER: Final = 0.64  # of the bits of the query may be met, judgement: less never reaches the threshold
_RAREST: Final = 14.0  # bits of a word, at most (rules/names/rarity.py)
_MOST: Final = 24  # names compared in full; a query that may be more of them is told by its rarest words
_MOST_WITH_INITIAL: Final = 64
_FEW: Final = 4  # times the names that are left: so many are gathered sooner than those are looked at one by one
_LONGEST_RUN: Final = 4
_SHORTEST_RUN: Final = 4

# The order in which names are compared where there are too many (judgement).
_PER_BIT: Final = 0.3
_PER_WORD: Final = 4.0
_PER_INITIAL: Final = 6.0
_KOREAN: Final = -100.0

_NOTHING: Final[frozenset[int]] = frozenset()
_ABBREVIATED: Final = (Role.INITIAL, Role.PARTICLE, Role.LEGAL)


Abbreviation = tuple[str, frozenset[str]]  # first letters of the words in their order, meanings of the legal forms


class Form(msgspec.Struct, frozen=True, gc=False):
    """One way to read one name of an entry; `number` counts all forms, `entry` the entries."""

    number: int
    entry: int
    name: str
    weak: bool
    parsed: Parsed


class _Asked(msgspec.Struct, gc=False):
    """A word of the query: its first letter, the names that write it apart or together, and those near a listed word.

    `lacking` is what the word costs the name of a person that has nothing like it.
    """

    first: str
    near: Near
    lacking: float
    names: frozenset[int]
    size: int
    known: frozenset[int] | None


class Postings:
    """The forms by the keys of their words."""

    def __init__(self, all_forms: Sequence[Form], spellings: Spellings) -> None:
        self._spellings = spellings
        names_of: dict[int, list[int]] = defaultdict(list)
        joined: dict[str, list[int]] = defaultdict(list)
        korean: dict[str, list[int]] = defaultdict(list)
        closed: list[tuple[str, int]] = []
        self._sounds_in: list[frozenset[int]] = []
        self._initials_in: list[str] = []
        self._weights: list[float] = []
        people: list[int] = []
        self._abbreviated: dict[Abbreviation, list[int]] = defaultdict(list)
        for form in all_forms:
            words = form.parsed.words
            roles = (Role.PARTICLE, Role.INITIAL)
            sounds = frozenset([word.number for word in words if word.role not in roles and word.number >= 0])
            for each in sounds:
                names_of[each].append(form.number)
            for run in _runs([word.text for word in words]):
                joined[run].append(form.number)
            for key in {key for name in form.parsed.korean for key in name.keys}:
                korean[key].append(form.number)
            if form.parsed.closed:
                closed.append((form.parsed.closed, form.number))
            self._sounds_in.append(sounds)
            self._initials_in.append("".join(word.text[0] for word in words if word.role is not Role.LEGAL))
            self._weights.append(_PER_BIT * sum(word.bits for word in words))
            if form.parsed.person and all(word.role is not Role.INITIAL for word in words):
                people.append(form.number)
            abbreviated = abbreviation(words)
            if abbreviated is not None:
                self._abbreviated[abbreviated].append(form.number)
        self._people = frozenset(people)  # whose names are written out
        self._names_of = {sound: tuple(names) for sound, names in names_of.items()}
        self._known = {text: self._with(near) for text, near in self._spellings.known.items()}
        self._joined = {run: frozenset(names) for run, names in joined.items()}
        self._korean = {key: tuple(names) for key, names in korean.items()}
        closed.sort()
        self._closed = [text for text, _ in closed]
        self._closed_names = [number for _, number in closed]

    def candidates(self, texts: Sequence[str], near: Mapping[str, Near], text: Text, least: float) -> list[int]:
        """Numbers of the forms that may score as much, in their order. `near` is what each of the words may stand for.

        One word that is met weighs no more than `_RAREST`: what else a person's name lacks is bounded by that and the score.
        """
        asked = self._asked(texts, near, text)
        spare = (1 - _COVER) * sum([each.near.bits for each in asked])
        alone = _RAREST * (1 / least - 1) if least > 0 else spare
        used, first = self._first(asked, spare)
        found = (
            self._meeting(asked, 1, first, spare, (1, alone))
            if used == 1
            else self._meeting(asked, 0, first, spare, (0, alone))
        )
        korean = {
            number
            for name in (korean_names(texts) if text.korean else ())
            for key in name.keys
            for number in self._korean.get(key, ())
        }
        found |= korean
        initials = _initials(texts)
        most = _MOST_WITH_INITIAL if initials else _MOST
        if len(found) <= most:
            return sorted(found)
        ranks = dict.fromkeys(korean, _KOREAN) | {each: self._rank(each, asked, initials) for each in found - korean}
        return nsmallest(most, ranks, key=lambda number: (ranks[number], number))

    def abbreviated(self, words: Sequence[Word]) -> Sequence[int]:
        """Numbers of the forms that initials and a legal form may stand for: `J. Ltda.`, where no word tells them apart."""
        if any(word.role not in _ABBREVIATED for word in words):
            return ()
        return self._abbreviated.get(abbreviation(words) or ("", frozenset()), ())

    def cut(self, closed: str) -> list[int]:
        """Numbers of the forms that begin with this text, all words written as one."""
        at = bisect_left(self._closed, closed)
        found = []
        while at < len(self._closed) and self._closed[at].startswith(closed):
            found.append(self._closed_names[at])
            at += 1
        return found

    def _asked(self, texts: Sequence[str], near_of: Mapping[str, Near], text: Text) -> list[_Asked]:
        """The words of the query that are worth something, those with the fewest names first."""
        together = self._written_together(texts) if len(texts) > 1 else {}
        plain = not (text.vowels or text.dense)
        told = plain and not _initials(texts)  # no word is met by anything but one near to it
        found = []
        for each in dict.fromkeys(texts):
            near = near_of.get(each)
            if near is not None and near.bits > 1:
                names = self._joined.get(each, _NOTHING) | together.get(each, _NOTHING)
                known = self._known.get(each) if plain else None
                lacking = near.bits if told and len(each) > 2 and role_of(each, person=True) is Role.NAME else 0.0
                found.append(_Asked(each[0], near, lacking, names, len(names) + near.size, known))
        found.sort(key=lambda each: each.size)
        return found

    def _first(self, asked: Sequence[_Asked], spare: float) -> tuple[int, frozenset[int]]:
        """How many of the rarest words are looked at, and the forms with one of them: without these too little is met."""
        found = _NOTHING
        for used, each in enumerate(asked, 1):
            found = found.union(each.names, self._with(each.near) if each.known is None else each.known)
            spare -= each.near.bits
            if spare < 0:
                return used, found
        return 0, found

    def _meeting(
        self, asked: Sequence[_Asked], at: int, numbers: Set[int], spare: float, so_far: tuple[int, float]
    ) -> Set[int]:
        """Of these forms those that meet the words from `at` on, but for words worth no more than `spare` bits.

        `so_far` is how many words were met, and what a person's name that meets one alone may yet lack.
        """
        if not numbers:
            return numbers
        met, alone = so_far
        if at == len(asked):
            return numbers - self._people if alone < 0 and met < 2 else numbers
        word = asked[at]
        having = self._having(word, numbers)
        found = self._meeting(asked, at + 1, having, spare, (met + 1, alone))
        spare -= word.near.bits
        if spare < 0:
            return found
        return found | self._meeting(asked, at + 1, numbers - having, spare, (met, alone - word.lacking))

    def _having(self, word: _Asked, numbers: Set[int]) -> Set[int]:
        """Of these forms those that have a word of the query."""
        if word.known is not None:
            found = numbers & word.known
        elif word.size < _FEW * len(numbers):
            found = numbers & self._with(word.near)
        else:
            strange, sounds_in = word.near.sounds.isdisjoint, self._sounds_in
            found = {number for number in numbers if not strange(sounds_in[number])}
        return found | (numbers & word.names) if word.names else found

    def _with(self, near: Near) -> frozenset[int]:
        """The forms that have one of the sounds a word may stand for."""
        names_of = self._names_of
        return frozenset().union(*[names_of[sound] for sound in near.sounds])

    def _rank(self, number: int, asked: Sequence[_Asked], initials: Sequence[str]) -> float:
        """Less is likelier: what a form meets brings it forward, what is strange about it puts it back."""
        sounds = self._sounds_in[number]
        rank = self._weights[number]
        if initials:
            met = [each.first for each in asked if each.near.own in sounds]
            strange = sum(self._initials_in[number].count(each) <= met.count(each) for each in initials)
            rank = _PER_INITIAL * strange + _PER_WORD * abs(len(sounds) - len(asked) - len(initials))
        for each in asked:
            if each.near.own in sounds or number in each.names:
                rank -= 2 * each.near.bits
            elif not each.near.sounds.isdisjoint(sounds):
                rank -= each.near.bits
        return rank

    def _written_together(self, texts: Sequence[str]) -> dict[str, frozenset[int]]:
        """For words of the query: the names that write them and their neighbours as one word."""
        found: dict[str, frozenset[int]] = {}
        joined, number_of = self._joined.get, self._spellings.number_of
        for start in range(len(texts) - 1):
            run = texts[start]
            for end in range(start + 1, min(start + _LONGEST_RUN, len(texts))):
                run += texts[end]
                if len(run) < _SHORTEST_RUN:
                    continue
                own = number_of(run)
                names = joined(run, _NOTHING)
                if own is not None:
                    names = names.union(self._names_of[own])
                if names:
                    for text in texts[start : end + 1]:
                        found[text] = found.get(text, _NOTHING) | names
        return found


def _initials(texts: Sequence[str]) -> list[str]:
    return [each for each in texts if len(each) == 1 and each.isalpha()]


def abbreviation(words: Sequence[Word]) -> Abbreviation | None:
    """How an organisation's name is abbreviated that keeps nothing but its legal form; None for one without."""
    legal = frozenset([word.meaning or word.text for word in words if word.role is Role.LEGAL])
    letters = "".join([word.text[0] for word in words if word.role not in (Role.LEGAL, Role.PARTICLE)])
    return (letters, legal) if legal and letters else None


def _runs(texts: Sequence[str]) -> Iterable[str]:
    """Neighbouring words written as one, and all of them."""
    found = {texts[i] + texts[i + 1]: None for i in range(len(texts) - 1)}
    if len(texts) == 2:
        found[texts[1] + texts[0]] = None
    elif len(texts) > 2:
        found["".join(texts)] = None
    return [run for run in found if len(run) >= _SHORTEST_RUN]
