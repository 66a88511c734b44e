"""Does the counterparty, its VASP or the account's holder bear the name of a listed party, however it is written?"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from rules.finding import Answer, Finding, Unanswered
from rules.knowledge import Need
from rules.messages import Severity
from rules.names import Facts, NameIndex, NameKind, NameMatch
from rules.rule import AccountRule, Case, Params
from rules.transfer import AccountFacts, Party, PartyType, Transfer

_OTHERS: Final = 5  # further entries named in an alert
_UNNAMED: Final = Unanswered("the transfer names no party")
_KINDS: Final = {PartyType.INDIVIDUAL: NameKind.PERSON, PartyType.ENTITY: NameKind.ORGANISATION, None: NameKind.ANY}
_ACCOUNT_KINDS: Final = {
    **dict.fromkeys(("individual", "personal", "retail", "consumer"), NameKind.PERSON),
    **dict.fromkeys(("business", "company", "corporate", "entity", "institutional", "merchant"), NameKind.ORGANISATION),
}


class Thresholds(Params, frozen=True, kw_only=True):
    """Percent of the score of a name: from `match` on a finding of the file's severity, from `likeness` on a low one."""

    match: Annotated[int, Meta(ge=50, le=100)]
    likeness: Annotated[int, Meta(ge=50, le=100)]


class _Asked(msgspec.Struct, frozen=True):
    """One name that a transfer gives, whose it is, and what else is known of the party."""

    party: str
    name: str
    facts: Facts


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
        found, asked = [], False
        for one in _asked(transfer):
            asked = True
            found += [(one, match) for match in self._matches(names, one)]
        if not found:
            return None if asked else _UNNAMED
        cleared = case.knowledge.exceptions.entries(self.about.id, transfer.account_id, case.occurred_ms)
        open_ = [(one, match) for one, match in found if match.entry.entry_id not in cleared] or found
        best = max(open_, key=lambda each: each[1].score)
        return self._finding(case, *best, [match for _, match in open_ if match is not best[1]])

    def _matches(self, names: NameIndex, one: _Asked) -> Sequence[NameMatch]:
        return names.lookup(one.name, one.facts, self.params.likeness / 100)

    def _finding(self, case: Case, one: _Asked, match: NameMatch, others: Sequence[NameMatch]) -> Finding:
        percent = _percent(match)
        sure = percent >= self.params.match
        evidence = case.own_evidence(f"The {one.party} is named {one.name}")
        facts: dict[str, Any] = {
            "party": one.party,
            "name": one.name,
            "score_percent": percent,
            "score_percent_match": self.params.match,
            "score_percent_likeness": self.params.likeness,
            "why": list(match.why),
            "others": [
                {
                    "entry_id": other.entry.entry_id,
                    "entry_name": other.entry.name,
                    "score_percent": _percent(other),
                }
                for other in others[:_OTHERS]
            ],
        }
        return Finding(
            story=(one.party, one.name, match.listing.name, match.entry.entry_id, "match" if sure else "likeness"),
            evidence=(evidence,),
            counterparty=case.addresses[0] if case.addresses and one.party != "holder" else None,
            match=match.cited,
            facts=facts,
            severity=None if sure else Severity.LOW,
        )


def _percent(match: NameMatch) -> int:
    """The score in whole percent, rounded down."""
    return round(match.score * 10_000) // 100


def _asked(transfer: Transfer) -> Iterator[_Asked]:
    """The names of a transfer: originator or beneficiary, VASP, account holder."""
    if transfer.counterparty is not None:
        yield from _of_party(transfer.counterparty)
    if transfer.account is not None:
        yield from _of_account(transfer.account)


def _of_party(party: Party) -> Iterator[_Asked]:
    if party.name:
        countries = (party.country.upper(),) if party.country else ()
        facts = Facts(kind=_KINDS[party.type], born=party.date_of_birth, countries=countries)
        yield _Asked("counterparty", party.name, facts)
    if party.vasp:
        yield _Asked("VASP", party.vasp, Facts(kind=NameKind.ORGANISATION))


def _of_account(account: AccountFacts) -> Iterator[_Asked]:
    if account.holder_name:
        kind = _ACCOUNT_KINDS.get((account.type or "").lower(), NameKind.ANY)
        countries = (account.country.upper(),) if account.country else ()
        yield _Asked("holder", account.holder_name, Facts(kind=kind, countries=countries))
