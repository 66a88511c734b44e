"""Korean names: what the romanisations have in common.

The same name is written Kim Se-un, Kim Se Woon or Gim Seun; Jo is Cho, Myong is Myeong and Myung. A romanised syllable
is therefore read as the set of Hangul syllables that it can stand for (McCune-Reischauer and its northern form, Revised
Romanization, and what passports say), and two names agree when each pair of syllables has one in common.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from typing import Final

import msgspec

# Family names as people write them, by the Hangul they stand for. An initial L, N or nothing is one name: Ri, Yi, Lee.
_FAMILIES: Final = """
kim:kim gim ghim;lee:lee ri yi rhee rhie li leigh i;pak:pak park bak bahk bag;choe:choe choi chwe choy
jong:jong chong jung chung jeong cheong joung;jo:jo cho joh;kang:kang gang;yun:yun yoon youn;jang:jang chang
im:im rim lim yim;han:han hahn;sin:sin shin;so:so seo suh;kwon:kwon gwon;hwang:hwang;an:an ahn;song:song
ryu:ryu yu yoo you lyu;hong:hong;jon:jon jeon chon chun jun;ko:ko go koh goh;mun:mun moon;son:son sohn
yang:yang ryang;pae:pae bae;paek:paek baek paik baik baeg;ho:ho heo huh hur;nam:nam;sim:sim shim
no:no ro noh roh;ha:ha;kwak:kwak gwak gwag;song:sung seong;cha:cha;ju:ju chu joo;u:u woo wu;ku:ku koo gu
ra:ra na rah nah;min:min;jin:jin chin;om:om eom um;chae:chae;won:won;chon:cheon;pang:pang bang;kong:kong gong
hyon:hyon hyun hyeon;ham:ham;pyon:pyon byun byeon;yom:yom yeom ryom;yo:yo yeo ryo ryeo;chu:choo;to:to do
sok:sok seok suk seog;sol:sol seol sul;kil:kil gil;ma:ma;yon:yon yeon ryon;pyo:pyo;myong:myong myung myeong
ki:ki gi;ok:ok og;yuk:yuk ryuk yug;in:in;tak:tak tag;kuk:kuk gug;ri:rhi;o:o oh;wang:wang;pan:pan ban
chi:chi ji jee
"""


def _families() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for group in re.split(r"[;\n]", _FAMILIES.strip()):
        hangul, _, spellings = group.partition(":")
        for spelling in spellings.split():
            found[spelling] = (*found.get(spelling, ()), hangul)
    return found


_FAMILIES_OF: Final = _families()
_LONGEST_GIVEN: Final = 14

_INITIALS: Final = {
    **dict.fromkeys(("g", "k", "kk", "gg"), "k"),
    **dict.fromkeys(("d", "t", "tt", "dd"), "t"),
    **dict.fromkeys(("b", "p", "pp", "bb"), "p"),
    **dict.fromkeys(("j", "ch", "jj", "tch", "tj"), "c"),
    **dict.fromkeys(("s", "ss", "sh"), "s"),
    **dict.fromkeys(("r", "l", "rh"), "r"),
    **{"n": "n", "m": "m", "h": "h", "": ""},
}
# What a romanised vowel can stand for: a ae ya o(ㅓ)=e, o(ㅗ)=o, u(ㅜ)=u, eu(ㅡ)=w and so on, one letter a vowel.
_VOWELS: Final = {
    **{
        "a": "a",
        "ah": "a",
        "ae": "A",
        "ai": "A",
        "ay": "A",
        "e": "AE",
        "ya": "y",
        "yae": "Y",
        "yay": "Y",
        "ye": "Y",
        "yeh": "Y",
    },
    **{
        "o": "oe",
        "oh": "oe",
        "eo": "e",
        "eoh": "e",
        "ou": "eu",
        "u": "uwe",
        "uh": "e",
        "oo": "u",
        "woo": "u",
        "wu": "u",
        "eu": "w",
    },
    **{
        "yo": "qj",
        "yeo": "j",
        "you": "jQ",
        "yu": "Qj",
        "yoo": "Q",
        "yuh": "j",
        "yeu": "j",
        "i": "i",
        "ee": "i",
        "yi": "iI",
        "y": "i",
    },
    **{
        "oe": "O",
        "oi": "O",
        "we": "O",
        "wae": "O",
        "wi": "W",
        "wee": "W",
        "ui": "IW",
        "eui": "I",
        "wa": "Z",
        "wo": "X",
        "weo": "X",
    },
}
_FINALS: Final = {
    **dict.fromkeys(("k", "g", "ck"), "k"),
    **dict.fromkeys(("t", "d", "s"), "t"),
    **dict.fromkeys(("p", "b"), "p"),
    **dict.fromkeys(("l", "r"), "l"),
    **{"n": "n", "m": "m", "ng": "N", "": ""},
}
_Y_VOWELS: Final = frozenset("yYqjQi")
_MOST: Final = 8  # judgement: ways to cut one given name into syllables that are followed


class Syllable(msgspec.Struct, frozen=True, gc=False):
    """What one romanised syllable can stand for."""

    initial: str
    vowels: frozenset[str]
    final: str

    def agrees(self, other: Syllable) -> bool:
        """Whether both can be the same Hangul syllable."""
        if self.final != other.final or self.vowels.isdisjoint(other.vowels):
            return False
        if self.initial == other.initial or {self.initial, other.initial} == {"r", "n"}:
            return True
        return {self.initial, other.initial} <= {"", "r", "n"} and not self.vowels.isdisjoint(_Y_VOWELS & other.vowels)


class KoreanName(msgspec.Struct, frozen=True, gc=False):
    """A family name and the ways to read the given name."""

    family: str
    given: tuple[tuple[Syllable, ...], ...]

    def agrees(self, other: KoreanName) -> bool:
        """Whether both can be the same name in Hangul."""
        return self.family == other.family and any(
            len(mine) == len(theirs) and all(a.agrees(b) for a, b in zip(mine, theirs, strict=True))
            for mine in self.given
            for theirs in other.given
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """What names that agree have in common: to find them by."""
        return tuple(sorted({_key(self.family, given) for given in self.given}))


def _key(family: str, given: tuple[Syllable, ...]) -> str:
    initials = ("" if each.initial in "rn" else each.initial for each in given)
    return family + ":" + ".".join(f"{initial}_{each.final}" for initial, each in zip(initials, given, strict=True))


def korean_names(words: Sequence[str]) -> tuple[KoreanName, ...]:
    """How a name of two to four words can be read as Korean, family name first or last; mostly not at all."""
    if not 2 <= len(words) <= 4:
        return ()
    found = []
    for family, given in ((words[0], words[1:]), (words[-1], words[:-1])):
        families = _FAMILIES_OF.get(family)
        if families and (cuts := _given(tuple(given))):
            found += [KoreanName(hangul, cuts) for hangul in families]
    return tuple(found)


def _given(words: tuple[str, ...]) -> tuple[tuple[Syllable, ...], ...]:
    """The given name as one or two syllables (three where it is written as three words)."""
    joined = "".join(words)
    if len(joined) > _LONGEST_GIVEN:
        return ()
    if len(words) == 1:
        return tuple(cut for cut in _cuts(joined, 2) if len(cut) <= 2)[:_MOST]
    parts = [[cut for cut in _cuts(word, 1) if len(cut) == 1] for word in words]
    return tuple(tuple(each[0] for each in combination) for combination in product(*parts))[:_MOST]


def _cuts(text: str, most: int) -> list[tuple[Syllable, ...]]:
    """Every way to read a text as at most so many syllables."""
    if not text:
        return [()]
    if not most:
        return []
    found: list[tuple[Syllable, ...]] = []
    for initial_length in (3, 2, 1, 0):
        initial = _INITIALS.get(text[:initial_length]) if initial_length <= len(text) else None
        if initial is None:
            continue
        for vowel_end in range(min(len(text), initial_length + 4), initial_length, -1):
            vowels = _VOWELS.get(text[initial_length:vowel_end])
            if vowels is None:
                continue
            for final_end in range(min(len(text), vowel_end + 2), vowel_end - 1, -1):
                final = _FINALS.get(text[vowel_end:final_end])
                if final is not None:
                    syllable = Syllable(initial, frozenset(vowels), final)
                    found += [(syllable, *rest) for rest in _cuts(text[final_end:], most - 1)]
    return found
