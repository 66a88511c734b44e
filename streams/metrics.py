"""Every metric of Lockgate, defined once. Labels never hold an account or an address.

docs/metrics.md is generated from here (`lockgate docs`).

Series whose labels are known beforehand are there from the start, at 0: a counter that first appears at 1 would show
Prometheus no increase, and an alert on its first increase would stay silent.
"""

from collections.abc import Iterable
from math import nan
from typing import Final

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from rules.messages import Decision
from streams.delivery.partition import Condition
from streams.delivery.stage import Judged

disable_created_metrics()  # type: ignore[no-untyped-call]  # one series more for each counter, which nobody reads

_FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

RECORDS: Final = Counter(
    "lockgate_records",
    "Input records by what became of them: deposit, withdrawal, duplicate, flow, deadletter. Together all that was read.",
    ("stage", "outcome"),
)
UNACCOUNTED: Final = Counter(
    "lockgate_unaccounted_records", "Records read that are in none of those classes: must stay 0.", ("stage",)
)
VERDICTS: Final = Counter("lockgate_verdicts", "Verdicts by decision: release, hold, reject.", ("decision",))
FINDINGS: Final = Counter(
    "lockgate_findings",
    "Findings by rule: alerted, suppressed (told already), shadowed, excepted (by a person).",
    ("rule", "outcome"),
)
NOT_EVALUATED: Final = Counter(
    "lockgate_rules_not_evaluated", "Rules that could not answer, which is never taken as clean.", ("rule",)
)
RULE_RELOADS: Final = Counter(
    "lockgate_rule_reloads", "Looks at changed files of rules and exceptions: changed, unchanged, refused.", ("result",)
)
RULES_CURRENT: Final = Gauge("lockgate_rules_current", "1 when the files of rules are in force, 0 when they are refused.")
RULE_ERRORS: Final = Counter("lockgate_rule_errors", "Rules that raised an exception.", ("rule",))
LATENCY_SECONDS: Final = Histogram(
    "lockgate_latency_seconds",
    "From the oldest record of a batch entering Kafka to its results being committed.",
    ("stage",),
    buckets=_FAST,
)
STEP_SECONDS: Final = Histogram(
    "lockgate_step_seconds", "Time of a round's steps: load, judge, commit, publish.", ("step",), buckets=_FAST
)
LAG: Final = Gauge("lockgate_lag_records", "Records in Kafka that are not judged yet.", ("topic", "partition"))
WAITING: Final = Gauge("lockgate_waiting_records", "Records in memory that are not judged yet.", ("stage",))
PARTITIONS: Final = Gauge(
    "lockgate_partitions", "Partitions of this worker by condition: claiming, ready, failed.", ("stage", "condition")
)
CLAIMS: Final = Counter(
    "lockgate_claims", "Partitions taken over, by how: clean, republished, replayed, wiped.", ("stage", "how")
)
CLAIM_SECONDS: Final = Histogram("lockgate_claim_seconds", "Time that taking over a partition takes.", buckets=_FAST)
REPLAYED_BATCHES: Final = Counter(
    "lockgate_replayed_batches",
    "Batches judged again after state was lost; verified: their hash came out as published.",
    ("stage", "verified"),
)
NOT_REMEMBERED: Final = Counter(
    "lockgate_contacts_not_remembered",
    "Entries not kept for looking back: of addresses, names and words that very many accounts have met.",
)
REPUBLISHED_BATCHES: Final = Counter(
    "lockgate_republished_batches", "Batches that a successor published as they stood in Redis.", ("stage",)
)
SESSION_FAILURES: Final = Counter(
    "lockgate_session_failures", "Sessions ended by an error, by its kind; bug: one that nothing explains.", ("error",)
)
IMPOSSIBLE: Final = Counter("lockgate_impossible", "Contradictions of Redis and journal, which need a person.", ("stage",))
REDIS_UP: Final = Gauge("lockgate_redis_up", "1 when Redis answered the last check; NaN before the first.")
KAFKA_UP: Final = Gauge("lockgate_kafka_up", "1 when a broker took a connection at the last check.")
LIST_AGE: Final = Gauge("lockgate_list_age_seconds", "Age of the sanctions list by its publication date.", ("list",))
LIST_ENTRIES: Final = Gauge("lockgate_list_entries", "Entries of the sanctions list.", ("list",))
REFERENCE_AGE: Final = Gauge("lockgate_reference_age_seconds", "Age of the reference list by its date.", ("list", "kind"))
REFERENCE_ROWS: Final = Gauge("lockgate_reference_rows", "Rows of the reference list.", ("list", "kind"))
LIST_ADDRESSES: Final = Gauge("lockgate_list_addresses", "Listed addresses by currency.", ("currency",))
LIST_REFRESHES: Final = Counter(
    "lockgate_list_refreshes",
    "Refreshes of a list's source. Any result but changed and unchanged keeps the last good list.",
    ("source", "result"),
)
LIST_CURRENT: Final = Gauge(
    "lockgate_list_current_timestamp_seconds", "When a source last answered with a list that can be used.", ("source",)
)
TRANSACTIONAL: Final = Gauge(
    "lockgate_transactional", "1 when outputs are exactly once, 0 on a broker without transactions."
)
HEARTBEAT: Final = Gauge("lockgate_heartbeat_timestamp_seconds", "When the worker's event loop turned last.")

