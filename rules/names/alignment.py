"""Which word of one name meets which word of the other, and how well the names agree in all."""

from __future__ import annotations

from typing import Final

import msgspec
from rapidfuzz.distance import OSA

from rules.names.cleaning import Vowels
from rules.names.likeness import Why, likeness, typo_cost
from rules.names.parsing import Parsed
from rules.names.sound import fits, skeleton, sound
from rules.names.words import Role, Word

_INITIAL_SIMILARITY: Final = 0.85
_INITIAL_BITS: Final = 3.5


class Pair(msgspec.Struct, frozen=True, gc=False):
    """Words that met: positions on both sides, similarity, the bits they prove, and why they count as one."""

    mine: tuple[int, ...]
    theirs: tuple[int, ...]
    similarity: float
    bits: float
    why: Why


def align(query: Parsed, listed: Parsed) -> list[Pair]:
    """The best pairs, each word in at most one of them."""
    pairs: list[Pair] = []
    mine = dict(enumerate(query.words))
    theirs = dict(enumerate(listed.words))
    _same(mine, theirs, pairs)
    if mine and theirs and not query.person:
        _meanings(mine, theirs, pairs)
    if mine and theirs:
        _both_ways(mine, theirs, pairs, Vowels.WRITTEN, exact=True)
    vowels = max(query.vowels, listed.vowels)
    if mine and theirs:
        _like(mine, theirs, vowels, query.dense or listed.dense, not query.person, pairs)
    if mine and theirs and not (query.dense and query.person):
        _both_ways(mine, theirs, pairs, vowels, exact=False)
    if mine and theirs:
        _initials(mine, theirs, pairs, both_ways=query.person)
    return pairs


def _both_ways(mine: dict[int, Word], theirs: dict[int, Word], pairs: list[Pair], vowels: Vowels, *, exact: bool) -> None:
    if len(theirs) > 1:
        _joined(mine, theirs, pairs, vowels, swap=False, exact=exact)
    if len(mine) > 1:
        _joined(theirs, mine, pairs, vowels, swap=True, exact=exact)


def _same(mine: dict[int, Word], theirs: dict[int, Word], pairs: list[Pair]) -> None:
    places = {word.text: j for j, word in reversed(theirs.items())}
    for i, word in list(mine.items()):
        j = places.pop(word.text, None)
        if j is None:
            continue
        pairs.append(Pair((i,), (j,), 1.0, theirs[j].bits, Why.SAME))
        del mine[i], theirs[j]
        if len(places) < len(theirs):  # a word that comes more than once
            places |= {other.text: k for k, other in reversed(theirs.items()) if other.text == word.text}


def _meanings(mine: dict[int, Word], theirs: dict[int, Word], pairs: list[Pair]) -> None:
    """Words of one sense: trading and muyok, plant and zavod, 44 and forty four."""
    by_meaning: dict[str, list[int]] = {}
    for j, word in theirs.items():
        if word.meaning:
            by_meaning.setdefault(word.meaning, []).append(j)
    if not by_meaning:
        return
    groups: dict[str, list[int]] = {}
    for i, word in mine.items():
        if word.meaning in by_meaning:
            groups.setdefault(word.meaning, []).append(i)
    for meaning, positions in groups.items():
        others = by_meaning[meaning]
        legal = theirs[others[0]].role is Role.LEGAL
        bits = sum(theirs[j].bits for j in others)
        same = "".join(mine[i].text for i in positions) == "".join(theirs[j].text for j in others)
        pairs.append(Pair(tuple(positions), tuple(others), 1.0 if same or legal else 0.95, bits, Why.MEANING))
        for i in positions:
            del mine[i]
        for j in others:
            del theirs[j]


def _like(
    mine: dict[int, Word],
    theirs: dict[int, Word],
    vowels: Vowels,
    dense: bool,
    begins: bool,
    pairs: list[Pair],
) -> None:
    found: list[tuple[float, float, int, int, Why]] = []
    for i, word in mine.items():
        near = None if vowels or dense else word.near
        for j, other in theirs.items():
            like = likeness(word, other, vowels, dense) if near is None or other.number in near else None
            if like is None and begins:
                like = _begins(word, other)
            if like is not None:
                similarity, cost, why = like
                bits = max(other.bits - cost, 0.0)
                found.append((-similarity, -bits, i, j, why))
    for similarity, bits, i, j, why in sorted(found):
        if i in mine and j in theirs:
            pairs.append(Pair((i,), (j,), -similarity, -bits, why))
            del mine[i], theirs[j]


def _begins(word: Word, other: Word) -> tuple[float, float, Why] | None:
    """Murom and Muromskiy, Chongchon and Chongchongang: a word of an organisation with an ending."""
    mine, theirs = word.text, other.text
    if not (mine.startswith(theirs) or theirs.startswith(mine)) or not word.role is other.role is Role.NAME:
        return None
    return (0.85, 3.0, Why.ENDING) if min(len(mine), len(theirs)) >= 5 and abs(len(mine) - len(theirs)) <= 4 else None


