"""Does value leave one account for several others and meet again at another, all of them strangers before?"""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from rules.graph.constant import alike
from rules.graph.edges import HOUR_MS, Edge, address_of
from rules.graph.network import Network, Paths
from rules.graph.search import scattered_and_gathered
from rules.graph.shapes import Shape
from rules.rule import NetworkRule, Params, Window


class Thresholds(Params, frozen=True, kw_only=True):
    """`middles` accounts between the two; two are enough when `cited` of the four are, or both pass on the same share."""

    window: Window
    middles: Annotated[int, Meta(ge=3)]
    cited: Annotated[int, Meta(ge=1, le=4)]


class ScatterGather(NetworkRule):
    """Paths of two first contacts between the same two accounts."""

    Parameters = Thresholds

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters."""
        self.params = params

    def at_edge(self, edge: Edge, network: Network) -> Iterable[Shape]:
        """Judge all such paths that the first contact completes."""
        for paths in scattered_and_gathered(edge, self.params.window, network):
            yield from self._judge(paths, network)

    def _judge(self, paths: Paths, network: Network) -> Iterable[Shape]:
        source, gatherer, middles = paths
        if any(map(address_of, middles)) or (address_of(source) and address_of(gatherer)):
            return  # from one service to another, or over one, is how most customers move
        same_share = alike([second.value / max(first.value, 1) for first, second in middles.values()])
        cited = sum(map(network.is_cited, (source, gatherer, *middles)))
        alone = same_share or len(middles) >= self.params.middles
        if alone or cited >= self.params.cited:
            yield Shape(
                subject=gatherer,
                edges=tuple(sorted(edge for path in middles.values() for edge in path)),
                shows="Scattered from one account and gathered at another",
                facts={
                    "source": source,
                    "middle_accounts": sorted(middles),
                    "middle_accounts_minimum": self.params.middles,
                    "cited_before": cited,
                    "same_share": same_share,
                    "window_hours": self.params.window / HOUR_MS,
                },
                citing=alone,
            )
