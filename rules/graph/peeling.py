"""Chains along which most of a sum moves on from node to node, while small parts leave it on the way."""

from itertools import pairwise
from typing import Final, NamedTuple

from rules.graph.edges import Edge, address_of
from rules.graph.network import Network

LONGEST: Final = 32  # judgement: hops followed in each direction


class Limits(NamedTuple):
    """What a hop must keep to. Times in milliseconds, `least` in micro-dollars, the others in percent.

    A node passes on `kept` of what came or more within `stay_ms`, and what came is `dominant` of all it received. A small
    part is `part` of what came or more, and less than what a hop must keep leaves over.
    """

    window_ms: int
    stay_ms: int
    least: int
    kept: int
    dominant: int
    part: int


class Chain(NamedTuple):
    """The hops of the sum in order of time, and the parts that left it at accounts on the way."""

    hops: list[Edge]
    parts: list[Edge]


def chain(edge: Edge, limits: Limits, network: Network) -> Chain | None:
    """The chain that the edge is part of, as a hop or as a part that leaves it; None when it is of none."""
    if 100 * edge.value < limits.part * limits.least:
        return None
    for node in (edge.sender, edge.receiver) if edge.value >= limits.least else (edge.sender,):
        came = _came(node, edge.occurred_ms, limits, network)
        passed_on = came and _passed_on(came, limits, network)
        if came and passed_on:
            hops = _whole(came, passed_on, limits, network)
            parts = [part for one, then in pairwise(hops) for part in _parts(one, then, limits, network)]
            return Chain(hops, parts)
    return None


def peeled(chain: Chain) -> int:
    """At how many accounts parts left the sum."""
    return len({part.sender for part in chain.parts})


def _whole(came: Edge, passed_on: Edge, limits: Limits, network: Network) -> list[Edge]:
    """The hops before and after these two, of those that lie within the window."""
    hops = [came, passed_on]
    while len(hops) < LONGEST and (before := _came(hops[0].sender, hops[0].occurred_ms, limits, network)):
        if before in hops or _passed_on(before, limits, network) != hops[0]:
            break
        hops.insert(0, before)
    while len(hops) < 2 * LONGEST and (after := _passed_on(hops[-1], limits, network)):
        if after in hops:
            break
        hops.append(after)
    return [hop for hop in hops if hop.occurred_ms > hops[-1].occurred_ms - limits.window_ms]


def _came(node: str, until_ms: int, limits: Limits, network: Network) -> Edge | None:
    """The sum that came to a node not long before."""
    received = network.graph.received(node, until_ms - limits.stay_ms)
    large = [edge for edge in received if edge.value >= limits.least and edge.occurred_ms <= until_ms]
    return max(large, key=_size) if large else None


def _passed_on(came: Edge, limits: Limits, network: Network) -> Edge | None:
    """Where the sum went from the receiver of `came`; None when it stayed, or was not most of what the receiver got."""
    sent = _sent(came, limits, network)
    passed_on = max(sent, key=_size, default=None)
    if passed_on is None or not limits.least <= passed_on.value <= came.value:
        return None
    until = passed_on.occurred_ms
    received = network.graph.received(came.receiver, until - limits.window_ms)
    total = sum(edge.value for edge in received if edge.occurred_ms <= until)
    kept = 100 * passed_on.value >= limits.kept * came.value
    return passed_on if kept and 100 * came.value >= limits.dominant * total else None


def _parts(came: Edge, passed_on: Edge, limits: Limits, network: Network) -> list[Edge]:
    """The small parts that left the sum where it was; those that leave an address of nobody are not all seen."""
    if address_of(came.receiver) is not None:
        return []
    least, most = limits.part * came.value, (100 - limits.kept) * came.value
    return [one for one in _sent(came, limits, network) if one != passed_on and least <= 100 * one.value < most]


def _sent(came: Edge, limits: Limits, network: Network) -> list[Edge]:
    since = came.occurred_ms
    return [one for one in network.graph.sent(came.receiver, since) if one.occurred_ms <= since + limits.stay_ms]


def _size(edge: Edge) -> tuple[int, Edge]:
    return edge.value, edge
