"""The Grafana dashboard: whole, provisioned, and every query answered by a real Prometheus that scrapes a real worker."""

import json
import math
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from streams.components import ComponentMissing, Kafka, Redis
from streams.components.network import LOOPBACK, free_port
from streams.components.process import Process

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/dashboards/lockgate.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TITLES = [panel["title"] for panel in PANELS]
LOCKGATE = [sys.executable, "-c", "from streams.cli import main; main()"]
LISTED = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"  # Lazarus Group, in the demo list
TRANSFERS = 240

# Every label that a query or a legend may use: none of them can hold an account or an address.
LABELS = {
    *("alertname", "alertstate", "condition", "currency", "decision", "error", "how", "instance", "job", "le", "list"),
    *("outcome", "partition", "rule", "severity", "stage", "step", "topic", "verified"),
}
# What shows nothing while all is well, and why.
EMPTY_IN_HEALTH = {
    "Rule errors": "the series of a rule may begin with its first error",
    "Rules not evaluated": "the series of a rule may begin with the first transfer that it cannot answer for",
    "Time of claims": "no partition has changed hands within the range",
    "Alerts firing": "none is",
}
ABSENT_IN_HEALTH = {"lockgate_rule_errors_total", "lockgate_rules_not_evaluated_total", "ALERTS"}


