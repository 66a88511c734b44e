"""The Grafana dashboards: as their sources say, provisioned, and every query answered by a real Prometheus that scrapes a
real worker."""

import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from streams.components import Kafka, Redis
from streams.components.network import LOOPBACK, free_port
from streams.components.process import Process
from streams.components.prometheus import Prometheus

ROOT = Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "deploy/grafana"
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((GRAFANA / "dashboards").glob("*.json"))
}
PANELS: list[tuple[str, dict[str, Any]]] = [
    (name, panel) for name, dashboard in DASHBOARDS.items() for panel in dashboard["panels"] if panel["type"] != "row"
]
TITLES = [f"{name}: {panel['title']}" for name, panel in PANELS]
LOCKGATE = [sys.executable, "-c", "from streams.cli import main; main()"]
LISTED = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"  # Lazarus Group, in the demo list
TRANSFERS = 240

# Every label that a query or a legend may use: none of them can hold an account or an address.
LABELS = {
    *(
        "alertname",
        "alertstate",
        "condition",
        "currency",
        "decision",
        "error",
        "how",
        "instance",
        "job",
        "kind",
        "le",
        "list",
    ),
    *("outcome", "partition", "result", "rule", "severity", "source", "stage", "step", "topic", "verified"),
}
# What shows nothing while all is well, and why.
EMPTY_IN_HEALTH = {
    "Rule errors": "no rule raises",
    "What rules in the shadow would have said": "no rule is in the shadow",
    "Time of claims": "no partition has changed hands within the range",
    "Alerts firing": "none is",
}
ABSENT_IN_HEALTH = {"ALERTS"}
# What a value may be, by its unit: times but those of lists and processes are those of a round.
SENSIBLE = {"percentunit": 2.0, "cps": 1e6, "s": 60.0, "bytes": 1e10, "bool_yes_no": 1.0, "short": 1e7}
LONG_TIMES = {"Age of the lists", "Oldest sanctions list", "Age of the reference lists", "Running for"}


