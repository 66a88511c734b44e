"""Rolling upgrades for real: two workers, replaced one after the other by others while transfers flow.

The others are of another rule set, or of another version whose states the first ones cannot read. Every withdrawal gets one
verdict all the same, and the audit finds everything in order.
"""

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from recompute import Reader
from running import LOCKGATE, Worker, committed, lockgate, send_transfers, transfer, wait_until

from streams.components import Kafka, Redis
from streams.delivery.journal import STATE_VERSION, BatchRecord, decode
from streams.settings import JOURNAL_ACCOUNTS

pytestmark = pytest.mark.integration

NEXT = STATE_VERSION + 1
# A Lockgate of the next version: what it stores begins with a byte that this version cannot read, and the other way round.
OF_THE_NEXT_VERSION = f"""
import sys
import streams.delivery.journal as journal

journal.STATE_VERSION = {NEXT}

import streams.accounts as accounts
import streams.counterparties as counterparties


def marked(pack):
    return lambda value: b"\\xc1" + pack(value)


def checked(read):
    def reading(packed):
        assert packed[:1] == b"\\xc1", "bytes of another version"
        return read(packed[1:])

    return reading


import streams.stored_address as stored_address
import streams.stored_profile as stored_profile

stored_profile._pack = marked(stored_profile._pack)
stored_profile._read_snapshot = checked(stored_profile._read_snapshot)
stored_profile._read_movement = checked(stored_profile._read_movement)
stored_address._pack = marked(stored_address._pack)
stored_address._read_head = checked(stored_address._read_head)
stored_address._read_dealing = checked(stored_address._read_dealing)
counterparties._pack = marked(counterparties._pack)
accounts._read_note = checked(accounts._read_note)

from streams.cli import main

main()
"""


class Installation:
    """Servers, a feed that does not stop, and workers on demand."""

    def __init__(self, folder: Path, kafka: Kafka, redis: Redis) -> None:
        self.folder = folder
        self.kafka = kafka
        self.redis = redis
        self.environment = {
            "LOCKGATE_KAFKA": kafka.bootstrap,
            "LOCKGATE_REDIS": redis.url,
            "LOCKGATE_SESSION_TIMEOUT": "6",
        }
        self.workers: list[Worker] = []
        self.sent = 0

    def worker(self, *, rules: Path | None = None, command: list[str] = LOCKGATE) -> Worker:
        own = {} if rules is None else {"LOCKGATE_RULES": str(rules)}
        worker = Worker(f"worker-{len(self.workers) + 1}", self.folder, {**self.environment, **own}, command=command)
        self.workers.append(worker)
        worker.start()
        return worker

    @contextmanager
    def transfers_flow(self) -> Iterator[None]:
        """Fifty withdrawals of seven accounts every half second, until all is done."""
        done = threading.Event()

        def feed() -> None:
            while not done.wait(0.5):
                numbers = range(self.sent, self.sent + 50)
                send_transfers(self.kafka.bootstrap, [transfer(number) for number in numbers])
                self.sent += 50

        feeding = threading.Thread(target=feed)
        feeding.start()
        try:
            yield
        finally:
            done.set()
            feeding.join()

    def verdicts(self) -> list[dict[str, Any]]:
        return committed(self.kafka.bootstrap, "lockgate.verdicts")

    def batches(self) -> list[BatchRecord]:
        """What the journals of both partitions hold."""
        reader = Reader(self.kafka.bootstrap)
        try:
            held = [decode(value or b"") for number in (0, 1) for _, _, value in reader.read(JOURNAL_ACCOUNTS, number)]
        finally:
            reader.close()
        return [record for record in held if isinstance(record, BatchRecord)]

    def roll(self, old: list[Worker], **to: Any) -> list[Worker]:
        """Replace the workers one by one, as deploy/README.md says."""
        young = []
        for worker in old:
            assert worker.stop() < 10
            young.append(self.worker(**to))
            wait_until(lambda: young[-1].ready, 90, "the worker that took its place")
        return young

    def audit(self, command: list[str] = LOCKGATE) -> dict[str, Any]:
        outcome = lockgate(self.environment, "audit", "--json", command=command)
        summary: dict[str, Any] = json.loads(outcome.stdout.splitlines()[-1])
        return summary


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with Kafka(tmp_path / "kafka") as kafka, Redis(tmp_path / "redis") as redis:
        made = Installation(tmp_path, kafka, redis)
        assert lockgate(made.environment, "topics", "create", "--partitions", "2").returncode == 0
        yield made
        for worker in made.workers:
            worker.kill()


