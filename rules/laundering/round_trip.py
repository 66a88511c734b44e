"""Does value come back to where it began, over accounts that never dealt before?"""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from rules.graph.edges import HOUR_MS, Edge
from rules.graph.network import Network
from rules.graph.search import circle
from rules.graph.shapes import Shape
from rules.rule import NetworkRule, Params, Window


class Thresholds(Params, frozen=True, kw_only=True):
    """A circle of `alone` hops is told for itself, one of `long` when `long_cited` of its accounts are cited already.

    One of `short` hops or more needs all of them cited but `strangers`, a shorter one all.
    """

    window: Window
    alone: Annotated[int, Meta(ge=5)]
    long: Annotated[int, Meta(ge=4)]
    long_cited: Annotated[int, Meta(ge=1)]
    short: Annotated[int, Meta(ge=3)]
    strangers: Annotated[int, Meta(ge=0)]


class RoundTrip(NetworkRule):
    """The shortest circle of first contacts in order of time that the latest one closes."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters."""
        self.params = params

    def at_edge(self, edge: Edge, network: Network) -> Iterable[Shape]:
        """Walk back in time from the sender until the receiver is met."""
        params = self.params
        hops = circle(edge, params.window, network)
        if hops is None:
            return
        length, cited = len(hops), sum(network.is_cited(hop.sender) for hop in hops)
        alone = length >= params.alone
        company = length >= params.long and cited >= params.long_cited
        strangers = params.strangers if length >= params.short else 0
        if alone or company or cited >= length - strangers:
            yield Shape(
                subject=edge.sender,
                edges=tuple(sorted(hops)),
                shows="One hop of value that came back to where it began",
                facts={
                    "hops": length,
                    "hops_minimum": params.alone,
                    "accounts": [hop.sender for hop in hops],
                    "cited_before": cited,
                    "window_hours": params.window / HOUR_MS,
                },
                citing=alone,
            )
