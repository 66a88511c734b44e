"""`lockgate backtest`: the worker's engines over a file, in several processes, and what it tells of them."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from rules.engine import AccountsEngine
from rules.knowledge import Knowledge
from streams.backtest.collected import Collected
from streams.backtest.page import page
from streams.backtest.run import BacktestFailed, run
from streams.backtest.scores import Pattern, Scorer
from streams.backtest.sources import FileSource
from streams.cli.backtest import backtest
from streams.errors import LockgateError, SettingsError
from streams.rulefiles import load_rules
from streams.scenarios import scenario
from streams.screening import Screening, read_records
from streams.watchlists import load_watchlist

FAN_IN = Path(__file__).parents[2] / "rules" / "laundering" / "fan_in.toml"
JUDGED_MS = 1_790_000_000_000


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo scenario among lines that are no transfers, and a few that come twice; with its labels beside it."""
    folder = tmp_path_factory.mktemp("backtest")
    life = scenario("demo")
    lines = [msgspec.json.encode(transfer) for transfer in life.transfers()]
    lines[5:5] = [b"", b"no transfer", b'{"account_id": 5}', lines[1]]
    (folder / "demo.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    (folder / "labels.json").write_bytes(msgspec.json.encode(life.labels))
    return folder / "demo.jsonl"


@pytest.fixture(scope="module")
def engine() -> AccountsEngine:
    return AccountsEngine(load_rules(), Knowledge(load_watchlist(["demo"])))


def alerts_of(path: Path, engine: AccountsEngine, processes: int) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    end = run(
        FileSource(path),
        engine,
        processes=processes,
        judged_ms=JUDGED_MS,
        hear=lambda alert: found.update({alert.alert_id: msgspec.json.encode(alert)}),
        progress=lambda done, records: None,
    )
    assert end.totals.lines == len(path.read_bytes().splitlines())
    assert (end.totals.duplicates, end.totals.deadletters) == (1, 3)
    return found


def test_any_number_of_processes_gives_the_alerts_of_screen_to_the_byte(demo: Path, engine: AccountsEngine) -> None:
    screening = Screening(engine, demo.name)
    batches = read_records(BytesIO(demo.read_bytes()))
    screened = [alert for batch in batches for alert in screening.judge(batch, JUDGED_MS).alerts]
    expected = {alert.alert_id: msgspec.json.encode(alert) for alert in screened}
    assert len(expected) > 5
    for processes in (1, 3):
        assert alerts_of(demo, engine, processes) == expected


def test_a_file_that_ends_in_the_middle_of_its_packing_is_a_clear_error(tmp_path: Path, engine: AccountsEngine) -> None:
    torn = tmp_path / "torn.jsonl.gz"
    torn.write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00")
    with pytest.raises(BacktestFailed, match=r"torn\.jsonl\.gz") as caught:
        alerts_of(torn, engine, 2)
    assert caught.value.exit_code == 2


def call(*arguments: object) -> Result:
    return CliRunner().invoke(backtest, [str(one) for one in arguments])


def facts_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.exception
    facts: dict[str, Any] = json.loads(result.stdout)
    return facts


def test_the_report_counts_what_was_judged(demo: Path) -> None:
    facts = facts_of(call(demo, "--labels", demo.parent / "labels.json", "--processes", 2))
    records, rules = facts["records"], facts["rules"]
    assert records["lines"] == sum(records[name] for name in ("deposits", "withdrawals", "duplicates", "deadletters"))
    by_day = [count for counts in facts["by_day"].values() for count in counts.values()]
    assert records["alerts"] == sum(by_day) == sum(rule["alerts"] for rule in rules.values()) > 0
    assert facts["top_accounts"][0]["alerts"] >= 1
    assert facts["score"]["patterns"] > 5
    assert 0 < facts["score"]["found"] <= facts["score"]["patterns"]
    assert len(facts["speed"]["most_expensive"]) == 5
    assert all(rules[name]["seconds"] > 0 for name in facts["speed"]["most_expensive"])
    of_each_kind = ("laundering.velocity", "laundering.shared_payout_address", "laundering.layers")
    assert all(rules[name]["seconds"] > 0 for name in of_each_kind)


def test_a_diff_names_what_is_gained_lost_and_changed(demo: Path, tmp_path: Path) -> None:
    for name, old, new in (
        ("fan_in", 'status = "live"', 'status = "shadow"'),
        ("structuring", 'severity = "', 'severity = "low" #'),
    ):
        text = FAN_IN.with_stem(name).read_text("utf-8")
        assert old in text
        (tmp_path / "laundering").mkdir(exist_ok=True)
        (tmp_path / "laundering" / f"{name}.toml").write_text(text.replace(old, new, 1), "utf-8")
    with_fan_in = facts_of(call(demo, "--diff", tmp_path))["diff"]
    without = facts_of(call(demo, "--rules", tmp_path, "--diff", "built-in"))["diff"]
    assert set(with_fan_in["gained"]["by_rule"]) == {"laundering.fan_in"} == set(without["lost"]["by_rule"])
    assert with_fan_in["lost"]["alerts"] == without["gained"]["alerts"] == 0
    assert set(without["changed"]["by_rule"]) == {"laundering.structuring"}
    (example, *_) = without["changed"]["examples"]["laundering.structuring"]
    assert example["severity"] == "low" != example["severity_before"]
    assert example["changed"] == ["severity"]
    assert example["facts"] and float(example["value_usd"]) > 0
    assert without["kept"] > 0


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def tags(text: str) -> Iterator[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(text)
    return iter(parser.seen)


def test_the_page_needs_no_other_file_and_shows_a_plot(demo: Path, tmp_path: Path) -> None:
    html = tmp_path / "report.html"
    labels = demo.parent / "labels.json"
    facts = facts_of(call(demo, "--labels", labels, "--diff", "built-in", "--html", html))
    text = html.read_text("utf-8")
    assert not [
        tag for tag, attributes in tags(text) if tag in ("script", "link", "img") or {"src", "href"} & attributes.keys()
    ]
    assert "url(" not in text and "@import" not in text
    bars = [tag for tag, attributes in tags(text) if tag == "rect" and re.fullmatch(r"c\d", attributes.get("class") or "")]
    assert len(bars) >= sum(len(counts) for counts in facts["by_day"].values())
    assert "prefers-color-scheme: dark" in text


def test_what_comes_from_outside_is_escaped_on_the_page(demo: Path) -> None:
    facts = facts_of(call(demo))
    facts["source"] = facts["top_accounts"][0]["account_id"] = "<script>alert(1)</script>"
    assert "<script>" not in page(facts)


@pytest.mark.parametrize("arguments", [("--labels", FAN_IN), ("--diff", "nowhere")])
def test_what_cannot_be_used_is_told_before_anything_is_judged(demo: Path, arguments: tuple[object, ...]) -> None:
    result = call(demo, *arguments)
    assert isinstance(result.exception, SettingsError)


def test_a_name_that_is_no_file_is_a_topic(tmp_path: Path) -> None:
    result = call("exchange.depositz", "--kafka", "127.0.0.1:1", "--timeout", 1)
    assert isinstance(result.exception, LockgateError)
    assert result.exception.exit_code == 3
    assert isinstance(call(tmp_path / "missing.jsonl").exception, SettingsError)


def test_an_alert_is_right_when_half_of_its_evidence_is_one_pattern(demo: Path, engine: AccountsEngine) -> None:
    alert = next(
        alert
        for batch in read_records(BytesIO(demo.read_bytes()))
        for alert in Screening(engine, "x").judge(batch, JUDGED_MS).alerts
        if len(alert.evidence) >= 4 and alert.severity not in ("low", "info")
    )
    events = [one.event_id for one in alert.evidence]
    half = -(-len(events) // 2)
    for cited, right in ((half, 1), (half - 1, 0)):
        scorer = Scorer({"p": Pattern("stack", frozenset(events[:cited]), frozenset({alert.account_id}))})
        scorer.hear(alert)
        assert (scorer.facts()["right"], scorer.facts()["found"]) == (right, right)
    other = Scorer({"p": Pattern("stack", frozenset(events), frozenset({"somebody else"}))})
    other.hear(alert)
    assert (other.facts()["right"], other.facts()["found"]) == (1, 0)
    low = Scorer({"p": Pattern("stack", frozenset(events), frozenset({alert.account_id}))})
    low.hear(msgspec.structs.replace(alert, severity="low"))
    assert low.facts()["alerts_low"] == 1 and low.facts()["precision"] is None


def test_top_accounts_are_those_with_most_to_read(demo: Path, engine: AccountsEngine) -> None:
    collected = Collected()
    run(
        FileSource(demo),
        engine,
        processes=1,
        judged_ms=JUDGED_MS,
        hear=collected.hear,
        progress=lambda done, records: None,
    )
    tops = collected.top_accounts()
    assert tops == sorted(tops, key=lambda one: (-one["to_read"], -one["alerts"], one["account_id"]))
