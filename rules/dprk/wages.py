"""Wages in an account's recent transfers, and what became of them."""

from collections.abc import Iterator, Sequence
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


def payments(profile: Profile, span: range, least: int, most: int) -> Iterator[list[Wage]]:
    """Deposits of stablecoins worth `least` to `most` micro-dollars in that span of the profile, payer by payer."""
    payers: dict[str, list[Wage]] = {}
    for index in span:
        value = profile.value[index]
        if not profile.inflow[index] or not least <= value <= most:
            continue
        payer = profile.address[index]
        if payer and class_of(profile.detail[index][2]) is AssetClass.STABLECOIN:
            payers.setdefault(payer, []).append(Wage(index, profile.occurred_ms[index], value))
    yield from payers.values()


def similar(paid: Sequence[Wage], percent: int) -> int:
    """How many of the payments lie within so many percent of the middle one."""
    usual = sorted(wage.value for wage in paid)[len(paid) // 2]
    return sum(abs(wage.value - usual) * _ALL <= usual * percent for wage in paid)


def sweep(profile: Profile, index: int, wages: Sequence[Wage], quick_ms: int) -> list[int]:
    """Take what left within `quick_ms` after a wage from that wage, oldest first, up to the withdrawal at `index`.

    `wages` in event-time order. Returns the places of the withdrawals that took something.
    """
    took = []
    for place in range(wages[0].index + 1, index + 1):
        if profile.inflow[place]:
            continue
        rest, moment = profile.value[place], profile.occurred_ms[place]
        for wage in wages:
            if rest and wage.left and wage.index < place and moment - wage.occurred_ms <= quick_ms:
                part = min(rest, wage.left)
                wage.left -= part
                rest -= part
        if rest < profile.value[place]:
            took.append(place)
    return took
