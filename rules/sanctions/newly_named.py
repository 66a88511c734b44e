"""Does somebody whom an account's transfers named bear a name that has been listed since?"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from msgspec import Meta

from rules.change import Change, NewNames
from rules.finding import Finding
from rules.lists import SanctionsList, merge
from rules.messages import ListMatch
from rules.names import NameIndex, NameMatch
from rules.parties import facts_of
from rules.past import Bearer, Past
from rules.rule import LookbackRule, Params


class Thresholds(Params, frozen=True, kw_only=True):
    """Percent of the score of a name from which on it is a match, as sanctions.name_match has it."""

    match: Annotated[int, Meta(ge=50, le=100)]


class NewlyNamed(LookbackRule):
    """Told once for each account and entry, by the name that agrees best. Names are compared as at a transfer."""

    Parameters = Thresholds
    clears_with = "sanctions.name_match"

    def look_back(self, change: Change, past: Past) -> Iterable[tuple[str, Finding]]:
        """Answer for each listed name from those who bear one like it."""
        for new in change.named:
            best: dict[tuple[str, str], tuple[int, Bearer, NameMatch]] = {}
            for bearer, match in self._met(new, past):
                percent = round(match.score * 10_000) // 100
                place = (bearer.dealing.account_id, match.entry.entry_id)
                if place not in best or best[place][0] < percent:
                    best[place] = (percent, bearer, match)
            for account_id, entry_id in sorted(best):
                percent, bearer, match = best[account_id, entry_id]
                yield account_id, self._finding(percent, bearer, match, new.match(match.entry, match.name))

    def _met(self, new: NewNames, past: Past) -> Iterator[tuple[Bearer, NameMatch]]:
        bearers = past.bearing(new.entries)
        if bearers:
            index = NameIndex(merge([SanctionsList.of(new.name, new.entries)]))
            for bearer in bearers:
                for match in index.lookup(bearer.named.name, facts_of(bearer.named), self.params.match / 100):
                    yield bearer, match

    def _finding(self, percent: int, bearer: Bearer, match: NameMatch, cited: ListMatch) -> Finding:
        named = bearer.named
        facts: dict[str, Any] = {
            "party": named.role,
            "name": named.name,
            "score_percent": percent,
            "score_percent_match": self.params.match,
            "why": list(match.why),
        }
        return Finding(
            story=("name", cited.name, cited.entry_id),
            evidence=(bearer.dealing.evidence(f"The first transfer that named this {named.role}"),),
            counterparty=bearer.address if named.role != "holder" else None,
            match=cited,
            facts=facts | {"entry_id": cited.entry_id, "entry_name": cited.entry_name},
        )
