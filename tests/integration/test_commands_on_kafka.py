"""`topics`, `feed` and the follow commands against a real Kafka, and against the embedded broker.

The commands use the topics' own names, so that the brokers here are not shared with other tests.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.partitioner import DefaultPartitioner

from streams.components import EmbeddedBroker, Kafka
from streams.components.network import free_port

pytestmark = pytest.mark.integration

SOURCES = ("exchange.deposits", "exchange.withdrawals")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Kafka(tmp_path_factory.mktemp("commands")) as kafka:
        created = _run(kafka.bootstrap, "topics", "create", "--partitions", "3")
        assert created.returncode == 0, created
        yield kafka.bootstrap


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedBroker(tmp_path_factory.mktemp("embedded-commands")) as tansu:
        yield tansu.bootstrap


def _command(servers: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    program = [sys.executable, "-c", "from streams.cli import main; main()", *arguments]
    return program, {**os.environ, "LOCKGATE_KAFKA": servers}


def _run(servers: str, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program, environment = _command(servers, *arguments)
    return subprocess.run(program, env=environment, input=given, capture_output=True, timeout=180, check=False)


def _start(servers: str, *arguments: str, **pipes: Any) -> subprocess.Popen[bytes]:
    program, environment = _command(servers, *arguments)
    return subprocess.Popen(program, env=environment, **pipes)


def _transfer(number: int, **changes: Any) -> bytes:
    transfer = {
        "event_id": f"e{number}",
        "kind": "withdrawal" if number % 3 == 0 else "deposit",
        "account_id": f"acct-{number % 7}",
        "asset": "USDT",
        "amount": "1",
        "value_usd": "1",
        "addresses": ["0x098B716B8Aaf21512996dC57EB0615e2383E2f96"],
        "occurred_at": 1767225600000 + number,
    }
    return json.dumps({**transfer, **changes}).encode()


async def _ends(servers: str, *topics: str) -> dict[TopicPartition, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers)
    await consumer.start()
    try:
        places = [TopicPartition(topic, number) for topic in topics for number in range(3)]
        ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
        return ends
    finally:
        await consumer.stop()


async def _records(servers: str, since: dict[TopicPartition, int]) -> list[Any]:
    """Everything after the offsets."""
    ends = await _ends(servers, *{place.topic for place in since})
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, isolation_level="read_committed")
    await consumer.start()
    found = []
    try:
        consumer.assign(list(since))
        for place, offset in since.items():
            consumer.seek(place, offset)
        while len(found) < sum(ends.values()) - sum(since.values()):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += records
    finally:
        await consumer.stop()
    return found


def _fed(servers: str, *arguments: str, given: bytes) -> tuple[dict[str, Any], list[Any]]:
    """The command's summary and the records it sent."""
    before = asyncio.run(_ends(servers, *SOURCES))
    done = _run(servers, "feed", "-", *arguments, given=given)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), asyncio.run(_records(servers, before))


async def _send(servers: str, topic: str, *values: bytes, commit: bool | None = None) -> None:
    """Send messages: plainly, or in a transaction that is committed or aborted."""
    name = None if commit is None else f"test-{topic}"
    producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=name)
    await producer.start()
    try:
        if commit is not None:
            await producer.begin_transaction()
        for number, value in enumerate(values):
            await producer.send_and_wait(topic, value, partition=number % 3)
        if commit is not None:
            await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()


async def _set(servers: str, topic: str, **settings: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        named = {name.replace("_", "."): value for name, value in settings.items()}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, named)])
    finally:
        await admin.close()


def test_creating_topics_twice_changes_nothing_and_the_check_is_clean(broker: str) -> None:
    again = _run(broker, "topics", "create")
    assert (again.returncode, json.loads(again.stdout)) == (0, {"topics": 10, "wrong": 0})
    checked = _run(broker, "topics", "check", "--partitions", "3")
    assert (checked.returncode, json.loads(checked.stdout)) == (0, {"topics": 10, "wrong": 0})


