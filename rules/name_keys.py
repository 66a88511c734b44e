"""Keys under which the names of past counterparties are stored, so that a newly listed name finds them.

Two names that share a key have the same words by their sound, in any order, script and romanisation, with or without legal
form. Names that are further apart than that are found as they come, by `rules.names`, not looked up in the past.
"""

from functools import lru_cache
from typing import Final

from rules.names.cleaning import readings
from rules.names.parsing import organisation, person_words
from rules.names.sound import sound
from rules.names.words import Role

_TELLING: Final = frozenset({Role.NAME, Role.PLACE, Role.NUMBER})
_SHORTEST: Final = 5  # letters of a name of one word; judgement: shorter ones are everybody's


@lru_cache(maxsize=50_000)  # holders and VASPs come again and again; about 20 MB
def name_keys(name: str) -> tuple[str, ...]:
    """The keys of a name, none for one that says too little."""
    keys: dict[str, None] = {}
    for text in readings(name):
        for words in (person_words(text.latin), [word.text for word in organisation(text).words if word.role in _TELLING]):
            if len(words) > 1 or (words and len(words[0]) >= _SHORTEST):
                keys[" ".join(sorted(sound(word) for word in words))] = None
    return tuple(keys)
