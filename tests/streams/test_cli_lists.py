"""`lockgate lists`: what is loaded, and looking things up in it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli.lists import lists
from streams.errors import ListsError
from streams.scenarios import DEMO_LISTED


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCKGATE_LISTS", raising=False)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(lists, arguments)


def shown(*arguments: str) -> list[dict[str, Any]]:
    done = run("show", *arguments)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_load_says_what_is_in_a_list() -> None:
    [facts] = map(json.loads, run("load").stdout.splitlines())
    assert facts["published"] == "2025-07-24"
    assert (facts["entries"], facts["addresses_by_currency"]) == (5, {"ETH": 8})
    assert facts["aliases"] > 5
    assert facts["age_days"] > 400
    assert facts["left_out"] == facts["addresses_of_no_chain"] == []
    assert len(facts["hash"]) == 64


def test_load_names_every_list_that_cannot_be_used(tmp_path: Path) -> None:
    done = run("load", "--list", str(tmp_path / "absent"), "--list", "demo", "--list", str(tmp_path))
    assert isinstance(done.exception, ListsError)
    assert done.exception.exit_code == 2
    assert len(done.exception.faults) == 2


@pytest.mark.parametrize("spelling", [DEMO_LISTED, DEMO_LISTED.lower(), "0x" + DEMO_LISTED[2:].upper(), f" {DEMO_LISTED} "])
def test_show_finds_an_address_in_any_spelling(spelling: str) -> None:
    [found] = shown(spelling)
    assert (found["entry_id"], found["name"]) == ("27307", "LAZARUS GROUP")
    assert DEMO_LISTED in found["why"]


def test_show_finds_an_entry_by_its_id() -> None:
    assert [found["name"] for found in shown("54763")] == ["KIM, Se Un"]


@pytest.mark.parametrize(
    ("text", "name"), [("sobaeksu", "KOREA SOBAEKSU TRADING CORPORATION"), ("Hidden Cobra", "LAZARUS GROUP")]
)
def test_show_finds_text_in_names_and_aliases(text: str, name: str) -> None:
    assert [found["name"] for found in shown(text)] == [name]


def test_nothing_found_is_said_and_told_by_the_exit_code() -> None:
    done = run("show", "nobody of this name")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nobody of this name" in done.stderr
