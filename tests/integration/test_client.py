"""The client, and the example service built on it, in front of a real worker."""

import asyncio
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from running import Worker, committed, lockgate, transfer, wait_until

from rules.messages import Decision
from rules.transfer import BadTransfer, Kind, Transfer
from streams.client import Answer, Client, NotReady, open_client
from streams.components import EmbeddedBroker, Kafka, Redis
from streams.scenarios import DEMO_LISTED
from streams.settings import load_settings

pytestmark = pytest.mark.integration

EXAMPLE = Path(__file__).parents[2] / "examples" / "payouts.py"
T = TypeVar("T")


@dataclass
class Place:
    folder: Path
    kafka: Kafka
    environment: dict[str, str]

    def use(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Run some work with a client of its own."""

        async def run() -> T:
            async with open_client(load_settings(environ=self.environment)) as client:
                return await work(client)

        return asyncio.run(run())

    def ask(self, withdrawal: Transfer, seconds: float = 60) -> Answer:
        return self.use(lambda client: client.ask(withdrawal, timeout_seconds=seconds))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("client")
    with Kafka(folder / "kafka") as kafka, Redis(folder / "redis") as redis:
        environment = {"LOCKGATE_KAFKA": kafka.bootstrap, "LOCKGATE_REDIS": redis.url, "LOCKGATE_SESSION_TIMEOUT": "6"}
        with pytest.raises(NotReady, match=r"lockgate\.verdicts"):
            Place(folder, kafka, environment).ask(withdrawal(0))
        assert lockgate(environment, "topics", "create", "--partitions", "2").returncode == 0
        yield Place(folder, kafka, environment)


@pytest.fixture(scope="module")
def worker(place: Place) -> Iterator[Worker]:
    one = Worker("worker", place.folder, place.environment)
    one.start()
    wait_until(lambda: one.ready, 60, "a ready worker")
    yield one
    one.kill()


def withdrawal(number: int, **changes: Any) -> Transfer:
    return msgspec.convert(transfer(number, **changes), Transfer)


def test_without_a_worker_the_answer_is_hold_in_time_and_afterwards_the_verdict(place: Place) -> None:
    started = time.monotonic()
    answer = place.ask(withdrawal(1), seconds=1)
    assert (answer.decision, answer.source, answer.reason) == (Decision.HOLD, None, "no verdict within 1 s")
    assert time.monotonic() - started < 15
    worker = Worker("late", place.folder, place.environment)
    worker.start()
    try:
        again = place.ask(withdrawal(1), seconds=60)
        assert (again.decision, again.reason) == (Decision.RELEASE, "verdict")
    finally:
        worker.stop()


def test_a_release_a_rejection_and_many_at_once(place: Place, worker: Worker) -> None:
    async def work(client: Client) -> list[Answer]:
        await client.tell(withdrawal(10, kind="deposit"))
        many = [withdrawal(number) for number in range(11, 61)]
        return await asyncio.gather(
            client.ask(withdrawal(70, addresses=[DEMO_LISTED]), timeout_seconds=60),
            *(client.ask(one, timeout_seconds=60) for one in many),
        )

    listed, *ordinary = place.use(work)
    assert listed.decision is Decision.REJECT
    assert len(listed.alert_ids) == 1
    assert [answer.event_id for answer in ordinary] == [f"event-{number}" for number in range(11, 61)]
    assert {answer.decision for answer in ordinary} == {Decision.RELEASE}


def test_asking_again_is_answered_by_the_verdict_there_is_and_judged_once(place: Place, worker: Worker) -> None:
    first = place.ask(withdrawal(80))
    again = place.ask(withdrawal(80))
    assert first == again
    assert sum(one["event_id"] == "event-80" for one in committed(place.kafka.bootstrap, "lockgate.verdicts")) == 1


def test_an_id_used_for_another_transfer_never_borrows_its_release(place: Place, worker: Worker) -> None:
    assert place.ask(withdrawal(90)).decision is Decision.RELEASE
    other = place.ask(withdrawal(90, addresses=[DEMO_LISTED]))
    assert (other.decision, other.source) == (Decision.HOLD, None)
    assert "another transfer" in other.reason


def test_what_is_no_transfer_is_the_caller_s_fault_and_nothing_is_sent(place: Place) -> None:
    async def work(client: Client) -> None:
        for bad in (withdrawal(1, value_usd="1e400"), withdrawal(1, occurred_at=5)):
            with pytest.raises(BadTransfer):
                await client.ask(bad, timeout_seconds=5)
        with pytest.raises(BadTransfer):
            await client.ask(withdrawal(1, kind="deposit"), timeout_seconds=5)
        with pytest.raises(BadTransfer):
            await client.tell(withdrawal(1))

    before = len(committed(place.kafka.bootstrap, "exchange.withdrawals"))
    place.use(work)
    assert len(committed(place.kafka.bootstrap, "exchange.withdrawals")) == before
    assert withdrawal(1).kind is Kind.WITHDRAWAL


def test_the_example_sends_what_is_released_and_nothing_else(place: Place, worker: Worker) -> None:
    path = place.folder / "payouts.sqlite"
    script = [sys.executable, str(EXAMPLE), str(path), "--once"]
    environment = {**os.environ, **place.environment}
    subprocess.run(script, env=environment, check=True, timeout=180)  # makes the table
    with sqlite3.connect(path) as table:
        for name, address, value in (("p-1", f"0x{7:040x}", "1500"), ("p-2", DEMO_LISTED, "1500"), ("p-3", "0x7", "much")):
            table.execute(
                "insert into payouts (id, account, asset, network, amount, value_usd, address, requested_at) "
                "values (?, 'customer-1', 'ETH', 'ethereum', '0.5', ?, ?, '2026-01-01T00:00:00+00:00')",
                (name, value, address),
            )
    done = subprocess.run(script, env=environment, check=True, timeout=180, capture_output=True, text=True)
    outcomes = sorted(line.split(":")[0] for line in done.stdout.splitlines())
    assert outcomes == [
        "BROADCAST p-1",
        "INVALID p-3",
        "REJECTED p-2",
    ]
    assert "INVALID p-3: value_usd: " in done.stdout
    with sqlite3.connect(path) as table:
        rows = dict(table.execute("select id, status from payouts"))
    assert rows == {"p-1": "sent", "p-2": "rejected", "p-3": "invalid"}
    again = subprocess.run(script, env=environment, check=True, timeout=180, capture_output=True, text=True)
    assert again.stdout == ""


def test_the_example_says_in_one_line_what_it_lacks(tmp_path: Path) -> None:
    def said(bootstrap: str) -> str:
        script = [sys.executable, str(EXAMPLE), str(tmp_path / "payouts.sqlite"), "--once"]
        environment = {**os.environ, "LOCKGATE_KAFKA": bootstrap}
        done = subprocess.run(script, env=environment, timeout=180, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert "Traceback" not in done.stderr
        return done.stderr.splitlines()[-1]  # aiokafka logs its attempts

    with EmbeddedBroker(tmp_path / "embedded") as without_topics:
        assert re.fullmatch(r"payouts: no topics .*: `lockgate topics create`", said(without_topics.bootstrap))
    assert re.fullmatch(r"payouts: Kafka does not answer at .*", said("127.0.0.1:1"))
    assert re.fullmatch(r"payouts: kafka: .*", said("nowhere"))


def test_with_kafka_away_the_answer_is_hold_and_the_same_client_goes_on_when_it_is_back(
    place: Place, worker: Worker
) -> None:
    async def work(client: Client) -> tuple[Answer, Answer]:
        await asyncio.to_thread(place.kafka.kill)
        away = await client.ask(withdrawal(99), timeout_seconds=2)
        await asyncio.to_thread(place.kafka.start)
        return away, await client.ask(withdrawal(99), timeout_seconds=60)

    away, back = place.use(work)
    assert (away.decision, away.source) == (Decision.HOLD, None)
    assert (back.decision, back.reason) == (Decision.RELEASE, "verdict")
