"""`lockgate reference`: what is loaded, and looking things up in it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli.reference import reference
from streams.errors import ListsError
from tests.streams.test_referencefeed import LABELS, NETWORKS, VASPS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in (("networks", NETWORKS), ("labels", LABELS + "broken,row\n"), ("vasps", VASPS)):
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    monkeypatch.setenv("LOCKGATE_REFERENCE", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(reference, arguments)


def shown(query: str) -> list[dict[str, Any]]:
    done = run("show", query)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_load_says_what_is_in_each_list(folder: Path) -> None:
    facts = {each["name"]: each for each in map(json.loads, run("load").stdout.splitlines())}
    assert sorted(facts) == ["built-in jurisdictions", "labels", "networks", "vasps"]
    assert (facts["labels"]["rows"], facts["labels"]["published"]) == (2, "2026-11-20")
    assert facts["labels"]["left_out"] == [{"line": 5, "reason": "2 fields where 8 are expected"}]
    assert len({each["reference_hash"] for each in facts.values()}) == 1


def test_load_names_a_list_that_cannot_be_used(folder: Path) -> None:
    done = run("load", "--reference", f"{folder},{folder / 'absent'}")
    assert isinstance(done.exception, ListsError)
    assert done.exception.exit_code == 2


@pytest.mark.parametrize(
    ("query", "kind", "field", "value"),
    [
        ("kp", "jurisdictions", "name", "North Korea"),
        ("UA-43", "jurisdictions", "name", "Crimea"),
        ("198.51.100.77", "networks", "name", "Example VPN"),
        ("0X098B716B8AAF21512996DC57EB0615E2383E2F96", "labels", "entity", "Example Mixer"),
        ("example exchange", "vasps", "risk", "no_kyc"),
    ],
)
def test_show_finds_by_code_network_address_and_name(folder: Path, query: str, kind: str, field: str, value: str) -> None:
    [found] = shown(query)
    assert (found["kind_of_list"], found[field]) == (kind, value)


def test_show_says_when_nothing_is_found(folder: Path) -> None:
    done = run("show", "203.0.113.9")
    assert done.exit_code == 1
    assert "nothing about '203.0.113.9'" in done.stderr
