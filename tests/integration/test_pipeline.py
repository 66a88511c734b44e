"""A worker between real Kafka and real Redis: what comes in, what goes out, and how it stops."""

import base64
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzzed import fuzzed_lines
from running import Worker, backlog, committed, lockgate, send, send_transfers, transfer, wait_until

from streams.components import Kafka, Redis

pytestmark = pytest.mark.integration

WITHDRAWALS, DEPOSITS = "exchange.withdrawals", "exchange.deposits"
_FATES = ("deposits", "withdrawals", "duplicates", "deadletters")


class Pipeline:
    """Servers with topics, and workers on demand."""

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

    def worker(self) -> Worker:
        worker = Worker(f"worker-{len(self.workers) + 1}", self.folder, self.environment)
        self.workers.append(worker)
        worker.start()
        return worker

    def wait_for_verdicts(self, events: set[str]) -> list[dict[str, object]]:
        """All verdicts, once those of `events` are among them."""
        verdicts: list[dict[str, object]] = []

        def complete() -> bool:
            verdicts[:] = committed(self.kafka.bootstrap, "lockgate.verdicts")
            return events <= {str(one["event_id"]) for one in verdicts}

        wait_until(complete, 60, "a verdict for every withdrawal")
        return verdicts

    def ledger(self) -> Counter[str]:
        """What became of all records so far, as the audit counts them."""
        rows = map(json.loads, lockgate(self.environment, "audit", "--json").stdout.splitlines())
        ledger: Counter[str] = Counter()
        for row in rows:
            if row.get("stage") == "accounts":
                ledger.update({name: row[name] for name in ("records", *_FATES)})
        return ledger

    def audit(self) -> dict[str, object]:
        outcome = lockgate(self.environment, "audit", "--json")
        summary: dict[str, object] = json.loads(outcome.stdout.splitlines()[-1])
        assert outcome.returncode == (0 if summary["clean"] else 1), outcome
        return summary


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("pipeline")
    with Kafka(folder / "kafka") as kafka, Redis(folder / "redis") as redis:
        made = Pipeline(folder, kafka, redis)
        created = lockgate(made.environment, "topics", "create", "--partitions", "2")
        assert created.returncode == 0, created
        yield made
        for worker in made.workers:
            worker.kill()


@pytest.fixture(scope="module")
def worker(pipeline: Pipeline) -> Iterator[Worker]:
    """One ready worker for all tests; it is stopped in good order, within ten seconds."""
    one = pipeline.worker()
    wait_until(lambda: one.ready, 60, "a ready worker")
    yield one
    assert not one.running or one.stop() < 10
    assert one.ended_by_itself == 0


def test_what_is_no_transfer_becomes_a_dead_letter_that_names_the_field(pipeline: Pipeline, worker: Worker) -> None:
    good = transfer(1)
    value = json.dumps(good).encode()
    deposit = json.dumps(transfer(2, kind="deposit")).encode()
    bad = {
        "value": (WITHDRAWALS, b"acct-1", None),
        "no key": (WITHDRAWALS, None, value),
        "other key": (WITHDRAWALS, b"acct-2", value),
        "kind": (WITHDRAWALS, b"acct-2", deposit),
        "json": (DEPOSITS, b"acct-2", b"\xff{"),
    }
    send(pipeline.kafka.bootstrap, [*bad.values(), (WITHDRAWALS, b"acct-1", value)])
    pipeline.wait_for_verdicts({"event-1"})
    wait_until(lambda: len(committed(pipeline.kafka.bootstrap, "lockgate.deadletters")) >= len(bad), 30, "dead letters")
    letters = committed(pipeline.kafka.bootstrap, "lockgate.deadletters")
    found = {(one["field"], one["reason"].partition(":")[0], base64.b64decode(one["original"])) for one in letters}
    assert found == {
        ("$", "the message has no value", b""),
        ("key", "the message has no key; it must be the account_id", value),
        ("key", "the key is not the account_id", value),
        ("kind", "a deposit does not belong on this topic", deposit),
        ("$", "not valid JSON", b"\xff{"),
    }
    assert all(one["source"]["topic"] in (WITHDRAWALS, DEPOSITS) for one in letters)


def test_a_transfer_sent_again_is_counted_and_not_judged_again(pipeline: Pipeline, worker: Worker) -> None:
    again = 'lockgate_records_total{outcome="duplicate",stage="accounts"}'
    send_transfers(pipeline.kafka.bootstrap, [transfer(10), transfer(11), transfer(10), transfer(10)])
    wait_until(lambda: worker.metric(again) == 2, 30, "two duplicates counted")
    verdicts = pipeline.wait_for_verdicts({"event-10", "event-11"})
    assert Counter(one["event_id"] for one in verdicts)["event-10"] == 1


def test_an_event_id_used_again_with_other_content_is_a_dead_letter(pipeline: Pipeline, worker: Worker) -> None:
    send_transfers(pipeline.kafka.bootstrap, [transfer(20), transfer(20, amount="26"), transfer(27)])
    verdicts = pipeline.wait_for_verdicts({"event-20", "event-27"})
    letters = [one for one in committed(pipeline.kafka.bootstrap, "lockgate.deadletters") if one["field"] == "event_id"]
    assert [one["reason"] for one in letters] == ["this event_id was used before with other content"]
    assert json.loads(base64.b64decode(letters[0]["original"]))["amount"] == "26"
    assert Counter(one["event_id"] for one in verdicts)["event-20"] == 1


