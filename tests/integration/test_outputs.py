"""Other forms of the alerts on a real broker: in the transaction of the alerts, and nothing that the journal depends on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from running import Worker, committed, lockgate, messages, send_transfers, transfer, wait_until

from streams.components import Kafka, Redis
from streams.scenarios import DEMO_LISTED

pytestmark = pytest.mark.integration

OUTPUTS = {"LOCKGATE_OUTPUTS": "siem.alerts=ocsf+cloudevents,elastic.alerts=ecs,lockgate.verdicts=cloudevents"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kafka, Redis, dict[str, str], Path]]:
    folder = tmp_path_factory.mktemp("outputs")
    with Kafka(folder / "kafka") as kafka, Redis(folder / "redis") as redis:
        environment = {"LOCKGATE_KAFKA": kafka.bootstrap, "LOCKGATE_REDIS": redis.url, "LOCKGATE_SESSION_TIMEOUT": "6"}
        yield kafka, redis, environment, folder


def events(bootstrap: str, topic: str) -> list[KafkaMessage]:
    """Every record with its headers, as another client reads them."""
    return [
        KafkaMessage(dict(one.headers() or ()), one.key(), one.value() or b"")  # type: ignore[arg-type]
        for one in messages(bootstrap, topic)
    ]


def judge(worker: Worker, bootstrap: str, numbers: range) -> None:
    """Withdrawals to a listed address, and their verdicts."""
    worker.start()
    try:
        wait_until(lambda: worker.ready, 60, "a ready worker")
        before = len(committed(bootstrap, "lockgate.verdicts"))
        send_transfers(bootstrap, [transfer(number, addresses=[DEMO_LISTED]) for number in numbers])
        wait_until(lambda: len(committed(bootstrap, "lockgate.verdicts")) == before + len(numbers), 30, "verdicts")
    finally:
        worker.stop()


def test_every_alert_goes_out_in_every_form_and_forms_may_change_without_a_trace(
    place: tuple[Kafka, Redis, dict[str, str], Path],
) -> None:
    kafka, redis, environment, folder = place
    assert lockgate(environment, "topics", "create", "--partitions", "2").returncode == 0
    missing = lockgate({**environment, **OUTPUTS}, "topics", "check", "--json")
    assert missing.returncode == 1
    assert '"topic":"siem.alerts","fault":true,"problem":"does not exist"' in missing.stdout
    assert lockgate({**environment, **OUTPUTS}, "topics", "create").returncode == 0

    judge(Worker("with-forms", folder, {**environment, **OUTPUTS}), kafka.bootstrap, range(1, 15))
    alerts = committed(kafka.bootstrap, "lockgate.alerts")
    assert len(alerts) >= 7
    findings = committed(kafka.bootstrap, "siem.alerts")
    assert {one["metadata"]["uid"] for one in findings} == {one["alert_id"] for one in alerts}
    documents = committed(kafka.bootstrap, "elastic.alerts")
    assert len(findings) == len(documents) == len(alerts)
    assert {one["event"]["id"] for one in documents} == {one["alert_id"] for one in alerts}
    for topic, kind, count in (
        ("siem.alerts", "lockgate.alert.ocsf.v1", len(alerts)),
        ("lockgate.verdicts", "lockgate.verdict.v1", 14),
    ):
        sent = events(kafka.bootstrap, topic)
        assert len(sent) == count
        for message in sent:
            event = from_binary_event(message)
            assert (event.get_type(), event.get_data()) == (kind, json.loads(message.value))

    redis.flush()  # so that the next worker has to replay what was judged while other forms were wanted
    judge(Worker("without-forms", folder, environment), kafka.bootstrap, range(15, 22))
    assert len(committed(kafka.bootstrap, "siem.alerts")) == len(findings)
    assert len(committed(kafka.bootstrap, "lockgate.alerts")) > len(alerts)
    audit = lockgate(environment, "audit", "--json")
    assert audit.returncode == 0, audit