def test_the_check_finds_a_journal_that_would_be_compacted_and_forgotten(broker: str) -> None:
    journal = "lockgate.journal.accounts"
    asyncio.run(_set(broker, journal, cleanup_policy="compact", retention_ms="1000", max_message_bytes="8388608"))
    try:
        checked = _run(broker, "topics", "check")
    finally:
        right = {"cleanup_policy": "delete", "retention_ms": "-1", "retention_bytes": "-1"}
        asyncio.run(_set(broker, journal, **right, max_message_bytes="8388608"))
    *remarks, summary = [json.loads(line) for line in checked.stdout.splitlines()]
    assert checked.returncode == 1
    assert [remark["topic"] for remark in remarks] == [journal, journal]
    assert all(remark["fault"] and "kafka-configs.sh" in remark["remedy"] for remark in remarks)
    assert summary == {"topics": 10, "wrong": 1}
    assert _run(broker, "topics", "check").returncode == 0


def test_topics_are_created_and_checked_on_the_embedded_broker(embedded: str) -> None:
    missing = _run(embedded, "topics", "check")
    assert missing.returncode == 1
    assert json.loads(missing.stdout.splitlines()[-1]) == {"topics": 0, "wrong": 10}
    assert _run(embedded, "topics", "create", "--partitions", "2").returncode == 0
    checked = _run(embedded, "topics", "check", "--partitions", "2")
    assert (checked.returncode, json.loads(checked.stdout)) == (0, {"topics": 10, "wrong": 0})


def test_fed_lines_arrive_unchanged_under_their_account_in_kafkas_own_partition(broker: str) -> None:
    lines = [_transfer(number) for number in range(500)]
    summary, records = _fed(broker, given=b"\n".join(lines))
    assert (summary["lines"], summary["deposits"], summary["withdrawals"], summary["bad"]) == (500, 333, 167, 0)
    assert sorted(record.value for record in records) == sorted(lines)
    for record in records:
        transfer = json.loads(record.value)
        assert record.key == transfer["account_id"].encode()
        assert record.topic == f"exchange.{transfer['kind']}s"
        assert record.partition == DefaultPartitioner()(record.key, [0, 1, 2], [0, 1, 2])


def test_transfers_of_an_account_keep_their_order(broker: str) -> None:
    _, records = _fed(broker, given=b"\n".join(_transfer(number) for number in range(2000)))
    by_account: dict[tuple[str, bytes], list[tuple[int, int]]] = {}
    for record in records:
        number = int(json.loads(record.value)["event_id"][1:])
        by_account.setdefault((record.topic, record.key), []).append((record.offset, number))
    for places in by_account.values():
        assert [number for _, number in sorted(places)] == sorted(number for _, number in places)


def test_bad_lines_are_sent_to_become_dead_letters_under_what_can_be_read_of_them(broker: str) -> None:
    bad = {
        b"no json": ("exchange.deposits", None),
        _transfer(3, value_usd=5): ("exchange.withdrawals", b"acct-3"),
        b'{"account_id": "acct-1"}': ("exchange.deposits", b"acct-1"),
        b'{"kind": "withdrawal", "account_id": 7}': ("exchange.withdrawals", None),
    }
    summary, records = _fed(broker, given=b"\n".join([*bad, _transfer(1)]))
    assert (summary["lines"], summary["bad"], summary["skipped"], summary["deposits"]) == (5, 4, 0, 1)
    sent = {record.value: (record.topic, record.key) for record in records}
    assert {value: sent[value] for value in bad} == bad


def test_bad_lines_can_be_skipped_and_lines_too_long_always_are(broker: str) -> None:
    given = b"\n".join([b"no json", _transfer(1), _transfer(2, memo="x" * 1_100_000)])
    summary, records = _fed(broker, "--bad-lines", "skip", given=given)
    assert (summary["bad"], summary["skipped"], summary["deposits"]) == (2, 2, 1)
    assert [record.value for record in records] == [_transfer(1)]


def test_a_steady_rate_is_kept(broker: str) -> None:
    given = b"\n".join(_transfer(number) for number in range(300))
    took = [_fed(broker, "--rate", "200", given=given)[0]["seconds"] for _ in range(3)]
    assert min(took) >= 1.3
    assert min(took) <= 3, "a busy machine may be late, but not each time"


