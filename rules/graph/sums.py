"""Transfers in and out of an account of which the sums fit a share, and how many such matches chance would give."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from math import comb, log10
from typing import Final

import msgspec

from rules.graph.edges import DAY_MS, Edge

# transfers in and out that may add up, the likeliest first: the later, the more ways to match by chance, and the more work
_SIZES: Final = ((1, 1), (1, 2), (2, 1), (1, 3), (3, 1), (2, 2))
_MORE: Final = 3  # from so many transfers on it takes sums
_PAIRED: Final = 64  # judgement: latest transfers that are compared one by one
_SUMMED_IN: Final = 10  # judgement: of which sums are made
_SUMMED_OUT: Final = 8
_GRAIN: Final = 10_000  # values are told in cents
_SPREAD: Final = 1_000_000_000  # judgement: sums of some transfers of some hundred dollars lie within a thousand
_GATHERED_MS: Final = 12 * DAY_MS  # measured: docs/network.md
_SLACK_MS: Final = DAY_MS  # ledgers that carry days only, and credit inside an exchange

Sum = tuple[int, tuple[Edge, ...]]


class Match(msgspec.Struct, frozen=True, gc=False):
    """Transfers in and out that fit the share; `points` are -log10 of the matches that chance would give."""

    edges: tuple[Edge, ...]
    points: float


class Sums:
    """What an account received and sent: the latest of both, oldest first."""

    def __init__(self, received: Sequence[Edge], sent: Sequence[Edge], window_ms: int) -> None:
        self._ins, self._outs = received[-_PAIRED:], sent[-_PAIRED:]
        self._window_ms = window_ms

    def match(self, share: float, edge: Edge | None, least: float, company: Callable[[int], float]) -> Match | None:
        """The simplest match with this share; one with `edge` in it, if given.

        Sizes are not looked at whose points stay below `least` with those that `company` adds for so many accounts.
        """
        ins, outs, tried = self._ins, self._outs, 0
        some_in, some_out = self._beside(edge, ins, outs)
        if not some_in or not some_out:
            return None
        for several_in, several_out in _SIZES:
            if several_in + several_out == _MORE:
                ins, outs = ins[-_SUMMED_IN:], outs[-_SUMMED_OUT:]
                some_in, some_out = self._beside(edge, ins, outs)
            if several_in > len(ins) or several_out > len(outs):
                continue
            tried += comb(len(ins), several_in) * comb(len(outs), several_out)
            if several_in > len(some_in) or several_out > len(some_out):
                continue
            near = _GRAIN * (several_out + share * several_in) / 2 + _GRAIN / 10
            points = -log10(tried * 2 * near / _SPREAD)
            if points < least and points + company(several_in + several_out + 1) < least:
                continue
            came = _sums(some_in, several_in, edge if edge in some_in else None)
            left = _sums(some_out, several_out, edge if edge in some_out else None)
            for one in self._fitting(came, sorted(left), share, near):
                return Match(one, points)
        return None

    def _beside(self, edge: Edge | None, ins: Sequence[Edge], outs: Sequence[Edge]) -> tuple[Sequence[Edge], Sequence[Edge]]:
        """Of those the ones that a match with the edge may hold, going by their times."""
        if edge is None:
            return ins, outs
        at = edge.occurred_ms
        if edge.receiver == ins[-1].receiver:
            if not _holds(ins, edge):
                return (), ()
            beside = [one for one in outs if at - _SLACK_MS <= one.occurred_ms <= at + self._window_ms]
            return [one for one in ins if abs(one.occurred_ms - at) < _GATHERED_MS] if beside else (), beside
        if not _holds(outs, edge):
            return (), ()
        beside = [one for one in ins if at - self._window_ms <= one.occurred_ms <= at + _SLACK_MS]
        return beside, [one for one in outs if abs(one.occurred_ms - at) < _GATHERED_MS] if beside else ()

    def _fitting(self, came: Iterable[Sum], left: list[Sum], share: float, near: float) -> Iterator[tuple[Edge, ...]]:
        totals = [total for total, _ in left]
        for total, first in came:
            place, most = bisect_left(totals, share * total - near), share * total + near
            while place < len(totals) and totals[place] <= most:
                then = left[place][1]
                place += 1
                in_order = then[0].occurred_ms >= first[-1].occurred_ms - _SLACK_MS
                if in_order and then[-1].occurred_ms - first[0].occurred_ms <= self._window_ms:
                    yield (*first, *then)


def _holds(edges: Sequence[Edge], edge: Edge) -> bool:
    """Whether the edge is one of these, which are in order."""
    place = bisect_left(edges, edge)
    return place < len(edges) and edges[place] == edge


def _sums(edges: Sequence[Edge], several: int, with_edge: Edge | None) -> list[Sum]:
    """Every sum of that many transfers close enough in time; those with one of them in it, if given."""
    if several == 1:
        return [(edge.value, (edge,)) for edge in (edges if with_edge is None else (with_edge,))]
    if with_edge is None:
        chosen: Iterable[tuple[Edge, ...]] = combinations(edges, several)
    else:
        others = [edge for edge in edges if edge is not with_edge]
        chosen = [tuple(sorted((*some, with_edge))) for some in combinations(others, several - 1)]
    if several == _MORE - 1:
        return [(a.value + b.value, (a, b)) for a, b in chosen if b.occurred_ms - a.occurred_ms < _GATHERED_MS]
    return [(a.value + b.value + c.value, (a, b, c)) for a, b, c in chosen if c.occurred_ms - a.occurred_ms < _GATHERED_MS]
