"""Are the accounts that one never dealt with before, and deals with now, those that other findings have cited?"""

from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta

from rules.graph.edges import Edge
from rules.graph.network import Network
from rules.graph.shapes import Shape
from rules.graph.weighing import Fan, fans, measures, probability
from rules.rule import NetworkRule, Params, Window

_PROOF: Final = 0.9  # measured: from here on 95 of 100 are right, so that they may cite others (docs/network.md)


class Thresholds(Params, frozen=True, kw_only=True):
    """`contacts` with cited accounts within `window`, and `least_percent` that they are laundering.

    Where all of them are not probable enough, those between pauses longer than `pause` are looked at by themselves.
    """

    window: Window
    pause: Window
    contacts: Annotated[int, Meta(ge=2)]
    least_percent: Annotated[int, Meta(ge=1, le=100)]


class KnownCompany(NetworkRule):
    """Fans of an account alone look like anybody's; the same with cited accounts do not."""

    Parameters = Thresholds
    leans = True

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters."""
        self.params = params

    def at_edge(self, edge: Edge, network: Network) -> Iterable[Shape]:
        """A first contact with a cited account adds to the company of the other."""
        if network.is_cited(edge.receiver):
            yield from self._fans(edge.sender, False, network)
        if network.is_cited(edge.sender):
            yield from self._fans(edge.receiver, True, network)

    def at_node(self, node: str, network: Network) -> Iterable[Shape]:
        """One of its contacts has been cited."""
        yield from self._fans(node, True, network)
        yield from self._fans(node, False, network)

    def _fans(self, node: str, inward: bool, network: Network) -> Iterable[Shape]:
        """The first of its fans that is probable enough: all contacts, or one run of them."""
        params = self.params
        for found in fans(node, inward, params.window, params.pause, network):
            if len(found.cited) >= params.contacts:
                measured = measures(found, network)
                likely = probability(measured)
                if likely >= params.least_percent / 100:
                    yield self._shape(found, measured, likely)
                    return

    def _shape(self, found: Fan, measured: dict[str, float], likely: float) -> Shape:
        return Shape(
            subject=found.node,
            edges=found.cited,
            shows="First contact with an account that another finding cites",
            facts={
                "direction": "paid by" if found.inward else "pays",
                "cited_contacts": len(found.cited),
                "cited_contacts_minimum": self.params.contacts,
                "contacts": found.among,
                "accounts": sorted(found.others),
                "measures": {name: round(value, 2) for name, value in measured.items()},
                "probability_percent": round(100 * likely),
                "probability_percent_minimum": self.params.least_percent,
            },
            citing=likely >= _PROOF,
        )