class Stack:
    """What the tests look at: Prometheus with the shipped rules and scrape job, a worker, and its Redis."""

    def __init__(self, prometheus: Prometheus, redis: Redis, environment: dict[str, str], instance: str) -> None:
        self.prometheus = prometheus
        self.instance = instance
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
    """One list of each kind, as if published today: the built-in one grows old."""
    folder.mkdir()
    built_in = (ROOT / "streams/referencefeed/default/jurisdictions.csv").read_text("utf-8")
    for name, text in {
        "networks": "network,kind\n203.0.113.0/24,vpn",
        "labels": f"address,entity,category,confidence,source\n0x{2**159:040x},Example,mixer,90,test",
        "vasps": "name,risk,source\nExample Exchange,otc,test",
        "jurisdictions": built_in.partition("\n")[2],
    }.items():
        (folder / f"{name}.csv").write_text(f"# published: {datetime.now(UTC).date()}\n{text}\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("dashboard")
    worker_port = free_port()
    prometheus = Prometheus(folder / "prometheus", shipped_configuration(f"{LOOPBACK}:{worker_port}"))
    with prometheus, Kafka(folder / "kafka") as kafka, Redis(folder / "redis") as redis:
        environment = {
            "LOCKGATE_KAFKA": kafka.bootstrap,
            "LOCKGATE_REDIS": redis.url,
            "LOCKGATE_HTTP": f"{LOOPBACK}:{worker_port}",
            "LOCKGATE_LISTS_REFRESH_SECONDS": "1",
            "LOCKGATE_REFERENCE": str(reference_lists(folder / "reference")),
        }
        stack = Stack(prometheus, redis, environment, f"{LOOPBACK}:{worker_port}")
        stack.lockgate("topics", "create", "--partitions", "2")
        worker = Process("worker", [*LOCKGATE, "worker"], log=folder / "worker.log", environment=environment)
        try:
            worker.start()
            _let_it_work(stack)
            yield stack
        finally:
            worker.stop()


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


def as_grafana_sends(expression: str, instance: str = "") -> str:
    """With the variables replaced: a range, one worker, all rules."""
    given = expression.replace("$__rate_interval", "2m").replace("$rule", ".*")
    return given.replace("$instance", instance) if instance else re.sub(r',? ?instance="\$instance"', "", given)


def selectors() -> list[str]:
    """Every metric with its labels, as alerts and panels ask for it."""
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
    expressions = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    expressions += [as_grafana_sends(target["expr"]) for _, panel in PANELS for target in panel["targets"]]
    pattern = r"\b(?:lockgate_\w+|process_\w+|up)\b(?:\{[^}]*\})?"
    return sorted({found for expression in expressions for found in re.findall(pattern, expression)})


def test_dashboards_are_as_their_sources_say() -> None:
    done = subprocess.run([sys.executable, str(GRAFANA / "generate.py"), "--check"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert DASHBOARDS.keys() == {path.stem for path in (GRAFANA / "source").glob("*.toml")}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_grafana_knows_every_field(name: str) -> None:
    """Grafana's own types read the dashboard, and nothing of it is lost on the way."""
    register_default_plugins()
    dashboard = DASHBOARDS[name]
    known = json.loads(JSONEncoder().encode(Dashboard.from_json(json.loads(json.dumps(dashboard)))))
    assert list(_lost(dashboard, known)) == []


def _lost(given: Any, known: Any, at: str = "") -> Iterator[str]:
    """The fields that are given and not known, or known as something else."""
    if isinstance(given, dict) and isinstance(known, dict):
        for field, value in given.items():
            yield from _lost(value, known[field], f"{at}.{field}") if field in known else [f"{at}.{field}"]
    elif isinstance(given, list) and isinstance(known, list) and len(given) == len(known):
        for place, (one, other) in enumerate(zip(given, known, strict=True)):
            yield from _lost(one, other, f"{at}[{place}]")
    elif given != known:
        yield at


@pytest.mark.parametrize("name", DASHBOARDS)
def test_dashboard_has_a_fixed_address_and_the_last_classic_schema(name: str) -> None:
    dashboard = DASHBOARDS[name]
    assert (dashboard["uid"], dashboard["schemaVersion"], "id" in dashboard) == (f"lockgate-{name}", 42, False)


def test_every_panel_asks_the_provisioned_data_source() -> None:
    provisioned = yaml.safe_load((GRAFANA / "datasources/prometheus.yml").read_text(encoding="utf-8"))
    uid = provisioned["datasources"][0]["uid"]
    asked = [part["datasource"]["uid"] for _, panel in PANELS for part in (panel, *panel["targets"])]
    asked += [variable["datasource"]["uid"] for one in DASHBOARDS.values() for variable in one["templating"]["list"]]
    assert set(asked) == {uid}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_have_a_title_and_an_explanation_and_share_no_place(name: str) -> None:
    panels = DASHBOARDS[name]["panels"]
    titles = [panel["title"] for panel in panels]
    assert len(set(titles)) == len(titles)
    assert all(panel["description"].endswith(".") for panel in panels if panel["type"] != "row")
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in panels):
        squares = {
            (x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])
        }
        assert not squares & taken and max(x for x, _ in squares) < 24
        taken |= squares


@pytest.mark.parametrize("panel", [panel for _, panel in PANELS], ids=TITLES)
def test_no_label_holds_an_account_or_an_address(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        listed = re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", target["expr"])
        used = {label.strip() for labels in listed for label in labels.split(",")} - {""}
        used |= set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", target["expr"]))
        used |= set(re.findall(r"\{\{\s*(\w+)\s*\}\}", target["legendFormat"]))
        assert used <= LABELS


@pytest.mark.integration
@pytest.mark.parametrize("panel", [panel for _, panel in PANELS], ids=TITLES)
def test_panel_shows_sensible_series_of_a_worker_that_works(stack: Stack, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        series = stack.prometheus.query(as_grafana_sends(target["expr"], stack.instance))
        values = [float(one["value"][1]) for one in series]
        if panel["title"] not in EMPTY_IN_HEALTH:
            assert any(map(math.isfinite, values))
        unit = panel["fieldConfig"]["defaults"]["unit"]
        bound = 10 * 365 * 86_400.0 if panel["title"] in LONG_TIMES else SENSIBLE[unit]
        assert all(0 <= value <= bound for value in values if math.isfinite(value)), values
        for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
            assert all(label in one["metric"] for one in series), label


@pytest.mark.integration
@pytest.mark.parametrize("name", [name for name, one in DASHBOARDS.items() if one["templating"]["list"]])
def test_variable_offers_something_to_choose(stack: Stack, name: str) -> None:
    [variable] = DASHBOARDS[name]["templating"]["list"]
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    assert found is not None
    offered = {one["metric"][found[2]] for one in stack.prometheus.query(found[1])}
    assert offered
    assert all(f"${variable['name']}" in target["expr"] for panel in _asking(name) for target in panel["targets"])


def _asking(name: str) -> list[dict[str, Any]]:
    """The panels that the variable is for: all but those about files of rules as a whole."""
    return [panel for one, panel in PANELS if one == name and panel["title"] != "Looks at changed rule files"]


def test_panels_that_may_be_empty_are_panels_of_the_dashboards() -> None:
    assert EMPTY_IN_HEALTH.keys() | LONG_TIMES <= {panel["title"] for _, panel in PANELS}


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
