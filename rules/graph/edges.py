"""First contacts as a graph: accounts and addresses are its nodes, the first transfer between two of them an edge.

Bounded in event time and in the number of edges of a node. What a node keeps is a pure function of the edges it was given,
whatever their order, and of those that are too old by now none matters: a graph made anew of the others is the same.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence, Set, Sized
from operator import attrgetter, itemgetter
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
_NOBODY: Final[Set[str]] = frozenset()
_occurred_ms: Final = attrgetter("occurred_ms")


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
    """An address known to be an account's own. `shared`: others called it theirs later, so that it is nobody's any more."""

    address: str
    account_id: str
    noted_ms: int
    shared: bool = False


def node_of(address: str) -> str:
    """The node of an address that is no known account's."""
    return _ADDRESS + address


def address_of(node: str) -> str | None:
    """The address that a node stands for; None for an account."""
    return node[1:] if node.startswith(_ADDRESS) else None


class Graph:
    """The edges of the last `KEPT_MS`, up to `EDGES` of a node in each direction, the latest ones.

    Between two nodes there is one in each direction; where two have become one, as when an address turned out to be an
    account's, the later. What `sent` and `received` give is good until the graph changes.
    """

    def __init__(self) -> None:
        self.now_ms = 0  # the latest event time
        self.outgoing: defaultdict[str, dict[str, Edge]] = defaultdict(dict)  # by receiver, oldest first
        self.incoming: defaultdict[str, dict[str, Edge]] = defaultdict(dict)  # by sender, oldest first
        self._days: defaultdict[int, list[Edge]] = defaultdict(list)
        self._owners: dict[str, Owner] = {}
        self._noted: defaultdict[int, list[str]] = defaultdict(list)  # owned addresses, by the day they were noted on

    def sent(self, node: str, since_ms: int) -> Sequence[Edge]:
        """What the node sent after that time, oldest first; nothing for a hub."""
        edges = self.outgoing.get(node)
        return _after(edges, node, since_ms) if edges else ()

    def received(self, node: str, since_ms: int) -> Sequence[Edge]:
        """What the node received after that time, oldest first; nothing for a hub."""
        edges = self.incoming.get(node)
        return _after(edges, node, since_ms) if edges else ()

    def payees(self, node: str) -> Set[str]:
        """Whom the node sent to, whenever that was; nobody for a hub. Costs nothing, so that a search may ask first."""
        edges = self.outgoing.get(node)
        return edges.keys() if edges and not _is_hub(edges, node) else _NOBODY

    def payers(self, node: str) -> Set[str]:
        """Whom the node received from, likewise."""
        edges = self.incoming.get(node)
        return edges.keys() if edges and not _is_hub(edges, node) else _NOBODY

    def is_hub(self, node: str) -> bool:
        """Whether the node has as many contacts as are kept, in either direction."""
        return any(_is_hub(edges.get(node, ()), node) for edges in (self.outgoing, self.incoming))

    def own(self, flow: Flow) -> Owner | None:
        """Learn whose address the flow's own address is; the owner where that is worth noting down.

        What several accounts call their own is an address of the exchange, where tags tell its customers apart.
        """
        known = self._owners.get(flow.own_address)
        if known is None:
            owner = Owner(flow.own_address, flow.account_id, self.now_ms)
        else:
            shared = known.shared or known.account_id != flow.account_id
            if shared is known.shared and self.now_ms < known.noted_ms + _OWNER_NOTED_MS:
                return None
            owner = Owner(flow.own_address, known.account_id, self.now_ms, shared)
        self.learn(owner)
        return owner

    def learn(self, owner: Owner) -> None:
        """Take the address for the account's from now on; what was known of the address becomes the account's.

        That stays so when the address turns out to be shared.
        """
        self._owners[owner.address] = owner
        self._noted[owner.noted_ms // DAY_MS].append(owner.address)
        node = _ADDRESS + owner.address
        sent, received = self.outgoing.pop(node, {}), self.incoming.pop(node, {})
        for edge in sent.values():
            self.incoming[edge.receiver].pop(node, None)
        for edge in received.values():
            self.outgoing[edge.sender].pop(node, None)
        for edge in (*sent.values(), *received.values()):
            sender, receiver = self.node(edge.sender), self.node(edge.receiver)
            self.add(msgspec.structs.replace(edge, sender=sender, receiver=receiver))

    def node(self, name: str) -> str:
        """The node of an account's id, or of an address node whose account may have become known."""
        if name.startswith(_ADDRESS) and (owner := self._owners.get(name[1:])) is not None:
            return owner.account_id
        return name

    def keeps(self, occurred_ms: int) -> bool:
        """Whether an edge of that time is kept. One that lies ahead is not: it would outlive the log of its day."""
        return self.now_ms - KEPT_MS < occurred_ms <= self.now_ms

    def edge(self, flow: Flow) -> Edge | None:
        """The edge that a flow stands for; None when it says nothing new: the other leg of one there is, or no contact.

        Who stands behind a shared address nobody knows.
        """
        account, owner = flow.account_id, self._owners.get(flow.address)
        if owner is not None and owner.shared:
            return None
        other = _ADDRESS + flow.address if owner is None else owner.account_id
        sender, receiver = (other, account) if flow.inflow else (account, other)
        if sender == receiver or not self.keeps(flow.occurred_ms):
            return None
        if receiver in self.outgoing.get(sender, ()) or sender in self.outgoing.get(receiver, ()):
            return None
        return Edge(flow.occurred_ms, flow.event_id, sender, receiver, flow.value, flow.amount, flow.asset)

    def add(self, edge: Edge) -> None:
        """Take in an edge; the oldest of a node with too many is forgotten. One between a node and itself is dropped."""
        sender, receiver = edge.sender, edge.receiver
        if sender == receiver:
            return
        self._days[edge.occurred_ms // DAY_MS].append(edge)
        _insert(self.outgoing[sender], receiver, edge, sender)
        _insert(self.incoming[receiver], sender, edge, receiver)

    def advance(self, occurred_ms: int) -> bool:
        """Let event time go on; True when a new day has begun. What is too old is forgotten, in whole days."""
        if occurred_ms <= self.now_ms:
            return False
        new_day = occurred_ms // DAY_MS > self.now_ms // DAY_MS
        self.now_ms = occurred_ms
        if new_day:
            self._forget(occurred_ms)
        return new_day

    def _forget(self, occurred_ms: int) -> None:
        limit = (occurred_ms - KEPT_MS) // DAY_MS
        for day in sorted(day for day in self._days if day < limit):
            for edge in self._days.pop(day):
                _drop(self.outgoing, edge.sender, limit)
                _drop(self.incoming, edge.receiver, limit)
        first_day = occurred_ms // DAY_MS + 1 - LOG_DAYS
        for day in [day for day in self._noted if day < first_day]:
            for address in self._noted.pop(day):
                owner = self._owners.get(address)
                if owner is not None and owner.noted_ms // DAY_MS == day:
                    del self._owners[address]


def _is_hub(edges: Sized, node: str) -> bool:
    """Whether they are as many as are kept of the node."""
    return len(edges) >= EDGES_OF_ADDRESS and len(edges) >= _kept(node)


def _kept(node: str) -> int:
    return EDGES_OF_ADDRESS if node.startswith(_ADDRESS) else EDGES


def _after(edges: dict[str, Edge], node: str, since_ms: int) -> Sequence[Edge]:
    if _is_hub(edges, node):
        return ()
    chosen = [*edges.values()]
    if chosen[0].occurred_ms > since_ms:
        return chosen
    return chosen[bisect_right(chosen, since_ms, key=_occurred_ms) :]


def _insert(edges: dict[str, Edge], other: str, edge: Edge, node: str) -> None:
    if not edges:
        edges[other] = edge
        return
    known = edges.get(other)
    if known is not None and edge < known:
        return
    in_order = known is None and next(reversed(edges.values())) < edge
    edges[other] = edge
    if not in_order:
        ordered = sorted(edges.items(), key=itemgetter(1))
        edges.clear()
        edges.update(ordered)
    if len(edges) > EDGES_OF_ADDRESS and len(edges) > _kept(node):
        del edges[next(iter(edges))]


def _drop(edges_of: dict[str, dict[str, Edge]], node: str, limit: int) -> None:
    """Drop the edges of days before the limit, and the node with the last of them."""
    edges = edges_of.get(node)
    if edges is None:
        return
    while edges and edges[first := next(iter(edges))].occurred_ms // DAY_MS < limit:
        del edges[first]
    if not edges:
        del edges_of[node]
