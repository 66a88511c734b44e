"""What the state of both stages takes in a real Redis: a file of transfers, as if as many exchanges again had its customers.

Each copy has accounts, addresses and events of its own; the stages, the store and its scripts are those of the worker,
without Kafka. Times are CPU time, of this process and of Redis.
"""

import asyncio
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
from redis import Redis as Client

from rules.engine import AccountsEngine
from rules.intake import RawRecord
from rules.network import CounterpartiesEngine
from rules.transfer import Kind as TransferKind
from streams.accounts import AccountsStage
from streams.benchmarks.report import Ratio
from streams.benchmarks.say import Say
from streams.components import Redis
from streams.counterparties import CounterpartiesStage
from streams.delivery.claim import Outbox, encode_outbox
from streams.delivery.journal import STATE_VERSION, BatchRecord
from streams.delivery.partition import Partition
from streams.delivery.stage import Judged, Stage, encode_messages
from streams.security import RedisAccess
from streams.store import Commit, Store

BYTES_EACH: Final = 1024.0
_BATCH: Final = 4_000
_CACHED: Final = 50_000  # states kept in memory, as the worker does
_SAMPLED: Final = 2_000  # keys of a kind whose memory is asked for
_JUDGED_MS: Final = 1_800_000_000_000
_GROUP: Final = "lockgate"  # as shipped, since it is part of every key
_PREFIXED: Final = re.compile(r"([a-z]+) ")  # a state that is not an address's, which holds no blank
_HEX_ADDRESS: Final = re.compile(rb'"0x[0-9a-fA-F]{6}([0-9a-fA-F]{34})"')
_NAMED: Final = re.compile(rb'"(account_id|event_id|device_id|tx_hash)": ?"([^"]*)"')


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of one kind: how many, and what Redis takes for them, names and bookkeeping included."""

    keys: int
    bytes: int


class StateReport(msgspec.Struct, frozen=True, kw_only=True):
    """`lockgate bench state`. `memory` is what Redis says it uses, less what it used when empty."""

    benchmark: str = "state"
    transfers: int
    flows: int
    accounts: int
    addresses: int  # those an account dealt with
    memory: int
    bytes_an_account: float
    bytes_an_account_or_address: float
    kinds: dict[str, Kind]
    worker_micros_a_transfer: float
    redis_micros_a_transfer: float
    commands_a_transfer: float
    ratios: list[Ratio]


def run_state(stream: BinaryIO, copies: int, engine: AccountsEngine, say: Say) -> StateReport:
    """Judge the transfers of a file `copies` times over, in order of their lines, and ask Redis what it holds.

    Raises:
        ComponentMissing: no Redis.
    """
    with tempfile.TemporaryDirectory(prefix="lockgate-bench-") as folder, Redis(Path(folder)) as redis:
        return asyncio.run(_State(redis, engine, say).report(stream, copies))


class _Carried:
    """A partition of a stage whose batches are committed to Redis and published nowhere."""

    def __init__(self, stage: Stage, store: Store) -> None:
        self.partition = Partition(stage, 0, _GROUP, _CACHED)
        self._store = store

    async def claim(self) -> None:
        partition = self.partition
        await self._store.claim(partition.keys, partition.new_owner("bench"), 1)
        partition.memory = partition.stage.open_memory({})

    async def carry(self, records: Sequence[Sequence[RawRecord]], notes: dict[str, bytes]) -> Judged:
        """Decode, load, judge and commit one batch; `notes` are those of the stage after."""
        partition, stage = self.partition, self.partition.stage
        work = stage.decode(0, records)
        absent = partition.cache.missing(work.keys)
        (loaded,) = await self._store.load([(partition.keys.states, absent)]) if absent else ([],)
        for key, packed in zip(absent, loaded, strict=True):
            partition.cache.put(key, stage.load_state(key, packed) if packed else stage.fresh_state(key))
        work.notes = {address: notes[address] for address in sorted(work.asks & notes.keys())}
        judged = stage.judge(work, 0, partition.cache.states(), partition.memory, _JUDGED_MS)
        n = partition.n + 1
        record = BatchRecord(n, _JUDGED_MS, (), judged.counts, 0, {}, "", "", STATE_VERSION, "", n.to_bytes(12, "big"))
        await self._store.commit([self._commit(record, judged)])
        partition.advance(record)
        partition.cache.age()
        return judged

    def _commit(self, record: BatchRecord, judged: Judged) -> Commit:
        partition = self.partition
        return Commit(
            keys=partition.keys,
            owner=partition.owner,
            transactional_id="",
            n_before=partition.n,
            h_before=partition.h,
            n=record.n,
            h=record.h,
            position=(),
            outbox=encode_outbox(Outbox(record, encode_messages(judged.outputs.messages), judged.outputs.bundles)),
            journal_n=0,
            journal_at=0,
            writes=judged.writes,
            memory=partition.memory.take_changes(),
        )


class _State:
    def __init__(self, redis: Redis, engine: AccountsEngine, say: Say) -> None:
        self._client = Client.from_url(redis.url)
        self._store = Store(RedisAccess(redis.url))
        network = CounterpartiesEngine(engine.ruleset, engine.knowledge)
        self._accounts = _Carried(AccountsStage(engine), self._store)
        self._network = _Carried(CounterpartiesStage(network), self._store)
        self._say = say
        self._notes: dict[str, bytes] = {}
        self._transfers = self._flows = 0

    async def report(self, stream: BinaryIO, copies: int) -> StateReport:
        before = self._used()
        for carried in (self._accounts, self._network):
            await carried.claim()
        started = time.process_time()
        for batch in _batches(stream, copies):
            await self._round(batch)
            self._say.now(f"{self._transfers:,} transfers")
        seconds = time.process_time() - started
        memory, redis_seconds, commands = (now - then for now, then in zip(self._used(), before, strict=True))
        await self._store.close()
        kinds = self._kinds()
        accounts, addresses = kinds["profiles"].keys, kinds["addresses"].keys
        each = memory / (accounts + addresses)
        return StateReport(
            transfers=self._transfers,
            flows=self._flows,
            accounts=accounts,
            addresses=addresses,
            memory=int(memory),
            bytes_an_account=round(memory / accounts, 1),
            bytes_an_account_or_address=round(each, 1),
            kinds=kinds,
            worker_micros_a_transfer=round(seconds / self._transfers * 1e6, 2),
            redis_micros_a_transfer=round(redis_seconds / self._transfers * 1e6, 2),
            commands_a_transfer=round(commands / self._transfers, 3),
            ratios=[Ratio(name="bytes an account or address", value=round(each, 1), bar=BYTES_EACH, met=each <= BYTES_EACH)],
        )

    async def _round(self, lines: Sequence[bytes]) -> None:
        deposits, withdrawals = _by_topic(self._transfers, lines)
        judged = await self._accounts.carry((deposits, withdrawals), self._notes)
        self._transfers += len(lines)
        bundles = [(number, None, bundle) for number, bundle in enumerate(judged.outputs.bundles)]
        if bundles:
            judged = await self._network.carry((bundles, []), {})
            self._notes |= judged.writes.notes
            self._flows += judged.counts[0]

    def _used(self) -> tuple[float, float, float]:
        """Of Redis: bytes, CPU seconds, and commands, those that scripts call among them."""
        told = self._client.info()
        commands = sum(one["calls"] for one in self._client.info("commandstats").values())
        return told["used_memory"], told["used_cpu_user"] + told["used_cpu_sys"], commands

    def _kind(self, key: str) -> str:
        """What a key holds, going by its name."""
        for carried in (self._accounts, self._network):
            stage, keys = carried.partition.stage.name, carried.partition.keys
            if key.startswith(keys.states):
                prefixed = _PREFIXED.match(key.removeprefix(keys.states))
                return "profiles" if stage == AccountsStage.name else prefixed[1] if prefixed else "addresses"
            for what, prefix in (("memory", keys.segments), ("notes", keys.notes), ("position and outbox", keys.meta)):
                if key.startswith(prefix):
                    return f"{what} of {stage}"
        return "other"

    def _kinds(self) -> dict[str, Kind]:
        counts, sizes, sampled = Counter[str](), Counter[str](), Counter[str]()
        for key in self._client.scan_iter(count=10_000):
            kind = self._kind(key.decode())
            counts[kind] += 1
            if sampled[kind] < _SAMPLED:
                sampled[kind] += 1
                sizes[kind] += self._client.memory_usage(key, samples=0) or 0
        return {
            kind: Kind(keys=count, bytes=round(sizes[kind] / sampled[kind] * count))
            for kind, count in sorted(counts.items())
        }


def _batches(stream: BinaryIO, copies: int) -> Iterator[list[bytes]]:
    """Every line once for each copy, in batches."""
    lines = (line for original in stream for line in _copies(original, copies))
    while batch := list(islice(lines, _BATCH)):
        yield batch


def _copies(line: bytes, copies: int) -> Iterator[bytes]:
    """The line, and the same of other people."""
    yield line
    for number in range(1, copies):
        address = _HEX_ADDRESS.sub(rb'"0x%06x\1"' % number, line)
        yield _NAMED.sub(rb'"\1":"%d-\2"' % number, address)


class _Head(msgspec.Struct):
    account_id: str
    kind: TransferKind


_read_head: Final = msgspec.json.Decoder(_Head).decode


def _by_topic(first: int, lines: Sequence[bytes]) -> tuple[list[RawRecord], list[RawRecord]]:
    deposits: list[RawRecord] = []
    withdrawals: list[RawRecord] = []
    for number, line in enumerate(lines, first):
        head = _read_head(line)
        record = (number, head.account_id.encode(), line)
        (deposits if head.kind is TransferKind.DEPOSIT else withdrawals).append(record)
    return deposits, withdrawals
