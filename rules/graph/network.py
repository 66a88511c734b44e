"""All that is remembered of the network: the graph, the cited accounts, what has been told; and its log.

The log is what the store keeps: bytes appended to the segment of a day. Its entries are numbered, since what is noted at the
same time may belong to several days. The memory rebuilt from the segments of its days, empty ones included, is the one that
wrote them, to the last bit.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from struct import Struct
from typing import Final, NamedTuple

import msgspec

from rules.graph.company import CITED_MS, Company, Shares, Standing
from rules.graph.constant import Constant, constant_share
from rules.graph.edges import DAY_MS, KEPT_MS, LOG_DAYS, Edge, Graph, Owner, node_of
from rules.graph.telling import Stories, Telling
from rules.graph.touches import Touch, Touches
from rules.illicit import Party
from rules.messages import Flow

_AHEAD_MS: Final = DAY_MS  # judgement: a transfer from further in the future neither moves the time nor joins the network
_SAME_CONSTANT: Final = 3e-4  # judgement: shares that differ by rounding only
_LENGTH: Final = Struct("<I")
_COMPRESSED: Final = 1 << 31  # a bit of the length
_WORTH: Final = 160  # bytes from which on compressing saves any
_pack: Final = msgspec.msgpack.Encoder().encode
Entry = Edge | Owner | Telling | Constant | Shares | Touch
_unpack: Final = msgspec.msgpack.Decoder(tuple[list[int], list[Entry]]).decode  # numbers as in `_runs`


class Paths(NamedTuple):
    """Paths of two first contacts from one node to another, by the node between them."""

    source: str
    gatherer: str
    middles: dict[str, tuple[Edge, Edge]]


class Network:
    """The memory of first contacts, in event time."""

    def __init__(self, segments: Mapping[int, bytes] | None = None) -> None:
        self.graph = Graph()
        self.touches = Touches(self.graph)
        self.company = Company()
        self.stories = Stories()
        self.shares = Shares()
        self.constants: dict[float, int] = {}  # shares that middle accounts were seen to pass on -> when noted last
        self.fresh: set[str] = set()  # accounts cited since this was last emptied
        self._reached = ""
        self.searched: tuple[Edge, int, list[Paths]] | None = None  # the last search for paths, which two rules ask for
        self._told: defaultdict[int, list[Telling | Constant]] = defaultdict(list)
        self._days = range(0)
        self._new: defaultdict[int, list[tuple[int, Entry]]] = defaultdict(list)
        self._next = 0  # the number of the next entry
        self._expired: list[int] = []
        self._counted = Shares()
        if segments:
            self._load(segments)

    @property
    def now_ms(self) -> int:
        """The latest event time."""
        return self.graph.now_ms

    @property
    def days(self) -> range:
        """The numbers of the segments there are."""
        return self._days

    def enter(self, flow: Flow, judged_ms: int) -> Edge | None:
        """Take in a flow; the edge, if it is one that says something new. Its address must not be a service's."""
        self._meet(flow, judged_ms)
        edge = self.graph.edge(flow) if flow.first else None
        if edge is not None:
            self.graph.add(edge)
            self.touches.join(edge)
            self._note(edge, edge.occurred_ms // DAY_MS)
            self.shares.count(self.is_cited(edge.sender), self.is_cited(edge.receiver))
        return edge

    def touch(self, flow: Flow, party: Party, judged_ms: int) -> Touch | None:
        """Take in a transfer with a listed or illicit party; None when it is known, too old, or from too far ahead."""
        self._meet(flow, judged_ms)
        if not self.graph.keeps(flow.occurred_ms):
            return None
        ends = node_of(flow.address), flow.account_id
        sender, receiver = ends if flow.inflow else ends[::-1]
        edge = Edge(flow.occurred_ms, flow.event_id, sender, receiver, flow.value, flow.amount, flow.asset)
        touch = Touch(edge, flow.inflow, party.category, party.entity)
        return touch if self._keep(touch) else None

    def follow(self, parties: Mapping[str, Party]) -> None:
        """Value of these is followed from now on, by address: who had first contacts with it dealt with the party."""
        for address, party in sorted(parties.items()):
            node = node_of(address)
            for edge in (*self.graph.sent(node, 0), *self.graph.received(node, 0)):
                self._keep(Touch(edge, edge.sender == node, party.category, party.entity))

    def _keep(self, touch: Touch) -> bool:
        """Keep a touch; False when it is known."""
        if not self.touches.add(touch):
            return False
        self._note(touch, touch.edge.occurred_ms // DAY_MS)
        return True

    def take_reached(self) -> str:
        """The account that turned out, since the last call, to own an address that value of a party may have reached."""
        reached, self._reached = self._reached, ""
        return reached

    def standing(self, node: str) -> Standing | None:
        """What is known of a cited account; None for others."""
        return self.company.standing(node, self.now_ms)

    def is_cited(self, node: str) -> bool:
        """Whether a structural finding named the account within the time that citations last."""
        return self.company.standing(node, self.graph.now_ms) is not None

    def cited_among(self, nodes: Iterable[str]) -> int:
        """How many of the nodes are cited."""
        return self.company.cited_among(nodes, self.graph.now_ms)

    def stale(self, node: str) -> bool:
        """Whether the account was not cited within the last day."""
        standing = self.standing(node)
        return standing is None or standing.last_ms <= self.now_ms - DAY_MS

    def around(self, node: str) -> tuple[Sequence[Edge], Sequence[Edge]]:
        """All that the node received and sent, as far as it is kept."""
        graph = self.graph
        since = graph.now_ms - KEPT_MS
        return graph.received(node, since), graph.sent(node, since)

    def cite(self, nodes: Iterable[str]) -> None:
        """Take accounts for cited because another rule says so."""
        named = tuple(sorted(nodes))
        self.tell(Telling(self.now_ms, "", (), 0, True, named, named))

    def tell(self, telling: Telling) -> None:
        """Keep what a finding changed."""
        self._take(telling)
        self._told[self._days[-1]].append(telling)
        self._note(telling)

    def forget_stories(self) -> None:
        """Nothing counts as told any more; who is cited stays so. For worked examples."""
        self.stories = Stories()

    def learn(self, edges: Iterable[Edge]) -> None:
        """Learn the constant share that the middle accounts of a structure pass on, if they do."""
        share = constant_share(list(edges), self.around)
        if share is None:
            return
        known = next((one for one in self.constants if abs(one - share) < _SAME_CONSTANT), None)
        if known is not None and self.constants[known] > self.now_ms - CITED_MS // 4:
            return
        constant = Constant(known or share, self.now_ms)
        self.constants[constant.share] = constant.noted_ms
        self._told[self._days[-1]].append(constant)
        self._note(constant)
        if known is None:
            self.fresh.update(self.company.all(self.now_ms))

    def take_changes(self) -> tuple[dict[int, bytes], tuple[int, ...]]:
        """What to append to which segment and which segments to delete, since the last call."""
        if self.now_ms != self._counted.now_ms or self.shares.sender != self._counted.sender:
            self._counted = Shares(self.shares.sender, self.shares.receiver, self.now_ms)
            self._note(self._counted)
        appended = {}
        for day, noted in sorted(self._new.items()):
            numbers, entries = zip(*noted, strict=True)
            appended[day] = _part(_pack((_runs(numbers), entries)))
        expired = tuple(self._expired)
        self._new.clear()
        self._expired.clear()
        return appended, expired

    def _meet(self, flow: Flow, judged_ms: int) -> None:
        """Let time go on to the flow, and learn whose its own address is."""
        self._advance(min(flow.occurred_ms, judged_ms + _AHEAD_MS))
        if flow.own_address and (owner := self.graph.own(flow)) is not None:
            if self.touches.rename(node_of(owner.address), owner.account_id):
                self._reached = owner.account_id
            self._note(owner)

    def _advance(self, occurred_ms: int) -> None:
        """Let time go on; at a new day, what is too old goes, and what was told is remembered by what remains."""
        if not self.graph.advance(occurred_ms):
            return
        self.touches.forget((self.now_ms - KEPT_MS) // DAY_MS)
        today = occurred_ms // DAY_MS
        days = range(max(self._days.start, today + 1 - LOG_DAYS) if self._days else today, today + 1)
        gone = [day for day in self._days if day < days.start]
        self._days = days
        if gone:
            self._expired += gone
            for day in gone:
                self._new.pop(day, None)
            if any([self._told.pop(day, None) for day in gone]):
                self._retell()

    def _retell(self) -> None:
        self.company, self.stories, self.constants = Company(), Stories(), {}
        for _, told in sorted(self._told.items()):
            for one in told:
                self._take(one)
        self.fresh.clear()

    def _take(self, one: Telling | Constant) -> None:
        if isinstance(one, Constant):
            self.constants[one.share] = one.noted_ms
            return
        self.stories.take(one)
        for node in one.cited:
            if self.company.cite(node, one.told_ms, node in one.anew):
                self.fresh.add(node)

    def _note(self, entry: Entry, day: int | None = None) -> None:
        days = self._days
        self._new[days[-1] if day is None else min(max(day, days[0]), days[-1])].append((self._next, entry))
        self._next += 1

    def _load(self, segments: Mapping[int, bytes]) -> None:
        """Take in everything that was noted, in the order of noting."""
        of_day = {day: [one for part in _parts(stored) for one in _numbered(part)] for day, stored in segments.items()}
        noted = sorted((one for entries in of_day.values() for one in entries), key=itemgetter(0))
        self._days = range(min(of_day), max(of_day) + 1)
        self._next = noted[-1][0] + 1 if noted else 0
        for _, entry in noted:
            if isinstance(entry, Shares):
                self._counted = entry
        self.shares = Shares(self._counted.sender, self._counted.receiver)
        self.graph.now_ms = self._counted.now_ms
        self._load_graph([entry for _, entry in noted])
        for day, entries in of_day.items():
            self._told[day] = [entry for _, entry in entries if isinstance(entry, Telling | Constant)]
        self._retell()

    def _load_graph(self, entries: Iterable[Entry]) -> None:
        """The owners, and the edges and touches that are young enough."""
        limit = (self.now_ms - KEPT_MS) // DAY_MS
        for entry in entries:
            if isinstance(entry, Owner):
                self.graph.learn(entry)
            elif isinstance(entry, Edge) and entry.occurred_ms // DAY_MS >= limit:
                self.graph.add(entry)
            elif isinstance(entry, Touch) and entry.edge.occurred_ms // DAY_MS >= limit:
                self.touches.add(entry)
        self.touches.mark_all()


def _runs(numbers: Sequence[int]) -> list[int]:
    """Ascending numbers as the first and the length of each run without a gap."""
    runs: list[int] = []
    for number in numbers:
        if runs and number == runs[-2] + runs[-1]:
            runs[-1] += 1
        else:
            runs += (number, 1)
    return runs


def _numbered(part: bytes) -> Iterator[tuple[int, Entry]]:
    runs, entries = _unpack(part)
    numbered = (range(first, first + length) for first, length in zip(runs[::2], runs[1::2], strict=True))
    return zip(chain.from_iterable(numbered), entries, strict=True)


def _part(packed: bytes) -> bytes:
    """A part of a segment: compressed where that is worth it, with its length before it."""
    small = zlib.compress(packed, 1) if len(packed) >= _WORTH else packed
    if len(small) < len(packed):
        return _LENGTH.pack(len(small) | _COMPRESSED) + small
    return _LENGTH.pack(len(packed)) + packed


def _parts(stored: bytes) -> Iterable[bytes]:
    at = 0
    while at < len(stored):
        (length,) = _LENGTH.unpack_from(stored, at)
        at += _LENGTH.size
        size = length & ~_COMPRESSED
        part = stored[at : at + size]
        yield zlib.decompress(part) if length & _COMPRESSED else part
        at += size