class Prometheus:
    """A running Prometheus, asked over its HTTP API."""

    def __init__(self, port: int) -> None:
        self._client = httpx.Client(base_url=f"http://{LOOPBACK}:{port}/api/v1", timeout=10)

    def ready(self) -> bool:
        try:
            return self._client.get("/status/buildinfo").is_success
        except httpx.TransportError:
            return False

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query; an error of the query is an error here."""
        answer = self._client.post("/query", data={"query": expression}).json()
        assert answer["status"] == "success", (expression, answer)
        return list(answer["data"]["result"])

    def value(self, expression: str) -> float:
        """The sum of the values of an instant query; 0 when it has none."""
        return sum(float(series["value"][1]) for series in self.query(expression))

    def rules(self) -> dict[str, dict[str, Any]]:
        answer = self._client.get("/rules").json()
        return {rule["name"]: rule for group in answer["data"]["groups"] for rule in group["rules"]}

    def close(self) -> None:
        self._client.close()


class Stack:
    """What the tests look at: Prometheus with the shipped rules and scrape job, a worker, and its Redis."""

    def __init__(self, prometheus: Prometheus, redis: Redis, environment: dict[str, str]) -> None:
        self.prometheus = prometheus
        self.redis = redis
        self._environment = environment

    def lockgate(self, *arguments: str, given: bytes = b"") -> None:
        done = subprocess.run(
            [*LOCKGATE, *arguments], input=given, env=self._environment, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr


def eventually(holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.2)


def shipped_configuration(worker: str) -> dict[str, Any]:
    """deploy/prometheus/prometheus.yml with another place to find workers at, and in more of a hurry."""
    config = dict(yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8")))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(ROOT / "deploy/prometheus" / name) for name in config["rule_files"]]
    (job,) = config["scrape_configs"]
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": [worker]}]
    return config


def transfers(first: int) -> bytes:
    """Deposits and withdrawals; a listed address, a duplicate and a line that is no transfer among them."""
    lines = [
        {
            "event_id": f"e{number}",
            "kind": "deposit" if number % 2 else "withdrawal",
            "account_id": f"account-{number % 20}",
            "asset": "USDT",
            "network": "ethereum",
            "amount": "10.5",
            "value_usd": "10.5",
            "addresses": [LISTED if number % TRANSFERS == 8 else f"0x{number % 50 + 1:040x}"],
            "occurred_at": 1767225600000 + number * 1000,
        }
        for number in range(first, first + TRANSFERS)
    ]
    return "\n".join([*map(json.dumps, lines), json.dumps(lines[0]), '{"kind": "deposit"}', ""]).encode()


def reference_lists(folder: Path) -> Path:
    """One list of each kind that is not built in."""
    folder.mkdir()
    for name, text in {
        "networks": "network,kind\n203.0.113.0/24,vpn",
        "labels": f"address,entity,category,confidence,source\n0x{2**159:040x},Example,mixer,90,test",
        "vasps": "name,risk,source\nExample Exchange,otc,test",
    }.items():
        (folder / f"{name}.csv").write_text(f"# published: 2026-11-20\n{text}\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    program = shutil.which("prometheus")
    if program is None:
        raise ComponentMissing("prometheus", "apt-get install prometheus")
    folder = tmp_path_factory.mktemp("dashboard")
    worker_port, own_port = free_port(), free_port()
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(shipped_configuration(f"{LOOPBACK}:{worker_port}")), encoding="utf-8")
    options = {
        "config.file": str(config),
        "storage.tsdb.path": str(folder / "tsdb"),
        "web.listen-address": f"{LOOPBACK}:{own_port}",
    }
    server = Process(
        "Prometheus", [program, *(f"--{name}={value}" for name, value in options.items())], log=folder / "p.log"
    )
    prometheus = Prometheus(own_port)
    with Kafka(folder / "kafka") as kafka, Redis(folder / "redis") as redis:
        environment = {
            "LOCKGATE_KAFKA": kafka.bootstrap,
            "LOCKGATE_REDIS": redis.url,
            "LOCKGATE_HTTP": f"{LOOPBACK}:{worker_port}",
            "LOCKGATE_REFERENCE": str(reference_lists(folder / "reference")),
        }
        stack = Stack(prometheus, redis, environment)
        stack.lockgate("topics", "create", "--partitions", "2")
        worker = Process("worker", [*LOCKGATE, "worker"], log=folder / "worker.log", environment=environment)
        try:
            server.start()
            server.wait_until(prometheus.ready, timeout_seconds=30)
            worker.start()
            _let_it_work(stack)
            yield stack
        finally:
            worker.stop()
            server.stop()
            prometheus.close()


def _let_it_work(stack: Stack) -> None:
    ready = 'sum(lockgate_partitions{condition="ready"})'
    eventually(
        lambda: stack.prometheus.value(ready) == 3, "both partitions of accounts and the one of counterparties are ready"
    )
    for round_number in (1, 2):
        stack.lockgate("feed", "-", given=transfers((round_number - 1) * TRANSFERS))
        expected = round_number * (TRANSFERS + 2)
        judged = 'sum(lockgate_records_total{stage="accounts"})'
        eventually(lambda: stack.prometheus.value(judged) == expected, "everything is judged and scraped")  # noqa: B023
    flows = 'sum(lockgate_records_total{outcome="flow"})'
    eventually(lambda: stack.prometheus.value(flows) > 0, "flows are judged")


def as_grafana_sends(expression: str) -> str:
    return expression.replace("$__rate_interval", "2m").replace("$instance", ".*")


def selectors() -> list[str]:
    """Every metric with its labels, as alerts and panels ask for it."""
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
    expressions = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    expressions += [as_grafana_sends(target["expr"]) for panel in PANELS for target in panel["targets"]]
    pattern = r"\b(?:lockgate_\w+|process_\w+|up)\b(?:\{[^}]*\})?"
    return sorted({found for expression in expressions for found in re.findall(pattern, expression)})


def test_dashboard_has_a_fixed_address_and_the_last_classic_schema() -> None:
    assert (DASHBOARD["uid"], DASHBOARD["schemaVersion"], "id" in DASHBOARD) == ("lockgate", 42, False)


def test_every_panel_asks_the_provisioned_data_source() -> None:
    provisioned = yaml.safe_load((ROOT / "deploy/grafana/datasources/prometheus.yml").read_text(encoding="utf-8"))
    uid = provisioned["datasources"][0]["uid"]
    asked = [part["datasource"]["uid"] for panel in PANELS for part in (panel, *panel["targets"])]
    asked += [variable["datasource"]["uid"] for variable in DASHBOARD["templating"]["list"]]
    assert set(asked) == {uid}


def test_panels_have_a_title_and_an_explanation_and_share_no_place() -> None:
    assert len(set(TITLES)) == len(TITLES)
    assert all(panel["description"].endswith(".") for panel in PANELS)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in DASHBOARD["panels"]):
        squares = {
            (x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])
        }
        assert not squares & taken and max(x for x, _ in squares) < 24
        taken |= squares


@pytest.mark.parametrize("panel", PANELS, ids=TITLES)
def test_no_label_holds_an_account_or_an_address(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        listed = re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", target["expr"])
        used = {label.strip() for labels in listed for label in labels.split(",")} - {""}
        used |= set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", target["expr"]))
        used |= set(re.findall(r"\{\{\s*(\w+)\s*\}\}", target["legendFormat"]))
        assert used <= LABELS


@pytest.mark.integration
@pytest.mark.parametrize("panel", PANELS, ids=TITLES)
def test_panel_shows_series_of_a_worker_that_works(stack: Stack, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        series = stack.prometheus.query(as_grafana_sends(target["expr"]))
        if panel["title"] not in EMPTY_IN_HEALTH:
            assert series
            assert any(math.isfinite(float(one["value"][1])) for one in series)
        for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
            assert all(label in one["metric"] for one in series), label


def test_panels_that_may_be_empty_are_panels_of_the_dashboard() -> None:
    assert EMPTY_IN_HEALTH.keys() <= set(TITLES)


@pytest.mark.integration
@pytest.mark.parametrize("selector", selectors())
def test_what_alerts_and_panels_select_is_there(stack: Stack, selector: str) -> None:
    assert stack.prometheus.query(selector) or selector.partition("{")[0] in ABSENT_IN_HEALTH


@pytest.mark.integration
def test_dashboard_shows_what_became_of_the_transfers(stack: Stack) -> None:
    value = stack.prometheus.value
    assert value('lockgate_records_total{stage="accounts", outcome="withdrawal"}') == TRANSFERS
    assert value('lockgate_records_total{stage="accounts", outcome="duplicate"}') == 2
    assert value('lockgate_records_total{stage="accounts", outcome="deadletter"}') == 2
    assert value("lockgate_verdicts_total") == TRANSFERS
    assert value('lockgate_verdicts_total{decision="reject"}') == 2
    assert value('lockgate_findings_total{rule="sanctions.direct_exposure"}') == 2
    assert value("lockgate_unaccounted_records_total") == 0


@pytest.mark.integration
def test_prometheus_evaluates_every_alert_without_error(stack: Stack) -> None:
    eventually(lambda: all(rule["health"] == "ok" for rule in stack.prometheus.rules().values()), "all rules are evaluated")
    rules = stack.prometheus.rules()
    assert len(rules) == (ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8").count("- alert: ")
    assert not [rule for rule in rules.values() if rule.get("lastError")]


@pytest.mark.integration
def test_healthy_worker_with_the_demo_list_raises_the_age_of_that_list_only(stack: Stack) -> None:
    eventually(lambda: stack.prometheus.rules()["LockgateListStale"]["state"] == "pending", "the demo list is old")
    active = {name for name, rule in stack.prometheus.rules().items() if rule["state"] != "inactive"}
    assert active == {"LockgateListStale"}


@pytest.mark.integration
def test_redis_that_goes_away_is_noticed_and_its_return_as_well(stack: Stack) -> None:
    def state() -> str:
        return str(stack.prometheus.rules()["LockgateRedisAway"]["state"])

    stack.redis.stop()
    try:
        eventually(lambda: state() == "pending", "Redis is missed", seconds=30)
    finally:
        stack.redis.start()
    eventually(lambda: state() == "inactive", "Redis is back", seconds=30)
    ready = 'sum(lockgate_partitions{condition="ready"})'
    eventually(lambda: stack.prometheus.value(ready) == 3, "the partitions are claimed again")