def two_ready(installation: Installation) -> list[Worker]:
    workers = [installation.worker(), installation.worker()]
    ready = 'lockgate_partitions{condition="ready",stage="accounts"}'
    wait_until(lambda: all(worker.metric(ready) == 1 for worker in workers), 90, "a partition for each of two workers")
    return workers


def everything_has_one_verdict(installation: Installation) -> None:
    """Each withdrawal comes to have a verdict, and none a second one."""
    wanted = {f"event-{number}" for number in range(installation.sent)}
    wait_until(lambda: wanted <= {one["event_id"] for one in installation.verdicts()}, 90, "a verdict for every withdrawal")
    verdicts = installation.verdicts()
    assert set(Counter(one["event_id"] for one in verdicts).values()) == {1}
    assert {one["event_id"] for one in verdicts} == wanted


def test_workers_with_other_rules_take_over_while_transfers_flow(installation: Installation, tmp_path: Path) -> None:
    built_in = Path(__file__).resolve().parents[2] / "rules/laundering/velocity.toml"
    changed = tmp_path / "rules" / "laundering" / "velocity.toml"
    changed.parent.mkdir(parents=True)
    changed.write_text(built_in.read_text("utf-8").replace('status = "live"', 'status = "shadow"', 1), "utf-8")
    old = two_ready(installation)
    with installation.transfers_flow():
        wait_until(lambda: len(installation.verdicts()) > 100, 60, "verdicts by the old rules")
        young = installation.roll(old, rules=tmp_path / "rules")
        judged = len(installation.verdicts())
        wait_until(lambda: len(installation.verdicts()) > judged + 100, 60, "verdicts by the new rules")
    everything_has_one_verdict(installation)
    assert len({batch.ruleset for batch in installation.batches()}) == 2
    wait_until(lambda: installation.audit()["lag"] == 0, 30, "nothing left to judge")
    summary = installation.audit()
    assert summary["clean"], summary
    installation.redis.flush()  # what was judged by the rules of then is rebuilt by the rules of then
    replayed = 'lockgate_replayed_batches_total{{stage="accounts",verified="{}"}}'
    wait_until(lambda: all(worker.metric(replayed.format("yes")) for worker in young), 60, "a rebuilt Redis")
    wait_until(lambda: all(worker.ready for worker in young), 60, "ready workers")
    assert [worker.metric(replayed.format("no")) for worker in young] == [0, 0]


def test_workers_of_another_state_version_take_over_and_may_give_back(installation: Installation) -> None:
    following = [sys.executable, "-c", OF_THE_NEXT_VERSION]
    old = two_ready(installation)
    with installation.transfers_flow():
        wait_until(lambda: len(installation.verdicts()) > 100, 60, "verdicts by this version")
        young = installation.roll(old, command=following)
        judged = len(installation.verdicts())
        wait_until(lambda: len(installation.verdicts()) > judged + 100, 60, "verdicts by the next version")
        wait_until(lambda: all(worker.ready for worker in young), 30, "ready workers")
        back = installation.roll(young)
        judged = len(installation.verdicts())
        wait_until(lambda: len(installation.verdicts()) > judged + 100, 60, "verdicts by this version again")
    everything_has_one_verdict(installation)
    assert {batch.version for batch in installation.batches()} == {STATE_VERSION, NEXT}
    bugs = [worker.logged("session failed for an unknown reason") for worker in installation.workers]
    assert bugs == [[]] * 6
    wait_until(lambda: installation.audit()["lag"] == 0, 30, "nothing left to judge")
    summary = installation.audit()
    assert summary["clean"], summary
    assert all(worker.ready for worker in back)
    with redis_client.Redis.from_url(installation.redis.url) as client:
        versions = {key.split(b":")[3].decode() for key in client.scan_iter(count=1_000)}
    assert versions == {f"v{STATE_VERSION}", f"v{NEXT}"}
