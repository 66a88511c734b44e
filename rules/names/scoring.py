"""From the words that met to one score.

The score is how like the words are that met, times how much of the query they make up, times (more mildly) how much of the
listed name; lowered where the two contradict each other, and where what met is too common to prove anything. The numbers
are judgement, set on one half of the data that docs/names.md names and checked on the other.
"""

from __future__ import annotations

from typing import Final

import msgspec

from rules.names.alignment import Pair, align
from rules.names.likeness import Why
from rules.names.parsing import Parsed
from rules.names.words import Role, Word

THRESHOLD: Final = 0.78

_SIMILARITY_POWER: Final = 1.25
_LISTED_FLOOR: Final = 0.78  # what is left of the score when hardly anything of a long listed name was given
_FURTHER: Final = 0.88  # of the score when all of a rare listed name is met, and the query has further names
_BITS_FURTHER: Final = 20.0
_COMPANY: Final = 0.3  # as a legal form
_UNMATCHED: Final = {
    **{Role.PLACE: 0.4, Role.TITLE: 0.0, Role.PARTICLE: 0.4, Role.LEGAL: 0.3, Role.INITIAL: 0.4, Role.COMMON: 0.8},
}

# A name that agrees in full has to prove little; the more is missing or misspelt, the more the rest has to prove. Two
# names of a list of 25,000 (15 bits) that share 16 bits by chance are one pair in two lists.
_WHOLE: Final = 0.985
_BITS_WHOLE: Final = 7.5
_BITS_BY_LACK: Final = 45.0
_BITS: Final = 16.0
_BITS_INITIAL: Final = 5.0  # an initial says that something is missing
_PER_BIT: Final = 0.03
_LEAST: Final = 0.3

CUT_AT: Final = 15  # characters; fields of 16, 20, 30 and 35 are common
_CUT_SCORE: Final = 0.86
_KOREAN_SCORE: Final = 0.97
_KOREAN_BITS: Final = 20.0
_OTHER_KOREAN: Final = 0.82
_OTHER_CHINESE: Final = 0.82
_SLIPS: Final = frozenset((Why.TYPO, Why.TYPOS, Why.LOOKS, Why.SWAPPED, Why.SHUFFLED, Why.VOWELS, Why.SOUND))
_ABBREVIATED: Final = 0.79  # a match, the weakest: whoever gives no more than that is asked for his name
_INITIALS_ALONE: Final = frozenset((Role.INITIAL, Role.PARTICLE, Role.LEGAL))
_NO_FAMILY: Final = 0.85
_OWN: Final = 9.0
_TELLS: Final = 6.0
_TELLING_BITS: Final = 22.0  # of common words that together are rare
_NO_OWN: Final = 0.75
_BOTH_LEFT: Final = 0.85
_OTHER_INITIAL: Final = 0.8
_CONFLICTS: Final = (
    (Role.PLACE, 0.75, "different places"),
    (Role.NUMBER, 0.7, "different numbers"),
    (Role.LEGAL, 0.95, "different legal forms"),
)


class Scored(msgspec.Struct, frozen=True, gc=False):
    """How well two names agree: the score, the pairs of words it rests on, the bits they prove, what lowered it."""

    score: float
    pairs: tuple[Pair, ...]
    bits: float
    lowered: tuple[str, ...]
    mine: Parsed
    theirs: Parsed


class _Left:
    """The words of both names that met nothing."""

    __slots__ = ("met_mine", "met_theirs", "mine", "theirs")

    def __init__(self, query: Parsed, listed: Parsed, pairs: list[Pair]) -> None:
        self.met_mine = {i for pair in pairs for i in pair.mine}
        self.met_theirs = {j for pair in pairs for j in pair.theirs}
        self.mine = [word for i, word in enumerate(query.words) if i not in self.met_mine]
        self.theirs = [word for j, word in enumerate(listed.words) if j not in self.met_theirs]
        if self.mine:
            repeated = {query.words[i].text for i in self.met_mine}
            self.mine = [word for word in self.mine if word.text not in repeated]