_OUTCOMES: Final = {
    "accounts": ("deposit", "withdrawal", "duplicate", "deadletter"),
    "counterparties": ("flow", "", "", "deadletter"),
}
_CLAIMED: Final = ("clean", "republished", "replayed", "wiped")
_RELOADS: Final = ("changed", "unchanged", "refused")
_STEPS: Final = ("load", "judge", "commit", "publish")
_FINDINGS: Final = ("alerted", "suppressed", "shadowed", "excepted")
_REFRESHES: Final = ("changed", "unchanged", "unreachable", "invalid", "refused")
_shown: Final[set[tuple[str, str]]] = set()  # labels of the lags shown now


def _start_at_zero() -> None:
    for stage, outcomes in _OUTCOMES.items():
        for outcome in filter(None, outcomes):
            RECORDS.labels(stage, outcome)
        for condition in Condition:
            PARTITIONS.labels(stage, condition.value)
        for how in _CLAIMED:
            CLAIMS.labels(stage, how)
        for verified in ("yes", "no"):
            REPLAYED_BATCHES.labels(stage, verified)
        for metric in (LATENCY_SECONDS, WAITING, REPUBLISHED_BATCHES, IMPOSSIBLE):
            metric.labels(stage)
    UNACCOUNTED.labels("accounts")
    SESSION_FAILURES.labels("bug")
    for decision in Decision:
        VERDICTS.labels(decision.value)
    for result in _RELOADS:
        RULE_RELOADS.labels(result)
    for step in _STEPS:
        STEP_SECONDS.labels(step)
    REDIS_UP.set(nan)  # a worker that waits for Kafka has not asked Redis yet


_start_at_zero()


def expect_rules(rules: Iterable[str]) -> None:
    """Let the series of these rules begin at 0, so that the first finding and the first error of each can be seen."""
    for rule in rules:
        for outcome in _FINDINGS:
            FINDINGS.labels(rule, outcome)
        NOT_EVALUATED.labels(rule)
        RULE_ERRORS.labels(rule)


def expect_list_source(source: str) -> None:
    """Let the series of a list's source begin at 0."""
    for result in _REFRESHES:
        LIST_REFRESHES.labels(source, result)


def count_list_refresh(source: str, result: str, *, current: bool) -> None:
    """Count a refresh; `current` says that the source answered with a list that can be used."""
    LIST_REFRESHES.labels(source, result).inc()
    if current:
        LIST_CURRENT.labels(source).set_to_current_time()


def forget_lists() -> None:
    """Drop the series of lists that may not be in force any more; those that are have to be shown again."""
    for metric in (LIST_ENTRIES, LIST_ADDRESSES, LIST_AGE, REFERENCE_AGE, REFERENCE_ROWS):
        metric.clear()


def count_rule_reload(result: str, *, current: bool) -> None:
    """Count a look at changed files of rules; `current`: what stands there is in force."""
    RULE_RELOADS.labels(result).inc()
    RULES_CURRENT.set(current)


def show_lags(lags: dict[tuple[str, str], int]) -> None:
    """Lags by topic and partition, those of partitions that have moved away removed."""
    for gone in _shown - lags.keys():
        LAG.remove(*gone)
    for place, lag in lags.items():
        LAG.labels(*place).set(lag)
    _shown.clear()
    _shown.update(lags)


def count_batch(stage: str, judged: Judged, records: int) -> None:
    """Count a published batch of `records` records."""
    for outcome, count in zip(_OUTCOMES[stage], judged.counts, strict=True):
        if count:
            RECORDS.labels(stage, outcome).inc(count)
    if stage == "accounts" and (missing := records - sum(judged.counts)):
        UNACCOUNTED.labels(stage).inc(abs(missing))
    for decision, count in judged.decisions.items():
        VERDICTS.labels(decision).inc(count)
    tally = judged.tally
    for outcome, counter in zip(_FINDINGS, (tally.findings, tally.suppressed, tally.shadowed, tally.excepted), strict=True):
        for rule, count in counter.items():
            FINDINGS.labels(rule, outcome).inc(count)
    for rule, count in tally.not_evaluated.items():
        NOT_EVALUATED.labels(rule).inc(count)
    for rule, count in tally.raised.items():
        RULE_ERRORS.labels(rule).inc(count)
