"""The published contracts: up to date, complete, and true of what is really read and sent."""

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from fuzzed import dumps, fuzzed_lines

from rules.engine import AccountsEngine
from rules.intake import Gate, Intake
from rules.knowledge import Knowledge
from rules.transfer import BadTransfer, read_transfer
from streams.cli.schemas import ASYNCAPI, contract_files
from streams.console.disposition import Disposition, Outcome
from streams.kafka_topics import TOPICS
from streams.rulefiles import load_rules
from streams.scenarios import scenario
from streams.schemas import DEPOSIT_EXAMPLE, WITHDRAWAL_EXAMPLE, file_name
from streams.screening import Screened, Screening, read_records
from streams.settings import DEPOSITS, DISPOSITIONS, WITHDRAWALS
from streams.watchlists import load_watchlist

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "schemas"
CONTRACTS = ("transfer", "alert", "verdict", "deadletter", "disposition")


def schema(contract: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / file_name(contract)).read_bytes())
    return found


def validator(contract: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(contract), format_checker=jsonschema.FormatChecker())


def objects(node: Any, path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of an object in a schema, with its place."""
    if isinstance(node, dict):
        if "properties" in node:
            yield path, node
        for name, below in node.items():
            if name != "examples":
                yield from objects(below, f"{path}.{name}")
    elif isinstance(node, list):
        for number, below in enumerate(node):
            yield from objects(below, f"{path}[{number}]")


@pytest.fixture(scope="module")
def output() -> list[Screened]:
    """What comes of the demo scenario and of damaged lines."""
    session = Screening(AccountsEngine(load_rules(), Knowledge(load_watchlist(["demo"]))), "transfers.jsonl")
    lines = [*map(dumps, scenario("demo").transfers()), *fuzzed_lines(3_000)]
    return [session.judge(batch, 1_790_000_000_000) for batch in read_records(io.BytesIO(b"\n".join(lines)))]


def test_the_written_files_are_up_to_date() -> None:
    """After a change of a contract: `lockgate schemas`, and look at what that means for those who rely on it."""
    written = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert written == contract_files()


@pytest.mark.parametrize("contract", CONTRACTS)
def test_each_schema_is_valid_and_stands_alone(contract: str) -> None:
    found = schema(contract)
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    references = set(re.findall(r'"\$ref": ?"([^"]+)"', json.dumps(found)))
    assert references == {f"#/$defs/{name}" for name in found.get("$defs", {})}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_field_says_what_it_means(contract: str) -> None:
    for path, found in objects(schema(contract)):
        silent = [name for name, about in found["properties"].items() if not about.get("description")]
        assert silent == [], path


def test_unknown_fields_of_a_transfer_are_allowed() -> None:
    assert not any("additionalProperties" in found for _, found in objects(schema("transfer")))
    validator("transfer").validate({**DEPOSIT_EXAMPLE, "fee": 1.5})


def test_the_examples_are_transfers_and_fit_the_schema() -> None:
    assert schema("transfer")["examples"] == [DEPOSIT_EXAMPLE, WITHDRAWAL_EXAMPLE]
    for example in schema("transfer")["examples"]:
        validator("transfer").validate(example)
        intake = Intake([], [])
        Gate(keyed=False).admit("t", 0, [(0, None, dumps(example))], intake)
        assert intake.deadletters == []


def test_what_is_admitted_fits_the_schema_and_what_fits_is_admitted() -> None:
    """But for what a schema cannot say: the bounds of times and values, and text that JSON readers see differently."""
    fits = validator("transfer").is_valid
    beyond = {"occurred_at", "account.opened_at", "value_usd"}
    counted = {True: 0, False: 0}
    for line in fuzzed_lines(4_000, seed=6):
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            continue
        intake = Intake([], [])
        Gate(keyed=False).admit("t", 0, [(0, None, line)], intake)
        admitted = not intake.deadletters
        counted[admitted] += 1
        if admitted:
            assert fits(content), line
        elif fits(content):
            [letter] = intake.deadletters
            python_is_lax = b'"1\\n"' in line  # in its regular expressions $ matches before a last line end, too
            assert letter.field in beyond or letter.field == "$" or python_is_lax, letter
    assert min(counted.values()) > 500


@pytest.mark.parametrize(("contract", "name"), [("alert", "alerts"), ("verdict", "verdicts"), ("deadletter", "deadletters")])
def test_real_output_fits_and_has_no_field_that_is_not_published(contract: str, name: str, output: list[Screened]) -> None:
    check = validator(contract)
    published = set(schema(contract)["properties"])
    messages = [json.loads(msgspec.json.encode(one)) for batch in output for one in getattr(batch, name)]
    assert len(messages) > 100
    for message in messages:
        check.validate(message)
        assert set(message) == published


def test_a_message_that_breaks_the_contract_is_noticed(output: list[Screened]) -> None:
    message = json.loads(msgspec.json.encode(output[0].verdicts[0]))
    check = validator("verdict")
    assert check.is_valid(message)
    assert not check.is_valid(message | {"decision": "maybe"})
    assert not check.is_valid({name: value for name, value in message.items() if name != "list_hash"})
    with pytest.raises(BadTransfer):
        read_transfer(dumps({**DEPOSIT_EXAMPLE, "amount": 1.5}))
    assert not validator("transfer").is_valid({**DEPOSIT_EXAMPLE, "amount": 1.5})


@pytest.fixture(scope="module")
def asyncapi() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / ASYNCAPI).read_bytes())
    return found


def resolved(document: dict[str, Any], reference: str) -> Any:
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def test_the_asyncapi_document_has_what_the_specification_requires(asyncapi: dict[str, Any]) -> None:
    """Checked by hand with the AsyncAPI initiative's own parser and meta schema as well; neither comes from PyPI."""
    assert asyncapi["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(asyncapi["info"])
    assert all({"host", "protocol"} <= set(server) for server in asyncapi["servers"].values())
    names = [*asyncapi["channels"], *asyncapi["operations"], *asyncapi["components"]["messages"], *asyncapi["servers"]]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in names)
    assert all(operation["action"] in {"send", "receive"} for operation in asyncapi["operations"].values())


def test_every_reference_of_the_asyncapi_document_leads_somewhere(asyncapi: dict[str, Any]) -> None:
    references = re.findall(r'"\$ref": ?"([^"]+)"', json.dumps(asyncapi))
    assert len(references) > 30
    for reference in references:
        assert reference.startswith("#/")
        assert isinstance(resolved(asyncapi, reference), dict)


def test_every_topic_is_a_channel_and_every_channel_has_an_operation(asyncapi: dict[str, Any]) -> None:
    channels = {channel["address"]: name for name, channel in asyncapi["channels"].items()}
    assert set(channels) == {*TOPICS, DISPOSITIONS}
    operations = [(one["channel"]["$ref"], one["action"]) for one in asyncapi["operations"].values()]
    for topic, name in channels.items():
        actions = {action for channel, action in operations if channel == f"#/channels/{name}"}
        assert actions, topic
        if topic in (DEPOSITS, WITHDRAWALS):
            assert actions == {"receive"}
        elif topic == DISPOSITIONS:
            assert actions == {"send", "receive"}
        elif asyncapi["channels"][name]["description"].startswith("Lockgate sends"):
            assert actions == {"send"}
        else:
            assert asyncapi["channels"][name]["description"].startswith("Internal")
    for operation in asyncapi["operations"].values():
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{operation['channel']['$ref']}/messages/")


def test_the_messages_of_the_asyncapi_document_carry_the_published_contracts(asyncapi: dict[str, Any]) -> None:
    carried = set()
    for message in asyncapi["components"]["messages"].values():
        if message["contentType"] != "application/json":
            assert "payload" not in message
            continue
        assert message["bindings"]["kafka"]["key"]["description"]
        carried.add(message["payload"]["$ref"].rpartition("/")[2])
        for example in message.get("examples", []):
            validator("transfer").validate(example["payload"])
    titles = {schema(contract)["title"]: contract for contract in CONTRACTS}
    assert carried == set(titles)
    for title, contract in titles.items():
        inside = json.loads(
            json.dumps(asyncapi["components"]["schemas"][title]).replace("#/components/schemas/", "#/$defs/")
        )
        alone = {name: value for name, value in schema(contract).items() if name not in ("$schema", "$id", "$defs")}
        assert inside == alone


def test_what_the_console_writes_is_a_disposition() -> None:
    said = Disposition(alert_id="a", outcome=Outcome.ESCALATED, note="", author="ada", at=datetime(2026, 11, 23, tzinfo=UTC))
    validator("disposition").validate(json.loads(msgspec.json.encode(said)))
    nobody = {**msgspec.to_builtins(said), "author": "", "at": "yesterday"}
    assert [error.json_path for error in validator("disposition").iter_errors(nobody)] == ["$.author"]
