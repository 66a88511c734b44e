"""From the text of a name, in any script, to words in lower-case ASCII.

Compatibility forms are folded (NFKC), invisible characters removed, look-alike letters of other alphabets put back
into a Latin name, digits that stand for letters read as letters, and all other scripts transliterated by AnyAscii.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from typing import Final

import msgspec
from anyascii import anyascii

from rules.names.han import korean_reading
from rules.names.japanese import japanese_readings
from rules.names.tables import LOOK_ALIKES, SHORT
from rules.names.wade_giles import pinyin_reading

MAX_LENGTH: Final = 400  # judgement: characters of a name that are read; the longest on a list has 330

_LATIN_FOR: Final = {ord(pair[0]): pair[1] for pair in LOOK_ALIKES.split()}
_HAS_LOOK_ALIKE: Final = re.compile(f"[{''.join(pair[0] for pair in LOOK_ALIKES.split())}]").search
_HAS_LATIN: Final = re.compile("[A-Za-z]").search

# Control, format and filler characters, which change nothing that a reader sees.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_HIDDEN: Final = "invisible characters removed"
_MARK: Final = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_FLOOD: Final = re.compile(f"({_MARK}{{2}}){_MARK}+")
# Halves of characters, as broken JSON has them, and what is no writing: arrows, shapes, pictures. AnyAscii would name them.
_NO_LETTER: Final = re.compile(
    "[\ud800-\udfff\u2190-\u23ff\u2500-\u27bf\u2900-\u2bff\U0001f000-\U0001f0ff\U0001f200-\U0001faff]"
)
_LEET: Final = str.maketrans("01345789", "oieastbg") | {
    ord("2"): "z",
    ord("6"): "g",
    ord("$"): "s",
    ord("@"): "a",
    ord("|"): "i",
}
_MIXED: Final = re.compile(r"[^\W_]*(?:[a-z][0-9$@|]|[0-9$@|][a-z])[^\W_]*(?:[$@|0-9][^\W_]*)*", re.IGNORECASE | re.ASCII)
_SHORT: Final = frozenset(SHORT.split())
_SLASHED: Final = re.compile(r"\b([mfs])/([vt])\b", re.IGNORECASE | re.ASCII)  # M/V, M/T, F/V: ships
_NUMBER_WITH_SUFFIX: Final = re.compile(r"[0-9]+[a-z]{0,2}|[a-z]{1,3}[0-9]+", re.IGNORECASE | re.ASCII).fullmatch
_APOSTROPHES: Final = re.compile(r"['`´’‘ʼʻʹʾʿ‛′\"]")
_DOTTED: Final = re.compile(r"(?<![a-z])([a-z])\.(?=(?:-?[a-z]\.)|[a-z](?![a-z]))", re.ASCII)
_NOT_WORD: Final = re.compile(r"[^a-z0-9&]+", re.ASCII)
_SYLLABLE: Final = re.compile("[A-Z][a-z]*|[a-z]+|[0-9]+|[^A-Za-z0-9]+")
_HAS_DENSE: Final = re.compile("[\u3400-\u9fff\uac00-\ud7a3]").search
_HARD: Final = {"g": "k", "d": "t", "b": "p"}
_FIRST_VOWEL: Final = re.compile(r"(?<!\w)[اأإآٱعאע](?=\w)")  # alef and ayn begin a word with a vowel
_ARTICLE: Final = re.compile(r"(?<!\w)ال(?!ل?[هة](?!\w))(?=\w{3})")  # al-, which no blank follows; Allah has none
_LONG_A: Final = re.compile("[اأآ]")
_PERSIAN: Final = re.compile("[پچژگیک]")  # letters of Persian, Urdu and Pashto, where these are z and s, too:
_AS_IN_PERSIAN: Final = str.maketrans("ذضظثژ", "زززسج")
_COMPOUND: Final = re.compile(
    r"(?<=\w)(?<!\bعبد)\s+(?:(الله)|الد([يی]ن))(?!\w)"
)  # Nasr Allah, Nur al-Din: one word elsewhere
_FINAL_HE: Final = "ه\u200c"  # the vowel at the end of a Persian word, before an ending
_LAST_VOWEL: Final = re.compile(r"[ةى](?!\w)")


class Vowels(IntEnum):
    """How far the vowels of a word can be trusted: written, partly a matter of the syllabary, or not written at all."""

    WRITTEN = 0
    SYLLABIC = 1
    UNWRITTEN = 2


class Text(msgspec.Struct, frozen=True, gc=False):
    """One reading of a name: lower-case ASCII, with spaces, commas and dots where the name has them.

    `dense` tells that the original leaves no space between words, `korean` that the reading may be that of a Korean name.
    """

    latin: str
    vowels: Vowels = Vowels.WRITTEN
    note: str = ""
    original: str = ""
    dense: bool = False
    korean: bool = True


@lru_cache(maxsize=20_000)
def fault(name: str) -> str | None:
    """Why nothing found for a name does not make it clean: nothing to read, or more than is read. None for a proper name."""
    if not any(len(word) > 1 and not word.isdigit() for text in readings(name) for word in words(text.latin)):
        return "no word can be read from it"
    if len(name) > MAX_LENGTH and len(_squeezed(name)) > MAX_LENGTH:
        return f"only its first {MAX_LENGTH} characters are read"
    return None


def readings(name: str) -> tuple[Text, ...]:
    """Every way to read the text of a name, the likeliest first; of a long one the first `MAX_LENGTH` visible characters."""
    text = name if len(name) <= MAX_LENGTH else _squeezed(name)[:MAX_LENGTH]
    if text.isascii():
        latin = _ascii(text)
        pinyin = pinyin_reading(latin)
        found = Text(latin, note="" if name.isascii() else _HIDDEN)
        return (found,) if pinyin is None else (found, Text(pinyin, note="Wade-Giles read as pinyin", korean=False))
    text = unicodedata.normalize("NFKC", _NO_LETTER.sub(" ", text)).replace(_FINAL_HE, "ا")
    text = _INVISIBLE.sub("", text)[:MAX_LENGTH]
    if text.isascii():
        return (Text(_ascii(text), note=_HIDDEN if _INVISIBLE.search(name) else ""),)
    note = ""
    if _HAS_LOOK_ALIKE(text):
        if _HAS_LATIN(text):
            text, note = text.translate(_LATIN_FOR), "look-alike letters of another alphabet read as Latin"
            if text.isascii():
                return (Text(_ascii(text), note=note),)
        else:
            disguised = text.translate(_LATIN_FOR)
            if disguised.isascii():
                other = Text(_ascii(disguised), note="look-alike letters of another alphabet read as Latin")
                return (*_transliterated(text, ""), other)
    return _transliterated(text, note)


def _squeezed(name: str) -> str:
    """A name without what nobody sees: invisible characters, more than two marks on a letter, more than one blank."""
    return " ".join(_FLOOD.sub(r"\1", _INVISIBLE.sub("", name)).split())


def _ascii(text: str) -> str:
    if "/" in text:
        text = _SLASHED.sub(r"\1\2", text)
    return _MIXED.sub(_digits_as_letters, text).lower()


def _digits_as_letters(found: re.Match[str]) -> str:
    """`Sech1n` for Sechin; numbers such as 63F or A320 stay."""
    word = found[0]
    read = word.translate(_LEET)
    return word if _NUMBER_WITH_SUFFIX(word) and read.lower() not in _SHORT else read


def _transliterated(text: str, note: str) -> tuple[Text, ...]:
    scripts = {_script(character) for character in text}
    spaced = re.sub("[・･·•]", " ", text)
    if "han" in scripts:
        found = [_reading(_dense(spaced), Vowels.WRITTEN, "Chinese characters read as Mandarin", text, korean=False)]
        korean = korean_reading(spaced)
        if korean is not None:
            found.append(_reading(_dense(korean), Vowels.WRITTEN, "Chinese characters read as Korean", text))
        for each in japanese_readings(spaced):
            found.append(_reading(each, Vowels.WRITTEN, "Chinese characters read as Japanese", text, korean=False))
        return tuple(found)
    if "hangul" in scripts:
        return (_reading(_dense(spaced), Vowels.WRITTEN, "read from Hangul", text),)
    if "kana" in scripts:
        return (_reading(anyascii(spaced), Vowels.SYLLABIC, "read from Japanese kana", text),)
    vowels = Vowels.UNWRITTEN if "other" in scripts else Vowels.WRITTEN
    if vowels:
        note = note or "read from a script that leaves vowels out"
    elif scripts & {"cyrillic", "greek", "armenian"}:
        note = note or "transliterated"
    return (_reading(anyascii(_with_vowels(spaced)), vowels, note, text),)


def _with_vowels(text: str) -> str:
    """Arabic and Hebrew with the vowels that their letters tell of, which AnyAscii leaves out."""
    text = _COMPOUND.sub(lambda found: found[1] or f"اد{found[2]}", text)
    if _PERSIAN.search(text):
        text = text.translate(_AS_IN_PERSIAN)
    return _LONG_A.sub("a", _LAST_VOWEL.sub("a", _FIRST_VOWEL.sub("a", _ARTICLE.sub("al ", text))))


def _reading(latin: str, vowels: Vowels, note: str, original: str, *, korean: bool = True) -> Text:
    return Text(_ascii(latin), vowels, note, original, is_dense(original), korean)


def is_dense(text: str) -> bool:
    """Whether a text has Chinese characters or Hangul, which leave no space between words."""
    return _HAS_DENSE(text) is not None


def _dense(text: str) -> str:
    """Chinese characters and Hangul with a space after each syllable, as AnyAscii marks them by capitals."""
    return " ".join(_hardened(part) for part in _SYLLABLE.findall(anyascii(text)))


def _hardened(syllable: str) -> str:
    """A final g, d or b as k, t or p: AnyAscii writes Hangul letter by letter."""
    return (
        syllable[:-1] + _HARD[syllable[-1]]
        if len(syllable) > 1 and syllable[-1] in _HARD and syllable[-2] in "aeiouy"
        else syllable
    )


_RANGES: Final[Mapping[str, tuple[tuple[int, int], ...]]] = {
    "latin": ((0x41, 0x24F), (0x1E00, 0x1EFF), (0x300, 0x36F)),
    "greek": ((0x370, 0x3FF), (0x1F00, 0x1FFF)),
    "cyrillic": ((0x400, 0x52F), (0x1C80, 0x1C8F), (0x2DE0, 0x2DFF), (0xA640, 0xA69F)),
    "armenian": ((0x530, 0x58F), (0x10A0, 0x10FF), (0x2D00, 0x2D2F)),
    "hangul": ((0xAC00, 0xD7A3), (0x1100, 0x11FF), (0x3130, 0x318F)),
    "kana": ((0x3040, 0x30FF), (0x31F0, 0x31FF)),
    "han": ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0xF900, 0xFAFF), (0x20000, 0x323AF), (0x3005, 0x3007)),
}


def _script(character: str) -> str:
    """A coarse script: how its letters are to be read."""
    if not character.isalpha():
        return ""
    point = ord(character)
    for script, ranges in _RANGES.items():
        for first, last in ranges:
            if first <= point <= last:
                return script
    return "latin" if unicodedata.name(character, "").startswith("LATIN") else "other"


def words(latin: str) -> list[str]:
    """The words of a reading: apostrophes go, dotted abbreviations close up (`s.a.` is `sa`), all else separates."""
    if "." in latin:
        latin = _DOTTED.sub(r"\1", latin)
    return [word for word in _NOT_WORD.split(_APOSTROPHES.sub("", latin)) if word]
