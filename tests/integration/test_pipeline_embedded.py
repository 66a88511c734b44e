"""The worker on the embedded broker, which has no transactions: it says so once and publishes plainly."""

from collections import Counter
from pathlib import Path

import pytest
from running import Worker, committed, lockgate, send_transfers, transfer, wait_until

from streams.components import EmbeddedBroker, Redis

pytestmark = pytest.mark.integration


def test_a_broker_without_transactions_is_noticed_said_once_and_served(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker") as broker, Redis(tmp_path / "redis") as redis:
        environment = {
            "LOCKGATE_KAFKA": broker.bootstrap,
            "LOCKGATE_REDIS": redis.url,
            "LOCKGATE_SESSION_TIMEOUT": "6",
        }
        assert lockgate(environment, "topics", "create", "--partitions", "2").returncode == 0
        worker = Worker("worker", tmp_path, environment)
        worker.start()
        try:
            transfers = [transfer(number) for number in range(200)]
            send_transfers(broker.bootstrap, transfers)
            wanted = {one["event_id"] for one in transfers}

            def judged() -> Counter[str]:
                return Counter(one["event_id"] for one in committed(broker.bootstrap, "lockgate.verdicts"))

            wait_until(lambda: judged().keys() == wanted, 60, "a verdict for every withdrawal")
            assert max(judged().values()) == 1
            assert worker.metric("lockgate_transactional") == 0
            said = worker.logged(
                "this broker has no transactions: outputs are published plainly and may repeat after a failure"
            )
            assert len(said) == 1
            assert worker.stop() < 10
        finally:
            worker.kill()
