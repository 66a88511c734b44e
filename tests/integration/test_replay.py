"""Rules that change under a running worker, and `lockgate replay`: alerts of both rule sets come out the same again."""

import json
import shutil
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from running import Worker, committed, lockgate, send, send_transfers, transfer, wait_until

from streams.components import Kafka, Redis
from streams.rulefiles import load_rules

pytestmark = pytest.mark.integration

RULES = Path(__file__).parents[2] / "rules"


class Bench:
    """What a worker left behind whose rules were changed while it ran."""

    def __init__(self, kafka: Kafka, environment: dict[str, str], archive: Path, rulesets: set[str]) -> None:
        self.kafka = kafka
        self.environment = environment
        self.archive = archive
        self.rulesets = rulesets
        self.alerts = committed(kafka.bootstrap, "lockgate.alerts")

    def replay(self, *arguments: str, **changes: str) -> tuple[int, list[dict[str, Any]]]:
        done = lockgate(self.environment | changes, "replay", "--json", *arguments)
        assert done.stdout, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def _lag(environment: dict[str, str]) -> int:
    sums: dict[str, int] = json.loads(lockgate(environment, "audit").stdout.splitlines()[-1])
    return sums["lag"]


def _layers(after: str) -> list[dict[str, Any]]:
    """Six accounts that each pay the same six others, a payment an hour, as an exchange that hosts all of them sees it."""
    begin = datetime.fromisoformat(after)
    made = []
    for number, (payer, payee) in enumerate(product(range(6), range(6, 12))):
        for kind, mine, other in (("withdrawal", payer, payee), ("deposit", payee, payer)):
            changes = {
                "event_id": f"{kind}-{number}",
                "kind": kind,
                "account_id": f"layer-{mine}",
                "own_address": f"0x{mine + 1:040x}",
                "addresses": [f"0x{other + 1:040x}"],
                "value_usd": "500",
                "occurred_at": (begin + timedelta(hours=number, minutes=10 * (kind == "deposit"))).isoformat(),
            }
            made.append(transfer(number, **changes))
    return made


def _change_rules(worker: Worker, folder: Path) -> None:
    """First to what is wrong, which is refused, then to what is right."""
    path = folder / "structuring.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('title = "', "title = ", 1), "utf-8")
    wait_until(lambda: worker.metric("lockgate_rules_current") == 0, 30, "wrong rules refused")
    assert not worker.logged("rules in force")
    assert worker.ready
    path.write_text(text.replace('title = "', 'title = "My own: ', 1), "utf-8")
    worker.signal(signal.SIGHUP)
    wait_until(lambda: worker.metric("lockgate_rules_current") == 1, 30, "right rules in force")
    assert worker.logged("rules in force")[0]["ruleset"] == load_rules(folder.parent).hash


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("replay")
    mine = folder / "rules" / "laundering"
    mine.mkdir(parents=True)
    shutil.copy(RULES / "laundering" / "structuring.toml", mine)
    with Kafka(folder / "kafka") as kafka, Redis(folder / "redis") as redis:
        environment = {
            "LOCKGATE_KAFKA": kafka.bootstrap,
            "LOCKGATE_REDIS": redis.url,
            "LOCKGATE_SESSION_TIMEOUT": "6",
            "LOCKGATE_ARCHIVE_DIR": str(folder / "archive"),
        }
        assert lockgate(environment, "topics", "create", "--partitions", "2").returncode == 0
        life = lockgate(environment, "feed", "--scenario", "demo", "--accounts", "200", "--write", "-").stdout
        transfers = [json.loads(line) for line in life.splitlines()]
        transfers += _layers(transfers[-1]["occurred_at"])
        half = len(transfers) // 2
        before = load_rules(mine.parent).hash
        worker = Worker("worker", folder, environment | {"LOCKGATE_RULES": str(mine.parent)})
        worker.start()
        try:
            send_transfers(kafka.bootstrap, transfers[:half])
            wait_until(lambda: _lag(environment) == 0, 60, "the first half judged")
            _change_rules(worker, mine)
            send_transfers(kafka.bootstrap, transfers[half:])
            wait_until(lambda: _lag(environment) == 0, 60, "all judged")
        finally:
            worker.stop()
        yield Bench(kafka, environment, folder / "archive", {before, load_rules(mine.parent).hash})


def test_alerts_of_both_rule_sets_come_out_the_same_to_the_byte(bench: Bench) -> None:
    code, (*replayed, sums) = bench.replay("--sample", "1000")
    assert (code, sums["alerts"], sums["same"]) == (0, len(bench.alerts), len(bench.alerts)), sums
    assert {one["ruleset"] for one in replayed} == bench.rulesets == {alert["ruleset"] for alert in bench.alerts}
    assert {one["stage"] for one in replayed} == {"accounts", "counterparties"}
    assert "laundering.layers" in {one["rule_id"] for one in replayed}
    assert sums["batches"] == sums["batches_same"] > 2
    cited = {alert["alert_id"]: {one["event_id"] for one in alert["evidence"]} for alert in bench.alerts}
    assert all({one["event_id"] for one in each["inputs"]} == cited[each["alert_id"]] for each in replayed)


def test_an_alert_that_was_forged_is_told_field_by_field(bench: Bench) -> None:
    alert = next(one for one in bench.alerts if one["rule_id"] == "laundering.structuring")
    forged = json.dumps({**alert, "severity": "info"}).encode()
    send(bench.kafka.bootstrap, [("lockgate.alerts", alert["account_id"].encode(), forged)])
    code, (replayed, sums) = bench.replay(alert["alert_id"])
    assert (code, replayed["result"], sums["different"]) == (1, "different", 1)
    assert replayed["differences"] == {"severity": ["info", alert["severity"]]}
    assert replayed["batch_same"]


def test_without_the_rules_of_then_nothing_is_claimed(bench: Bench, tmp_path: Path) -> None:
    alert = bench.alerts[0]
    shutil.copytree(bench.archive, tmp_path / "archive")
    shutil.rmtree(tmp_path / "archive" / "rules" / alert["ruleset"])
    code, (replayed, sums) = bench.replay(alert["alert_id"], LOCKGATE_ARCHIVE_DIR=str(tmp_path / "archive"))
    assert (code, replayed["result"], sums["unknown"]) == (2, "unknown", 1)
    assert alert["ruleset"] in replayed["reason"]


def test_an_alert_that_is_not_on_the_topic_is_a_clear_error(bench: Bench) -> None:
    done = lockgate(bench.environment, "replay", "000000000000000000000000")
    assert done.returncode == 2
    assert "not among" in done.stderr
