"""The topics Lockgate lives on: what they must be like, creating them, and saying what is wrong with them.

Three things have to hold for delivery to be exact (see README, delivery):

* Co-partitioning. What is about one account lies in the same partition number of every account topic: both
  sources, the outputs and the accounts journal. Flows and the counterparties journal have one partition (docs/network.md).
* Retention. Journals are the record of what was decided in which order, and are kept without limit and never
  compacted. Sources and flows are what a replay reads: as created here they are kept without limit too, because
  only the exchange knows how old its oldest Redis backup is. It may set `retention.ms` to more than that age.
* Size. Flows and journals carry bundles of many records, above the 1 MiB that a broker takes by default.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from streams.settings import (
    ALERTS,
    DEADLETTERS,
    DEPOSITS,
    FLOWS,
    JOURNAL_ACCOUNTS,
    JOURNAL_COUNTERPARTIES,
    LISTS,
    VERDICTS,
    WITHDRAWALS,
)

DEFAULT_PARTITIONS: Final = 4
USUAL_REPLICATION: Final = 3
LARGEST_BUNDLE_BYTES: Final = 8 * 1024 * 1024  # judgement: eight times the broker's default
SHORTEST_SOURCE_RETENTION_MS: Final = 7 * 86_400_000  # judgement: a weekly Redis backup can still be replayed from

ACCOUNT_TOPICS: Final = (DEPOSITS, WITHDRAWALS, ALERTS, VERDICTS, DEADLETTERS, JOURNAL_ACCOUNTS)
COUNTERPARTY_TOPICS: Final = (FLOWS, JOURNAL_COUNTERPARTIES)
TOPICS: Final = (*ACCOUNT_TOPICS, *COUNTERPARTY_TOPICS, LISTS)

_SINGLE: Final = (*COUNTERPARTY_TOPICS, LISTS)
_KEPT_FOR_EVER: Final = frozenset({JOURNAL_ACCOUNTS, JOURNAL_COUNTERPARTIES, LISTS})
_REPLAYED: Final = frozenset({DEPOSITS, WITHDRAWALS, FLOWS})
_BUNDLED: Final = frozenset({FLOWS, JOURNAL_ACCOUNTS, JOURNAL_COUNTERPARTIES, LISTS})


class TopicSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How a topic is created: partitions, copies, and its settings by Kafka's names."""

    name: str
    partitions: int
    replication: int
    settings: dict[str, str]


class FoundTopic(msgspec.Struct, frozen=True, kw_only=True):
    """What the broker says about a topic that exists. A setting it does not tell is missing from `settings`."""

    partitions: int
    replication: int
    settings: dict[str, str]


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """One thing about a topic that is wrong (`fault`), or that whoever runs it should know, and what mends it."""

    topic: str
    fault: bool
    problem: str
    remedy: str | None = None


def topic_specs(
    partitions: int = DEFAULT_PARTITIONS, replication: int = 1, side: Sequence[str] = ()
) -> tuple[TopicSpec, ...]:
    """All topics as `lockgate topics create` makes them. `side` are those that no worker waits for."""
    return tuple(
        TopicSpec(
            name=name,
            partitions=1 if name in _SINGLE else partitions,
            replication=replication,
            settings=_settings(name, replication),
        )
        for name in (*TOPICS, *side)
    )


def _settings(name: str, replication: int) -> dict[str, str]:
    settings = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
    if name in _BUNDLED:
        settings["max.message.bytes"] = str(LARGEST_BUNDLE_BYTES)
    if replication >= USUAL_REPLICATION:
        settings["min.insync.replicas"] = str(replication - 1)
    return settings


def remarks(
    found: Mapping[str, FoundTopic],
    *,
    servers: str,
    partitions: int | None = None,
    replication: int | None = None,
    side: Sequence[str] = (),
) -> list[Remark]:
    """What is wrong with the topics as they are; empty when everything is as delivery needs it.

    `partitions` and `replication` are what they should be, where the user said so.
    """
    wanted = partitions or max((found[name].partitions for name in ACCOUNT_TOPICS if name in found), default=0)
    out: list[Remark] = []
    for name in (*TOPICS, *side):
        topic = found.get(name)
        if topic is None:
            option = f" --partitions {wanted}" if wanted else ""
            out.append(Remark(topic=name, fault=True, problem="does not exist", remedy=f"lockgate topics create{option}"))
            continue
        check = _Check(name, topic, servers)
        check.settings()
        check.replication(replication)
        out += check.remarks
    out += _partition_remarks(found, ACCOUNT_TOPICS, partitions, servers)
    for name in _SINGLE:
        out += _partition_remarks(found, (name,), 1, servers)
    return out


