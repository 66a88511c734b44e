"""Takeovers at the worst moments, with the real protocol objects, real Kafka and real Redis.

Every test has a partition of its own. A hand plays one worker: it claims, judges what it is given, and its publisher can be
stopped where a process would be stopped.
"""

import asyncio
import contextlib
import json
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from recompute import Reader, Recomputation
from running import lockgate, transfer

from rules.engine import AccountsEngine
from streams.accounts import AccountsStage
from streams.components import Kafka, Redis
from streams.delivery.claim import Claimer
from streams.delivery.inbox import Chunk
from streams.delivery.journal import ClaimRecord, decode
from streams.delivery.partition import Condition, Partition
from streams.delivery.publisher import Publication, Publisher
from streams.delivery.rounds import Rounds
from streams.delivery.session import RECOVERABLE
from streams.delivery.stage import Message
from streams.errors import Impossible, Lost
from streams.knowledge import load_knowledge
from streams.rulefiles import load_rules
from streams.security import KafkaAccess, RedisAccess
from streams.store import Keys, Store

pytestmark = [pytest.mark.faults, pytest.mark.integration]

WITHDRAWALS, DEPOSITS = "exchange.withdrawals", "exchange.deposits"
VERDICTS, JOURNAL = "lockgate.verdicts", "lockgate.journal.accounts"
GROUP = "takeover"


class Place:
    """One partition for one test: servers, and what stands there."""

    def __init__(self, kafka: Kafka, redis: Redis, number: int) -> None:
        self.kafka = kafka.bootstrap
        self.redis = redis.url
        self.number = number
        self.base = Keys(GROUP, "accounts", number).meta.removesuffix("meta")

    def send(self, count: int) -> list[str]:
        """So many withdrawals; their event ids."""
        producer = Producer({"bootstrap.servers": self.kafka})
        events = []
        for _ in range(count):
            made = transfer(secrets.randbelow(10**6), event_id=secrets.token_hex(8))
            events.append(made["event_id"])
            producer.produce(WITHDRAWALS, json.dumps(made).encode(), made["account_id"].encode(), self.number)
        assert producer.flush(60) == 0
        return events

    def records(self, topic: str) -> list[tuple[int, bytes | None, bytes | None]]:
        reader = Reader(self.kafka)
        try:
            return reader.read(topic, self.number)
        finally:
            reader.close()

    def verdicts(self) -> Counter[str]:
        """How often a read_committed consumer sees a verdict on each event."""
        return Counter(json.loads(value or b"")["event_id"] for _, _, value in self.records(VERDICTS))

    def batches(self) -> list[int]:
        """Numbers of the journalled batches, in their order."""
        entries = [decode(value or b"") for _, _, value in self.records(JOURNAL)]
        return [entry.n for entry in entries if not isinstance(entry, ClaimRecord)]

    def keep(self) -> dict[bytes, bytes]:
        """Everything Redis holds of the partition."""
        with redis_client.Redis.from_url(self.redis) as client:
            return {key: client.dump(key) for key in client.scan_iter(f"{self.base}*")}

    def put_back(self, kept: dict[bytes, bytes]) -> None:
        """Make Redis hold just this of the partition."""
        with redis_client.Redis.from_url(self.redis) as client:
            for key in client.scan_iter(f"{self.base}*"):
                client.delete(key)
            for key, value in kept.items():
                client.restore(key, 0, value)


class DirectFeed:
    """A feed that fetches nothing: tests hand over the records."""

    def __init__(self) -> None:
        self.seeks = 0

    async def seek(self, topics: Sequence[str], partition: int, offsets: Sequence[int]) -> tuple[int, ...]:
        self.seeks += 1
        return (self.seeks,) * len(topics)

    def want(self) -> None:
        pass

    def has_more(self, topic: str, partition: int, reached: int) -> bool:
        return False

    def pause(self, topics: Iterable[str], partition: int) -> None:
        pass

    def resume(self, topics: Iterable[str], partition: int) -> None:
        pass

    def full(self, topics: Iterable[str], partition: int) -> None:
        pass

    def drained(self, topics: Iterable[str], partition: int) -> None:
        pass


