"""Does the counterparty, its VASP or the account's holder bear the name of a listed party, however it is written?"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from rules.finding import Answer, Finding, Unanswered
from rules.knowledge import Need
from rules.messages import Named, Severity
from rules.names import NameIndex, NameMatch, fault
from rules.parties import facts_of, named_by
from rules.rule import AccountRule, Case, Params
from rules.transfer import AccountFacts, Party

_OTHERS: Final = 5  # further entries named in an alert
_UNNAMED: Final = Unanswered("the transfer names no party")


class Thresholds(Params, frozen=True, kw_only=True):
    """Percent of the score of a name: from `match` on a finding of the file's severity, from `likeness` on a low one."""

    match: Annotated[int, Meta(ge=50, le=100)]
    likeness: Annotated[int, Meta(ge=50, le=100)]


class _Found(msgspec.Struct, frozen=True):
    """What the names of one party or holder gave: who may be meant, and why a name says nothing."""

    matches: tuple[tuple[Named, NameMatch], ...]
    unread: Unanswered | None


_CLEAN: Final = _Found((), None)


class NameScreening(AccountRule):
    """Names that look like a listed one are low. Entries found to be somebody else, for this account, are passed over."""

    Parameters = Thresholds
    looks_back = False
    needs = (Need.WATCHLIST,)

    def judge(self, case: Case) -> Answer:
        """Answer from the names of this transfer; the best match of all of them is told, with the others beside it."""
        transfer = case.transfer
        if transfer is None:
            return None
        if transfer.counterparty is None and transfer.account is None:
            return _UNNAMED
        names = case.knowledge.names
        if names is None:
            return None
        of_party = _about(names, transfer.counterparty, self.params.likeness)
        of_holder = _about(names, transfer.account, self.params.likeness)
        told = [each for each in (of_party, of_holder) if each is not None]
        if not told:
            return _UNNAMED
        found = [each for one in told if one is not _CLEAN for each in one.matches]
        unread = next((one.unread for one in told if one.unread), None)
        if not found:
            return unread
        cleared = case.knowledge.exceptions.entries(self.about.id, transfer.account_id, case.occurred_ms)
        open_ = [(one, match) for one, match in found if match.entry.entry_id not in cleared]
        if unread and not open_:
            return unread
        open_ = open_ or found
        best = max(open_, key=lambda each: each[1].score)
        return self._finding(case, *best, [match for _, match in open_ if match is not best[1]])

    def _finding(self, case: Case, one: Named, match: NameMatch, others: Sequence[NameMatch]) -> Finding:
        percent = _percent(match)
        sure = percent >= self.params.match
        evidence = case.own_evidence(f"The {one.role} is named {one.name}")
        facts: dict[str, Any] = {
            "party": one.role,
            "name": one.name,
            "score_percent": percent,
            "score_percent_match": self.params.match,
            "score_percent_likeness": self.params.likeness,
            "why": list(match.why),
            "others": [_other(match) for match in others[:_OTHERS]],
        }
        return Finding(
            story=(one.role, one.name, match.listing.name, match.entry.entry_id, "match" if sure else "likeness"),
            evidence=(evidence,),
            counterparty=case.addresses[0] if case.addresses and one.role != "holder" else None,
            match=match.cited,
            facts=facts,
            severity=None if sure else Severity.LOW,
        )


def _percent(match: NameMatch) -> int:
    """The score in whole percent, rounded down."""
    return round(match.score * 10_000) // 100


def _other(match: NameMatch) -> dict[str, Any]:
    return {"entry_id": match.entry.entry_id, "entry_name": match.entry.name, "score_percent": _percent(match)}


def _about(names: NameIndex, bearer: Party | AccountFacts | None, likeness: int) -> _Found | None:
    """What is found for the names of a party or of the account's holder; None when there is no name."""
    if bearer is None:
        return None
    question = (bearer, likeness)
    try:
        return names.answers[question]  # type: ignore[no-any-return]
    except KeyError:
        return names.remember(question, _search(names, bearer, likeness))


def _search(names: NameIndex, bearer: Party | AccountFacts, likeness: int) -> _Found | None:
    asked = [one for one, _ in named_by(bearer)]
    if not asked:
        return None
    matches = tuple((one, match) for one in asked for match in names.search(one.name, facts_of(one), likeness / 100))
    faults = [f"the name of the {one.role}: {said}" for one in asked if (said := fault(one.name)) is not None]
    return _Found(matches, Unanswered("; ".join(faults)) if faults else None) if matches or faults else _CLEAN