def scored(query: Parsed, listed: Parsed, least: float = 0.0) -> Scored:
    """Align and score two names that were parsed alike; `listed` is the one known to be complete.

    What cannot reach `least` is not weighed to the end: its score says no more than that.
    """
    both_korean = bool(query.korean and listed.korean)
    if both_korean and query.closed != listed.closed and _agree(query, listed):
        everything = Pair(
            tuple(range(len(query.words))), tuple(range(len(listed.words))), _KOREAN_SCORE, _KOREAN_BITS, Why.KOREAN
        )
        return Scored(_KOREAN_SCORE, (everything,), _KOREAN_BITS, (), query, listed)
    if len(query.closed) >= CUT_AT and query.closed != listed.closed and listed.closed.startswith(query.closed):
        return _cut(query, listed)
    pairs = align(query, listed)
    bits = sum([pair.bits for pair in pairs])
    words = listed.words
    weights = [
        words[pair.theirs[0]].bits if len(pair.theirs) == 1 else max([words[j].bits for j in pair.theirs]) for pair in pairs
    ]
    weight = sum(weights)
    if not weight:
        return Scored(0.0, (), 0.0, ("no word agrees",), query, listed)
    left = _Left(query, listed, pairs)
    similarity = sum([each * pair.similarity for each, pair in zip(weights, pairs, strict=True)]) / weight
    cover_mine = weight / (weight + _unmatched(left.mine))
    cover_theirs = weight / (weight + _unmatched(left.theirs))
    lowered: list[str] = []
    given = max(cover_mine, _FURTHER) if bits >= _BITS_FURTHER and _only_further_names(query, left, pairs) else cover_mine
    score = similarity**_SIMILARITY_POWER * given * (_LISTED_FLOOR + (1 - _LISTED_FLOOR) * cover_theirs)
    if score < least:
        return Scored(score, tuple(pairs), bits, (), query, listed)
    score *= _personal(listed, left, lowered) if query.person else _own_word(listed, left, bits, lowered)
    score *= _conflicts(query, left, lowered)
    if min(cover_mine, cover_theirs, similarity) < _WHOLE:
        score *= _proof(bits, 1 - similarity * cover_mine * cover_theirs, pairs, lowered)
    if score < _ABBREVIATED and _is_abbreviated(query, left, pairs):
        score = _ABBREVIATED
        lowered.append("initials and a legal form: nothing of it contradicts, and nothing tells it from others")
    if both_korean and score < _KOREAN_SCORE and _other_korean(query, listed):
        score *= _OTHER_KOREAN
        lowered.append("no romanisation of one Korean name gives the other")
    elif query.chinese and listed.chinese and any(pair.why in _SLIPS for pair in pairs):
        score *= _OTHER_CHINESE
        lowered.append("both are Chinese names as they stand, hardly a slip of the pen")
    return Scored(score, tuple(pairs), bits, tuple(lowered), query, listed)


def _is_abbreviated(query: Parsed, left: _Left, pairs: list[Pair]) -> bool:
    """Whether the query is nothing but the initials of an organisation's words and its legal form: J. Ltda., whole."""
    if query.person or left.mine or left.theirs or not any(pair.why is Why.INITIAL for pair in pairs):
        return False
    roles = {word.role for word in query.words}
    return Role.LEGAL in roles and roles <= _INITIALS_ALONE


def _only_further_names(query: Parsed, left: _Left, pairs: list[Pair]) -> bool:
    """Whether the query has all of the listed name, and more: Nicolas Maduro Moros. A further syllable is another name."""
    return query.person and not (query.korean or query.chinese) and len(pairs) > 1 and not left.theirs


