"""Other forms of what Lockgate sends: each validated against the schema of its own, from every kind of alert."""

import io
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from fuzzed import dumps, fuzzed_lines
from hypothesis import given, settings
from hypothesis import strategies as st
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from rules.engine import AccountsEngine
from rules.knowledge import Knowledge
from rules.messages import Action, Alert, AlertStatus, Evidence, ListMatch, Related, Severity, Source
from streams.accounts import alert_message, deadletter_message, verdict_message
from streams.delivery.stage import Message
from streams.errors import SettingsError
from streams.formats.cloudevents import TYPES
from streams.formats.ecs import ECS_VERSION, ecs_document
from streams.formats.ocsf import OCSF_VERSION, ocsf_finding
from streams.formats.outlet import Form, Outlet
from streams.formats.outlets import Outlets
from streams.rulefiles import load_rules
from streams.scenarios import scenario
from streams.screening import Screened, Screening, read_records
from streams.settings import ALERTS, DEADLETTERS, FLOWS, VERDICTS, load_settings
from streams.watchlists import load_watchlist

MOMENT = datetime(2026, 11, 23, 4, 5, 6, 789000, tzinfo=UTC)
FIELDS = json.loads((Path(__file__).parent / "samples" / "ecs_fields.json").read_text("utf-8"))


@cache
def ocsf() -> tuple[dict[str, Any], jsonschema.Draft202012Validator]:
    schema = get_ocsf_schema(version=OCSF_VERSION)
    written = OcsfJsonSchemaEmbedded(schema).get_class_schema("detection_finding")
    return schema, jsonschema.Draft202012Validator(written)


@pytest.fixture(scope="module")
def output() -> list[Screened]:
    """What comes of the demo scenario and of damaged lines."""
    session = Screening(AccountsEngine(load_rules(), Knowledge(load_watchlist(["demo"]))), "transfers.jsonl")
    lines = [*map(dumps, scenario("demo").transfers()), *fuzzed_lines(500)]
    return [session.judge(batch, 1_790_000_000_000) for batch in read_records(io.BytesIO(b"\n".join(lines)))]


