"""Traces of rounds, where they are wanted: a span for each round, with its steps, linked to those who sent its records.

Off unless LOCKGATE_TRACES names where they go: `streams.otel`, which makes the spans, is imported only then. Spans hold
counts, names of topics and partitions, and kinds of errors: no account, no address, no text of a message.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Protocol

import msgspec

TRACEPARENT: Final = "traceparent"  # the header, as W3C Trace Context names it
Headers = list[tuple[str, bytes]]


class Fetched(msgspec.Struct, frozen=True):
    """When records were fetched, in ns since the epoch, and whose traces they belong to: (offset, traceparent) each."""

    at_ns: int
    parents: tuple[tuple[int, bytes], ...] = ()

    def split(self, cut: int) -> "tuple[Fetched, Fetched]":
        """Those of the records below an offset, and of the others."""
        below = tuple(one for one in self.parents if one[0] < cut)
        return Fetched(self.at_ns, below), Fetched(self.at_ns, self.parents[len(below) :])


class RoundTrace(Protocol):
    """The trace of one round."""

    headers: Headers
    """What the round's records carry, so that readers can go on with the trace."""

    def step(self, name: str) -> AbstractContextManager[Any]:
        """A step of the round; what it raises is noted by its kind."""

    def judged(self, counts: Mapping[str, int]) -> None:
        """What came out, in figures."""

    def end(self, error: BaseException | None = None) -> None:
        """The round is published, or is given up."""


class Tracer(Protocol):
    """Makes the traces of a worker."""

    def begin(self, partitions: Iterable[str], records: int, fetched: Sequence[Fetched], oldest_ms: int) -> RoundTrace:
        """Begin the trace of a round of so many records, the oldest of which Kafka has had since `oldest_ms`."""

    def close(self) -> None:
        """Send what is left, within a second or two."""


class _Untraced:
    """A round without a trace."""

    def __init__(self) -> None:
        self.headers: Headers = []
        self._step = nullcontext()

    def step(self, name: str) -> AbstractContextManager[None]:
        return self._step

    def judged(self, counts: Mapping[str, int]) -> None:
        pass

    def end(self, error: BaseException | None = None) -> None:
        pass


UNTRACED: Final = _Untraced()
_tracers: Final[list[Tracer]] = []  # the one of this worker, or none


def trace_with(tracer: Tracer | None) -> None:
    """Trace the rounds of this process from now on, or no longer."""
    for earlier in _tracers:
        earlier.close()
    _tracers[:] = [] if tracer is None else [tracer]


def fetched(records: Iterable[Any]) -> Fetched | None:
    """What is to be known of records of aiokafka's just fetched; None when nothing is traced."""
    return Fetched(time.time_ns(), tuple(_parents(records))) if _tracers else None


def _parents(records: Iterable[Any]) -> Iterator[tuple[int, bytes]]:
    for record in records:
        for name, value in record.headers:
            if name == TRACEPARENT and value:
                yield record.offset, value


def begin(partitions: Iterable[object], records: int, fetched: Sequence[Fetched], oldest_ms: int) -> RoundTrace:
    """The trace of a round that begins; one that costs nothing when nothing is traced."""
    for tracer in _tracers:
        return tracer.begin(map(str, partitions), records, fetched, oldest_ms)
    return UNTRACED
