"""Wages in an account's recent transfers, and what became of them."""

from collections.abc import Iterable, Sequence
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


def payments(profile: Profile, span: range, least: int, most: int) -> list[int]:
    """The places in that span of the profile of deposits of stablecoins worth `least` to `most` micro-dollars."""
    inflow, value, detail = profile.inflow, profile.value, profile.detail
    return [
        place
        for place in span
        if inflow[place] and least <= value[place] <= most and class_of(detail[place][2]) is AssetClass.STABLECOIN
    ]


def by_payer(profile: Profile, places: Iterable[int]) -> list[list[int]]:
    """Payments payer by payer. Those that do not say from which address they come are taken to be of one payer."""
    payers: dict[str, list[int]] = {}
    for place in places:
        payers.setdefault(profile.address[place], []).append(place)
    return list(payers.values())


def wages_at(profile: Profile, places: Sequence[int]) -> list[Wage]:
    """The payments at these places, none of which has gone yet."""
    return [Wage(place, profile.occurred_ms[place], profile.value[place]) for place in places]


def apart(wages: Sequence[Wage]) -> int:
    """Milliseconds between the first and the last; -1 when there is none."""
    return wages[-1].occurred_ms - wages[0].occurred_ms if wages else -1


def similar(values: Sequence[int], percent: int) -> int:
    """How many of the payments lie within so many percent of the middle one."""
    usual = sorted(values)[len(values) // 2]
    return sum([abs(value - usual) * _ALL <= usual * percent for value in values])


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
