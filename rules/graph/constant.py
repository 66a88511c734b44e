"""The constant share that middle accounts pass on, such as value less a commission: learned from structures, never given.

Of one middle account any share can be chance; the same share to a ten-thousandth at three of them is none.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Final

import msgspec

from rules.graph.edges import DAY_MS, Edge

_SAME: Final = 1e-4  # judgement: amounts of some hundred dollars, rounded to cents, give a share to within this
_CHANCE: Final = 1e-5  # judgement: how many accidental agreements a learned share may be expected to have
_LEAST: Final = 0.3  # judgement: who keeps more does not pass on
_MOSTLY: Final = 0.5  # judgement: of two middle accounts that keep more than half the same share says little
_NEAR_MS: Final = 3 * DAY_MS  # judgement: transfers this long before and after a structure may be part of it
_MORE_IN: Final = 5
_MORE_OUT: Final = 4

Around = Callable[[str], tuple[Sequence[Edge], Sequence[Edge]]]


class Constant(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=3):
    """A share that was learned, and when."""

    share: float
    noted_ms: int


def alike(shares: Sequence[float]) -> bool:
    """Whether the same share was passed on each time, less than all and more than half."""
    return max(shares) - min(shares) < 2 * _SAME and min(shares) > _MOSTLY and max(shares) < 1


def constant_share(edges: list[Edge], around: Around) -> float | None:
    """The share that several middle accounts of a structure passed on alike; None when they differ or are too few."""
    middles = sorted({edge.receiver for edge in edges} & {edge.sender for edge in edges})
    possible = [sorted(set(_shares(middle, edges, around))) for middle in middles]
    ranked = sorted((share, number) for number, shares in enumerate(possible) for share in shares)
    alike, share = 0, 0.0
    for place, (lowest, _) in enumerate(ranked):
        near = {number for one, number in ranked[place : place + 30] if one <= lowest + _SAME}
        if len(near) > alike:
            alike, share = len(near), lowest + _SAME / 3
    expected = 1.0
    for count in sorted(map(len, possible))[:alike]:
        expected *= max(1, count)
    if alike < 2 or expected * (1.4 * _SAME) ** (alike - 1) >= _CHANCE:
        return None
    return round(share, 4)


def _shares(middle: str, edges: list[Edge], around: Around) -> Iterator[float]:
    """What the middle account may have passed on: the structure's transfers, with and without a few others of its own."""
    came = [edge for edge in edges if edge.receiver == middle]
    left = [edge for edge in edges if edge.sender == middle]
    first, last = min(edges).occurred_ms, max(edges).occurred_ms
    received, sent = around(middle)
    end, begin = max(left).occurred_ms, min(came).occurred_ms
    more_in = [one for one in received if one not in came and first - _NEAR_MS <= one.occurred_ms <= end][-_MORE_IN:]
    more_out = [one for one in sent if one not in left and begin <= one.occurred_ms <= last + _NEAR_MS][-_MORE_OUT:]
    value_in, value_out = sum(edge.value for edge in came), sum(edge.value for edge in left)
    for several in range(3):
        for ins in combinations(more_in, several):
            total = value_in + sum(edge.value for edge in ins)
            for outs in ((), *((one,) for one in more_out)):
                share = (value_out + sum(edge.value for edge in outs)) / max(total, 1)
                if _LEAST < share < 1:
                    yield share
