"""The version lock: a released rule cannot change under its version."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import rules as built_in
from streams.cli.rules import rules
from streams.errors import RulesError
from streams.rule_lock import NAME

FAMILY = Path(built_in.__file__).parent / "laundering"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "laundering").mkdir()
    for ending in ("toml", "py"):
        shutil.copy(FAMILY / f"structuring.{ending}", tmp_path / "laundering")
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(rules, [str(one) for one in arguments])


def change(folder: Path, old: str, new: str, file: str = "structuring.toml") -> None:
    path = folder / "laundering" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_a_released_rule_that_changes_needs_a_higher_version(folder: Path) -> None:
    assert run("lock", folder, "--release").exit_code == 0
    assert run("check", folder).exit_code == 0
    change(folder, 'title = "', 'title = "Other: ')
    for result in (run("check", folder), run("lock", folder, "--check"), run("lock", folder)):
        assert result.exit_code == 1
        assert "raise its version" in result.stdout
    change(folder, 'version = "1.0.0"', 'version = "1.0.1"')
    assert run("check", folder).exit_code == 1
    assert run("lock", folder).exit_code == 0
    assert run("check", folder).exit_code == 0


def test_the_code_counts_and_the_examples_do_not(folder: Path) -> None:
    run("lock", folder, "--release")
    change(folder, '[[example]]\nname = "', '[[example]]\nname = "In other words: ')
    assert run("lock", folder, "--check").exit_code == 0
    change(folder, '"""', '"""Other. ', "structuring.py")
    assert run("lock", folder, "--check").exit_code == 1


def test_an_unreleased_version_changes_freely_once_the_lock_is_written_anew(folder: Path) -> None:
    run("lock", folder)
    change(folder, 'title = "', 'title = "Other: ')
    assert "run `lockgate rules lock`" in run("check", folder).stdout
    assert run("lock", folder).exit_code == 0
    assert run("check", folder).exit_code == 0


def test_a_version_never_goes_back(folder: Path) -> None:
    change(folder, 'version = "1.0.0"', 'version = "1.1.0"')
    run("lock", folder, "--release")
    change(folder, 'version = "1.1.0"', 'version = "1.0.9"')
    result = run("lock", folder)
    assert result.exit_code == 1
    assert "below 1.1.0" in result.stdout


def test_a_released_rule_is_retired_and_not_deleted(folder: Path) -> None:
    shutil.copy(FAMILY / "velocity.toml", folder / "laundering")
    run("lock", folder, "--release")
    (folder / "laundering" / "velocity.toml").unlink()
    result = run("lock", folder)
    assert result.exit_code == 1
    assert "retired" in result.stdout


def test_a_lock_that_cannot_be_read_is_a_clear_error(folder: Path) -> None:
    (folder / NAME).write_text("laundering = 1", "utf-8")
    result = run("check", folder)
    assert isinstance(result.exception, RulesError)
    assert NAME in str(result.exception)