class Hand:
    """One worker's part of the protocol, for one partition."""

    def __init__(self, place: Place, name: str, *, generation: int = 1) -> None:
        transactional_id = f"lockgate-{name}-{secrets.token_hex(6)}"
        self.place = place
        self.store = Store(RedisAccess(place.redis))
        self.feed = DirectFeed()
        self.publisher = Publisher(KafkaAccess(place.kafka), transactional_id)
        self.rounds = Rounds(self.store, self.publisher, self.feed)
        engine = AccountsEngine(load_rules(), load_knowledge(("demo",), ()))
        self.partition = Partition(AccountsStage(engine), place.number, GROUP, 1_000)
        self.claimer = Claimer(
            kafka=KafkaAccess(place.kafka),
            store=self.store,
            feed=self.feed,
            worker=name,
            generation=generation,
            transactional_id=transactional_id,
        )

    async def __aenter__(self) -> "Hand":
        await self.publisher.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.rounds.abandon()
        await self.publisher.stop()
        await self.store.close()

    async def claim(self, *, force: bool = False) -> None:
        await self.claimer.claim(self.partition, force=force)

    async def judge(self, count: int | None = None) -> None:
        """Judge the next `count` withdrawals, or all there are; publishing goes on in the background."""
        start = self.partition.position[1]
        waiting = [one for one in self.place.records(WITHDRAWALS) if one[0] >= start][:count]
        chunk = Chunk(
            topic=WITHDRAWALS,
            partition=self.place.number,
            seek=self.feed.seeks,
            start=start,
            end=waiting[-1][0] + 1,
            records=waiting,
            stamps_ms=[1] * len(waiting),
        )
        self.partition.inbox.put(chunk)
        await self.rounds.run([self.partition])

    def stop_before(self, name: str) -> tuple[asyncio.Event, asyncio.Event]:
        """Stop the publisher as it is about to call its producer's `name`: events for "it is there" and "go on"."""
        return stop_before(self.publisher._producer, name)

    def stop_committing(self) -> tuple[asyncio.Event, asyncio.Event]:
        """Stop as a batch is about to be committed to Redis, with its transaction announced to Kafka."""
        return stop_before(self.store, "commit")