def test_a_worker_is_not_ready_while_redis_is_away_and_goes_on_when_it_is_back(pipeline: Pipeline, worker: Worker) -> None:
    pipeline.redis.kill()
    try:
        wait_until(lambda: worker.ask("/readyz")[0] == 503, 30, "a worker that says it is not ready")
        send_transfers(pipeline.kafka.bootstrap, [transfer(30)])
        assert worker.ask("/healthz")[0] == 200
    finally:
        pipeline.redis.start()
    pipeline.wait_for_verdicts({"event-30"})
    wait_until(lambda: worker.ready, 30, "a ready worker")


def test_sigterm_moves_partitions_to_the_other_worker_and_nothing_is_lost(pipeline: Pipeline, worker: Worker) -> None:
    other = pipeline.worker()
    ready = 'lockgate_partitions{condition="ready",stage="accounts"}'
    wait_until(lambda: worker.metric(ready) == other.metric(ready) == 1, 60, "a partition for each of two workers")
    first = [transfer(number) for number in range(100, 400)]
    send_transfers(pipeline.kafka.bootstrap, first)
    assert other.stop() < 10
    assert other.ended_by_itself == 0
    second = [transfer(number) for number in range(400, 500)]
    send_transfers(pipeline.kafka.bootstrap, second)
    verdicts = pipeline.wait_for_verdicts({one["event_id"] for one in [*first, *second]})
    assert max(Counter(one["event_id"] for one in verdicts).values()) == 1
    wait_until(lambda: worker.metric(ready) == 2, 30, "both partitions at the one that stays")


def _as_messages(lines: Iterator[bytes]) -> Iterator[tuple[str, bytes | None, bytes | None]]:
    """Damaged lines under the key that can be read in them, if any; among them messages without key, value or both."""
    rng = random.Random(5)
    for line in lines:
        account = re.search(rb'"account_id": "([a-z0-9-]+)"', line)
        key = account[1] if account and rng.random() < 0.9 else rng.choice((None, b"", b"\x00", b"account-1"))
        yield rng.choice((DEPOSITS, WITHDRAWALS)), key, None if rng.random() < 0.02 else line


def test_fuzzed_messages_are_all_accounted_for(pipeline: Pipeline, worker: Worker) -> None:
    """A hundred thousand were tried by hand."""
    before = pipeline.ledger()
    messages = list(_as_messages(fuzzed_lines(4_000, seed=8)))
    send(pipeline.kafka.bootstrap, messages)
    wait_until(lambda: pipeline.ledger()["records"] == before["records"] + len(messages), 60, "all of them judged")
    assert pipeline.audit()["clean"]
    ledger = pipeline.ledger()
    assert sum(ledger[fate] for fate in _FATES) == ledger["records"]
    assert min(ledger[fate] - before[fate] for fate in ("deposits", "withdrawals", "deadletters")) > 200, ledger
    letters = committed(pipeline.kafka.bootstrap, "lockgate.deadletters")
    assert len(letters) == ledger["deadletters"]
    assert all(one["reason"] and one["field"] for one in letters)
    assert worker.ready


def test_the_audit_accounts_for_everything_that_went_before(pipeline: Pipeline, worker: Worker) -> None:
    send_transfers(pipeline.kafka.bootstrap, [transfer(600)])
    pipeline.wait_for_verdicts({"event-600"})
    wait_until(lambda: pipeline.audit()["lag"] == 0, 30, "nothing left to judge")
    summary = pipeline.audit()
    assert summary["clean"], summary
    assert summary["redis_checked"]


def test_the_audit_does_not_pass_when_it_cannot_ask_redis_unless_told_not_to(pipeline: Pipeline) -> None:
    nowhere = {**pipeline.environment, "LOCKGATE_REDIS": "redis://127.0.0.1:1/0"}
    unchecked = lockgate(nowhere, "audit", "--json")
    assert unchecked.returncode == 3
    assert "Redis does not answer" in unchecked.stdout
    assert lockgate(nowhere, "audit", "--json", "--no-redis").returncode == 0


def test_the_audit_of_a_kafka_that_is_away_says_so(pipeline: Pipeline) -> None:
    outcome = lockgate({**pipeline.environment, "LOCKGATE_KAFKA": "127.0.0.1:1"}, "audit", "--timeout", "1")
    assert outcome.returncode == 3
    assert outcome.stderr.count("\n") == 1
    assert "Kafka does not answer at 127.0.0.1:1" in outcome.stderr


def test_the_audit_names_a_verdict_that_nobody_asked_for(pipeline: Pipeline, worker: Worker) -> None:
    forged = {"event_id": "forged", "source": {"topic": WITHDRAWALS, "partition": 0, "offset": 0}}
    send(pipeline.kafka.bootstrap, [("lockgate.verdicts", b"acct-1", json.dumps(forged).encode())])
    summary = pipeline.audit()
    assert not summary["clean"]
    assert set(summary["faults_by_kind"]) <= {"verdict_stray", "verdict_twice"}  # type: ignore[call-overload]


def test_a_worker_stopped_right_after_its_last_verdict_leaves_no_backlog_behind(pipeline: Pipeline, worker: Worker) -> None:
    """The group's offsets are committed once a second; what was judged since then is committed at the end."""
    send_transfers(pipeline.kafka.bootstrap, [transfer(number) for number in range(700, 714)])
    pipeline.wait_for_verdicts({f"event-{number}" for number in range(700, 714)})
    assert worker.stop() < 10
    assert backlog(pipeline.kafka.bootstrap) == {WITHDRAWALS: 0, DEPOSITS: 0}


def test_a_worker_whose_kafka_is_gone_ends_at_once_when_asked_to(pipeline: Pipeline) -> None:
    last = pipeline.worker()
    wait_until(lambda: last.ready, 60, "a ready worker")
    pipeline.kafka.kill()
    wait_until(lambda: last.metric("lockgate_kafka_up") == 0, 30, "a worker that notices")
    assert last.running
    assert last.stop() < 7
    assert last.ended_by_itself == 0