def test_a_line_from_a_pipe_that_stays_open_arrives_at_once(broker: str) -> None:
    before = asyncio.run(_ends(broker, *SOURCES))
    feeding = _start(broker, "feed", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert feeding.stdin is not None
    feeding.stdin.write(_transfer(1) + b"\n")
    feeding.stdin.flush()
    deadline = time.monotonic() + 30
    while asyncio.run(_ends(broker, *SOURCES)) == before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [record.value for record in asyncio.run(_records(broker, before))] == [_transfer(1)]
    feeding.send_signal(signal.SIGINT)  # the pipe is still open: the end asked for is noticed all the same
    out, _ = feeding.communicate(timeout=180)
    assert (feeding.returncode, json.loads(out)["lines"]) == (0, 1)


def test_each_line_arrives_once_though_the_broker_is_killed_and_started_again(tmp_path: Path) -> None:
    with Kafka(tmp_path) as kafka:
        created = _run(kafka.bootstrap, "topics", "create", "--partitions", "3")
        assert created.returncode == 0, created
        before = asyncio.run(_ends(kafka.bootstrap, *SOURCES))
        path = tmp_path / "transfers.jsonl"
        path.write_bytes(b"\n".join(_transfer(number) for number in range(20_000)))
        feeding = _start(kafka.bootstrap, "feed", str(path), "--rate", "8000", stdout=subprocess.PIPE)
        following = _start(kafka.bootstrap, "alerts", "--timeout", "60", stdout=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while asyncio.run(_ends(kafka.bootstrap, *SOURCES)) == before and time.monotonic() < deadline:
            time.sleep(0.1)
        kafka.kill()
        kafka.start()
        feeding.communicate(timeout=180)
        records = asyncio.run(_records(kafka.bootstrap, before))
        kafka.kill()
        following.send_signal(signal.SIGINT)
        following.communicate(timeout=60)
    assert (feeding.returncode, following.returncode) == (0, 0)
    ids = [json.loads(record.value)["event_id"] for record in records]
    assert len(ids) == len(set(ids)) == 20_000


def test_a_scenario_is_fed_and_its_labels_are_written(broker: str, tmp_path: Path) -> None:
    before = asyncio.run(_ends(broker, *SOURCES))
    done = _run(broker, "feed", "--scenario", "demo", "--labels", str(tmp_path / "labels.json"))
    records = asyncio.run(_records(broker, before))
    assert (done.returncode, json.loads(done.stdout)["bad"]) == (0, 0)
    sent = {json.loads(record.value)["event_id"] for record in records}
    labels = json.loads((tmp_path / "labels.json").read_text())
    assert labels["structuring-1"]["type"] == "structuring"
    assert sent.issuperset(event for label in labels.values() for event in label["events"])


def test_a_scenario_can_be_written_and_the_file_fed(embedded: str, tmp_path: Path) -> None:
    path = tmp_path / "demo.jsonl"
    written = _run(embedded, "feed", "--scenario", "demo", "--write", str(path))
    assert _run(embedded, "topics", "create").returncode == 0
    fed = _run(embedded, "feed", str(path), "--limit", "100")
    assert json.loads(written.stdout)["lines"] == len(path.read_bytes().splitlines())
    assert (fed.returncode, json.loads(fed.stdout)["lines"]) == (0, 100)


@pytest.mark.parametrize("command", [("feed", "--scenario", "demo"), ("alerts",), ("topics", "check")])
def test_a_kafka_that_does_not_answer_is_one_line_and_exit_code_3(command: tuple[str, ...]) -> None:
    done = _run(f"127.0.0.1:{free_port()}", *command, "--timeout", "0.5")
    assert done.returncode == 3
    assert done.stdout == b""
    assert done.stderr.startswith(b"lockgate: Kafka does not answer at 127.0.0.1:")
    assert done.stderr.count(b"\n") == 1


def test_feeding_without_topics_says_what_to_run(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as tansu:
        fed = _run(tansu.bootstrap, "feed", "-", given=_transfer(1))
        followed = _run(tansu.bootstrap, "alerts", "--timeout", "1")
    assert (fed.returncode, followed.returncode) == (1, 1)
    assert b"lockgate topics create" in fed.stderr
    assert b"lockgate topics create" in followed.stderr


@pytest.mark.parametrize("wrong", [(), ("-", "--scenario", "demo"), ("-", "--repeat", "2"), ("-", "--labels", "x")])
def test_wrong_usage_ends_with_exit_code_2_before_kafka_is_asked(wrong: tuple[str, ...]) -> None:
    done = _run("127.0.0.1:1", "feed", *wrong)
    assert done.returncode == 2
    assert b"Error:" in done.stderr


def test_an_unreadable_file_ends_with_exit_code_2(embedded: str, tmp_path: Path) -> None:
    assert _run(embedded, "topics", "create").returncode == 0
    path = tmp_path / "broken.json"
    path.write_text('[{"id": 1')
    done = _run(embedded, "feed", str(path))
    assert done.returncode == 2
    assert b"broken.json" in done.stderr


def test_following_shows_committed_messages_of_all_partitions_only(broker: str) -> None:
    topic = "lockgate.verdicts"
    asyncio.run(_send(broker, topic, b'{"n": 1}', b'{"n": 2}', b'{\n "n": 3}', commit=True))
    asyncio.run(_send(broker, topic, b'{"n": 4}', commit=False))
    asyncio.run(_send(broker, topic, b'{"n": 5}'))
    done = _run(broker, "verdicts", "--from-beginning", "--idle-exit", "1")
    assert done.returncode == 0
    assert sorted(json.loads(line)["n"] for line in done.stdout.splitlines()) == [1, 2, 3, 5]


def test_following_ends_at_its_limit(broker: str) -> None:
    asyncio.run(_send(broker, "lockgate.alerts", *(b'{"n": %d}' % number for number in range(9))))
    done = _run(broker, "alerts", "--from-beginning", "--limit", "4")
    assert (done.returncode, done.stdout.count(b"\n")) == (0, 4)


def test_following_from_now_leaves_out_what_was_there_and_ctrl_c_ends_it(broker: str) -> None:
    topic = "lockgate.deadletters"
    asyncio.run(_send(broker, topic, b'"old"'))
    following = _start(broker, "deadletters", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert following.stdout is not None
    os.set_blocking(following.stdout.fileno(), False)
    seen, deadline = b"", time.monotonic() + 60
    while not seen and time.monotonic() < deadline:  # the first ones may be sent before it follows
        asyncio.run(_send(broker, topic, b'"new"'))
        time.sleep(0.2)
        seen = following.stdout.read() or b""
    following.send_signal(signal.SIGINT)
    _, errors = following.communicate(timeout=60)
    assert set(seen.splitlines()) == {b'"new"'}
    assert (following.returncode, errors) == (0, b"")


def test_a_reader_that_has_seen_enough_ends_the_follower_quietly(broker: str) -> None:
    asyncio.run(_send(broker, "lockgate.alerts", *(b'{"text": "%s"}' % (b"x" * 900) for _ in range(300))))
    following = _start(broker, "alerts", "--from-beginning", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert following.stdout is not None
    following.stdout.read(10)
    following.stdout.close()
    asyncio.run(_send(broker, "lockgate.alerts", *(b'{"text": "%s"}' % (b"x" * 900) for _ in range(300))))
    assert following.wait(timeout=60) == 0
    assert following.stderr is not None
    assert following.stderr.read() == b""
    following.stderr.close()


def test_a_follower_waits_for_its_topic_to_be_created(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as tansu:
        following = _start(
            tansu.bootstrap, "verdicts", "--from-beginning", "--limit", "1", "--timeout", "30", stdout=subprocess.PIPE
        )
        time.sleep(1)
        assert _run(tansu.bootstrap, "topics", "create", "--partitions", "3").returncode == 0
        asyncio.run(_send(tansu.bootstrap, "lockgate.verdicts", b'{"late": true}'))
        out, _ = following.communicate(timeout=60)
    assert (following.returncode, out) == (0, b'{"late": true}\n')


def test_a_backtest_of_the_topics_finds_what_screening_the_same_transfers_finds(broker: str, tmp_path: Path) -> None:
    written = _run(broker, "feed", "--scenario", "demo", "--write", "-").stdout
    assert _run(broker, "feed", "-", given=written).returncode == 0
    file = tmp_path / "alerts.jsonl"
    tested = _run(broker, "backtest", "exchange.withdrawals", "--alerts", str(file), "--processes", "2")
    assert tested.returncode == 0, tested.stderr
    screened = [json.loads(line)["alert_id"] for line in _run(broker, "screen", "-", given=written).stdout.splitlines()]
    found = [json.loads(line)["alert_id"] for line in file.read_bytes().splitlines()]
    facts = json.loads(tested.stdout)
    assert set(screened) <= set(found)
    assert len(screened) > 10
    assert facts["records"]["deposits"] > 0 < facts["records"]["withdrawals"]
    assert facts["records"]["lines"] == sum(asyncio.run(_ends(broker, *SOURCES)).values())
