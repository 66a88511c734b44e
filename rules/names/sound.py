"""Keys under which spellings of one word meet: how it sounds, and its consonants."""

from __future__ import annotations

import re
from typing import Final

# Groups of letters by the sound they stand for in most romanisations.
_GROUPS: Final = """
c: tsch tch ch zh cz
s: sch sh sz
h: kh
g: gh
d: dh
t: th
f: ph
k: ck qu
z: ts tz dz
j: dj
x: ks
i: ee ie iy yi
ai: ei ey
u: oo ou ue
ou: ow
o: oe
a: ae
"""
# `C` is the sound of ch, which stays apart from c.
_SOUNDS: Final = {
    group: sound.replace("c", "C")
    for sound, _, groups in (line.partition(":") for line in _GROUPS.strip().splitlines())
    for group in groups.split()
}
_SOUND: Final = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))
_CONSONANTS: Final = re.compile("|".join(sorted((key for key in _SOUNDS if key[0] not in "aeiouy"), key=len, reverse=True)))
_LETTERS: Final = str.maketrans({"c": "k", "q": "k", "z": "s", "e": "a", "y": "i", "o": "u", "w": "v"})
_REPEATED: Final = re.compile(r"(.)\1+")
_VOWELS: Final = re.compile("[aeiouywv]+")
_IN_ENGLISH: Final = {"ch": "kh", "j": "y", "w": "v"}
_ABROAD: Final = re.compile("(?<![st])ch|^j|w")
_NO_VOWELS: Final = str.maketrans("", "", "aeiou")
_CONSONANT_LETTERS: Final = str.maketrans("cqgz", "kkkd")  # Qadhafi and Gaddafi, Jawad and Javad
_HEARD: Final = str.maketrans("cqgzv", "kkksw")
_LONG: Final = {"y": "yiej", "w": "wuo", **dict.fromkeys("aeiou", "aeiouyw")}
_LIKE: Final = {**_LONG, "D": "Ddz", "d": "dD", "z": "zD"}  # D is dh: Qadhafi and Gaddafi, Kadhim and Kazim
_VOWEL_LETTERS: Final = frozenset("aeiouyw")
_GLIDE: Final = re.compile("^a(?=[yw])")
_SHORT_END: Final = frozenset("aeh")


def sound(word: str) -> str:
    """How a word sounds, roughly: Mohamed and Muhammad, Dmitri and Dmitriy, Ahmad and Achmed... share it."""
    if word.isdigit():
        return word
    text = word
    if word[0] == "x" and len(word) > 1 and word[1] in "iu":  # pinyin
        text = "s" + word[1:]
    text = _SOUND.sub(_sound, text).translate(_LETTERS)
    if "j" in text[1:]:  # Sergej, Dmitrij; at the beginning it is a sound of its own
        text = text[0] + text[1:].replace("j", "i")
    text = _REPEATED.sub(r"\1", text)
    return text[:-1] if text.endswith("h") and len(text) > 2 else text


def _sound(found: re.Match[str]) -> str:
    return _SOUNDS[found[0]]


def sound_abroad(word: str) -> str | None:
    """How a word sounds as Germans and Poles write it, where that is something else: Chodorkowski, Janukowytsch."""
    read = _ABROAD.sub(_in_english, word)
    return None if read == word else sound(read)


def _in_english(found: re.Match[str]) -> str:
    return _IN_ENGLISH[found[0]]


def skeleton(word: str) -> str:
    """The consonants of a word, with a mark for a vowel at its beginning: what is left when vowels are dropped."""
    first = "a" if word[0] in "aeiouywv" else word[0]
    text = _CONSONANTS.sub(_sound, first + _VOWELS.sub("", word[1:])).translate(_CONSONANT_LETTERS)
    text = _REPEATED.sub(r"\1", text)
    return text[:-1] if text.endswith("h") and len(text) > 2 else text


def bare(word: str) -> str:
    """The word without its vowels."""
    return word.translate(_NO_VOWELS)


def fits(script: str, latin: str) -> bool:
    """Whether a word of a script without short vowels can be this one in Latin letters: `hsyn` is Husayn, not Hasan.

    Every vowel that the script writes has to be there, y as i or e, w as u, o or v; others may come in between, and at the
    end a short one.
    """
    written, spoken = _GLIDE.sub("", _heard(script)), _REPEATED.sub(r"\1", _heard(latin))
    return _fits(written, spoken) or _fits(_REPEATED.sub(r"\1", written), spoken)


def _fits(written: str, spoken: str) -> bool:
    at = 0
    for place, letter in enumerate(spoken):
        if at == len(written):
            return set(spoken[place:]) <= (_VOWEL_LETTERS if written[-1] in _LONG else _SHORT_END)
        if letter in _LIKE.get(written[at], written[at]):
            at += 1
        elif letter not in _VOWEL_LETTERS:
            return False
    return at == len(written) or written[at:] == "h"


def _heard(word: str) -> str:
    """A word as its consonants sound, with its vowels."""
    return _CONSONANTS.sub(_sound, word.replace("dh", "D")).translate(_HEARD)


def drops_vowels(short: str, full: str) -> bool:
    """Whether `short` is `full` with some of its vowels left out."""
    position = 0
    for letter in full:
        if position < len(short) and short[position] == letter:
            position += 1
        elif letter not in "aeiou":
            return False
    return position == len(short) < len(full)
