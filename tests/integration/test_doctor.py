"""`lockgate doctor` against real servers, well set up and badly."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import Worker, wait_until

from streams.components import EmbeddedBroker, Kafka, Redis
from streams.components.network import free_port

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def kafka_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker whose topics are this module's alone."""
    with Kafka(tmp_path_factory.mktemp("doctor")) as kafka:
        yield kafka


def lockgate(*arguments: str, kafka: str, redis: str) -> subprocess.CompletedProcess[bytes]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOCKGATE_")}
    return subprocess.run(
        [sys.executable, "-c", "from streams.cli import main; main()", *arguments],
        env={**inherited, "LOCKGATE_KAFKA": kafka, "LOCKGATE_REDIS": redis},
        capture_output=True,
        timeout=180,
        check=False,
    )


def examined(kafka: str, redis: str, *, timeout_seconds: int = 30) -> tuple[int, list[dict[str, Any]]]:
    done = lockgate("doctor", "--timeout", str(timeout_seconds), kafka=kafka, redis=redis)
    assert b"Traceback" not in done.stderr, done
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def faults(checks: list[dict[str, Any]]) -> set[str]:
    return {check["name"] for check in checks if check["level"] == "fail"}


def test_missing_topics_are_named_with_the_command_that_mends_them(kafka_alone: Kafka, redis_server: Redis) -> None:
    code, checks = examined(kafka_alone.bootstrap, redis_server.url)
    assert (code, faults(checks)) == (1, {"topics"})
    [topics] = [check for check in checks if check["level"] == "fail"]
    assert "exchange.withdrawals" in topics["found"]
    assert topics["fix"] == "lockgate topics create"
    assert lockgate(*topics["fix"].split()[1:], kafka=kafka_alone.bootstrap, redis=redis_server.url).returncode == 0
    code, checks = examined(kafka_alone.bootstrap, redis_server.url)
    assert (code, faults(checks)) == (0, set())
    right = {check["name"] for check in checks if check["level"] == "ok"}
    assert {"kafka", "transactions", "topics", "redis", "redis persistence", "redis clock", "rules"} <= right
    assert all(check["fix"] for check in checks if check["level"] == "warn")
    told = lockgate("topics", "check", "--json", kafka=kafka_alone.bootstrap, redis=redis_server.url).stdout
    [found] = [check["found"] for check in checks if check["name"] == "topics"]
    assert found.startswith(f"all {json.loads(told)['topics']} are there"), "doctor and `topics check` look at the same"


def test_workers_of_another_group_on_the_same_topics_are_found_out(
    kafka_alone: Kafka, redis_server: Redis, tmp_path: Path
) -> None:
    servers = {"LOCKGATE_KAFKA": kafka_alone.bootstrap, "LOCKGATE_REDIS": redis_server.url, "LOCKGATE_SESSION_TIMEOUT": "6"}
    worker = Worker("worker", tmp_path, {**servers, "LOCKGATE_GROUP": "blue"})
    worker.start()
    try:
        wait_until(lambda: worker.ready, 90, "a ready worker")

        def found() -> dict[str, dict[str, Any]]:
            checks = {check["name"]: check for check in examined(kafka_alone.bootstrap, redis_server.url)[1]}
            return {"groups": checks["groups"], "rights": checks["rights"]}

        wait_until(lambda: found()["groups"]["level"] == "fail", 90, "the other group is seen")
        assert "blue (1)" in found()["groups"]["found"]
        assert "lockgate acls" in found()["rights"]["fix"], "this broker lets everybody delete the journals"
        done = lockgate("doctor", "--group", "blue", kafka=kafka_alone.bootstrap, redis=redis_server.url)
        assert "only blue judges these topics, 1 worker of it" in done.stdout.decode()
    finally:
        worker.kill()


def test_a_redis_that_drops_keys_and_keeps_nothing_is_found_out(kafka_alone: Kafka, tmp_path: Path) -> None:
    careless = {"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}
    with Redis(tmp_path, appendonly=False, settings=careless) as redis:
        code, checks = examined(kafka_alone.bootstrap, redis.url)
    assert code == 1
    assert "redis eviction" in faults(checks)
    assert {check["name"]: check["level"] for check in checks}["redis persistence"] == "warn"


def test_a_broker_without_transactions_is_found_out(embedded_broker: EmbeddedBroker, redis_server: Redis) -> None:
    code, checks = examined(embedded_broker.bootstrap, redis_server.url)
    assert code == 1
    assert "transactions" in faults(checks)


def test_a_replica_is_found_out(kafka_alone: Kafka, redis_server: Redis, tmp_path: Path) -> None:
    with Redis(tmp_path, settings={"replicaof": f"127.0.0.1 {redis_server.port}"}) as replica:
        code, checks = examined(kafka_alone.bootstrap, replica.url)
    assert (code, "redis" in faults(checks)) == (1, True)


def test_what_does_not_answer_gives_exit_code_3_and_the_rest_is_still_checked(redis_server: Redis) -> None:
    nowhere = free_port()
    code, checks = examined(f"127.0.0.1:{nowhere}", redis_server.url, timeout_seconds=5)
    assert code == 3
    assert [check["name"] for check in checks if check["unreachable"]] == ["kafka"]
    assert "redis memory" in {check["name"] for check in checks}
    code, checks = examined(f"127.0.0.1:{nowhere}", f"redis://:secret@127.0.0.1:{nowhere}/0", timeout_seconds=5)
    assert (code, [check["name"] for check in checks if check["unreachable"]]) == (3, ["kafka", "redis"])
    assert "secret" not in json.dumps(checks)


def test_wrong_settings_are_all_named() -> None:
    done = lockgate("doctor", "--group", "a b", kafka="nowhere", redis="http://x")
    assert done.returncode == 2
    assert [word in done.stderr for word in (b"kafka:", b"redis:", b"group:")] == [True] * 3
