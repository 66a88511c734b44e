"""Alert rules: valid, firing and silent where they should, and about metrics that exist."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from streams import metrics
from streams.components import ComponentMissing

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
TESTS = sorted(Path(__file__).parent.glob("alerts*_test.yml"))
SEVERITIES = {"critical", "warning", "info"}
OF_PROMETHEUS = {"up"}


def alerts() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def promtool(*arguments: str) -> str:
    """What promtool says; raises where it finds a fault."""
    program = shutil.which("promtool")
    if program is None:
        raise ComponentMissing("promtool", "apt-get install prometheus")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_takes_the_rules() -> None:
    assert f"{len(alerts())} rules found" in promtool("check", "rules", "--lint-fatal", str(PROMETHEUS / "alerts.yml"))


def test_promtool_takes_the_configuration_and_finds_the_rules_through_it() -> None:
    assert "1 rule files found" in promtool("check", "config", str(PROMETHEUS / "prometheus.yml"))


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
def test_alerts_fire_and_stay_silent_where_they_should(file: Path) -> None:
    assert "SUCCESS" in promtool("test", "rules", str(file))


def test_promtool_would_tell_of_an_alert_that_does_not_fire(tmp_path: Path) -> None:
    expectation = TESTS[-1].read_text(encoding="utf-8").replace("severity: warning", "severity: info", 1)
    wrong = tmp_path / "wrong_test.yml"
    wrong.write_text(expectation.replace("../../deploy", str(ROOT / "deploy")), encoding="utf-8")
    with pytest.raises(AssertionError, match="FAILED"):
        promtool("test", "rules", str(wrong))


def test_both_sides_of_every_alert_are_tested() -> None:
    fires: set[str] = set()
    silent: set[str] = set()
    for file in TESTS:
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            for case in group["alert_rule_test"]:
                (fires if case["exp_alerts"] else silent).add(case["alertname"])
    assert fires == silent == alerts().keys()


@pytest.mark.parametrize("name", alerts())
def test_alert_says_how_bad_it_is_what_happened_and_where_to_read_on(name: str) -> None:
    rule = alerts()[name]
    assert rule["labels"]["severity"] in SEVERITIES
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"deploy/README.md#{name.lower()}"


@pytest.mark.parametrize("name", alerts())
def test_alert_is_about_metrics_that_exist(name: str) -> None:
    metrics.expect_rules(["test.rule"])  # a metric without any series yet has no name in the registry's samples
    metrics.expect_list_source("a/list.xml")
    known = {sample.name for metric in REGISTRY.collect() for sample in metric.samples}
    known |= {metric.name for metric in REGISTRY.collect() if metric.type == "gauge"}
    used = set(re.findall(r"\b(?:lockgate_\w+|up)\b", alerts()[name]["expr"]))
    assert used and used <= known | OF_PROMETHEUS
