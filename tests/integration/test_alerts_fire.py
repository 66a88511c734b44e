"""Each alert of deploy/prometheus/alerts.yml fires when its fault is caused for real.

A worker between real Kafka and Redis, a real Prometheus, the shipped rules with shorter durations (`hurried_rules`). The
faults are caused one after the other; each alert has to be silent before its own. Where the numbers in the rules stand,
and that the alerts end again, is tested with promtool in tests/deploy.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import yaml
from alert_stand import DURATION, RULES, Stand, hurried_rules
from running import wait_until

from streams.scenarios import DEMO_LISTED
from streams.store import Keys

pytestmark = pytest.mark.integration

# What nobody can cause from outside, and why.
UNCAUSED: Final = {
    "LockgateRecordsUnaccounted": "counts of a batch that do not add up: only a fault in Lockgate's own counting makes it",
}


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    made = Stand(tmp_path_factory.mktemp("alerts"))
    try:
        made.begin()
        yield made
    finally:
        made.end()


def old_lists(stand: Stand) -> None:
    """The worker has a list from 2025 (the demo's), one without a date, and networks of January."""
    stand.watch(stand.main)


def a_broker_without_transactions_and_a_list_without_addresses(stand: Stand) -> None:
    stand.watch(stand.lone)


def a_bad_feed(stand: Stand) -> None:
    """Sixty withdrawals to a listed address, bad records among good ones, one that a rule raises at; then nothing."""
    stand.watch(stand.main)
    stand.send(1_100)
    stand.send(60, kind="withdrawal", addresses=[DEMO_LISTED])
    stand.send_raw("deposit", [(f"account-{n}", '{"kind": "deposit"}') for n in range(20)])
    stand.send(1, asset="RAISES")


def transfers_without_findings(stand: Stand) -> None:
    """The feed goes on, but without anything that a rule would find."""
    stand.send(400)


def a_rule_file_with_a_mistake(stand: Stand) -> None:
    stand.write_rule("alive")


def a_list_that_lost_half(stand: Stand) -> None:
    stand.write_rule("live")
    stand.publish_list(20, "11/21/2026")


def a_list_that_is_gone(stand: Stand) -> None:
    stand.list.unlink()


def an_edition_that_a_worker_does_not_take(stand: Stand) -> None:
    """The other worker hangs when the list changes."""
    stand.watch(stand.main, stand.other)
    stand.publish_list(41, "11/22/2026")


def an_emptied_redis(stand: Stand) -> None:
    stand.watch(stand.main)
    stand.redis.flush()


def a_rule_that_answers_with_a_word(stand: Stand) -> None:
    stand.send(1, asset="UNTYPED")


def a_rule_that_is_slow(stand: Stand) -> None:
    """More comes in for a while than is judged."""
    judged = stand.judged()
    stand.change_rules("retired")
    wait_until(lambda: stand.judged() > judged, 60, "the transfer that could not be judged is judged")
    stand.change_rules("live")
    stand.send(5_000, asset="SLOW")
    for _ in range(12):
        stand.send(600, asset="SLOW")
        time.sleep(0.8)


def a_worker_that_hangs(stand: Stand) -> None:
    """It has done so for a minute, since the stand was made."""
    stand.watch(stand.main, stand.other)


def a_rule_that_never_ends_in_a_large_batch(stand: Stand) -> None:
    stand.send(3_000, asset="SLOW", kind="withdrawal")
    stand.send(1, asset="HANGS", kind="withdrawal")
    stand.send(3_000, kind="withdrawal")


def workers_that_are_gone(stand: Stand) -> None:
    stand.other.kill()
    stand.main.kill()


def an_emptied_redis_and_a_lost_archive(stand: Stand) -> None:
    """The machine is replaced: another rule set, and nobody knows the earlier ones."""
    stand.write_rule("retired")
    stand.forget_the_archive()
    stand.redis.flush()
    stand.main.start()


def redis_away(stand: Stand) -> None:
    wait_until(lambda: stand.main.ready, 60, "everything is judged again")
    stand.redis.stop()


def a_redis_of_another_time(stand: Stand) -> None:
    """Its batches have numbers that no journal has."""
    stand.redis.start()
    wait_until(lambda: stand.main.ready, 60, "everything is judged again")
    with stand.tampering() as redis:
        for number in (0, 1):
            redis.hincrby(Keys("lockgate", "accounts", number).meta, "n", 5)


def kafka_away(stand: Stand) -> None:
    stand.kafka.kill()


FAULTS: Final[list[tuple[Callable[[Stand], None], set[str]]]] = [
    (old_lists, {"LockgateListStale", "LockgateListUndated", "LockgateReferenceStale"}),
    (a_broker_without_transactions_and_a_list_without_addresses, {"LockgateNotTransactional", "LockgateListMissing"}),
    (a_bad_feed, {"LockgateManyHolds", "LockgateDeadLettersHigh", "LockgateRuleErrors", "LockgateInputSilent"}),
    (transfers_without_findings, {"LockgateFindingsStopped"}),
    (a_rule_file_with_a_mistake, {"LockgateRulesRefused"}),
    (a_list_that_lost_half, {"LockgateListRefused"}),
    (a_list_that_is_gone, {"LockgateListRefreshFailing"}),
    (an_edition_that_a_worker_does_not_take, {"LockgateListsDiffer"}),
    (an_emptied_redis, {"LockgateStateRebuilt"}),
    (a_rule_that_answers_with_a_word, {"LockgateUnexpectedError", "LockgateSessionsFailing"}),
    (a_rule_that_is_slow, {"LockgateLagGrowing", "LockgateLatencyHigh"}),
    (a_worker_that_hangs, {"LockgateWorkerStuck"}),
    (a_rule_that_never_ends_in_a_large_batch, {"LockgateNoVerdicts"}),
    (workers_that_are_gone, {"LockgateWorkerDown", "LockgateNothingServed"}),
    (an_emptied_redis_and_a_lost_archive, {"LockgateReplayUnverified"}),
    (redis_away, {"LockgateRedisAway", "LockgatePartitionNotServed"}),
    (a_redis_of_another_time, {"LockgateImpossible"}),
    (kafka_away, {"LockgateKafkaAway"}),
]


@pytest.mark.parametrize(("cause", "alerts"), FAULTS, ids=[cause.__name__ for cause, _ in FAULTS])
def test_alert_fires_when_its_fault_is_caused(stand: Stand, cause: Callable[[Stand], None], alerts: set[str]) -> None:
    assert not alerts & stand.prometheus.firing(), "fires before its fault"
    cause(stand)
    fired: set[str] = set()

    def all_fired() -> bool:
        fired.update(stand.prometheus.firing())
        return alerts <= fired

    wait_until(all_fired, 90, f"{', '.join(sorted(alerts))}")


def test_every_alert_is_fired_or_said_why_not() -> None:
    named = {rule["alert"] for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]}
    fired = {alert for _, alerts in FAULTS for alert in alerts}
    assert not fired & UNCAUSED.keys()
    assert fired | UNCAUSED.keys() == named
    assert len(UNCAUSED) == 1


def test_only_durations_are_shortened() -> None:
    """Numbers that are compared stay as shipped."""

    def without_durations(rules: dict[str, Any]) -> list[tuple[str, str]]:
        return [(one["alert"], DURATION.sub("", one["expr"])) for group in rules["groups"] for one in group["rules"]]

    assert without_durations(yaml.safe_load(RULES.read_text("utf-8"))) == without_durations(hurried_rules())
