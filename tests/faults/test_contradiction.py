"""Redis and journal contradict each other: the worker says so, serves everything else, and does not end."""

from pathlib import Path

import pytest
import redis as redis_client
from running import Worker, committed, lockgate, send_transfers, transfer, wait_until

from streams.components import Kafka, Redis
from streams.store import Keys

pytestmark = [pytest.mark.faults, pytest.mark.integration]

META = Keys("lockgate", "accounts", 0).meta


def test_a_wrong_hint_stops_its_partition_loudly_and_no_other(tmp_path: Path) -> None:
    with Kafka(tmp_path / "kafka") as kafka, Redis(tmp_path / "redis") as redis:
        environment = {
            "LOCKGATE_KAFKA": kafka.bootstrap,
            "LOCKGATE_REDIS": redis.url,
            "LOCKGATE_SESSION_TIMEOUT": "6",
        }
        assert lockgate(environment, "topics", "create", "--partitions", "2").returncode == 0
        worker = Worker("worker", tmp_path, environment)

        def judged() -> set[str]:
            return {one["event_id"] for one in committed(kafka.bootstrap, "lockgate.verdicts")}

        try:
            worker.start()
            wait_until(lambda: worker.ready, 60, "a ready worker")
            for first in (0, 50):
                send_transfers(kafka.bootstrap, [transfer(number) for number in range(first, first + 50)])
                wait_until(lambda count=first + 50: len(judged()) == count, 60, "verdicts")  # type: ignore[misc]
            assert worker.stop() < 10
            with redis_client.Redis.from_url(redis.url) as client:
                assert int(client.hget(META, "journal_n") or 0) > 0
                client.hset(META, "journal_at", 0)
            worker.start()
            wait_until(lambda: worker.metric('lockgate_impossible_total{stage="accounts"}') > 0, 60, "a contradiction told")
            wait_until(lambda: worker.ask("/readyz") == (503, "not judged: accounts[0]\n"), 60, "the partition named")
            assert worker.logged("partition not served")[0]["level"] == "critical"
            send_transfers(kafka.bootstrap, [transfer(number) for number in range(100, 150)])
            wait_until(lambda: len(judged()) > 100, 60, "verdicts of the other partition")
            worker.look()
            assert worker.ended_by_itself == 0
        finally:
            worker.kill()
