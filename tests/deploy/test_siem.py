"""The forwarder examples: they parse, read what Lockgate writes, and only what is committed."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import Consumer, KafkaException

from rules.messages import Action, Alert, Evidence, Severity, Source
from streams.formats.ecs import ecs_document
from streams.formats.outlet import Form
from streams.settings import load_settings

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "siem"
README = (FOLDER / "README.md").read_text("utf-8")


@pytest.fixture
def forms() -> dict[str, Form]:
    """The topics and forms that the README tells to set."""
    [text] = [line.split("`")[1] for line in README.splitlines() if "`LOCKGATE_OUTPUTS=" in line]
    settings = load_settings(environ={"LOCKGATE_OUTPUTS": text.removeprefix("LOCKGATE_OUTPUTS=")})
    return {outlet.topic: outlet.form for outlet in settings.outlets()}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("connect-*.json")), ids=lambda path: path.stem)
def test_a_connector_reads_one_committed_form_and_stops_at_what_it_cannot_write(path: Path, forms: dict[str, Form]) -> None:
    connector = json.loads(path.read_text("utf-8"))
    config = connector["config"]
    assert all(isinstance(value, str) for value in config.values())  # Connect takes nothing else
    assert config["consumer.override.isolation.level"] == "read_committed"
    assert config["errors.tolerance"] == "none"
    assert forms[config["topics"]] is (Form.OCSF if "splunk" in path.stem else Form.ECS)
    assert config.get("key.ignore", "false") == "false"
    assert f"`{path.name}`" in README


def test_vector_reads_committed_forms_and_every_part_is_connected(forms: dict[str, Form]) -> None:
    vector = yaml.safe_load((FOLDER / "vector.yaml").read_text("utf-8"))
    parts = {**vector["sources"], **vector["transforms"]}
    topics = [topic for source in vector["sources"].values() for topic in source["topics"]]
    assert set(topics) == set(forms)
    assert all(one["librdkafka_options"]["isolation.level"] == "read_committed" for one in vector["sources"].values())
    used = [name for part in (*vector["transforms"].values(), *vector["sinks"].values()) for name in part["inputs"]]
    assert sorted(used) == sorted(parts)


def test_vector_gives_its_kafka_client_options_that_it_knows() -> None:
    """librdkafka itself, which Vector reads Kafka with, takes them; Vector is in no registry that tests can use."""
    vector = yaml.safe_load((FOLDER / "vector.yaml").read_text("utf-8"))
    for source in vector["sources"].values():
        options = {"bootstrap.servers": "127.0.0.1:1", "group.id": source["group_id"], "log_level": 0}
        Consumer({**options, **source["librdkafka_options"]}).close()
        with pytest.raises(KafkaException, match="isolation"):
            Consumer({**options, "isolation.levle": "read_committed"})


def _leaves(node: Any, above: str = "") -> dict[str, str]:
    found = {}
    for name, field in node["properties"].items():
        found |= _leaves(field, f"{above}{name}.") if "properties" in field else {above + name: field["type"]}
    return found


def test_the_index_template_names_fields_that_documents_have() -> None:
    moment = "2026-01-01T00:00:00+00:00"
    evidence = Evidence(event_id="e", amount="1", asset="ETH", value_usd="1", occurred_at=moment, shows="s")  # type: ignore[arg-type]
    document: Any = ecs_document(
        Alert(
            alert_id="a",
            rule_id="r",
            rule_version="1",
            ruleset="h",
            severity=Severity.LOW,
            title="t",
            typology=(),
            account_id="a",
            counterparty="c",
            evidence=(evidence,),
            facts={},
            list=None,
            source=Source("t", 0, 0),
            occurred_at=moment,  # type: ignore[arg-type]
            detected_at=moment,  # type: ignore[arg-type]
            retroactive=False,
            action=Action.HOLD,
        )
    )
    template = json.loads((FOLDER / "index-template.json").read_text("utf-8"))
    for path in _leaves(template["template"]["mappings"]):
        node = document
        for name in path.split("."):
            assert name in node, path
            node = node[name]
