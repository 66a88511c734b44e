"""The names of a watchlist, compiled: every entry that a name, however it is written, may stand for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from rules.lists import AliasStrength, EntryKind, ListEntry, SanctionsList, Watchlist
from rules.messages import ListMatch
from rules.names.cleaning import Text, readings
from rules.names.explaining import explain
from rules.names.facts import NO_FACTS, Facts, weigh_facts
from rules.names.japanese import dictionary
from rules.names.parsing import Parsed, organisation, person, person_words
from rules.names.postings import Form, Postings
from rules.names.scoring import CUT_AT, THRESHOLD, Scored, scored
from rules.names.vocabulary import Vocabulary

_LIFTED: Final = 0.9  # names this far below a threshold are looked at, too: a date of birth may raise them
_REMEMBERED: Final = 50_000  # answers kept; about 20 MB when all of them are empty
_REMEMBERED_NAMES: Final = 20_000  # names kept with the forms that they are like

_Answer = TypeVar("_Answer")


class NameMatch(msgspec.Struct, frozen=True, gc=False):
    """An entry that a name may stand for: the list, the entry, the name on it that was met, how well, and why."""

    listing: SanctionsList
    entry: ListEntry
    name: str
    score: float
    found: Scored
    facts: tuple[str, ...] = ()

    @property
    def why(self) -> tuple[str, ...]:
        """The reasons as an analyst reads them."""
        return (*explain(self.found), *self.facts)

    @property
    def cited(self) -> ListMatch:
        """The entry as alerts cite it."""
        return ListMatch(
            name=self.listing.name,
            hash=self.listing.hash,
            published=self.listing.published.isoformat() if self.listing.published else None,
            entry_id=self.entry.entry_id,
            entry_name=self.entry.name,
            matched=self.name,
        )


class NameIndex:
    """Compiled names of a watchlist. Build it once for a list; what it answers depends on nothing else."""

    def __init__(self, watchlist: Watchlist) -> None:
        dictionary()  # read now, not by the first name in Chinese characters
        self._entries = tuple(watchlist.entries)
        forms = list(_forms(self._entries))
        self._vocabulary = Vocabulary([form.parsed.words for form in forms])
        self._forms = [self._weighed(form) for form in forms]
        self._postings = Postings(self._forms, self._vocabulary.spellings)
        self.answers: dict[Hashable, Any] = {}
        self.clean: defaultdict[int, set[Hashable]] = defaultdict(set)
        self._names: dict[tuple[str, float], tuple[tuple[Scored, Form], ...]] = {}

    @property
    def size(self) -> int:
        """How many ways to read a listed name the index holds."""
        return len(self._forms)

    def search(self, name: str, facts: Facts = NO_FACTS, threshold: float = THRESHOLD) -> tuple[NameMatch, ...]:
        """Every entry that scores at or above the threshold by its best name, best first.

        Nothing for a name without a letter or digit.
        """
        best: dict[int, tuple[float, Scored, Form, tuple[str, ...]]] = {}
        least = threshold * _LIFTED if facts.born or facts.countries else threshold
        for result, form in self._alike(name, least):
            _, entry = self._entries[form.entry]
            score, said = weigh_facts(result.score, entry, form.weak, facts)
            known = best.get(form.entry)
            if score >= threshold and (known is None or known[0] < score):
                best[form.entry] = (score, result, form, said)
        if not best:
            return ()
        ordered = sorted(best.values(), key=lambda each: (-each[0], each[2].entry))
        return tuple(
            NameMatch(*self._entries[form.entry], name=form.name, score=round(score, 4), found=result, facts=said)
            for score, result, form, said in ordered
        )

    def lookup(self, name: str, facts: Facts = NO_FACTS, threshold: float = THRESHOLD) -> tuple[NameMatch, ...]:
        """As `search`, remembering answers."""
        question = (name, facts, threshold)
        found = self.answers.get(question)
        return self.remember(question, self.search(name, facts, threshold)) if found is None else found

    def remember(self, question: Hashable, answer: _Answer) -> _Answer:
        """Keep an answer in `answers`, which depend on the list alone: the same parties come again and again."""
        if len(self.answers) >= _REMEMBERED:
            self.answers.clear()
        self.answers[question] = answer
        return answer

    def clear(self, party: Hashable, likeness: int) -> None:
        """Keep a party as one that nobody on the list is as like as so many percent, in `clean`: the quickest look-up."""
        known = self.clean[likeness]
        if len(known) >= _REMEMBERED:
            known.clear()
        known.add(party)

    def _alike(self, name: str, least: float) -> tuple[tuple[Scored, Form], ...]:
        """The forms that a name is as like as that. Remembered: it comes in several roles, and with other facts."""
        known = self._names.get((name, least))
        if known is None:
            scores = [each for text in readings(name) for each in self._scored(text, least)]
            known = tuple([each for each in scores if each[0].score >= least])
            if len(self._names) >= _REMEMBERED_NAMES:
                self._names.clear()
            self._names[name, least] = known
        return known

    def _scored(self, text: Text, least: float) -> Iterator[tuple[Scored, Form]]:
        texts = person_words(text.latin)
        near = self._vocabulary.near(texts, text)
        numbers = self._postings.candidates(texts, near, text, least)
        if text.original:  # another script: words of organisations are translated, and told apart where nothing parts them
            translated = [word.text for word in organisation(text).words]
            near |= self._vocabulary.near(translated, text)
            numbers = list(dict.fromkeys((*numbers, *self._postings.candidates(translated, near, text, least))))
        if texts and len(texts[0]) == 1:  # nothing but initials and a legal form, perhaps
            abbreviated = self._postings.abbreviated(organisation(text).words)
            numbers = list(dict.fromkeys((*numbers, *abbreviated)))
        closed = "".join(texts)
        if len(closed) >= CUT_AT:
            numbers = list(dict.fromkeys((*numbers, *self._postings.cut(closed))))
        parsed: dict[bool, Parsed] = {}
        make = self._vocabulary.maker(near)
        for number in numbers:
            form = self._forms[number]
            is_person = form.parsed.person
            mine = parsed.get(is_person)
            if mine is None:
                mine = parsed[is_person] = (person if is_person else organisation)(text, make)
            yield scored(mine, form.parsed, least), form

    def _weighed(self, form: Form) -> Form:
        words = tuple([self._vocabulary.word(word.text, word.role, word.meaning) for word in form.parsed.words])
        return replace(form, parsed=replace(form.parsed, words=words))


def _forms(entries: tuple[tuple[SanctionsList, ListEntry], ...]) -> Iterator[Form]:
    """Every way to read every name and alias; an alias given both as strong and as weak counts as strong."""
    number = 0
    for place, (_, entry) in enumerate(entries):
        parse = person if entry.kind is EntryKind.INDIVIDUAL else organisation
        names = {entry.name: False}
        for alias in entry.aliases:
            names[alias.name] = names.get(alias.name, True) and alias.strength is AliasStrength.WEAK
        for name, weak in names.items():
            for text in readings(name):
                parsed = parse(text)
                if parsed.words:
                    yield Form(number, place, name, weak, parsed)
                    number += 1
