"""Is the data on the other side that the travel rule asks for missing, or plainly made up, above the threshold?"""

from functools import partial
from typing import Final

from rules.finding import AccountAnswer, Claim, Finding, Unanswered
from rules.memo import Memo
from rules.profile import DAY_MS
from rules.rule import AccountRule, Case, Params, Usd
from rules.transfer import Kind, Party, PartyType, dollars

_EU: Final = frozenset(
    [
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    ]
)
# Judgement: what people and programs write when they have nothing to say.
_FILLERS: Final = frozenset(["na", "none", "null", "nil", "unknown", "test", "anonymous", "customer", "user", "name", "xxx"])
_TOLD_ONCE_IN: Final = 90 * DAY_MS  # judgement; of one account, whatever the gaps: each of them is counted
_REMEMBERED: Final = 16_384  # judgement: counterparties that come back within some hours
_UNTOLD: Final = Unanswered("the transfer says nothing about the counterparty")


class Thresholds(Params, frozen=True, kw_only=True):
    """From which value on data must come along: for holders in the `eu`, in the `us`, and elsewhere (`default`)."""

    default: Usd
    us: Usd
    eu: Usd


class MissingPartyData(AccountRule):
    """An empty counterparty says that the other VASP was asked and sent nothing; none at all, that we do not know."""

    Parameters = Thresholds
    looks_back = False

    def bind(self, params: Thresholds) -> None:
        """Keep the regime and the threshold of every country that has its own, and the least value asked about."""
        self.params = params
        self.floor = min(params.default, params.us, params.eu)
        self._elsewhere = ("default", params.default)
        self._regimes = dict.fromkeys(_EU, ("eu", params.eu)) | {"US": ("us", params.us)}

    def judge(self, case: Case) -> AccountAnswer:
        """Answer from this transfer alone; which threshold holds is told by the country of the account's holder."""
        transfer = case.transfer
        if transfer is None:
            return None
        country = (transfer.account.country or "").upper() if transfer.account is not None else ""
        regime, threshold = self._regimes.get(country, self._elsewhere)
        value = case.value
        if value < threshold:
            return None
        if transfer.counterparty is None:
            return _UNTOLD
        gaps = _gaps_of[transfer.counterparty, transfer.kind]
        if not gaps:
            return None
        story = (case.occurred_ms // _TOLD_ONCE_IN,)
        return Claim(story, partial(_found, story, case, transfer.counterparty.vasp, gaps, regime, threshold))


def _found(story: tuple[int], case: Case, vasp: str | None, gaps: tuple[str, ...], regime: str, threshold: int) -> Finding:
    return Finding(
        story=story,
        evidence=(case.own_evidence("; ".join(gaps)),),
        counterparty=case.addresses[0] if case.addresses else None,
        facts={
            "gaps": list(gaps),
            "regime": regime,
            "value_usd": dollars(case.value),
            "value_usd_minimum": dollars(threshold),
            "vasp": vasp,
        },
    )


def _gaps(asked: tuple[Party, Kind]) -> tuple[str, ...]:
    """What is missing or contradicts itself in what came with a transfer of that kind."""
    party, kind = asked
    gaps: tuple[str, ...] = ()
    name = "".join(filter(str.isalnum, (party.name or "").casefold()))
    if not name or name in _FILLERS or not any(map(str.isalpha, name)):
        gaps += ("no name" if not name else f"the name is a filler: {party.name}",)
    elif party.vasp and name == "".join(filter(str.isalnum, party.vasp.casefold())) and party.type is PartyType.INDIVIDUAL:
        gaps += ("the person is named like the VASP",)
    if kind is Kind.DEPOSIT and party.date_of_birth is None and party.country is None:
        gaps += ("neither country nor date of birth of the originator",)
    if party.type is PartyType.ENTITY and party.date_of_birth is not None:
        gaps += ("a company with a date of birth",)
    return gaps


_gaps_of: Final = Memo(_gaps, _REMEMBERED)
