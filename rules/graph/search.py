"""Searches around a first contact: layers, paths that scatter and gather, circles. Each looks at a bounded part."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from rules.graph.edges import DAY_MS, Edge
from rules.graph.network import Network, Paths

SLACK_MS: Final = DAY_MS  # judgement: how far order may be turned round; ledgers carry days only, exchanges give credit
LONGEST: Final = 10  # hops of a circle, as many as IBM's GraphFeaturePreprocessor follows
_LOOKED_AT: Final = 2_000  # judgement: first contacts in one search for a circle, some milliseconds


class Layer(NamedTuple):
    """Senders that all dealt with the same receivers, and the first contacts between them."""

    senders: list[str]
    receivers: list[str]
    edges: list[Edge]


def layer_widths(edge: Edge, network: Network) -> list[int]:
    """A quick look for a layer: of the sender's other receivers that share senders with the edge's, how many they share.

    No layer has more receivers, nor more senders. The edge's sender and receiver are counted neither here nor there.
    """
    payers, payees = network.graph.payers, network.graph.payees(edge.sender)
    here = payers(edge.receiver)
    if len(payees) < 2 or len(here) < 2:
        return []
    here = here - {edge.sender}
    return [
        len(here & there)
        for receiver in payees
        if not here.isdisjoint(there := payers(receiver)) and receiver != edge.receiver
    ]


def widest_layer(edge: Edge, window_ms: int, network: Network) -> Layer | None:
    """Receivers of the same sender that share senders with the edge's receiver, taken in one by one."""
    graph, since = network.graph, edge.occurred_ms - window_ms
    sent, received = graph.sent(edge.sender, since), graph.received(edge.receiver, since)
    if len(sent) < 2 or len(received) < 2:
        return None
    here = {one.sender: one for one in received}
    shared: dict[str, dict[str, Edge]] = {}
    for one in sent:
        if one.receiver != edge.receiver:
            both = {other.sender: other for other in graph.received(one.receiver, since) if other.sender in here}
            if len(both) > 1:
                shared[one.receiver] = both
    best: tuple[list[str], set[str]] | None = None
    ranked = sorted(shared, key=lambda receiver: (-len(shared[receiver]), receiver))
    for first in ranked:
        taken, common = [first], set(shared[first])
        for other in ranked:
            if other != first and len(common & shared[other].keys()) >= min(3, len(common)):
                taken.append(other)
                common &= shared[other].keys()
        if best is None or (len(taken) + 1) * len(common) > (len(best[0]) + 1) * len(best[1]):
            best = taken, common
    if best is None:
        return None
    taken, common = best
    edges = [here[sender] for sender in common] + [shared[one][sender] for one in taken for sender in common]
    return Layer(sorted(common), [edge.receiver, *taken], sorted(edges))


def scattered_and_gathered(edge: Edge, window_ms: int, network: Network) -> list[Paths]:
    """Two paths or more that the edge ends, or begins where their ends came first. Searched for once, however many ask."""
    searched = network.searched
    if searched is None or searched[0] is not edge or searched[1] != window_ms:
        searched = network.searched = edge, window_ms, list(_paths(edge, window_ms, network))
    return searched[2]


def _paths(edge: Edge, window_ms: int, network: Network) -> Iterator[Paths]:
    graph, since = network.graph, edge.occurred_ms - window_ms
    sources, gathered = graph.payers(edge.sender), graph.payers(edge.receiver)
    if sources and any(not sources.isdisjoint(graph.payers(one)) for one in gathered if one != edge.sender):
        before = edge.occurred_ms + SLACK_MS
        found = {one.sender for one in graph.received(edge.sender, since) if one.occurred_ms <= before}
        yield from _gathered(edge, found, since, network)
    scattered, later = graph.payees(edge.sender), graph.sent(edge.receiver, since)
    if later and len(scattered) > 1:
        others = scattered - {edge.receiver}
        for last in later:
            if others.isdisjoint(graph.payers(last.receiver)) or last.receiver == edge.sender:
                continue
            if last.occurred_ms >= edge.occurred_ms - SLACK_MS:
                yield from _gathered(last, {edge.sender}, since, network)


def _gathered(last: Edge, sources: set[str], since: int, network: Network) -> Iterator[Paths]:
    """What came together at the receiver of `last`, by the source it came from in the first place."""
    graph, gatherer = network.graph, last.receiver
    paths: dict[str, dict[str, tuple[Edge, Edge]]] = {source: {} for source in sorted(sources)}
    for second in graph.received(gatherer, since):
        for first in graph.received(second.sender, since):
            if first.sender in sources and first.occurred_ms <= second.occurred_ms + SLACK_MS:
                paths[first.sender][second.sender] = (first, second)
    for source, middles in paths.items():
        if last.sender in middles and len(middles) > 1 and source != gatherer:
            yield Paths(source, gatherer, middles)


def circle(edge: Edge, window_ms: int, network: Network) -> list[Edge] | None:
    """The shortest path in order of time from the edge's receiver to its sender, and the edge; None when there is none."""
    graph, start, since = network.graph, edge.sender, edge.occurred_ms - window_ms
    incoming = graph.incoming
    if start not in incoming or edge.receiver not in graph.outgoing:
        return None
    latest = {start: edge.occurred_ms + SLACK_MS}  # the time by which value must have reached a node
    steps: list[dict[str, Edge]] = []  # the hop that leaves each node reached at that distance
    level, looked_at = [start], 0
    while level and len(steps) < LONGEST - 1 and looked_at < _LOOKED_AT:
        reached: dict[str, Edge] = {}
        for node in level:
            received = graph.received(node, since)
            looked_at += len(received)
            for hop in received:
                at, sender = hop.occurred_ms, hop.sender
                if at > latest[node]:
                    continue
                if sender == edge.receiver:
                    return [*_path(hop, steps), edge]
                if sender not in incoming:
                    continue  # nobody paid it: no way on
                if at + SLACK_MS > latest.get(sender, 0) and (sender not in reached or reached[sender] < hop):
                    reached[sender] = hop
        for sender, hop in reached.items():
            latest[sender] = max(latest.get(sender, 0), hop.occurred_ms + SLACK_MS)
        steps.append(reached)
        level = sorted(reached)
    return None


def _path(hop: Edge, steps: list[dict[str, Edge]]) -> list[Edge]:
    """The hops from this one on, each step nearer to the sender."""
    path = [hop]
    for reached in reversed(steps):
        path.append(reached[path[-1].receiver])
    return path
