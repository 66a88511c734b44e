"""Does the counterparty, its VASP or the account's holder bear the name of a listed party, however it is written?"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from rules.finding import Answer, Finding, Unanswered
from rules.knowledge import Need
from rules.messages import Named, Severity
from rules.names import NameIndex, NameMatch, fault
from rules.parties import facts_of
from rules.rule import AccountRule, Case, Params

_OTHERS: Final = 5  # further entries named in an alert
_UNNAMED: Final = Unanswered("the transfer names no party")


class Thresholds(Params, frozen=True, kw_only=True):
    """Percent of the score of a name: from `match` on a finding of the file's severity, from `likeness` on a low one."""

    match: Annotated[int, Meta(ge=50, le=100)]
    likeness: Annotated[int, Meta(ge=50, le=100)]


class _Found(msgspec.Struct, frozen=True):
    """What the name of one party gave: who may be meant, or why it says nothing."""

    matches: tuple[tuple[Named, NameMatch], ...]
    fault: str | None


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
        if not case.named:
            return _UNNAMED
        names, likeness = case.knowledge.names, self.params.likeness
        if names is None or (clean := names.clean[likeness]).issuperset(case.named):
            return None
        told = [one for named in case.named if named not in clean and (one := _about(names, named, likeness))]
        if not told:
            return None
        found = [each for one in told for each in one.matches]
        faults = [one.fault for one in told if one.fault is not None]
        unread = Unanswered("; ".join(faults)) if faults else None
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


def _about(names: NameIndex, named: Named, likeness: int) -> _Found | None:
    """What is found for a party's name; None for nothing. The same parties come again and again: the index remembers."""
    return names.answers.get((named, likeness)) or _search(names, named, likeness)


def _search(names: NameIndex, named: Named, likeness: int) -> _Found | None:
    matches = tuple((named, match) for match in names.search(named.name, facts_of(named), likeness / 100))
    said = fault(named.name)
    if not (matches or said):
        names.clear(named, likeness)
        return None
    return names.remember((named, likeness), _Found(matches, said and f"the name of the {named.role}: {said}"))
