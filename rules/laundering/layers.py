"""Do several accounts that never dealt before pay the same several others within weeks?"""

from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta

from rules.graph.edges import HOUR_MS, Edge, address_of
from rules.graph.network import Network
from rules.graph.search import layer_widths, widest_layer
from rules.graph.shapes import Shape
from rules.rule import NetworkRule, Params, Window

_PAIR: Final = 2


class Thresholds(Params, frozen=True, kw_only=True):
    """`width` senders that all paid the same `width` receivers; or two accounts with `pair_reach` receivers in common.

    A layer of `accounts` of which all are cited already, but one, is told as well.
    """

    window: Window
    width: Annotated[int, Meta(ge=3)]
    pair_reach: Annotated[int, Meta(ge=3)]
    accounts: Annotated[int, Meta(ge=4)]


class Layers(NetworkRule):
    """Every sender to every receiver: the fan of one is chance, the same fan of three is not."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters."""
        self.params, self.others, self.reach = params, params.width - 1, params.pair_reach - 1

    def at_edge(self, edge: Edge, network: Network) -> Iterable[Shape]:
        """The widest layer that the first contact completes."""
        params = self.params
        layer = widest_layer(edge, params.window, network) if self._possible(edge, network) else None
        if layer is None:
            return
        senders, receivers, edges = layer
        accounts = not any(map(address_of, senders))
        pair = accounts and len(senders) == _PAIR and len(receivers) >= params.pair_reach
        alone = pair or min(len(senders), len(receivers)) >= params.width
        members = [*senders, *receivers]
        cited = sum(map(network.is_cited, members))
        if alone or (len(members) >= params.accounts and cited >= len(members) - 1):
            yield Shape(
                subject=edge.sender,
                edges=tuple(edges),
                shows="One of several senders to one of the same several receivers",
                facts={
                    "senders": sorted(senders),
                    "receivers": sorted(receivers),
                    "width_minimum": params.width,
                    "receivers_minimum_of_two": params.pair_reach,
                    "cited_before": cited,
                    "window_hours": params.window / HOUR_MS,
                },
                citing=alone,
            )

    def _possible(self, edge: Edge, network: Network) -> bool:
        """Whether there may be a layer worth telling, by a look that costs much less than the search."""
        shared = layer_widths(edge, network)
        if not shared:
            return False
        if network.is_cited(edge.sender) or network.is_cited(edge.receiver):
            return True  # of a layer told for its company all are cited but one
        wide = [width for width in shared if width >= self.others]
        return len(wide) >= self.others or len(shared) >= self.reach
