"""What a stage of the pipeline must be able to do, so that the delivery protocol can run it.

A stage judges: pure, in memory, deterministic. Everything else (reading, state, publishing, recovery) is the protocol's.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from rules.engine import Tally
from rules.intake import RawRecord
from rules.messages import Flow


class Message(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One record for an output topic."""

    topic: str
    key: bytes
    value: bytes


class Outputs(msgspec.Struct, frozen=True, array_like=True):
    """All that one batch gives to the world; the outbox and the hash chain hold exactly this."""

    messages: list[Message]
    flows: list[Flow]


class Judged(msgspec.Struct, frozen=True):
    """A judged batch: its outputs, what became of its records, and what the metrics want to know."""

    outputs: Outputs
    counts: tuple[int, int, int, int]
    tally: Tally
    decisions: Mapping[str, int]


class Work(msgspec.Struct):
    """A decoded batch, and the keys of the states it needs."""

    content: Any
    keys: set[str]


class Memory(ABC):
    """State of a whole partition that grows by appending: the events already judged."""

    @abstractmethod
    def take_changes(self) -> tuple[dict[int, bytes], tuple[int, ...]]:
        """Bytes to append by segment, and segments to drop, since the last call."""


class NoMemory(Memory):
    """For a stage that needs none."""

    def take_changes(self) -> tuple[dict[int, bytes], tuple[int, ...]]:
        """Nothing."""
        return {}, ()


class Stage(ABC):
    """One stage of the pipeline."""

    name: str
    sources: tuple[str, ...]  # input topics, in the order of a batch's ranges
    journal: str
    list_hash: str  # of the list in force, or empty
    ruleset: str  # hash of the rules in force

    @abstractmethod
    def decode(self, partition: int, records: Sequence[Sequence[RawRecord]]) -> Work:
        """Decode the records of one batch, one sequence for each source topic. Bad ones become dead letters."""

    @abstractmethod
    def judge(self, work: Work, partition: int, states: Mapping[str, Any], memory: Any, judged_ms: int) -> Judged:
        """Judge a batch; `states` holds every key of `work.keys` and is updated in place, as is `memory`."""

    @abstractmethod
    def fresh_state(self) -> Any:
        """The state of a subject never met."""

    @abstractmethod
    def load_state(self, packed: bytes) -> Any:
        """A state from its bytes."""

    @abstractmethod
    def dump_state(self, state: Any) -> bytes:
        """The bytes of a state."""

    def open_memory(self, segments: Mapping[int, bytes]) -> Any:
        """The partition's memory from its stored segments."""
        return NoMemory()


encode_outputs: Final = msgspec.msgpack.Encoder().encode
decode_outputs: Final = msgspec.msgpack.Decoder(Outputs).decode