def _joined(
    whole: dict[int, Word],
    parts: dict[int, Word],
    pairs: list[Pair],
    vowels: Vowels,
    *,
    swap: bool,
    exact: bool,
) -> None:
    """One word against neighbours that make it up: Sobaeksu and So Baek Su, AlisherUsmanov and Alisher Usmanov."""
    if not (_has_neighbours(parts) or (exact and len(parts) == 2)):
        return
    for i, word in list(whole.items()):
        if len(word.text) < 4:
            continue
        run = _run(word, parts, vowels, exact)
        if run is None:
            continue
        bits = word.bits if swap else sum(parts[j].bits for j in run)
        if not exact:
            bits = max(bits - typo_cost(len(word.text)), 0.0)
        similarity = 0.97 if exact else 0.95 if vowels else 0.97 - 0.6 / len(word.text)
        pair = Pair(run, (i,), similarity, bits, Why.JOINED) if swap else Pair((i,), run, similarity, bits, Why.JOINED)
        pairs.append(pair)
        del whole[i]
        for j in run:
            del parts[j]


def _has_neighbours(parts: dict[int, Word]) -> bool:
    for j in parts:  # noqa: SIM110  # asked for every name that is compared: any() takes twice as long
        if j + 1 in parts:
            return True
    return False


def _run(word: Word, parts: dict[int, Word], vowels: Vowels, exact: bool) -> tuple[int, ...] | None:
    """Positions of neighbouring words that make up `word`; in either order when they are two."""
    size = len(word.text)
    begin = word.text[:2]
    for start in parts:
        text = parts[start].text
        if start + 1 not in parts or (
            not word.text.startswith(text) if exact else text[0] not in begin and begin[0] not in text[:2]
        ):
            continue
        run = [start]
        for j in range(start + 1, start + 4):
            if j not in parts or len(text) > size:
                break
            text += parts[j].text
            run.append(j)
            if text == word.text if exact else _near(text, word, vowels):
                return tuple(run)
    if exact and len(parts) == 2:
        (a, first), (b, second) = parts.items()
        if second.text + first.text == word.text:
            return (a, b)
    return None


def _near(text: str, word: Word, vowels: Vowels) -> bool:
    if abs(len(text) - len(word.text)) > 2 + 3 * (vowels > 0):
        return False
    if sound(text) == word.sound:
        return True
    if vowels and skeleton(text) == word.skeleton:
        return vowels is Vowels.SYLLABIC or fits(text, word.text) or fits(word.text, text)
    return len(text) >= 6 and OSA.distance(text, word.text, score_cutoff=1) <= 1


def _initials(mine: dict[int, Word], theirs: dict[int, Word], pairs: list[Pair], *, both_ways: bool) -> None:
    """`A.` for Ali, `9.` for 99th at the beginning, and `JC` for Jean Claude."""
    if pairs and 0 in mine and 0 in theirs and _begins_number(mine[0], theirs[0]):
        pairs.append(Pair((0,), (0,), _INITIAL_SIMILARITY, _INITIAL_BITS, Why.INITIAL))
        del mine[0], theirs[0]
    for i, word in list(mine.items()):
        if word.role is Role.INITIAL:
            for j, other in theirs.items():
                if other.text[0] == word.text and other.role is not Role.LEGAL:
                    similarity = 1.0 if len(other.text) == 1 else _INITIAL_SIMILARITY
                    after = theirs.get(j + 1) if other.role is Role.PARTICLE else None
                    if after is not None and after.role is Role.NAME:  # A. for Al-Ibrahim
                        pairs.append(Pair((i,), (j, j + 1), similarity, min(after.bits, _INITIAL_BITS), Why.INITIAL))
                        del theirs[j + 1]
                    else:
                        pairs.append(Pair((i,), (j,), similarity, min(other.bits, _INITIAL_BITS), Why.INITIAL))
                    del mine[i], theirs[j]
                    break
    if not both_ways:
        return
    for j, other in list(theirs.items()):
        if other.role is Role.INITIAL:
            for i, word in mine.items():
                if word.text[0] == other.text and word.role is Role.NAME:
                    pairs.append(Pair((i,), (j,), _INITIAL_SIMILARITY, _INITIAL_BITS, Why.INITIAL))
                    del mine[i], theirs[j]
                    break
    for i, word in list(mine.items()):
        if len(word.text) == 2 and len(theirs) >= 2 and pairs:
            run = _letters_of(word.text, theirs)
            if run:
                pairs.append(Pair((i,), run, 0.85, 8.0, Why.INITIAL))
                del mine[i]
                for j in run:
                    del theirs[j]


def _begins_number(word: Word, other: Word) -> bool:
    return word.role is Role.NUMBER and len(word.text) == 1 and other.text.startswith(word.text)


def _letters_of(letters: str, words: dict[int, Word]) -> tuple[int, ...] | None:
    positions = sorted(words)
    for start in range(len(positions) - len(letters) + 1):
        run = positions[start : start + len(letters)]
        if all(words[j].text[0] == letter for j, letter in zip(run, letters, strict=True)):
            return tuple(run)
    return None
