"""Chinese names in Wade-Giles, as Taiwan and older texts write them, turned into pinyin: Mao Tse-tung is Mao Zedong."""

from __future__ import annotations

import re
from typing import Final

# Initials, longest first: Wade-Giles, pinyin, pinyin before i and u with dots. The mark of aspiration is mostly left out;
# what is read then is the sound without it, but for families whose name is known.
_INITIALS: Final = (
    ("tz'", "c", "c"),
    ("ts'", "c", "c"),
    ("ch'", "ch", "q"),
    ("tz", "z", "z"),
    ("ts", "z", "z"),
    ("ch", "zh", "j"),
    ("sh", "sh", "sh"),
    ("ss", "s", "s"),
    ("hs", "x", "x"),
    ("k'", "k", "k"),
    ("p'", "p", "p"),
    ("t'", "t", "t"),
    ("k", "g", "g"),
    ("p", "b", "b"),
    ("t", "d", "d"),
    ("j", "r", "r"),
    *((each, each, each) for each in "mfnlhswy"),
    ("", "", ""),
)
_FINALS: Final = {
    **dict.fromkeys(
        "a ai an ang ao e ei en eng i ia iang iao iu in ing o ou u ua uai uan uang ui un".split()  # noqa: SIM905
    ),
    **{
        "ieh": "ie",
        "ien": "ian",
        "iung": "iong",
        "ueh": "ue",
        "uei": "ui",
        "ung": "ong",
        "ih": "i",
        "erh": "er",
        "uo": "uo",
    },
}
_WHOLE: Final = {
    **{"tse": "ze", "tze": "zi", "tzu": "zi", "ssu": "si", "szu": "si", "ko": "ge", "k'o": "ke", "ho": "he", "o": "e"},
    **{"yu": "yu", "yen": "yan", "yeh": "ye", "yung": "yong", "i": "yi", "ing": "ying", "jen": "ren", "jih": "ri"},
}
_FAMILIES: Final = {
    **{"tsai": "cai", "chen": "chen", "cheng": "zheng", "chang": "zhang", "chao": "zhao", "chou": "zhou", "chu": "zhu"},
    **{
        "chiang": "jiang",
        "chin": "jin",
        "chien": "qian",
        "chiu": "qiu",
        "kuo": "guo",
        "kao": "gao",
        "ku": "gu",
        "kung": "gong",
    },
    **{"pai": "bai", "pan": "pan", "peng": "peng", "tang": "tang", "tao": "tao", "teng": "deng", "ting": "ding", "tu": "du"},
    **{
        "tung": "dong",
        "tseng": "zeng",
        "tso": "zuo",
        "tsui": "cui",
        "hsu": "xu",
        "hsieh": "xie",
        "hsiao": "xiao",
        "lee": "li",
    },
}
# What pinyin does not write: it takes one of these, or a hyphen in the given name, to read a name so.
_TELLS: Final = re.compile(r"\bhs|\bts|\btz|\bssu\b|\bszu\b|ieh\b|ueh\b|ung\b|\berh\b|\bjen\b|\byen\b|[ckpt]h?'").search
_HYPHENED: Final = re.compile(r"[a-z']-[a-z]").search
_GIVEN_FIRST: Final = re.compile(r"[a-z']+-[a-z']+\W+[a-z']").match
_PART: Final = re.compile(r"[a-z']+")
_QUOTES: Final = str.maketrans("’‘`ʻʼ", "'''''")
_SYLLABLES: Final = (2, 3)


def pinyin_reading(latin: str) -> str | None:
    """The name in pinyin, None when it is hardly one in Wade-Giles or reads the same. `latin` is in lower case."""
    if any(map(str.isdigit, latin)):
        return None
    latin = latin.translate(_QUOTES)
    if _HYPHENED(latin) is None and _TELLS(latin) is None:
        return None
    parts = _PART.findall(latin)
    if len(parts) not in _SYLLABLES:
        return None
    family, *given = (parts[-1], *parts[:-1]) if _GIVEN_FIRST(latin) else parts
    read = [_FAMILIES.get(family) or _syllable(family), *map(_syllable, given)]
    if read == [family, *given] or not all(read):
        return None
    first, *rest = (each for each in read if each is not None)
    return f"{first} {''.join(rest)}"


def _syllable(text: str) -> str | None:
    """A syllable in pinyin; None when it is none of Wade-Giles."""
    whole = _WHOLE.get(text)
    if whole is not None:
        return whole
    for mark, plain, before_i in _INITIALS:
        if text.startswith(mark):
            final = text[len(mark) :]
            if final not in _FINALS:
                return None
            read = _FINALS[final] or final
            return (before_i if read.startswith("i") and final != "ih" else plain) + read
    return None
