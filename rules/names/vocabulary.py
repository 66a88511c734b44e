"""The words of a list: what each proves, and what a word of a query may stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from rules.names.cleaning import Text
from rules.names.rarity import ListRarity
from rules.names.spelling import Near, Spellings
from rules.names.words import Make, Role, Word


class Vocabulary:
    """Made once for a list; a word that many names have is one object."""

    def __init__(self, names: Sequence[Sequence[Word]]) -> None:
        self._rarity = ListRarity(names)
        weighed = {
            (word.text, word.role, word.meaning): self._rarity.make(word.text, word.role, word.meaning)
            for words in names
            for word in words
        }
        self.spellings = Spellings([weighed[word.text, word.role, word.meaning] for word in words] for words in names)
        self._words = {key: self._numbered(word, self.spellings.known.get(word.text)) for key, word in weighed.items()}

    def word(self, text: str, role: Role, meaning: str = "", /) -> Word:
        """A word of the list, or another one, weighed."""
        known = self._words.get((text, role, meaning))
        return known if known is not None else self._rarity.make(text, role, meaning)

    def near(self, texts: Iterable[str], text: Text) -> dict[str, Near]:
        """What each word of a query may stand for, single letters left out."""
        near = self.spellings.near
        return {each: near(each, text.vowels, text.dense) for each in texts if len(each) > 1 or each.isdigit()}

    def maker(self, near: Mapping[str, Near]) -> Make:
        """Makes the words of a query whose words that the list has not may stand for those."""

        def made(text: str, role: Role, meaning: str = "", /) -> Word:
            known = self._words.get((text, role, meaning))
            return known if known is not None else self._numbered(self._rarity.make(text, role, meaning), near.get(text))

        return made

    def _numbered(self, word: Word, near: Near | None) -> Word:
        number = self.spellings.number(word)
        sounds = near.sounds if near is not None and near.bits > 1 else None
        return replace(word, number=-1 if number is None else number, near=sounds)
