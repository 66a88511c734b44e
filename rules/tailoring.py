"""Other thresholds for some kinds of accounts and assets: resolved when the rules are loaded.

A rule file may name, for an account type or an asset class, the parameters that differ:

    [by_account_type.business]
    minimum = { value = "25000", source = "judgement; invoices are larger than wages" }

For each such combination a rule of its own is made with its own thresholds; `rules.asking` asks the right one. What the
account is says more than what it moves: where both tables name a parameter, the account type's counts. A rule without such
tables is asked as it is.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from rules.assets import AssetClass, class_of
from rules.rule import AccountRule, Rule

Values = Mapping[str, Any]  # of a rule file's parameters, by name

_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


class Tailored(AccountRule):
    """A rule with other thresholds for some types of accounts and classes of assets: not asked itself, but its variants."""

    def __init__(self, rule: AccountRule, variants: Mapping[tuple[str, AssetClass | None], AccountRule]) -> None:
        self.about = rule.about
        self.asked_on, self.looks_back, self.event_story = rule.asked_on, rule.looks_back, rule.event_story
        self.needs, self.asset_class = rule.needs, rule.asset_class
        types = {account_type for account_type, _ in variants} | {""}
        self._chosen = {
            (kind, group): _closest(rule, variants, kind, group) for kind in sorted(types) for group in AssetClass
        }

    def variant(self, account_type: str, asset: str) -> AccountRule:
        """The one for an account of this type and this asset."""
        group = class_of(asset)
        return self._chosen.get((type_key(account_type), group)) or self._chosen["", group]

    @property
    def variants(self) -> tuple[AccountRule, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys(self._chosen.values()))


def _closest(
    rule: AccountRule, variants: Mapping[tuple[str, AssetClass | None], AccountRule], account_type: str, group: AssetClass
) -> AccountRule:
    for key in ((account_type, group), (account_type, None), ("", group)):
        if key in variants:
            return variants[key]
    return rule


def type_key(account_type: str) -> str:
    """An account type as rule files write it: `Market Maker` is `market_maker`."""
    return "_".join(account_type.lower().replace("-", " ").split())


def tailored(
    rule: Rule, params: Values, by_account_type: Mapping[str, Values], by_asset_class: Mapping[AssetClass, Values]
) -> Rule:
    """The rule to ask: itself, or one that picks among its variants.

    Raises:
        ValueError: a table that is of no known form or does not suit the rule; a msgspec.ValidationError when a parameter
            is at fault.
    """
    if not by_account_type and not by_asset_class:
        return rule
    if not isinstance(rule, AccountRule):
        raise ValueError("only rules on accounts take thresholds by account type or asset class")
    faults = [
        f"by_account_type.{one}: write it in lower case, digits and _" for one in by_account_type if not _TYPE.fullmatch(one)
    ]
    tables = {f"by_account_type.{one}": table for one, table in by_account_type.items()}
    tables |= {f"by_asset_class.{one}": table for one, table in by_asset_class.items()}
    for name, table in tables.items():
        faults += [f"{name}: there is no parameter {one} to override" for one in table if one not in params]
        known = {one: value for one, value in table.items() if one in params}
        try:
            type(rule).Parameters.read({**params, **known})
        except ValueError as error:
            faults.append(f"{name}: {error}")
    if faults:
        raise ValueError("; ".join(faults))
    variants = {
        (account_type, group): type(rule)(rule.about, {**params, **for_group, **for_type})
        for account_type, for_type in [("", {}), *by_account_type.items()]
        for group, for_group in [(None, {}), *by_asset_class.items()]
        if account_type or group
    }
    return Tailored(rule, variants)
