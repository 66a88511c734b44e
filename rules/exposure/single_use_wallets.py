"""Do equal round amounts of one coin come in from wallets that were never used before or since, as from a mixer's pool?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.assets import AssetClass, class_of
from rules.finding import Answer, Finding
from rules.profile import Profile
from rules.rule import AccountRule, Case, Params, Usd, Window
from rules.stories import began
from rules.transfer import Kind, dollars

_CITED: Final = 20


class Thresholds(Params, frozen=True, kw_only=True):
    """`count` deposits of the same power of ten of a coin, each worth `minimum`, each from a wallet of its own."""

    window: Window
    count: Annotated[int, Meta(ge=2, le=_CITED)]
    minimum: Usd


class SingleUseWallets(AccountRule):
    """Pools pay out in fixed denominations (0.1, 1, 10, 100); who takes them out uses a fresh wallet for each."""

    Parameters = Thresholds
    asked_on = frozenset({Kind.DEPOSIT})

    def bind(self, params: Thresholds) -> None:
        """Keep what the common path needs."""
        self.params, self.window, self.minimum = params, params.window, params.minimum
        self.floor = params.minimum

    def judge(self, case: Case) -> Answer:
        """Count deposits of the same asset and amount whose sender shows up once in all of the kept history."""
        profile, index = case.profile, case.index
        _, amount, asset, _ = profile.detail[index]
        if not _is_denomination(amount) or class_of(asset) is AssetClass.STABLECOIN:
            return None
        alike = self._alike(profile, index, amount, asset)
        if len(alike) < self.params.count:
            return None
        return Finding(
            story=(asset, amount, began([profile.occurred_ms[i] for i in alike], self.window, self.window)),
            evidence=profile.evidence(alike[-_CITED:], f"{amount} {asset} from a wallet used once"),
            facts={
                "deposits": len(alike),
                "deposits_minimum": self.params.count,
                "amount": f"{amount} {asset}",
                "value_usd": dollars(profile.value[index]),
                "value_usd_minimum": dollars(self.minimum),
                "window_hours": self.window / 3_600_000,
            },
        )

    def _alike(self, profile: Profile, index: int, amount: str, asset: str) -> list[int]:
        known, wallets = profile.address, profile.address[: index + 1]
        return [
            i
            for i in range(profile.since(index, self.window), index + 1)
            if profile.inflow[i]
            and profile.detail[i][1:3] == (amount, asset)
            and profile.value[i] >= self.minimum
            and known[i]
            and wallets.count(known[i]) == 1
        ]


def _is_denomination(amount: str) -> bool:
    """Whether an amount is a power of ten: one 1 and nothing but zeros."""
    digits = amount.replace(".", "", 1).strip("0")
    return digits == "1"
