"""A reference list that comes while a worker runs: taken over without a restart; verdicts name what they were judged by."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Worker, committed, lockgate, send_transfers, transfer, wait_until

from streams.components import Kafka, Redis
from streams.knowledge import load_knowledge

pytestmark = pytest.mark.integration

EXIT = "198.51.100.7"
RULE = "access.anonymised_access"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[Kafka, Redis]]:
    with Kafka(tmp_path / "kafka") as kafka, Redis(tmp_path / "redis") as redis:
        yield kafka, redis


def test_a_list_of_networks_is_taken_over_while_the_worker_runs(tmp_path: Path, servers: tuple[Kafka, Redis]) -> None:
    kafka, redis = servers
    folder = tmp_path / "reference"
    folder.mkdir()
    (folder / "vasps.csv").write_text("# published: 2026-11-01\nname,risk,source\nExample,otc,test\n", "utf-8")
    environment = {
        "LOCKGATE_KAFKA": kafka.bootstrap,
        "LOCKGATE_REDIS": redis.url,
        "LOCKGATE_SESSION_TIMEOUT": "6",
        "LOCKGATE_LISTS": "demo",
        "LOCKGATE_LISTS_DIR": str(tmp_path / "kept"),
        "LOCKGATE_LISTS_REFRESH_SECONDS": "1",
        "LOCKGATE_REFERENCE": str(folder),
    }
    assert lockgate(environment, "topics", "create", "--partitions", "1").returncode == 0
    hashes = [load_knowledge(["demo"], [str(folder)]).hash]
    worker = Worker("worker", tmp_path, environment)
    worker.start()
    try:
        wait_until(lambda: worker.ready, 60, "a ready worker")
        send_transfers(kafka.bootstrap, [transfer(1, ip=EXIT)])
        wait_until(lambda: len(committed(kafka.bootstrap, "lockgate.verdicts")) == 1, 30, "the first verdict")
        fresh = tmp_path / "fresh"
        fresh.write_text(f"# published: 2026-11-20\n# access: tor\n{EXIT}\n", "utf-8")
        fresh.replace(folder / "tor.txt")
        hashes.append(load_knowledge(["demo"], [str(folder)]).hash)
        wait_until(lambda: bool(worker.logged("reference lists in force")), 30, "the list in force")
        send_transfers(kafka.bootstrap, [transfer(2, ip=EXIT)])
        wait_until(lambda: len(committed(kafka.bootstrap, "lockgate.verdicts")) == 2, 30, "the second verdict")
        (folder / "tor.txt").write_text("<html>502 Bad Gateway</html>", "utf-8")
        refused = 'lockgate_list_refreshes_total{result="invalid",source="reference"}'
        wait_until(lambda: worker.metric(refused) > 0, 30, "a refresh that failed")
        assert worker.metric('lockgate_reference_rows{kind="networks",list="tor"}') == 1
    finally:
        worker.stop()
    verdicts = sorted(committed(kafka.bootstrap, "lockgate.verdicts"), key=lambda one: str(one["event_id"]))
    assert [one["list_hash"] for one in verdicts] == hashes
    missing = [{each["rule_id"] for each in one["rules_not_evaluated"]} for one in verdicts]
    assert [RULE in each for each in missing] == [True, False]
    [alert] = committed(kafka.bootstrap, "lockgate.alerts")
    assert (alert["rule_id"], alert["severity"], alert["facts"]["ip"]) == (RULE, "medium", EXIT)
    assert worker.ended_by_itself == 0
