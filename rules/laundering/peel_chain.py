"""Does a large sum move from stranger to stranger, while small parts of it are peeled off on the way?"""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from rules.graph.edges import HOUR_MS, Edge
from rules.graph.network import Network
from rules.graph.peeling import Limits, chain, peeled
from rules.graph.shapes import Shape
from rules.rule import NetworkRule, Params, Usd, Window
from rules.transfer import dollars


class Thresholds(Params, frozen=True, kw_only=True):
    """`hops` of a sum of `minimum` or more, each within `stay` of the last, and parts that left it at `peeled` accounts.

    Each node passes on `kept_percent` of the sum or more, which is `dominant_percent` of what it received within `window`; a
    part is `part_percent` of the sum or more.
    """

    window: Window
    stay: Window
    hops: Annotated[int, Meta(ge=3)]
    peeled: Annotated[int, Meta(ge=1)]
    minimum: Usd
    kept_percent: Annotated[int, Meta(ge=51, le=99)]
    dominant_percent: Annotated[int, Meta(ge=1, le=100)]
    part_percent: Annotated[int, Meta(ge=1, le=48)]


class PeelChain(NetworkRule):
    """Accounts that are used to pass a sum on, each paid by the one before for the first time."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters."""
        self.params = params
        self.limits = Limits(
            params.window, params.stay, params.minimum, params.kept_percent, params.dominant_percent, params.part_percent
        )

    def at_edge(self, edge: Edge, network: Network) -> Iterable[Shape]:
        """The first contact is one more hop, or one more part."""
        params = self.params
        found = chain(edge, self.limits, network)
        if found is None or len(found.hops) < params.hops or peeled(found) < params.peeled:
            return
        hops = found.hops
        yield Shape(
            subject=hops[-1].sender,
            edges=tuple(sorted((*hops, *found.parts))),
            shows="A hop of the sum, or a part peeled off it",
            facts={
                "hops": len(hops),
                "hops_minimum": params.hops,
                "path": [hops[0].sender, *(hop.receiver for hop in hops)],
                "peeled_at": peeled(found),
                "peeled_at_minimum": params.peeled,
                "began_usd": dollars(hops[0].value),
                "left_usd": dollars(hops[-1].value),
                "left_usd_minimum": dollars(params.minimum),
                "kept_percent_minimum": params.kept_percent,
                "window_hours": params.window / HOUR_MS,
            },
            citing=True,
        )