moments = st.datetimes(min_value=datetime(2009, 2, 1), max_value=datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
texts = st.text(max_size=30)
facts = st.dictionaries(texts, texts | st.integers() | st.booleans() | st.none() | st.lists(texts, max_size=2), max_size=3)
alerts = st.builds(
    Alert,
    typology=st.lists(texts, max_size=3).map(tuple),
    evidence=st.lists(st.builds(Evidence, occurred_at=moments), max_size=3).map(tuple),
    facts=facts,
    list=st.none() | st.builds(ListMatch),
    occurred_at=moments,
    detected_at=moments,
    related=st.lists(st.builds(Related, facts=facts), max_size=2).map(tuple),
)


def an_alert(**changes: Any) -> Alert:
    alert = Alert(
        alert_id="b",
        rule_id="laundering.fan_in",
        rule_version="1.0.0",
        ruleset="r",
        severity=Severity.HIGH,
        title="Many senders",
        typology=(),
        account_id="a-1",
        counterparty=None,
        evidence=(),
        facts={},
        list=None,
        source=Source("exchange.deposits", 1, 2),
        occurred_at=MOMENT,
        detected_at=MOMENT,
        retroactive=False,
        action=Action.HOLD,
    )
    return msgspec.structs.replace(alert, **changes)


def valid_finding(alert: Alert) -> dict[str, Any]:
    finding: dict[str, Any] = json.loads(msgspec.json.encode(ocsf_finding(alert)))
    schema, validator = ocsf()
    assert [error.message for error in validator.iter_errors(finding)] == []
    attributes = schema["classes"]["detection_finding"]["attributes"]
    for name in ("activity", "severity", "status"):  # the caption beside a number is the schema's own
        if f"{name}_id" in finding:
            caption = attributes[f"{name}_id"]["enum"][str(finding[f"{name}_id"])]["caption"]
            assert finding["activity_name" if name == "activity" else name] == caption
    observables = schema["objects"]["observable"]["attributes"]["type_id"]["enum"]
    for one in finding["observables"]:
        assert one["type_id"] == 99 or observables[str(one["type_id"])]["caption"] == one["type"]
    return finding


@settings(max_examples=25)  # the schema is large, a finding takes it 20 ms
@given(alerts)
def test_any_alert_is_a_valid_detection_finding(alert: Alert) -> None:
    finding = valid_finding(alert)
    assert finding["type_uid"] == 200400 + finding["activity_id"]
    assert abs(finding["time"] - alert.detected_at.timestamp() * 1000) < 1.1  # whole milliseconds
    assert finding["unmapped"]["facts"] == json.loads(msgspec.json.encode(alert.facts))


def test_the_validator_sees_what_is_wrong() -> None:
    finding = ocsf_finding(an_alert())
    for wrong in ({"activity_id": 7}, {"severity_id": "4"}, {"finding_info": {}}, {"invented": 1}):
        assert list(ocsf()[1].iter_errors({**finding, **wrong})), wrong


def test_every_alert_of_the_demo_is_a_valid_finding_and_a_valid_document(output: list[Screened]) -> None:
    told = [alert for one in output for alert in one.alerts]
    assert len(told) > 10
    for alert in told:
        valid_finding(alert)
        valid_document(alert)


def test_a_story_is_one_finding_from_its_first_alert_to_its_end() -> None:
    stages = [
        an_alert(alert_id="first"),
        an_alert(alert_id="second", refers_to="first", status=AlertStatus.UPDATE),
        an_alert(alert_id="third", refers_to="first", status=AlertStatus.CLOSED),
    ]
    findings = [valid_finding(alert) for alert in stages]
    assert {one["finding_info"]["uid"] for one in findings} == {"first"}
    assert [one["metadata"]["uid"] for one in findings] == ["first", "second", "third"]
    assert [(one["activity_name"], one.get("status")) for one in findings] == [
        ("Create", "New"),
        ("Update", None),
        ("Close", "Resolved"),
    ]
    assert {ecs_document(alert)["lockgate"]["story"] for alert in stages} == {"first"}


def valid_document(alert: Alert) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(msgspec.json.encode(ecs_document(alert)))
    assert document["ecs"]["version"] == ECS_VERSION == FIELDS["version"]
    own = document.pop("lockgate")
    flat = dict(_flat(document))
    for name, value in flat.items():
        field = FIELDS["fields"][name]
        assert isinstance(value, list) == field["array"], name
        for one in value if isinstance(value, list) else [value]:
            assert isinstance(one, int if field["type"] == "long" else str), name
            if field["type"] == "date":
                assert datetime.fromisoformat(one).tzinfo is not None
            if "allowed" in field:
                assert one in field["allowed"], name
    expected = [FIELDS["fields"]["event.category"]["allowed"][one] for one in flat["event.category"]]
    assert all(set(flat["event.type"]) <= set(types) for types in expected)
    assert own["facts"] == json.loads(msgspec.json.encode(alert.facts))
    return document


def _flat(node: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    return [
        pair
        for name, value in node.items()
        for pair in (_flat(value, f"{above}{name}.") if isinstance(value, dict) else [(above + name, value)])
    ]


@given(alerts)
def test_any_alert_is_a_valid_document_of_the_elastic_common_schema(alert: Alert) -> None:
    document = valid_document(alert)
    start, end = (datetime.fromisoformat(document["event"][name]) for name in ("start", "end"))  # as text .5Z is before Z
    assert start <= end


def test_headers_are_read_as_cloudevents_by_a_library_of_others(output: list[Screened]) -> None:
    messages: list[Message] = []
    for one in output:
        messages += [alert_message(alert) for alert in one.alerts]
        messages += [verdict_message(verdict) for verdict in one.verdicts]
        messages += [deadletter_message(letter) for letter in one.deadletters]
    outlets = Outlets(tuple(Outlet(topic=topic, cloudevents=True) for topic in TYPES), "/lockgate/test")
    seen = set()
    for message in messages:
        [(topic, (key, value, headers))] = outlets.records(message)
        assert (topic, key, value) == (message.topic, message.key, message.value)
        event = from_binary_event(KafkaMessage(headers=dict(headers), key=key, value=value))
        assert (event.get_specversion(), event.get_source()) == ("1.0", "/lockgate/test")
        assert event.get_type() == TYPES[message.topic]
        assert event.get_data() == json.loads(message.value)
        if message.topic == ALERTS:
            assert event.get_time() == datetime.fromisoformat(event.get_data()["detected_at"])
            assert event.get_subject() == event.get_data()["account_id"]
        seen.add((event.get_type(), event.get_id()))
    assert {kind for kind, _ in seen} == set(TYPES.values())
    assert len(seen) == len(messages)  # source, type and id name one event


def test_each_topic_gets_the_form_it_was_given_and_the_native_one_stays() -> None:
    named = load_settings(
        environ={
            "LOCKGATE_OUTPUTS": "siem.alerts=ocsf, elastic.alerts=ecs+cloudevents,copy=native,lockgate.verdicts=cloudevents"
        }
    )
    assert named.form_topics() == ("siem.alerts", "elastic.alerts", "copy")
    outlets, message = Outlets(named.outlets()), alert_message(an_alert())
    records = dict(outlets.records(message))
    assert records.keys() == {ALERTS, "siem.alerts", "elastic.alerts", "copy"}
    assert records[ALERTS] == records["copy"] == (b"a-1", message.value, [])
    assert json.loads(records["siem.alerts"][1])["class_uid"] == 2004
    assert records["siem.alerts"][0] == records["elastic.alerts"][0] == b"b"  # the story
    assert json.loads(records["elastic.alerts"][1])["event"]["kind"] == "alert"
    assert dict(records["elastic.alerts"][2])["ce_type"] == b"lockgate.alert.ecs.v1"
    verdict = Message(VERDICTS, b"k", b'{"source":{"topic":"t","partition":1,"offset":2}}')
    [(_, (_, value, headers))] = outlets.records(verdict)
    assert (value, dict(headers)["ce_id"]) == (verdict.value, b"t/1/2")


def test_the_same_alert_always_gives_the_same_bytes() -> None:
    for write in (ocsf_finding, ecs_document):
        assert msgspec.json.encode(write(an_alert())) == msgspec.json.encode(write(an_alert()))


def test_outputs_may_stand_in_the_file_as_a_table(tmp_path: Path) -> None:
    config = tmp_path / "lockgate.toml"
    config.write_text('[outputs]\n"siem.alerts" = "ocsf+cloudevents"\n')
    assert load_settings(config, {}).outlets() == (Outlet(topic="siem.alerts", form=Form.OCSF, cloudevents=True),)


@pytest.mark.parametrize(
    "text",
    [
        "siem.alerts=xml",
        "siem.alerts",
        "siem.alerts=ocsf+json",
        f"{ALERTS}=ocsf",
        f"{DEADLETTERS}=ecs",
        f"{FLOWS}=native",
        "exchange.deposits=ocsf",
        "no topic=ocsf",
        "=ocsf",
    ],
)
def test_an_output_that_cannot_be_is_a_fault(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ={"LOCKGATE_OUTPUTS": text})
    assert [fault.partition(":")[0] for fault in caught.value.faults] == ["outputs"]
