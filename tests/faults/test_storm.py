"""Nothing lost, nothing twice, while workers, Redis and the broker are killed under the flow."""

from collections.abc import Callable
from pathlib import Path

import pytest
from storm import CHECKS, SESSION_SECONDS, Storm, storming
from storm_transfers import traffic

pytestmark = [pytest.mark.faults, pytest.mark.integration]

Fault = Callable[[Storm], object]


def _long(backup: Path) -> list[tuple[float, Fault]]:
    """The share of the transfers that have been fed, and what happens then."""
    return [
        (0.04, lambda one: one.kill_worker(0)),
        (0.07, lambda one: one.freeze_worker(1, 0.3)),
        (0.10, lambda one: one.kill_worker(1)),
        (0.13, lambda one: one.freeze_worker(0, 1)),
        (0.16, lambda one: one.kill_redis()),
        (0.22, lambda one: one.redis.backup(backup)),
        (0.26, lambda one: one.kill_worker(0)),
        (0.32, lambda one: one.freeze_worker(1)),
        (0.42, lambda one: one.kill_worker(0)),
        (0.52, lambda one: one.kill_broker()),
        (0.56, lambda one: one.freeze_worker(0, 0.5)),
        (0.60, lambda one: one.kill_worker(1)),
        (0.66, lambda one: one.restore_redis(backup)),
        (0.73, lambda one: one.kill_worker(0)),
        (0.76, lambda one: one.freeze_worker(1, 3)),
        (0.79, lambda one: one.kill_redis()),
        (0.85, lambda one: one.flush_redis()),
        (0.90, lambda one: one.kill_worker(1)),
        (0.96, lambda one: one.kill_worker(0)),
    ]


def _short(backup: Path) -> list[tuple[float, Fault]]:
    return [
        (0.10, lambda one: one.kill_worker(0)),
        (0.25, lambda one: one.redis.backup(backup)),
        (0.30, lambda one: one.freeze_worker(1)),
        (0.50, lambda one: one.kill_redis()),
        (0.65, lambda one: one.kill_broker()),
        (0.80, lambda one: one.restore_redis(backup)),
        (0.90, lambda one: one.flush_redis()),
    ]


def test_storm_loses_nothing_and_sends_nothing_twice(tmp_path: Path, storm: bool) -> None:
    backup = tmp_path / "redis-backup"
    plan = _long(backup) if storm else _short(backup)
    sent = traffic(100_000 if storm else 12_000)
    with storming(tmp_path, sent, rate=1_500 if storm else 400) as raging:
        for fraction, fault in plan:
            raging.wait_until(fraction, quiet_seconds=SESSION_SECONDS)
            fault(raging)
        raging.settle(patience_seconds=60)
        wrong = [fault for check in CHECKS for fault in check(raging)]
    assert not wrong, "\n".join(wrong)
