"""Which accounts dealt with listed or illicit parties themselves, and which nodes their value may have come from or gone to.

Bounded in event time and per account. What the marks say is a first look only: they may name nodes that nothing reached,
never leave one out.
"""

from bisect import insort
from collections import defaultdict
from typing import Final

import msgspec

from rules.graph.edges import DAY_MS, Edge, Graph
from rules.reference import Category

HOPS: Final = 4  # judgement: hops that are followed at most; behind more of them stands half a network
_KEPT: Final = 32  # judgement: touches kept of an account and direction, the latest


class Touch(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False, tag=5):
    """A transfer between an account and a listed or illicit party; `edge` stands between the address and the account."""

    edge: Edge
    inward: bool
    category: Category
    entity: str

    @property
    def account(self) -> str:
        """The account that dealt with the party."""
        return self.edge.receiver if self.inward else self.edge.sender


class Touches:
    """The touches of the time that the graph keeps; `came` from a party, `went` to one, oldest first."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.came: defaultdict[str, list[Touch]] = defaultdict(list)
        self.went: defaultdict[str, list[Touch]] = defaultdict(list)
        self._after: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def add(self, touch: Touch) -> bool:
        """Take in a touch; False when it is known."""
        touches = (self.came if touch.inward else self.went)[touch.account]
        if any(known.edge.event_id == touch.edge.event_id for known in touches):
            return False
        insort(touches, touch)
        del touches[:-_KEPT]
        self._mark(touch.account, 1, inward=touch.inward)
        return True

    def join(self, edge: Edge) -> None:
        """Take in a first contact: what its ends are marked with spreads."""
        if (hops := self._after.get(edge.sender)) is not None:
            self._mark(edge.receiver, hops + 1, inward=True)
        if (hops := self._before.get(edge.receiver)) is not None:
            self._mark(edge.sender, hops + 1, inward=False)

    def rename(self, node: str, account: str) -> bool:
        """An address has become an account's. True when value of a party may have reached it while it was nobody's.

        What either was marked with spreads over the edges of both.
        """
        for inward, marks in ((True, self._after), (False, self._before)):
            hops = min(marks.get(node, HOPS + 1), marks.pop(account, HOPS + 1))
            self._mark(account, hops, inward=inward)
        return node in self._after

    def may_come(self, node: str) -> bool:
        """Whether value of a party may have reached the node, so that it may pass it on within the hops."""
        return self._after.get(node, HOPS) < HOPS

    def may_go(self, node: str) -> bool:
        """Whether value of the node may have reached a party, so that others' may over it within the hops."""
        return self._before.get(node, HOPS) < HOPS

    def forget(self, before_day: int) -> None:
        """Drop touches older than that day, and mark anew."""
        if not self._after and not self._before:
            return
        for of_node in (self.came, self.went):
            for account, touches in list(of_node.items()):
                touches[:] = [touch for touch in touches if touch.edge.occurred_ms // DAY_MS >= before_day]
                if not touches:
                    del of_node[account]
        self.mark_all()

    def mark_all(self) -> None:
        """Mark everything anew, from the touches and the graph as they are."""
        self._after.clear()
        self._before.clear()
        for account in sorted(self.came):
            self._mark(account, 1, inward=True)
        for account in sorted(self.went):
            self._mark(account, 1, inward=False)

    def _mark(self, node: str, hops: int, *, inward: bool) -> None:
        marks = self._after if inward else self._before
        edges_of = self._graph.outgoing if inward else self._graph.incoming
        waiting = [(node, hops)]
        while waiting:
            node, hops = waiting.pop()
            if marks.get(node, HOPS + 1) <= hops:
                continue
            marks[node] = hops
            waiting += [(other, hops + 1) for other in edges_of.get(node, ())]
