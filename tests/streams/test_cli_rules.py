"""`lockgate rules`: what it prints and the exit codes it ends with."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli.rules import rules
from streams.errors import RulesError
from streams.evasion.saved import read_saved
from streams.rule_catalogue import catalogue
from streams.rulefiles import load_rules

MEASURED = Path(__file__).parents[2] / "docs" / "evasion.json"
BUILT_IN = Path(__file__).parents[2] / "rules" / "laundering" / "structuring.toml"


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(rules, arguments, catch_exceptions=True)
    assert result.exception is None or isinstance(result.exception, SystemExit | RulesError)
    return result


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def folder_with(tmp_path: Path, old: str, new: str) -> str:
    text = BUILT_IN.read_text("utf-8")
    assert old in text
    (tmp_path / "laundering").mkdir()
    (tmp_path / "laundering" / "structuring.toml").write_text(text.replace(old, new, 1), "utf-8")
    return str(tmp_path)


def test_list_prints_a_json_line_for_each_rule_when_piped() -> None:
    listed = lines(run("list"))
    assert [one["id"] for one in listed] == [rule.about.id for rule in load_rules().rules]
    assert all(set(one) == {"id", "version", "status", "severity", "action", "title"} for one in listed)


def test_list_shows_the_rules_of_a_folder(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, 'version = "1.0.0"', 'version = "1.1.0"')
    listed = {one["id"]: one["version"] for one in lines(run("list", "--rules", folder))}
    assert listed["laundering.structuring"] == "1.1.0"


def test_show_gives_thresholds_with_sources_and_examples() -> None:
    (shown,) = lines(run("show", "laundering.structuring"))
    assert shown["rule"]["id"] == "laundering.structuring"
    assert shown["params"]["reporting"]["value"] == "10000"
    assert "31 CFR 1010.311" in shown["params"]["reporting"]["source"]
    assert shown["question"].endswith("?")
    assert {example["expect"] for example in shown["example"]} >= {"fires", "silent"}


def test_show_of_an_unknown_rule_says_so() -> None:
    result = run("show", "laundering.nothing")
    assert isinstance(result.exception, RulesError)
    assert result.exception.exit_code == 2


def test_check_of_the_built_in_rules_is_clean() -> None:
    result = run("check")
    assert result.exit_code == 0
    (summary,) = lines(result)
    assert summary["failed"] == 0
    assert summary["rules"] == len(load_rules().rules)


def test_check_ends_with_1_when_an_example_comes_out_otherwise(tmp_path: Path) -> None:
    result = run("check", folder_with(tmp_path, 'value = "10000"', 'value = "20000"'))
    assert result.exit_code == 1
    *failed, summary = lines(result)
    assert summary["failed"] == len(failed) > 0
    assert {one["rule_id"] for one in failed} == {"laundering.structuring"}
    assert {one["expected"] for one in failed} <= {"fires", "silent"}


def test_check_ends_with_2_when_an_example_cannot_be_run(tmp_path: Path) -> None:
    result = run("check", folder_with(tmp_path, 'event = { kind = "deposit"', 'event = { type = "deposit"'))
    assert result.exit_code == 2
    assert any(one.get("broken") for one in lines(result))


def test_check_ends_with_2_when_a_file_is_wrong(tmp_path: Path) -> None:
    result = run("check", folder_with(tmp_path, 'severity = "medium"', 'severity = "severe"'))
    assert isinstance(result.exception, RulesError)
    assert result.exception.exit_code == 2
    assert "structuring" in str(result.exception)


def test_docs_writes_the_catalogue_and_notices_a_stale_one(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    assert run("docs", "--output", str(page), "--check").exit_code == 1
    assert run("docs", "--output", str(page)).exit_code == 0
    assert page.read_text("utf-8") == catalogue(load_rules(), read_saved(MEASURED))
    assert run("docs", "--output", str(page), "--check").exit_code == 0
    page.write_text("old", "utf-8")
    assert run("docs", "--output", str(page), "--check").exit_code == 1


def test_docs_that_cannot_be_written_say_why(tmp_path: Path) -> None:
    result = run("docs", "--output", str(tmp_path / "absent" / "README.md"))
    assert isinstance(result.exception, RulesError)


@pytest.mark.parametrize("command", ["list", "show", "check", "docs"])
def test_every_command_has_help(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout
