"""What is said about topics that are not as delivery needs them."""

from collections.abc import Mapping

import pytest

from streams.kafka_topics import (
    LARGEST_BUNDLE_BYTES,
    TOPICS,
    FoundTopic,
    Remark,
    remarks,
    topic_specs,
)
from streams.settings import (
    ALERTS,
    DEPOSITS,
    FLOWS,
    JOURNAL_ACCOUNTS,
    JOURNAL_COUNTERPARTIES,
    LISTS,
    VERDICTS,
    WITHDRAWALS,
)

SERVERS = "kafka-1:9092"
SINGLE = {FLOWS, JOURNAL_COUNTERPARTIES, LISTS}


def _as_created(partitions: int = 4, replication: int = 1) -> dict[str, FoundTopic]:
    return {
        spec.name: FoundTopic(partitions=spec.partitions, replication=replication, settings=dict(spec.settings))
        for spec in topic_specs(partitions, replication)
    }


def _changed(name: str, settings: Mapping[str, str], replication: int = 1) -> dict[str, FoundTopic]:
    found = _as_created(replication=replication)
    old = found[name]
    found[name] = FoundTopic(partitions=old.partitions, replication=replication, settings={**old.settings, **settings})
    return found


def _only(found: Mapping[str, FoundTopic]) -> Remark:
    [remark] = remarks(found, servers=SERVERS)
    return remark


@pytest.mark.parametrize("replication", [1, 3])
def test_topics_as_created_are_right(replication: int) -> None:
    assert remarks(_as_created(8, replication), servers=SERVERS, partitions=8, replication=replication) == []


def test_all_topics_of_the_contract_are_created_those_of_the_network_in_one_partition() -> None:
    partitions = {spec.name: spec.partitions for spec in topic_specs(6)}
    assert partitions == {name: 1 if name in SINGLE else 6 for name in TOPICS}
    assert len(partitions) == 9


@pytest.mark.parametrize("name", [JOURNAL_ACCOUNTS, JOURNAL_COUNTERPARTIES, LISTS])
def test_journals_and_lists_are_created_to_be_kept_for_ever(name: str) -> None:
    [spec] = [spec for spec in topic_specs() if spec.name == name]
    assert spec.settings["retention.ms"] == spec.settings["retention.bytes"] == "-1"
    assert spec.settings["cleanup.policy"] == "delete"
    assert spec.settings["max.message.bytes"] == str(LARGEST_BUNDLE_BYTES)


def test_three_replicas_ask_two_of_them_to_confirm() -> None:
    assert {spec.settings["min.insync.replicas"] for spec in topic_specs(4, 3)} == {"2"}


def test_a_missing_topic_is_a_fault_with_the_command_that_creates_it() -> None:
    found = _as_created(6)
    del found[VERDICTS]
    remark = _only(found)
    assert (remark.topic, remark.fault, remark.problem) == (VERDICTS, True, "does not exist")
    assert remark.remedy == "lockgate topics create --partitions 6"


@pytest.mark.parametrize("name", [DEPOSITS, WITHDRAWALS, VERDICTS, JOURNAL_ACCOUNTS])
def test_a_topic_with_fewer_partitions_than_its_group_is_a_fault(name: str) -> None:
    found = _as_created(6)
    found[name] = FoundTopic(partitions=5, replication=1, settings=found[name].settings)
    remark = _only(found)
    assert (remark.topic, remark.fault) == (name, True)
    assert remark.remedy == f"kafka-topics.sh --bootstrap-server {SERVERS} --alter --topic {name} --partitions 6"


def test_more_partitions_than_asked_for_cannot_be_mended_by_altering() -> None:
    found = _as_created(6)
    problems = remarks(found, servers=SERVERS, partitions=4)
    assert {remark.topic for remark in problems} == set(TOPICS) - SINGLE
    assert all(remark.remedy and "--delete" in remark.remedy for remark in problems)


@pytest.mark.parametrize("name", sorted(SINGLE))
def test_the_network_is_seen_by_one_partition(name: str) -> None:
    found = _as_created(4)
    found[name] = FoundTopic(partitions=2, replication=1, settings=found[name].settings)
    remark = _only(found)
    assert (remark.topic, remark.fault) == (name, True)
    assert "not 1" in remark.problem


@pytest.mark.parametrize("name", TOPICS)
def test_a_compacted_topic_is_a_fault(name: str) -> None:
    remark = _only(_changed(name, {"cleanup.policy": "compact"}))
    assert remark.fault
    assert remark.remedy is not None
    assert remark.remedy.endswith(f"--entity-name {name} --add-config cleanup.policy=delete")


@pytest.mark.parametrize("name", [JOURNAL_ACCOUNTS, JOURNAL_COUNTERPARTIES, LISTS])
@pytest.mark.parametrize("setting", ["retention.ms", "retention.bytes"])
def test_a_journal_with_any_limit_is_a_fault(name: str, setting: str) -> None:
    remark = _only(_changed(name, {setting: "31536000000"}))
    assert remark.fault
    assert remark.remedy is not None
    assert remark.remedy.endswith(f"{setting}=-1")


@pytest.mark.parametrize("name", [DEPOSITS, WITHDRAWALS, FLOWS])
def test_sources_kept_for_a_week_are_noted_and_for_less_are_a_fault(name: str) -> None:
    week = 7 * 86_400_000
    assert not _only(_changed(name, {"retention.ms": str(week)})).fault
    assert _only(_changed(name, {"retention.ms": str(week - 1)})).fault


def test_the_retention_of_alerts_is_for_the_exchange_to_choose() -> None:
    assert remarks(_changed(ALERTS, {"retention.ms": "3600000"}), servers=SERVERS) == []


@pytest.mark.parametrize("name", [FLOWS, JOURNAL_ACCOUNTS])
def test_bundles_need_room(name: str) -> None:
    assert _only(_changed(name, {"max.message.bytes": "1048588"})).fault


def test_a_single_confirming_broker_of_three_is_a_fault() -> None:
    remark = _only(_changed(DEPOSITS, {"min.insync.replicas": "1"}, replication=3))
    assert remark.remedy is not None
    assert remark.remedy.endswith("min.insync.replicas=2")


def test_an_unclean_leader_election_is_a_fault() -> None:
    assert _only(_changed(JOURNAL_ACCOUNTS, {"unclean.leader.election.enable": "true"})).fault


def test_settings_the_broker_does_not_tell_are_not_called_wrong() -> None:
    found = {
        name: FoundTopic(partitions=topic.partitions, replication=1, settings={}) for name, topic in _as_created().items()
    }
    assert remarks(found, servers=SERVERS) == []
