"""A name taken apart: its words as those of a person and as those of an organisation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec
from rigour.names import NameTypeTag, SymbolCategory, analyze_names

from rules.names.chinese import is_chinese
from rules.names.cleaning import Text, Vowels, readings, words
from rules.names.korean import KoreanName, korean_names
from rules.names.tables import ARTICLES, DENSE_WORDS, MEANINGS, VESSEL_PREFIXES
from rules.names.words import Make, Role, Word, is_title, make, role_of


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """One reading of a name.

    `family` is how many words stand before the comma of `FAMILY, Given`, 0 when the order is not known. `order` holds
    all words in writing, titles and legal forms included, closed up: what a cut name begins with.
    """

    words: tuple[Word, ...]
    person: bool
    closed: str
    vowels: Vowels = Vowels.WRITTEN
    family: int = 0
    korean: tuple[KoreanName, ...] = ()
    note: str = ""
    original: str = ""
    dense: bool = False
    chinese: bool = False


# Words of organisations in Latin letters that rigour does not know, and what they mean.
MEANINGS_OF: Final = {
    word: meaning
    for meaning, _, listed in (line.partition(":") for line in MEANINGS.strip().splitlines())
    for word in listed.split()
}
_ROLE_OF_MEANING: Final = {"KOREA": Role.PLACE}
_ROLES: Final = {
    SymbolCategory.ORG_CLASS.value: Role.LEGAL,
    SymbolCategory.LOCATION.value: Role.PLACE,
    SymbolCategory.NUMERIC.value: Role.NUMBER,
    SymbolCategory.DOMAIN.value: Role.COMMON,
    SymbolCategory.SYMBOL.value: Role.COMMON,
}
_TRANSLATED: Final = {
    word: english
    for english, _, listed in (line.partition(":") for line in DENSE_WORDS.strip().splitlines())
    for word in listed.split()
}
_TRANSLATE: Final = re.compile("|".join(sorted(_TRANSLATED, key=len, reverse=True)))


def person(text: Text, make: Make = make) -> Parsed:
    """The words as those of a person's name."""
    roles = [(word, role_of(word, person=True)) for word in person_words(text.latin)]
    if all(role >= Role.PARTICLE for _, role in roles):
        roles = [(word, Role.NAME) for word, _ in roles]
    found = [make(word, role) for word, role in roles]
    before, comma, _ = text.latin.partition(",")
    family = len(words(before)) if comma else 0
    plain = [word.text for word in found if word.role in (Role.NAME, Role.INITIAL, Role.PARTICLE)]
    return Parsed(
        words=tuple(found),
        person=True,
        closed="".join(word.text for word in found),
        vowels=text.vowels,
        family=family if family < len(found) else 0,
        korean=korean_names(plain) if text.korean else (),
        chinese=is_chinese(plain),
        note=text.note,
        original=text.original,
        dense=text.dense,
    )


def person_words(latin: str) -> list[str]:
    """Words in which `Abd al-Aziz`, `Abdel Aziz` and `Abdulaziz` are all `abdul aziz`."""
    found: list[str] = []
    after_abd = False
    for word in words(latin):
        if after_abd:
            after_abd = False
            if word in _ARTICLES:
                continue
            if word in _ALLAH:
                found[-1] = "abdullah"
                continue
            if word.startswith("al") and len(word) > _GLUED:
                word = word[2:]
        if not word.startswith(("ab", "bd")):
            found.append(word)
            continue
        single = word.replace("bb", "b").replace("dd", "d")
        glued = _GLUED_ABDUL(single)
        after_abd = single in ("abd", "bd")
        found += ["abdul", glued[2]] if glued else ["abdul" if _ABDUL(single) else word]
    return found


_GLUED: Final = 4
# Abdelaziz, Abdurrahman, Abdennour; Abdullah is no Abdul of anything.
_GLUED_ABDUL: Final = re.compile("abd[aeiou]{1,2}(?:l|([rnszt])(?=\\1))((?!lah|ah)[a-z]{4,})").fullmatch
_ABDUL: Final = re.compile("a?bd(?:[aeiou]{1,2}[lrnszt])?").fullmatch
_ALLAH: Final = frozenset(["allah", "allh", "alah", "alla", "lah", "lh", "ullah"])
_VESSEL_PREFIXES: Final = frozenset(VESSEL_PREFIXES.split())
_TELLING: Final = 5  # letters of a word that tells one organisation from another, judgement
_ARTICLES: Final = frozenset(ARTICLES.split())


def organisation(text: Text, make: Make = make) -> Parsed:
    """The words as those of an organisation, a ship or an aircraft, with their meaning where rigour knows it."""
    source = text.original or text.latin
    if text.dense:
        source = _TRANSLATE.sub(lambda found: f" {_TRANSLATED[found[0]]} ", source)
    found: list[tuple[str, Role, str]] = []
    for name in analyze_names(NameTypeTag.ORG, [source], phonetics=False, rewrite=False):
        meanings: dict[int, tuple[int, str, Role]] = {}
        for span in name.spans:
            role = _ROLES.get(span.symbol.category.value)
            if role is None:
                continue
            size = len(span.parts)
            for part in span.parts:
                known = meanings.get(part.index)
                if known is None or (-size, span.symbol.id) < (-known[0], known[1]):
                    meanings[part.index] = (size, span.symbol.id, role)
        for part in name.parts:
            known = meanings.get(part.index)
            found += _organisation_words(part.form, known and (known[1], known[2]))
    for end in (0, -1):
        if len(found) > 1 and (is_title(found[end][0]) or (end == 0 and found[0][0] in _VESSEL_PREFIXES)):
            found[end] = (found[end][0], Role.TITLE, "")
    if all(role >= Role.PARTICLE for _, role, _ in found):
        found = [(word, Role.COMMON, meaning) for word, _, meaning in found]
    telling = any(len(word) > _TELLING for word, role, _ in found if role is not Role.LEGAL)
    return Parsed(
        words=tuple([make(*word) for word in found]),
        person=False,
        closed="".join(words(text.latin)) if telling else "",
        vowels=text.vowels,
        note=text.note,
        original=text.original,
        dense=text.dense,
    )


def _organisation_words(form: str, known: tuple[str, Role] | None) -> Sequence[tuple[str, Role, str]]:
    """The words that one of rigour's stands for, each with its role and meaning."""
    latin = form if form.isascii() else "".join(words(_closed(form)))
    found = []
    for each in words(latin):
        own = MEANINGS_OF.get(each)
        if own is not None:
            found.append((each, _ROLE_OF_MEANING.get(own, Role.COMMON), own))
        elif known is not None and (len(each) > 1 or known[1] is Role.LEGAL or each.isdigit()):
            found.append((each, known[1], known[0]))
        else:
            found.append((each, role_of(each, person=False), each if each.isdigit() else ""))
    return found


def _closed(form: str) -> str:
    return "".join(readings(form)[0].latin.split())
