"""Does value come in on one asset or network and leave on another within hours, to an address not met before?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding
from rules.messages import Severity
from rules.profile import DAY_MS, Profile
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.transfer import Kind, dollars

_CITED: Final = 10  # hops of two transfers each


class Thresholds(Params, frozen=True, kw_only=True):
    """A hop is a deposit and a withdrawal of near-equal value; from `hops` within `repeated` on they are telling.

    With more than `transfers_maximum` in that time some always match by chance.
    """

    window: Window
    minimum: Usd
    share_percent_minimum: Annotated[int, Meta(ge=50, le=100)]
    share_percent_maximum: Annotated[int, Meta(ge=100, le=200)]
    hops: Annotated[int, Meta(ge=2, le=10)]
    repeated: Window
    transfers_maximum: Annotated[int, Meta(ge=2, le=64)]


class ChainHopping(AccountRule):
    """One hop is what exchanges are for; a row of them, each to another new address, is not."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.WITHDRAWAL})

    def bind(self, params: Thresholds) -> None:
        """Keep what the common path needs."""
        self.params, self.floor = params, params.minimum

    def judge(self, case: Case) -> Answer:
        """Only a hop of an account that moves little asks how many there were before it."""
        profile, index = case.profile, case.index
        start = profile.since(index, self.params.repeated)
        if index + 1 - start > self.params.transfers_maximum or (came := self._hop(profile, index)) is None:
            return None
        hops = [(i, out) for out in range(start, index) if (i := self._hop(profile, out)) is not None]
        hops.append((came, index))
        _, _, asset_in, network_in = profile.detail[came]
        _, _, asset_out, network_out = profile.detail[index]
        telling = len(hops) >= self.params.hops
        cited = sorted({i for hop in hops[-_CITED:] for i in hop})
        return Finding(
            story=(profile.occurred_ms[index] // DAY_MS,),
            stage=int(telling),
            evidence=tuple(profile.evidence((i,), "Came in" if profile.inflow[i] else "Left as another")[0] for i in cited),
            facts={
                "came_in_as": f"{asset_in} on {network_in}" if network_in else asset_in,
                "left_as": f"{asset_out} on {network_out}" if network_out else asset_out,
                "deposited_usd": dollars(profile.value[came]),
                "withdrawn_usd": dollars(profile.value[index]),
                "withdrawn_usd_minimum": dollars(self.floor),
                "share_percent": profile.value[index] * 100 // profile.value[came],
                "share_percent_range": [self.params.share_percent_minimum, self.params.share_percent_maximum],
                "hours": (profile.occurred_ms[index] - profile.occurred_ms[came]) / 3_600_000,
                "hops": len(hops),
                "hops_telling": self.params.hops,
            },
            counterparty=profile.address[index] or None,
            severity=None if telling else Severity.LOW,
        )

    def _hop(self, profile: Profile, index: int) -> int | None:
        """The latest deposit that the withdrawal at `index` passes on as another asset or over another network."""
        out, address = profile.value[index], profile.address[index]
        if out < self.floor or profile.inflow[index] or (address and profile.address.index(address) < index):
            return None
        asset, network = _what(profile, index)
        low, high = self.params.share_percent_minimum, self.params.share_percent_maximum
        for i in range(index - 1, profile.since(index, self.params.window) - 1, -1):
            if profile.inflow[i] and profile.value[i] * low <= out * 100 <= profile.value[i] * high:
                other_asset, other_network = _what(profile, i)
                if asset != other_asset or (network != other_network and network and other_network):
                    return None if address and profile.met_before(address, index) else i
        return None


def _what(profile: Profile, index: int) -> tuple[str, str]:
    _, _, asset, network = profile.detail[index]
    return asset.upper(), network.lower()
