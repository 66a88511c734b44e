"""Metrics: series that alerts rely on are there before anything happens."""

import math
import subprocess
import sys

from prometheus_client import REGISTRY

from streams import metrics


def _fresh(code: str) -> str:
    """What a new process prints; the registry of this one has been counted into by other tests."""
    program = f"from prometheus_client import REGISTRY\nfrom streams import metrics\n{code}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def _is_zero(name: str, **labels: str) -> bool:
    return _fresh(f"print(REGISTRY.get_sample_value({name!r}, {labels!r}))") == "0.0\n"


def test_counters_with_known_labels_begin_at_zero() -> None:
    assert _is_zero("lockgate_unaccounted_records_total", stage="accounts")
    assert _is_zero("lockgate_impossible_total", stage="counterparties")
    assert _is_zero("lockgate_verdicts_total", decision="hold")
    assert _is_zero("lockgate_claims_total", stage="accounts", how="wiped")
    assert _is_zero("lockgate_records_total", stage="accounts", outcome="deadletter")


def test_redis_is_neither_up_nor_down_before_it_was_asked() -> None:
    assert math.isnan(float(_fresh("print(REGISTRY.get_sample_value('lockgate_redis_up'))")))


def test_first_error_of_an_expected_rule_is_an_increase_from_zero() -> None:
    metrics.expect_rules(["test.broken"])
    assert REGISTRY.get_sample_value("lockgate_rule_errors_total", {"rule": "test.broken"}) == 0.0
    for outcome in ("alerted", "suppressed", "shadowed"):
        found = REGISTRY.get_sample_value("lockgate_findings_total", {"rule": "test.broken", "outcome": outcome})
        assert found == 0.0
