"""Whether two names can be the same person's: order, accents and initials do not matter, one name in common is enough."""

import unicodedata
from typing import Final

_SHORTEST: Final = 2  # an initial says nothing


def other_name(holder: str | None, named: str | None) -> bool:
    """Whether both names are given and have no word in common."""
    words, others = _words(holder or ""), _words(named or "")
    return bool(words and others) and words.isdisjoint(others)


def _words(name: str) -> set[str]:
    plain = "".join(char for char in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(char))
    split = "".join(char if char.isalnum() else " " for char in plain).split()
    return {word for word in split if len(word) >= _SHORTEST}
