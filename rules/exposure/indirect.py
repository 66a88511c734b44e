"""Does a telling share of an account's value come from, or go to, a listed or illicit party over others in between?"""

from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta

from rules.graph.edges import HOUR_MS, Edge
from rules.graph.exposed import Exposed, behind_edge, behind_touch, exposed, shown
from rules.graph.network import Network
from rules.graph.shapes import Shape
from rules.graph.touches import HOPS, Touch
from rules.messages import Severity
from rules.reference import Category
from rules.rule import NetworkRule, Params, Usd, Window
from rules.transfer import dollars

_GRAVE: Final = frozenset({Category.SANCTIONED, Category.TERRORIST_FINANCING, Category.CHILD_ABUSE})
_SEVERITY: Final = (Severity.LOW, Severity.LOW, Severity.MEDIUM, Severity.HIGH)  # by how many of three things speak for it


class Thresholds(Params, frozen=True, kw_only=True):
    """From `share_percent` and `minimum` within `hops` on it is told.

    Three things make it serious: a share of `large_percent`, no more than `near` hops, and a party that is listed or worse.
    """

    window: Window
    hops: Annotated[int, Meta(ge=2, le=HOPS)]
    minimum: Usd
    share_percent: Annotated[int, Meta(ge=1, le=100)]
    large_percent: Annotated[int, Meta(ge=1, le=100)]
    near: Annotated[int, Meta(ge=2, le=HOPS)]


class Indirect(NetworkRule):
    """One hop is the business of the rules about listed and labelled addresses; this one follows value over two and more."""

    Parameters = Thresholds
    apart = True

    def bind(self, params: Thresholds) -> None:
        """Keep the parameters."""
        self.params = params

    def at_edge(self, edge: Edge, network: Network) -> Iterable[Shape]:
        """Value that may be of a party moves on, or a late transfer shows where it went."""
        yield from self._among(behind_edge(edge, self.params.hops, network), network)

    def at_touch(self, touch: Touch, network: Network) -> Iterable[Shape]:
        """The account has dealt with a party: who paid it before, or whom it paid since, if the transfer is late."""
        yield from self._among(behind_touch(touch, self.params.hops, network), network)

    def at_owner(self, account: str, network: Network) -> Iterable[Shape]:
        """What came to the account while its address was nobody's."""
        yield from self._among([(account, True)], network)

    def _among(self, asked: Iterable[tuple[str, bool]], network: Network) -> Iterable[Shape]:
        params = self.params
        for account, inward in asked:
            found = exposed(account, network, inward=inward, window_ms=params.window, hops=params.hops)
            if found.value >= params.minimum and 100 * found.value >= params.share_percent * found.total:
                yield self._shape(account, found, inward)

    def _shape(self, account: str, found: Exposed, inward: bool) -> Shape:
        params, largest = self.params, found.ways[0]
        grave, large = largest.touch.category in _GRAVE, 100 * found.value >= params.large_percent * found.total
        edges, context = shown(found)
        return Shape(
            subject=account,
            edges=edges,
            context=context,
            address=largest.path[-2],
            shows="A step of value on its way from the party" if inward else "A step of value on its way to the party",
            facts={
                "direction": "comes from" if inward else "goes to",
                "entity": largest.touch.entity,
                "category": largest.touch.category.value,
                "hops": largest.hops,
                "hops_maximum": params.hops,
                "path": largest.path if inward else largest.path[::-1],
                "exposed_usd": dollars(found.value),
                "exposed_usd_minimum": dollars(params.minimum),
                "first_contacts_usd": dollars(found.total),
                "share_percent": 100 * found.value // found.total,
                "share_percent_minimum": params.share_percent,
                "share_percent_large": params.large_percent,
                "window_hours": params.window / HOUR_MS,
            },
            severity=_SEVERITY[grave + large + (largest.hops <= params.near)],
        )
