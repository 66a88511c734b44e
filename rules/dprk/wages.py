"""Wages in an account's recent transfers, and what became of them."""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final

from rules.assets import AssetClass, class_of
from rules.profile import Profile

_ALL: Final = 100


class Wage:
    """A payment; `index` is its place in the profile, `left` the micro-dollars of it that have not gone yet."""

    __slots__ = ("index", "left", "occurred_ms", "value")

    def __init__(self, index: int, occurred_ms: int, value: int) -> None:
        self.index = index
        self.occurred_ms = occurred_ms
        self.value = self.left = value

    def gone(self, percent: int) -> bool:
        """Whether at least so much of it has gone."""
        return self.left * _ALL <= self.value * (_ALL - percent)


def any_payment(profile: Profile, span: range, least: int, most: int) -> bool:
    """Whether there is a deposit of that value, of whatever asset: a cheap look first."""
    inflow, value = profile.inflow, profile.value
    for place in span:  # noqa: SIM110  # asked about most withdrawals, and a loop costs half
        if inflow[place] and least <= value[place] <= most:
            return True
    return False


def in_order(paid: Iterable[Sequence[Wage]]) -> list[Wage]:
    """The payments of several payers in event-time order."""
    return sorted((wage for one in paid for wage in one), key=attrgetter("index"))


def apart(wages: Sequence[Wage]) -> int:
    """Milliseconds between the first and the last; -1 when there is none."""
    return wages[-1].occurred_ms - wages[0].occurred_ms if wages else -1


def payments(profile: Profile, span: range, least: int, most: int) -> Iterator[list[Wage]]:
    """Deposits of stablecoins worth `least` to `most` micro-dollars in that span of the profile, payer by payer.

    Those that do not say from which address they come are taken to be of one payer.
    """
    payers: dict[str, list[Wage]] = {}
    for index in span:
        value = profile.value[index]
        if not profile.inflow[index] or not least <= value <= most:
            continue
        if class_of(profile.detail[index][2]) is AssetClass.STABLECOIN:
            payers.setdefault(profile.address[index], []).append(Wage(index, profile.occurred_ms[index], value))
    yield from payers.values()


def similar(paid: Sequence[Wage], percent: int) -> int:
    """How many of the payments lie within so many percent of the middle one."""
    usual = sorted(wage.value for wage in paid)[len(paid) // 2]
    return sum(abs(wage.value - usual) * _ALL <= usual * percent for wage in paid)


def sweep(profile: Profile, index: int, wages: Sequence[Wage], quick_ms: int) -> list[int]:
    """Take what left less than `quick_ms` after a wage from that wage, oldest first, up to the withdrawal at `index`.

    `wages` in event-time order. Returns the places of the withdrawals that took something.
    """
    took = []
    for place in range(wages[0].index + 1, index + 1):
        if profile.inflow[place]:
            continue
        rest, moment = profile.value[place], profile.occurred_ms[place]
        for wage in wages:
            if rest and wage.left and wage.index < place and moment - wage.occurred_ms < quick_ms:
                part = min(rest, wage.left)
                wage.left -= part
                rest -= part
        if rest < profile.value[place]:
            took.append(place)
    return took
