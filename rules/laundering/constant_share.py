"""Does an account pass on just the share of what it got that the middle accounts of known structures keep to?"""

from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Final

from msgspec import Meta

from rules.graph.edges import Edge
from rules.graph.network import Network
from rules.graph.search import scattered_and_gathered
from rules.graph.shapes import Shape
from rules.graph.sums import Sums
from rules.rule import NetworkRule, Params, Window

_TENTH: Final = 10
_PROOF: Final = 4.0  # measured: no match this strong was wrong, so that it may cite others (docs/network.md)


class Thresholds(Params, frozen=True, kw_only=True):
    """`least` is what a match must reach, in tenths of a power of ten against chance; a cited account adds `company`."""

    window: Window
    company: Annotated[int, Meta(ge=0)]
    least: Annotated[int, Meta(ge=1)]


class ConstantShare(NetworkRule):
    """The share is learned from structures while they are found; without one the rule is silent."""

    Parameters = Thresholds
    leans = True

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters."""
        self.params, self.least, self.company = params, params.least / _TENTH, params.company / _TENTH

    def at_edge(self, edge: Edge, network: Network) -> Iterable[Shape]:
        """Learn from the paths that it completes; both its ends may be the one that passes on."""
        for paths in scattered_and_gathered(edge, self.params.window, network):
            network.learn(one for path in paths.middles.values() for one in path)
        if network.constants:
            yield from self._passed_on(edge.sender, network, edge)
            yield from self._passed_on(edge.receiver, network, edge)

    def at_node(self, node: str, network: Network) -> Iterable[Shape]:
        """Its company has become telling, or a share has been learned."""
        if network.constants:
            yield from self._passed_on(node, network, None)

    def _passed_on(self, node: str, network: Network, edge: Edge | None) -> Iterable[Shape]:
        received, sent = network.around(node)
        if not received or not sent:
            return
        sums, company = Sums(received, sent, self.params.window), _Company(node, network)
        for share in sorted(network.constants):
            match = sums.match(share, edge, self.least, lambda most: self.company * min(company.size, most))
            if match is None:
                continue
            cited = network.cited_among({name for one in match.edges for name in (one.sender, one.receiver)})
            points = match.points + self.company * cited
            if points >= self.least:
                yield Shape(
                    subject=node,
                    edges=tuple(sorted(match.edges)),
                    shows="Part of value passed on less the share that this crew keeps",
                    facts={
                        "share_passed_on": f"{share:.4f}",
                        "tenths_against_chance": round(_TENTH * match.points),
                        "cited_before": cited,
                        "tenths": round(_TENTH * points),
                        "tenths_minimum": self.params.least,
                    },
                    citing=points >= _PROOF,
                )


class _Company:
    """How many of an account and its contacts are cited, counted when first asked."""

    def __init__(self, node: str, network: Network) -> None:
        self._node = node
        self._network = network

    @cached_property
    def size(self) -> int:
        graph = self._network.graph
        return self._network.cited_among({self._node} | graph.payers(self._node) | graph.payees(self._node))
