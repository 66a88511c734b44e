"""First contacts as a graph: accounts and addresses are its nodes, the first transfer between two of them an edge.

Bounded in event time and in the number of edges of a node. What a node keeps is a pure function of the edges it was given,
whatever their order.
"""

from bisect import insort
from collections import defaultdict
from typing import Final

import msgspec

from rules.messages import Evidence, Flow

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
KEPT_MS: Final = 35 * DAY_MS  # judgement: half as long again as the 23 days within which patterns stand out
LOG_DAYS: Final = 61  # judgement: how long the log of the network is kept; citations last as long
EDGES: Final = 64  # judgement: edges kept of a node and direction; who has more within the time kept is a hub
EDGES_OF_ADDRESS: Final = 16  # judgement: an address with more that is no known account is a service nobody labelled
_ADDRESS: Final = "\0"  # what the node of an address begins with, that of an account is the account's id
_OWNER_NOTED_MS: Final = 17 * DAY_MS  # judgement: how often an owner is noted again, so that owners outlive their edges


class Edge(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False, tag=0):
    """The first transfer between two nodes. Edges sort by event time. `value` in micro-dollars."""

    occurred_ms: int
    event_id: str
    sender: str
    receiver: str
    value: int
    amount: str
    asset: str

    def evidence(self, shows: str) -> Evidence:
        """The transfer as evidence."""
        return Evidence.of(self.event_id, self.amount, self.asset, self.value, self.occurred_ms, shows)


class Owner(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=1):
    """An address known to be an account's own."""

    address: str
    account_id: str
    noted_ms: int


def address_of(node: str) -> str | None:
    """The address that a node stands for; None for an account."""
    return node[1:] if node.startswith(_ADDRESS) else None


class Graph:
    """The edges of the last `KEPT_MS`, up to `EDGES` of a node in each direction, the latest ones."""

    def __init__(self) -> None:
        self.now_ms = 0  # the latest event time
        self.outgoing: defaultdict[str, list[Edge]] = defaultdict(list)
        self.incoming: defaultdict[str, list[Edge]] = defaultdict(list)
        self._days: defaultdict[int, list[Edge]] = defaultdict(list)
        self._owners: dict[str, Owner] = {}

    def sent(self, node: str, since_ms: int) -> list[Edge]:
        """What the node sent after that time, oldest first; nothing for a hub."""
        return _after(self.outgoing.get(node, ()), node, since_ms)

    def received(self, node: str, since_ms: int) -> list[Edge]:
        """What the node received after that time, oldest first; nothing for a hub."""
        return _after(self.incoming.get(node, ()), node, since_ms)

    def own(self, flow: Flow) -> Owner | None:
        """Learn whose address the flow's own address is; the owner where that is worth noting down."""
        address = flow.own_address
        known = self._owners.get(address)
        if known is not None and known.account_id == flow.account_id and self.now_ms < known.noted_ms + _OWNER_NOTED_MS:
            return None
        owner = Owner(address, flow.account_id, self.now_ms)
        self.learn(owner)
        return owner

    def learn(self, owner: Owner) -> None:
        """Take the address for the account's from now on; what was known of the address becomes the account's."""
        self._owners[owner.address] = owner
        node = _ADDRESS + owner.address
        for edge in [*self.outgoing.pop(node, ()), *self.incoming.pop(node, ())]:
            sender, receiver = self.node(edge.sender), self.node(edge.receiver)
            for edges in (self.outgoing.get(edge.sender), self.incoming.get(edge.receiver)):
                if edges is not None and edge in edges:
                    edges.remove(edge)
            self.add(msgspec.structs.replace(edge, sender=sender, receiver=receiver))

    def node(self, name: str) -> str:
        """The node of an account's id, or of an address node whose account may have become known."""
        if name.startswith(_ADDRESS) and (owner := self._owners.get(name[1:])) is not None:
            return owner.account_id
        return name

    def edge(self, flow: Flow) -> Edge | None:
        """The edge that a flow stands for; None when it says nothing new: the other leg of one there is, or no contact."""
        account, other = flow.account_id, self.node(_ADDRESS + flow.address)
        sender, receiver = (other, account) if flow.inflow else (account, other)
        if sender == receiver or flow.occurred_ms <= self.now_ms - KEPT_MS:
            return None
        if any(edge.receiver == receiver for edge in self.outgoing.get(sender, ())) or any(
            edge.receiver == sender for edge in self.outgoing.get(receiver, ())
        ):
            return None
        return Edge(flow.occurred_ms, flow.event_id, sender, receiver, flow.value, flow.amount, flow.asset)

    def add(self, edge: Edge) -> None:
        """Take in an edge; the oldest of a node with too many is forgotten. One between a node and itself is dropped."""
        if edge.sender == edge.receiver:
            return
        self._days[edge.occurred_ms // DAY_MS].append(edge)
        for node, edges in ((edge.sender, self.outgoing[edge.sender]), (edge.receiver, self.incoming[edge.receiver])):
            insort(edges, edge)
            if len(edges) > _kept(node):
                del edges[0]

    def advance(self, occurred_ms: int) -> bool:
        """Let event time go on; True when a new day has begun. What is too old is forgotten, in whole days."""
        if occurred_ms <= self.now_ms:
            return False
        new_day = occurred_ms // DAY_MS > self.now_ms // DAY_MS
        self.now_ms = occurred_ms
        if new_day:
            limit = (occurred_ms - KEPT_MS) // DAY_MS
            for day in sorted(day for day in self._days if day < limit):
                for edge in self._days.pop(day):
                    _forget(self.outgoing, edge.sender, limit)
                    _forget(self.incoming, edge.receiver, limit)
            first_day = occurred_ms // DAY_MS + 1 - LOG_DAYS
            old = [address for address, owner in self._owners.items() if owner.noted_ms // DAY_MS < first_day]
            for address in old:
                del self._owners[address]
        return new_day


def _kept(node: str) -> int:
    return EDGES_OF_ADDRESS if node.startswith(_ADDRESS) else EDGES


def _after(edges: list[Edge] | tuple[()], node: str, since_ms: int) -> list[Edge]:
    if not edges or len(edges) >= _kept(node):
        return []
    if edges[0].occurred_ms > since_ms:
        return edges.copy() if isinstance(edges, list) else []
    return [edge for edge in edges if edge.occurred_ms > since_ms]


def _forget(edges_of: dict[str, list[Edge]], node: str, limit: int) -> None:
    edges = edges_of.get(node)
    if edges is None:
        return
    while edges and edges[0].occurred_ms // DAY_MS < limit:
        del edges[0]
    if not edges:
        del edges_of[node]
