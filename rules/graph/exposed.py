"""What share of the value that a node received came from listed or illicit parties over hops, or of what it sent went there.

Value that met other value on its way is shared out in proportion (the haircut of the trade's tools), in whole micro-dollars.
A node that sent more than it was seen to receive had other value, too: then that is what the shares are of.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from rules.graph.edges import Edge, address_of
from rules.graph.network import Network
from rules.graph.touches import Touch

_LOOKED_AT: Final = 500  # judgement: transfers looked at for one answer, some milliseconds
_SHOWN: Final = 20  # transfers in an alert
_ASKED: Final = 32  # judgement: accounts behind a transfer that are asked about


class Way(NamedTuple):
    """How value of a party came to a node: how much of it, by which touch, over which first contacts, those nearest last."""

    value: int
    touch: Touch
    edges: tuple[Edge, ...]

    @property
    def hops(self) -> int:
        """Transfers between the party and the node."""
        return 1 + len(self.edges)

    @property
    def path(self) -> list[str]:
        """The nodes from the party to the node, whichever way the value went."""
        steps = (self.touch.edge, *self.edges)
        if self.touch.inward:
            return [steps[0].sender, *(edge.receiver for edge in steps)]
        return [steps[0].receiver, *(edge.sender for edge in steps)]


class Exposed(NamedTuple):
    """All value that a node received (or sent), and the ways on which some of it came from (or went to) parties."""

    total: int
    ways: list[Way]

    @property
    def value(self) -> int:
        """What came from parties."""
        return sum(way.value for way in self.ways)


def exposed(node: str, network: Network, *, inward: bool, window_ms: int, hops: int) -> Exposed:
    """The exposure of a node over two hops or more, within the window that ends now; the largest ways first."""
    tracing = _Tracing(network, network.now_ms - window_ms, inward)
    total, ways = tracing.trace(node, network.now_ms if inward else 0, hops, spent=inward)
    indirect = [way for way in ways if way.edges and way.value]
    return Exposed(total, sorted(indirect, key=lambda way: (-way.value, way.edges, way.touch)))


def shown(found: Exposed) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
    """The node's own transfers among the ways, and those before them: of the largest ways, what an alert has room for."""
    own: dict[Edge, None] = {}
    before: dict[Edge, None] = {}
    for way in found.ways:
        *steps, last = (way.touch.edge, *way.edges)
        if len(own.keys() | before.keys() | {last, *steps}) <= _SHOWN:
            own[last] = None
            before |= dict.fromkeys(steps)
    return tuple(sorted(own)), tuple(sorted(before))


def behind_edge(edge: Edge, hops: int, network: Network) -> list[tuple[str, bool]]:
    """The accounts whose exposure a first contact may change, and which way: of what came, or else of what went.

    Where value came from is asked of its receiver. What lies further, and where value went, a late contact alone can change.
    """
    touches, asked = network.touches, list[tuple[str, bool]]()
    if touches.may_come(edge.sender):
        asked += _accounts(edge.receiver, edge.occurred_ms, hops - 2, network, inward=True)
    if edge.occurred_ms < network.now_ms and touches.may_go(edge.receiver):
        asked += _accounts(edge.sender, edge.occurred_ms, hops - 2, network, inward=False)
    return asked


def behind_touch(touch: Touch, hops: int, network: Network) -> list[tuple[str, bool]]:
    """Likewise for a transfer with a party: those who paid its account before, or whom that paid since if it is late."""
    return _accounts(touch.account, touch.edge.occurred_ms, hops - 1, network, inward=touch.inward)


def _accounts(node: str, at_ms: int, levels: int, network: Network, *, inward: bool) -> list[tuple[str, bool]]:
    """The node, and those that its value may have gone on to since, or come from before."""
    met, level = {node: None}, [node]
    for _ in range(levels):
        further = [one for each in level for one in _next(each, at_ms, network, inward)]
        level = [one for one in dict.fromkeys(further) if one not in met]
        met.update(dict.fromkeys(level))
    return [(one, inward) for one in sorted(met) if address_of(one) is None][:_ASKED]


def _next(node: str, at_ms: int, network: Network, inward: bool) -> Iterable[str]:
    if inward:
        return [edge.receiver for edge in network.graph.sent(node, at_ms - 1)]
    return [edge.sender for edge in network.graph.received(node, 0) if edge.occurred_ms <= at_ms]


class _Tracing:
    """One question. `inward`: from where value came, back in time; otherwise where it went, onward in time."""

    def __init__(self, network: Network, since_ms: int, inward: bool) -> None:
        graph, touches = network.graph, network.touches
        self._since_ms, self._inward, self._left = since_ms, inward, _LOOKED_AT
        self._is_hub = graph.is_hub
        self._own, self._other = (graph.received, graph.sent) if inward else (graph.sent, graph.received)
        self._touches, self._spent = (touches.came, touches.went) if inward else (touches.went, touches.came)
        self._may = touches.may_come if inward else touches.may_go

    def trace(self, node: str, moment: int, hops: int, *, spent: bool = True) -> tuple[int, list[Way]]:
        """All value on this side of the moment, and the ways on which some of it came or went.

        With `spent` what went the other way counts for all value when it is more.
        """
        touches = self._of(self._touches.get(node, ()), moment)
        known = {touch.edge.event_id for touch in touches}
        edges = [
            edge for edge in self._own(node, self._since_ms) if self._counts(edge, moment) and edge.event_id not in known
        ]
        self._left -= len(edges)
        total = sum(touch.edge.value for touch in touches) + sum(edge.value for edge in edges)
        ways = [Way(touch.edge.value, touch, ()) for touch in touches if touch.edge.value]
        if hops > 1:
            for edge in sorted(edges, key=lambda edge: (-edge.value, edge)):
                ways += self._through(edge, hops - 1)
        return max(total, self._opposite(node, moment)) if spent else total, ways

    def _opposite(self, node: str, moment: int) -> int:
        edges = {touch.edge.event_id: touch.edge for touch in self._of(self._spent.get(node, ()), moment)}
        edges |= {edge.event_id: edge for edge in self._other(node, self._since_ms) if self._counts(edge, moment)}
        return sum(edge.value for edge in edges.values())

    def _through(self, edge: Edge, hops: int) -> Iterable[Way]:
        """What the edge carried of parties, by what its other end had."""
        other = edge.sender if self._inward else edge.receiver
        if self._left <= 0 or not self._may(other) or self._is_hub(other):
            return
        total, ways = self.trace(other, edge.occurred_ms, hops)
        before = behind = 0
        for value, touch, edges in ways:
            behind += value
            carried = edge.value * behind // total
            yield Way(carried - before, touch, (*edges, edge))
            before = carried

    def _counts(self, edge: Edge, moment: int) -> bool:
        return edge.occurred_ms <= moment if self._inward else edge.occurred_ms >= moment

    def _of(self, touches: Iterable[Touch], moment: int) -> list[Touch]:
        return [one for one in touches if one.edge.occurred_ms > self._since_ms and self._counts(one.edge, moment)]
