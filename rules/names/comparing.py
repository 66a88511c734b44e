"""Two names compared, without a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

from rules.names.cleaning import Text, readings
from rules.names.parsing import Parsed, organisation, person
from rules.names.rarity import Rarity
from rules.names.scoring import Scored, scored
from rules.names.words import Make, Role

_RARITY: Final = Rarity()


class NameKind(StrEnum):
    """Whose name it is; `ANY` where that is not known. Ships and aircraft bear names like organisations'."""

    PERSON = "person"
    ORGANISATION = "organisation"
    ANY = "any"


PARSERS: Final[dict[NameKind, tuple[Callable[[Text, Make], Parsed], ...]]] = {
    NameKind.PERSON: (person,),
    NameKind.ORGANISATION: (organisation,),
    NameKind.ANY: (person, organisation),
}


def parses(name: str, kind: NameKind) -> Iterator[Parsed]:
    """Every way to read a name of this kind; nothing when it holds no letter or digit."""
    for text in readings(name):
        for parse in PARSERS[kind]:
            parsed = parse(text, _RARITY.make)
            if parsed.words:
                yield parsed


def compare(query: str, listed: str, kind: NameKind = NameKind.ANY) -> Scored | None:
    """The best score over all ways to read both names, `listed` being the one that is known to be complete.

    Names of an unknown kind are read as an organisation's alone when one of them has words that no person bears. None
    when one of the names holds no letter or digit.
    """
    mine, theirs = tuple(parses(query, kind)), tuple(parses(listed, kind))
    business = kind is NameKind.ANY and any(_is_business(each) for each in (*mine, *theirs))
    found = (
        scored(one, other)
        for one in mine
        for other in theirs
        if one.person is other.person and not (business and one.person)
    )
    return max(found, key=lambda each: each.score, default=None)


def _is_business(parsed: Parsed) -> bool:
    """Whether a name has a legal form (SE, AG and others of two letters are names, too), or two words of organisations."""
    if parsed.person:
        return False
    common = sum(word.role is Role.COMMON for word in parsed.words)
    return common > 1 or any(word.role is Role.LEGAL and len(word.text) > 2 for word in parsed.words)