def _partition_remarks(
    found: Mapping[str, FoundTopic], group: Sequence[str], wanted: int | None, servers: str
) -> list[Remark]:
    """Topics of a group that do not have the wanted number of partitions, or not as many as the largest of it."""
    present = {name: found[name].partitions for name in group if name in found}
    target = wanted or max(present.values(), default=0)
    out = []
    for name, count in present.items():
        if count < target:
            problem = f"has {count} partitions, not {target}: add them before the first transfer, keys move"
            out.append(Remark(topic=name, fault=True, problem=problem, remedy=_add_partitions(name, target, servers)))
        elif count > target:
            problem = f"has {count} partitions, not {target}, and Kafka cannot take any away: delete and create it anew"
            remedy = f"kafka-topics.sh --bootstrap-server {servers} --delete --topic {name}"
            out.append(Remark(topic=name, fault=True, problem=problem, remedy=remedy))
    return out


def _add_partitions(name: str, count: int, servers: str) -> str:
    return f"kafka-topics.sh --bootstrap-server {servers} --alter --topic {name} --partitions {count}"


class _Check:
    """Compares one topic with what it has to be like."""

    def __init__(self, name: str, topic: FoundTopic, servers: str) -> None:
        self._name = name
        self._topic = topic
        self._servers = servers
        self.remarks: list[Remark] = []

    def settings(self) -> None:
        """Clean-up, retention and size; a setting the broker does not tell is skipped here."""
        told = self._topic.settings
        if (policy := told.get("cleanup.policy", "delete")) != "delete":
            self._mend(f"is {policy}ed: messages would go missing", "cleanup.policy", "delete")
        if self._name in _KEPT_FOR_EVER:
            for setting in ("retention.ms", "retention.bytes"):
                if int(told.get(setting, "-1")) >= 0:
                    self._mend(f"is not kept without limit ({setting}={told[setting]})", setting, "-1")
        elif self._name in _REPLAYED:
            self._retention(int(told.get("retention.ms", "-1")), int(told.get("retention.bytes", "-1")))
        if self._name in _BUNDLED and int(told.get("max.message.bytes", LARGEST_BUNDLE_BYTES)) < LARGEST_BUNDLE_BYTES:
            problem = f"takes no bundles above {told['max.message.bytes']} bytes"
            self._mend(problem, "max.message.bytes", str(LARGEST_BUNDLE_BYTES))
        if told.get("unclean.leader.election.enable") == "true":
            problem = "may lose confirmed messages: a copy that lags behind may become the leader"
            self._mend(problem, "unclean.leader.election.enable", "false")

    def _retention(self, kept_ms: int, kept_bytes: int) -> None:
        if 0 <= kept_ms < SHORTEST_SOURCE_RETENTION_MS:
            self._mend(f"is kept {kept_ms / 86_400_000:.1f} days: too short to replay from", "retention.ms", "-1")
        elif kept_ms >= 0:
            self._note(
                f"is kept {kept_ms / 86_400_000:.1f} days: an older Redis backup cannot be brought up to date from it"
            )
        if kept_bytes >= 0:
            self._mend(f"is cut at {kept_bytes} bytes a partition: what a replay needs may be gone", "retention.bytes", "-1")

    def replication(self, wanted: int | None) -> None:
        """Copies, and how many of them have to confirm."""
        copies = self._topic.replication
        if wanted is not None and copies != wanted:
            self.remarks.append(
                Remark(
                    topic=self._name,
                    fault=True,
                    problem=f"has {copies} replicas, not {wanted}",
                    remedy=f"kafka-reassign-partitions.sh --bootstrap-server {self._servers} --execute ...",
                )
            )
        confirming = int(self._topic.settings.get("min.insync.replicas", copies))
        if copies >= USUAL_REPLICATION and confirming < 2:
            problem = "counts a message as written when one broker has it: it is lost with that broker"
            self._mend(problem, "min.insync.replicas", str(copies - 1))

    def _mend(self, problem: str, setting: str, value: str) -> None:
        remedy = (
            f"kafka-configs.sh --bootstrap-server {self._servers} --alter --entity-type topics "
            f"--entity-name {self._name} --add-config {setting}={value}"
        )
        self.remarks.append(Remark(topic=self._name, fault=True, problem=problem, remedy=remedy))

    def _note(self, problem: str) -> None:
        self.remarks.append(Remark(topic=self._name, fault=False, problem=problem))