def _cut(query: Parsed, listed: Parsed) -> Scored:
    """A name of which the end was cut off, as by a field of fixed length."""
    length = min(len(query.words), len(listed.words))
    pairs = [
        Pair((i,), (i,), 1.0, theirs.bits, Why.SAME if mine.text == theirs.text else Why.CUT)
        for i, mine, theirs in zip(range(length), query.words, listed.words, strict=False)
    ]
    bits = sum(pair.bits for pair in pairs)
    return Scored(_CUT_SCORE, tuple(pairs), bits, (f"the name is cut off after {query.words[-1].text}",), query, listed)


def _unmatched(words: list[Word]) -> float:
    return sum([word.bits * (_COMPANY if word.meaning == "CO" else _UNMATCHED.get(word.role, 1.0)) for word in words])


def _proof(bits: float, lacking: float, pairs: list[Pair], lowered: list[str]) -> float:
    """What is left when the words that met are common: KIM, CORP and the like prove nothing alone."""
    need = min(_BITS_WHOLE + _BITS_BY_LACK * lacking, _BITS)
    if any(pair.why is Why.INITIAL for pair in pairs):
        need = max(need - _BITS_INITIAL, _BITS_WHOLE)
    if bits >= need:
        return 1.0
    lowered.append(f"the words that agree are too common to tell: {bits:.0f} bits where {need:.0f} are asked for")
    return max(1 - _PER_BIT * (need - bits), _LEAST)


def _personal(listed: Parsed, left: _Left, lowered: list[str]) -> float:
    """What contradicts in the names of people."""
    factor = 1.0
    proper = [word for word in left.theirs if word.role in (Role.NAME, Role.INITIAL)]
    if proper and any(word.role is Role.INITIAL for word in left.mine):
        lowered.append("an initial fits no word")
        factor *= _OTHER_INITIAL
    if listed.family and left.met_theirs.isdisjoint(range(listed.family)):
        lowered.append(f"the family name is not met: {' '.join(word.text for word in listed.words[: listed.family])}")
        factor *= _NO_FAMILY
    return factor


def _own_word(listed: Parsed, left: _Left, bits: float, lowered: list[str]) -> float:
    """What is left when nothing met but words that many organisations share: Korea Trading Corporation."""
    own = [j for j, word in enumerate(listed.words) if word.role is Role.NAME and word.bits >= _OWN]
    met = any(listed.words[j].role is Role.NAME and listed.words[j].bits >= _TELLS for j in left.met_theirs)
    if met or not own or bits >= _TELLING_BITS:
        return 1.0
    lowered.append(f"what is its own in the listed name is missing: {' '.join(listed.words[j].text for j in own)}")
    return _NO_OWN


def _conflicts(query: Parsed, left: _Left, lowered: list[str]) -> float:
    """Different places, numbers or legal forms, where each name has its own."""
    if not left.mine or not left.theirs:
        return 1.0
    factor = 1.0
    mine = [word.text for word in left.mine if word.role is Role.NAME]
    theirs = [word.text for word in left.theirs if word.role is Role.NAME]
    if mine and theirs:
        lowered.append(f"different words: {' '.join(mine)} against {' '.join(theirs)}")
        factor *= _BOTH_LEFT
    forms_met = any(query.words[i].role is Role.LEGAL for i in left.met_mine)
    for role, cost, said in _CONFLICTS:
        if role is Role.LEGAL and forms_met:
            continue
        mine = [word.text for word in left.mine if word.role is role]
        theirs = [word.text for word in left.theirs if word.role is role]
        if mine and theirs:
            lowered.append(f"{said}: {' '.join(mine)} against {' '.join(theirs)}")
            factor *= cost
    return factor


def _agree(query: Parsed, listed: Parsed) -> bool:
    return any(name.agrees(other) for name in query.korean for other in listed.korean)


def _other_korean(query: Parsed, listed: Parsed) -> bool:
    """Whether both are Korean names of as many syllables, which are known not to agree."""
    mine = {len(given) for name in query.korean for given in name.given}
    theirs = {len(given) for name in listed.korean for given in name.given}
    return len(mine) == 1 and mine == theirs
