"""Is the asset one that hides amounts or parties?"""

from typing import Final

from rules.assets import AssetClass
from rules.finding import Answer, Finding
from rules.messages import Severity
from rules.profile import DAY_MS
from rules.rule import AccountRule, Case, Params, Usd
from rules.transfer import dollars

_TOLD_ONCE_IN: Final = 30 * DAY_MS  # judgement


class Thresholds(Params, frozen=True, kw_only=True):
    """A value of `telling` has the file's severity."""

    telling: Usd


class PrivacyAsset(AccountRule):
    """Told once a month for each asset: the path of the value cannot be seen beyond this transfer."""

    Parameters = Thresholds
    looks_back = False
    asset_class = AssetClass.PRIVACY

    def judge(self, case: Case) -> Answer:
        """Any transfer of such an asset; which ones are of the class is in rules/assets.py."""
        transfer = case.transfer
        if transfer is None:
            return None
        value = case.value
        telling = value >= self.params.telling
        asset = transfer.asset.upper()
        return Finding(
            story=(asset, int(telling), case.occurred_ms // _TOLD_ONCE_IN),
            evidence=(case.own_evidence(f"{asset} hides where the value comes from and goes to"),),
            counterparty=case.addresses[0] if case.addresses else None,
            facts={"asset": asset, "value_usd": dollars(value), "value_usd_telling": dollars(self.params.telling)},
            severity=None if telling else Severity.LOW,
        )
