"""What a stage of the pipeline must be able to do, so that the delivery protocol can run it.

A stage judges: pure, in memory, deterministic. Everything else (reading, state, publishing, recovery) is the protocol's.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from struct import Struct
from typing import Any, Final

import msgspec

from rules.intake import RawRecord
from rules.messages import Flow
from rules.outcome import Tally
from rules.past import KEPT_DAYS

REFRESHED_DAYS: Final = 30  # an expiry is put off that often at least, as long as there is something to write
# Of whom nothing was heard for so long counts as never met. It goes by the time of judging,
# which the journal keeps, so that a replay forgets the same; Redis forgets later.
FORGOTTEN_DAYS: Final = KEPT_DAYS + REFRESHED_DAYS
_LENGTH: Final = Struct("<I")
_FLOWS_IN_BUNDLE: Final = 2_000
_pack: Final = msgspec.msgpack.Encoder().encode


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One record for an output topic."""

    topic: str
    key: bytes
    value: bytes


class Outputs(msgspec.Struct, frozen=True, array_like=True):
    """All that one batch gives to the world. `bundles` are flows for the counterparties stage, many to a record."""

    messages: list[Message]
    bundles: list[bytes] = []


class Writes(msgspec.Struct):
    """What a batch leaves in the states: whole new values, and what is appended to stored ones. A key is in one of them.

    What was `replaced` expires when that was long ago (`FORGOTTEN_DAYS`), `lasting` does not. Appending is what makes a long
    history cheap: a stored state is a snapshot and what happened since. `notes` are for other stages to read, and expire by
    themselves. `bounded` is appended as long as the stored value is shorter than a limit, and expires when nothing was
    appended for years; a reader leaves out what begins beyond it.
    """

    replaced: dict[str, bytes] = {}
    appended: dict[str, bytes] = {}
    notes: dict[str, bytes] = {}
    bounded: dict[str, tuple[int, bytes]] = {}
    lasting: dict[str, bytes] = {}

    def remember(self, key: str, limit: int, part: bytes) -> None:
        """Append a part to a bounded state."""
        known = self.bounded.get(key)
        self.bounded[key] = (limit, part if known is None else known[1] + part)

    def then(self, later: "Writes") -> None:
        """Put the writes of the following batch on top."""
        for key, added in later.appended.items():
            if key in self.replaced:
                self.replaced[key] += added
            else:
                self.appended[key] = self.appended.get(key, b"") + added
        for key, value in later.replaced.items():
            self.appended.pop(key, None)
            self.replaced[key] = value
        self.notes.update(later.notes)
        self.lasting.update(later.lasting)
        for key, (limit, added) in later.bounded.items():
            self.remember(key, limit, added)


class Judged(msgspec.Struct, frozen=True):
    """A judged batch: its outputs, what it leaves in the states, what became of its records, and figures for metrics."""

    outputs: Outputs
    writes: Writes
    counts: tuple[int, int, int, int]
    tally: Tally
    decisions: Mapping[str, int]


class Work(msgspec.Struct):
    """A decoded batch, the keys of the states it needs, and of notes of another stage that it asks for.

    `notes` are those there were when the batch was judged first: the journal keeps them. `settled`: the batch needs states
    as all earlier ones left them in the store, and says as they are loaded which others it needs.
    """

    content: Any
    keys: set[str]
    asks: set[str] = set()
    notes: dict[str, bytes] = {}
    settled: bool = False


class MemoryChanges(msgspec.Struct, frozen=True):
    """What became of the memory of a partition: bytes to append by segment, segments to drop, segments there are.

    `settled` are those that hardly anything is appended to any more.
    """

    appended: dict[int, bytes] = {}
    expired: tuple[int, ...] = ()
    segments: range = range(0)
    settled: tuple[int, ...] = ()

    def then(self, later: "MemoryChanges") -> "MemoryChanges":
        """These changes and those of the following batch, in one."""
        gone = {*self.expired, *later.expired}
        appended = {number: packed for number, packed in self.appended.items() if number not in later.expired}
        for number, packed in later.appended.items():
            appended[number] = appended.get(number, b"") + packed
        settled = {*self.settled, *later.settled} - gone
        return MemoryChanges(appended, tuple(sorted(gone)), later.segments, tuple(sorted(settled)))


class Memory(ABC):
    """State of a whole partition that grows by appending: the events already judged."""

    @abstractmethod
    def take_changes(self) -> MemoryChanges:
        """What changed since the last call."""


class NoMemory(Memory):
    """For a stage that needs none."""

    def take_changes(self) -> MemoryChanges:
        """Nothing."""
        return MemoryChanges()


class Stage(ABC):
    """One stage of the pipeline."""

    name: str
    sources: tuple[str, ...]  # input topics, in the order of a batch's ranges
    journal: str
    list_hash: str  # of the list in force, or empty
    ruleset: str  # hash of the rules in force
    noted_by: str | None = None  # the stage, of one partition, whose notes this one asks for

    @abstractmethod
    def decode(self, partition: int, records: Sequence[Sequence[RawRecord]]) -> Work:
        """Decode the records of one batch, one sequence for each source topic. Bad ones become dead letters."""

    @abstractmethod
    def judge(self, work: Work, partition: int, states: MutableMapping[str, Any], memory: Any, judged_ms: int) -> Judged:
        """Judge a batch; `states` holds every key of `work.keys` and is updated in place, as is `memory`."""

    @abstractmethod
    def fresh_state(self, key: str) -> Any:
        """The state of a subject never met."""

    @abstractmethod
    def load_state(self, key: str, packed: bytes) -> Any:
        """A state from its stored bytes."""

    def follow(self, work: Work, states: Mapping[str, Any]) -> set[str]:
        """Keys that settled work needs, given what is loaded; asked again after each loading, until none is new."""
        return set()

    def take_over(self) -> None:  # noqa: B027  # most stages have nothing to take over
        """Begin to judge with what was put in place meanwhile. Called between two rounds, never within one."""

    def as_of(self, list_hash: str, ruleset: str) -> "Stage":
        """The stage as it was with these lists and rules, where they are known; else itself. May read files."""
        return self

    def open_memory(self, segments: Mapping[int, bytes]) -> Memory:
        """The partition's memory from its stored segments."""
        return NoMemory()


def framed(part: bytes) -> bytes:
    """One part of a stored state: its length, then its bytes, so that parts can be appended to each other."""
    return _LENGTH.pack(len(part)) + part


def parts(stored: bytes, limit: int | None = None) -> Iterator[bytes]:
    """The parts of a stored state, in the order in which they were written.

    Of a bounded one those that begin below its limit: what several batches append in one commit may reach beyond it, and
    must not be more than what they would have appended one by one.
    """
    at, end = 0, len(stored) if limit is None else min(len(stored), limit)
    while at < end:
        (size,) = _LENGTH.unpack_from(stored, at)
        at += _LENGTH.size
        yield stored[at : at + size]
        at += size


def bundles_of(flows: Sequence[Flow]) -> list[bytes]:
    """Flows in records of bounded size."""
    return [_pack(flows[first : first + _FLOWS_IN_BUNDLE]) for first in range(0, len(flows), _FLOWS_IN_BUNDLE)]


encode_messages: Final = _pack
decode_messages: Final = msgspec.msgpack.Decoder(list[Message]).decode
