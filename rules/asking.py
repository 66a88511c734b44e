"""Which rules are asked about a transfer.

Those of its direction, each with the thresholds of the account's type and of the asset's class, and of these only the ones
that can have something to say about such a value and such addresses. Most transfers are small and go to addresses of which
nothing is known, so most questions are never asked.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from rules.assets import class_of
from rules.rule import AccountRule

_KINDS: Final = 4_096  # judgement: account types and assets remembered at a time; names beyond reason make no harm


class Questions:
    """The rules for one direction, account type and asset."""

    __slots__ = ("_floors", "_marked", "_plain")

    def __init__(self, rules: Sequence[AccountRule]) -> None:
        self._floors = sorted({0} | {rule.floor for rule in rules} | {rule.ceiling + 1 for rule in rules})
        self._marked = [tuple(rule for rule in rules if rule.floor <= value <= rule.ceiling) for value in self._floors]
        self._plain = [tuple(rule for rule in asked if not rule.marked_only) for asked in self._marked]

    def about(self, value: int, *, marked: bool) -> tuple[AccountRule, ...]:
        """Those that may find something in a transfer of so many micro-dollars, `marked` as `Case.marked` is."""
        return (self._marked if marked else self._plain)[bisect_right(self._floors, value) - 1]


class Asking:
    """Picks the questions for a transfer."""

    def __init__(self, deposit_rules: Iterable[AccountRule], withdrawal_rules: Iterable[AccountRule]) -> None:
        self._rules = {True: tuple(deposit_rules), False: tuple(withdrawal_rules)}
        self._known: dict[tuple[bool, str, str], Questions] = {}

    def questions(self, inflow: bool, account_type: str, asset: str) -> Questions:
        """What to ask about a transfer of this direction and asset by an account of this type."""
        key = (inflow, account_type, asset)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _KINDS:
                self._known.clear()
            group = class_of(asset)
            suited = [rule for rule in self._rules[inflow] if rule.asset_class in (None, group)]
            found = self._known[key] = Questions([rule.variant(account_type, asset) for rule in suited])
        return found