def stop_before(where: Any, name: str) -> tuple[asyncio.Event, asyncio.Event]:
    """Stop whoever is about to call the method `name`: events for "it is there" and "go on"."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    real: Callable[..., Awaitable[Any]] = getattr(where, name)

    async def stopped(*arguments: Any, **named: Any) -> Any:
        reached.set()
        await go_on.wait()
        return await real(*arguments, **named)

    setattr(where, name, stopped)
    return reached, go_on


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kafka, Redis, Iterator[int]]]:
    folder: Path = tmp_path_factory.mktemp("takeover")
    with Kafka(folder / "kafka") as kafka, Redis(folder / "redis") as redis:
        created = lockgate({"LOCKGATE_KAFKA": kafka.bootstrap}, "topics", "create", "--partitions", "12")
        assert created.returncode == 0, created
        yield kafka, redis, iter(range(12))


@pytest.fixture
def place(servers: tuple[Kafka, Redis, Iterator[int]]) -> Place:
    kafka, redis, numbers = servers
    return Place(kafka, redis, next(numbers))


@pytest.mark.parametrize("moment", ["send_batch", "commit_transaction"])
def test_what_was_committed_and_not_published_is_published_once_by_the_successor(place: Place, moment: str) -> None:
    """send_batch: stopped between Redis and Kafka; commit_transaction: everything was sent but the end."""
    events = place.send(20)

    async def run() -> None:
        async with Hand(place, "first") as first, Hand(place, "second", generation=2) as second:
            await first.claim()
            reached, go_on = first.stop_before(moment)
            await first.judge()
            await asyncio.wait_for(reached.wait(), 20)
            assert not place.verdicts()
            await second.claim()
            assert place.verdicts() == Counter(events)
            go_on.set()
            with pytest.raises(KafkaError):
                await first.rounds.settle()

    asyncio.run(run())
    assert place.verdicts() == Counter(events)
    assert place.batches() == [1]


def test_a_transaction_announced_before_redis_decided_is_nothing_to_the_successor(place: Place) -> None:
    events = place.send(20)

    async def run() -> None:
        async with Hand(place, "first") as first, Hand(place, "second", generation=2) as second:
            await first.claim()
            reached, go_on = first.stop_committing()
            await first.judge()
            await asyncio.wait_for(reached.wait(), 20)
            await second.claim()
            assert not place.verdicts()
            await second.judge()
            await second.rounds.settle()
            go_on.set()
            with pytest.raises(Lost):
                await first.rounds.settle()

    asyncio.run(run())
    assert place.verdicts() == Counter(events)
    assert place.batches() == [1]


def test_a_predecessor_that_wakes_after_its_successor_went_on_changes_nothing(place: Place) -> None:
    events = place.send(30)

    async def run() -> None:
        async with Hand(place, "first") as first, Hand(place, "second", generation=2) as second:
            await first.claim()
            await first.judge(10)
            await first.rounds.settle()
            reached, go_on = first.stop_before("send_batch")
            await first.judge(10)
            await asyncio.wait_for(reached.wait(), 20)
            await second.claim()
            await second.judge()
            await second.rounds.settle()
            go_on.set()
            with pytest.raises(RECOVERABLE):
                await first.rounds.settle()
            await first.judge()
            with pytest.raises(RECOVERABLE):
                await first.rounds.settle()

    asyncio.run(run())
    assert place.verdicts() == Counter(events)
    assert place.batches() == [1, 2, 3]


def test_two_workers_that_claim_at_once_judge_nothing_twice(place: Place) -> None:
    events = place.send(170)

    async def attempt(hand: Hand) -> None:
        with contextlib.suppress(*RECOVERABLE):
            await hand.claim()
            await hand.judge(20)
            await hand.rounds.settle()

    async def run() -> None:
        for _ in range(4):
            async with Hand(place, "first") as first, Hand(place, "second") as second:
                await asyncio.gather(attempt(first), attempt(second))
        async with Hand(place, "last") as last:
            await last.claim()
            await last.judge()
            await last.rounds.settle()

    asyncio.run(run())
    assert place.verdicts() == Counter(events)
    assert place.batches() == list(range(1, len(place.batches()) + 1))


def test_redis_that_comes_back_with_a_batch_never_published_is_wiped_and_rebuilt(place: Place) -> None:
    events = place.send(30)

    async def run() -> dict[bytes, bytes]:
        async with Hand(place, "first") as first, Hand(place, "second") as second, Hand(place, "third") as third:
            await first.claim()
            reached, _ = first.stop_before("begin_transaction")
            await first.judge(12)
            await asyncio.wait_for(reached.wait(), 20)
            kept = place.keep()
            place.put_back({})
            await second.claim()
            await second.judge(20)
            await second.rounds.settle()
            rebuilt = place.keep()
            place.put_back(kept)
            await third.claim()
            assert third.partition.n == 1
            assert third.partition.h == second.partition.h
            await third.judge()
            await third.rounds.settle()
            return rebuilt

    asyncio.run(run())
    assert place.verdicts() == Counter(events)
    assert place.batches() == [1, 2]
    recomputation = Recomputation(place.kafka, load_rules(), load_knowledge(("demo",), ()))
    recomputation.recompute_accounts(place.number)
    recomputation.compare_redis(place.redis, GROUP)
    assert recomputation.differences == []


def test_an_older_generation_may_not_claim_unless_by_force(place: Place) -> None:
    place.send(1)

    async def run() -> None:
        async with Hand(place, "young", generation=7) as young, Hand(place, "old", generation=6) as old:
            await young.claim()
            with pytest.raises(Lost):
                await old.claim()
            await young.judge()
            await young.rounds.settle()
            await old.claim(force=True)
            assert old.partition.n == 1

    asyncio.run(run())
    assert place.batches() == [1]


def test_a_hint_that_contradicts_the_journal_is_impossible_and_changes_nothing(place: Place) -> None:
    place.send(10)

    async def run() -> None:
        async with Hand(place, "first") as first, Hand(place, "second") as second:
            await first.claim()
            for _ in range(2):
                await first.judge(5)
                await first.rounds.settle()
            with redis_client.Redis.from_url(place.redis) as client:
                client.hset(f"{place.base}meta", "journal_at", 0)
            before = place.records(JOURNAL)
            with pytest.raises(Impossible, match="another record at offset 0"):
                await second.claim()
            assert second.partition.condition is not Condition.READY
            assert place.records(JOURNAL) == before

    asyncio.run(run())


def test_a_replay_whose_records_retention_took_away_is_impossible_and_loud(place: Place) -> None:
    place.send(10)

    async def run() -> None:
        async with Hand(place, "first") as first, Hand(place, "second") as second:
            await first.claim()
            await first.judge()
            await first.rounds.settle()
            place.put_back({})
            admin = AdminClient({"bootstrap.servers": place.kafka})
            for outcome in admin.delete_records([TopicPartition(WITHDRAWALS, place.number, 4)]).values():
                outcome.result(20)
            with pytest.raises(Impossible, match="retention"):
                await second.claim()

    asyncio.run(run())


def test_a_transaction_of_which_the_broker_refuses_a_record_shows_nothing_of_the_rest(place: Place) -> None:
    huge = Message("lockgate.alerts", b"key", b"x" * 1_200_000)  # above the 1 MiB that the broker takes
    fine = Message(VERDICTS, b"key", b'{"event_id": "fine"}')

    async def run() -> None:
        publisher = Publisher(KafkaAccess(place.kafka), f"lockgate-test-{secrets.token_hex(6)}")
        await publisher.start()
        try:
            record = ClaimRecord(0, 1, "", "", b"")
            with pytest.raises(MessageSizeTooLargeError):
                await publisher.publish([Publication(place.number, JOURNAL, (record,), (fine, huge))])
        finally:
            await publisher.stop()
        successor = Publisher(KafkaAccess(place.kafka), publisher.transactional_id)
        await successor.start()  # ends what was open
        await successor.stop()

    asyncio.run(run())
    assert place.records(VERDICTS) == []
    assert place.records(JOURNAL) == []
