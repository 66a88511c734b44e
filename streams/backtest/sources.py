"""Where a backtest takes its transfers from: a file of JSON lines, or topics. Each process reads its own accounts' part."""

import heapq
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import msgspec

from rules.intake import Gate, Intake, RawRecord
from rules.transfer import BadTransfer, Kind, time_ms
from streams.auditing.log import Pull, kafka_log, pulling
from streams.errors import LockgateError
from streams.feed_formats import open_file
from streams.screening import not_too_long, read_records
from streams.security import KafkaAccess
from streams.settings import DEPOSITS, WITHDRAWALS

ROUND: Final = 8_000  # records; judgement: some 100 ms of work
_KINDS: Final = {DEPOSITS: Kind.DEPOSIT, WITHDRAWALS: Kind.WITHDRAWAL}


class Round(msgspec.Struct):
    """Records to judge together, decoded. Whatever comes later has a place of at least `until`; `done` is a share of all."""

    intakes: dict[int, Intake]  # by partition
    records: int
    until: int
    done: float


class Source(Protocol):
    """Transfers, in rounds."""

    name: str
    by_event_time: bool
    """Whether `Round.until` is an event time; else it is a number of rounds, the same ones in every process."""

    def rounds(self, process: int, processes: int) -> AsyncIterator[Round]:
        """The rounds of one of so many processes. Raises LockgateError."""


class UnusableFile(LockgateError):
    """A file cannot be read."""

    exit_code = 2


class _Owner(msgspec.Struct):
    account_id: str


class _When(msgspec.Struct):
    occurred_at: datetime | int


_owner: Final = msgspec.json.Decoder(_Owner).decode
_when: Final = msgspec.json.Decoder(_When).decode


class FileSource:
    """A file with one transfer a line as JSON, packed or not."""

    by_event_time = False

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path

    async def rounds(self, process: int, processes: int) -> AsyncIterator[Round]:
        """Cut after a fixed number of lines, however many processes there are."""
        gate = Gate(None, keyed=False)
        try:
            size = max(1, self._path.stat().st_size)
            with open_file(self._path) as stream:
                for number, lines in enumerate(read_records(stream, ROUND)):
                    mine = lines if processes == 1 else [line for line in lines if _place(line[2]) % processes == process]
                    intake = Intake([], [])
                    gate.admit(self.name, 0, not_too_long(self.name, mine, intake), intake)
                    yield Round({0: intake}, len(mine), number + 1, _bytes_read(stream) / size)
        except (OSError, EOFError, zlib.error) as error:
            raise UnusableFile(f"{self._path}: {getattr(error, 'strerror', None) or error}") from None


def _place(line: bytes | None) -> int:
    """Decides which process a line belongs to; what is no transfer goes to the first."""
    try:
        return zlib.crc32(_owner(line or b"").account_id.encode())
    except (msgspec.DecodeError, UnicodeError):
        return 0


def _bytes_read(stream: BinaryIO) -> int:
    packed: Any = getattr(stream, "fileobj", None)
    return int((packed or stream).tell())


class TopicSource:
    """Topics of transfers from their beginning to where they end now, each process some of the partitions."""

    by_event_time = True

    def __init__(self, kafka: KafkaAccess, topics: Sequence[str], *, timeout_seconds: float) -> None:
        self.name = ", ".join(topics)
        self._kafka = kafka
        self._topics = topics
        self._timeout = timeout_seconds

    async def rounds(self, process: int, processes: int) -> AsyncIterator[Round]:
        """The partitions are merged by event time, so that no partition runs ahead of the others."""
        async with AsyncExitStack() as stack:
            log = await stack.enter_async_context(kafka_log(self._kafka, self._topics, timeout_seconds=self._timeout))
            pulls: list[tuple[str, int, Pull]] = []
            total = 0
            for topic in self._topics:
                for number in range(process, log.partitions(topic), processes):
                    start, end = await log.bounds(topic, number)
                    total += end - start
                    pulls.append((topic, number, await stack.enter_async_context(pulling(log, topic, number, start, end))))
            gates = {topic: Gate(_KINDS.get(topic)) for topic in self._topics}
            done = 0
            taken: list[tuple[int, RawRecord]] = []
            async for at_ms, place, record in _merged([pull for _, _, pull in pulls]):
                if len(taken) >= ROUND:
                    done += len(taken)
                    yield _round(taken, pulls, gates, at_ms, done / max(1, total))
                    taken = []
                taken.append((place, record))
            yield _round(taken, pulls, gates, 1 << 62, 1.0)


def _round(
    taken: Sequence[tuple[int, RawRecord]],
    pulls: Sequence[tuple[str, int, Pull]],
    gates: dict[str, Gate],
    until: int,
    done: float,
) -> Round:
    intakes: defaultdict[int, Intake] = defaultdict(lambda: Intake([], []))
    records: defaultdict[int, list[RawRecord]] = defaultdict(list)
    for place, record in taken:
        records[place].append(record)
    for place, found in sorted(records.items()):
        topic, number, _ = pulls[place]
        gates[topic].admit(topic, number, found, intakes[number])
    return Round(dict(intakes), len(taken), until, done)


async def _merged(pulls: Sequence[Pull]) -> AsyncIterator[tuple[int, int, RawRecord]]:
    """(time, place, record) of all records: the earliest of those next in line first. The time given never goes back."""
    heads: list[tuple[int, int]] = []
    for place, pull in enumerate(pulls):
        if (record := await pull.head()) is not None:
            heads.append((_time_of(record), place))
    heapq.heapify(heads)
    latest = 0
    while heads:
        at_ms, place = heads[0]
        latest = max(latest, at_ms)
        pull = pulls[place]
        yield latest, place, pull.pop()
        if (record := await pull.head()) is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, (_time_of(record), place))


def _time_of(record: RawRecord) -> int:
    """Event time; what has none is next."""
    try:
        return time_ms(_when(record[2] or b"").occurred_at)
    except (msgspec.DecodeError, UnicodeError, BadTransfer):
        return 0
