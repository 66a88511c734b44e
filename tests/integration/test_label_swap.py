"""New labels while transfers flow and workers are killed: who dealt with the addresses before is alerted, once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Worker, committed, lockgate, send, wait_until

from streams.components import Kafka, Redis

pytestmark = pytest.mark.integration

RULE = "exposure.newly_labelled"
ACCOUNTS = 40
TARGETS = 20  # addresses that will be labelled
STEP = 1_500  # transfers
HEAD = "address,network,entity,category,confidence,source"


def address(number: int) -> str:
    return f"0x{number:040x}"


def withdrawals(first: int, count: int) -> list[tuple[str, bytes | None, bytes | None]]:
    """Every tenth goes to an address that will be labelled."""
    messages: list[tuple[str, bytes | None, bytes | None]] = []
    for number in range(first, first + count):
        account = f"acct-{number % ACCOUNTS}"
        transfer = {
            "event_id": f"event-{number}",
            "kind": "withdrawal",
            "account_id": account,
            "asset": "USDT",
            "network": "ethereum",
            "amount": "250",
            "value_usd": "250",
            "addresses": [address(1 + number // 10 % TARGETS if number % 10 == 0 else 1_000 + number)],
            "occurred_at": 1_767_225_600_000 + number * 1_000,
        }
        messages.append(("exchange.withdrawals", account.encode(), json.dumps(transfer).encode()))
    return messages


class Setting:
    """Servers, topics, and workers that share one file of labels."""

    def __init__(self, folder: Path, kafka: Kafka, redis: Redis) -> None:
        self.folder = folder
        self.bootstrap = kafka.bootstrap
        self.labels = folder / "labels.csv"
        self.environment = {
            "LOCKGATE_KAFKA": kafka.bootstrap,
            "LOCKGATE_REDIS": redis.url,
            "LOCKGATE_SESSION_TIMEOUT": "6",
            "LOCKGATE_LISTS": "demo",
            "LOCKGATE_REFERENCE": str(self.labels),
            "LOCKGATE_LISTS_DIR": str(folder / "kept"),
            "LOCKGATE_LISTS_REFRESH_SECONDS": "2",
            "LOCKGATE_ARCHIVE_DIR": str(folder / "archive"),
        }
        self.workers: list[Worker] = []

    def publish(self, count: int, day: int) -> None:
        """Put labels of the first addresses in place, in one step; one more, so that a withdrawal of all is no loss."""
        rows = [f"{address(n)},ethereum,Example Hack,stolen_funds,90,test" for n in (999, *range(1, count + 1))]
        fresh = self.folder / "fresh"
        fresh.write_text("\n".join([f"# published: 2026-11-{day:02d}", HEAD, *rows]) + "\n", "utf-8")
        fresh.replace(self.labels)

    def worker(self) -> Worker:
        one = Worker(f"worker-{len(self.workers) + 1}", self.folder, self.environment)
        self.workers.append(one)
        one.start()
        return one

    def alerts(self, rule: str) -> list[dict[str, object]]:
        return [one for one in committed(self.bootstrap, "lockgate.alerts") if one["rule_id"] == rule]


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with Kafka(tmp_path / "kafka") as kafka, Redis(tmp_path / "redis") as redis:
        made = Setting(tmp_path, kafka, redis)
        created = lockgate(made.environment, "topics", "create", "--partitions", "2")
        assert created.returncode == 0, created
        yield made
        for worker in made.workers:
            worker.kill()


def test_labels_come_while_transfers_flow_and_workers_are_killed(setting: Setting) -> None:
    setting.publish(0, 1)
    for _ in range(2):
        setting.worker()
    wait_until(lambda: all(one.ready for one in setting.workers), 60, "ready workers")
    send(setting.bootstrap, withdrawals(0, STEP))
    wait_until(lambda: len(committed(setting.bootstrap, "lockgate.verdicts")) == STEP, 60, "the first verdicts")
    setting.publish(TARGETS, 2)
    send(setting.bootstrap, withdrawals(STEP, STEP))
    setting.workers[0].kill()
    setting.worker()
    wait_until(lambda: bool(setting.alerts(RULE)), 60, "alerts about the past")
    setting.workers[1].kill()
    wait_until(lambda: len(committed(setting.bootstrap, "lockgate.verdicts")) == 2 * STEP, 90, "a verdict for each")
    expected = _contacts()

    def told() -> list[tuple[str, str]]:
        past = [(str(one["account_id"]), str(one["counterparty"])) for one in setting.alerts(RULE)]
        live = [(str(one["account_id"]), str(one["counterparty"])) for one in setting.alerts("exposure.illicit_service")]
        assert len(past) == len(set(past))
        return sorted({*past, *(one for one in live if one not in past)})

    wait_until(lambda: {who for who, _ in told()} == {who for who, _ in expected}, 60, "every account alerted")
    past = {(str(one["account_id"]), str(one["counterparty"])) for one in setting.alerts(RULE)}
    assert past >= {one for one, number in expected.items() if number < STEP}
    assert past <= expected.keys()
    assert all(one["retroactive"] and one["severity"] == "high" for one in setting.alerts(RULE))
    setting.publish(0, 3)  # more than half of the rows are gone
    refused = 'lockgate_list_refreshes_total{result="refused",source="reference"}'
    wait_until(lambda: setting.workers[-1].metric(refused) > 0, 60, "a refusal")
    assert not setting.alerts("exposure.label_withdrawn")
    setting.publish(TARGETS * 3 // 5, 4)
    withdrawn = [pair for pair in past if int(pair[1], 16) > TARGETS * 3 // 5]
    wait_until(lambda: len(setting.alerts("exposure.label_withdrawn")) >= len(withdrawn) > 0, 60, "closings")
    opened = {str(one["alert_id"]) for one in setting.alerts(RULE)}
    closings = setting.alerts("exposure.label_withdrawn")
    assert {str(one["refers_to"]) for one in closings if one["status"] == "closed"} <= opened
    audit = lockgate(setting.environment, "audit", "--json")
    assert audit.returncode == 0, audit.stdout[-2000:]
    replayed = lockgate(setting.environment, "replay", "--sample", "100", "--json")
    assert replayed.returncode == 0, replayed.stdout[-2000:] + replayed.stderr
    assert any(RULE in line for line in replayed.stdout.splitlines())


def _contacts() -> dict[tuple[str, str], int]:
    """The first transfer between each account and address that will be labelled."""
    found: dict[tuple[str, str], int] = {}
    for number in range(0, 2 * STEP, 10):
        found.setdefault((f"acct-{number % ACCOUNTS}", address(1 + number // 10 % TARGETS)), number)
    return found
