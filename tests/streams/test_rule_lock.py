"""The version lock: a released rule cannot change under its version."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import rules as built_in
from streams.cli.rules import rules
from streams.errors import RulesError
from streams.rule_code import RuleCode, built_in_modules
from streams.rule_lock import ENGINE, NAME, Locked, breaches, in_force, lock_of
from streams.rulefiles import load_rules

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


def changed_with(module: str) -> set[str]:
    """What is not as it was locked when a module of the package changes."""
    ruleset, modules = load_rules(), built_in_modules()
    locked = lock_of(in_force(ruleset, None), {}, release=True)
    return {one.rule_id for one in breaches(in_force(ruleset, None, {**modules, module: "import os\n"}), locked)}


def test_code_that_rules_share_counts_for_each_rule_that_brings_it_along() -> None:
    assert changed_with("rules.dprk.wages") == {"dprk.gathers", "dprk.wages_swept"}
    assert "fraud.lookalike_payout" in changed_with("rules.lookalikes")
    assert changed_with("rules.profile") == changed_with("rules.list_log") == {ENGINE}


def test_every_module_is_a_rules_or_the_engines() -> None:
    modules, names = built_in_modules(), {f"rules.{rule.about.id}" for rule in load_rules().rules}
    code = RuleCode(modules, names)
    brought = {name for rule in names for name in code.brought_by(modules[rule])}
    engine = code.engine().keys()
    assert modules.keys() == names | brought | engine
    assert not engine & (names | brought)
    assert {"rules.engine", "rules.graph.network", "rules.graph.judging", "rules.circles", "rules.finding"} <= engine


def test_what_is_imported_indirectly_or_in_a_circle_is_brought_along() -> None:
    texts = {
        "rules.engine": "from rules.core import x",
        "rules.core": "",
        "rules.a": "import rules.b",
        "rules.b": "from rules import a, core",
        "rules.f.one": "",
        "rules.spare": "",
    }
    code = RuleCode(texts, ["rules.f.one", "rules.f.two"])
    assert set(code.brought_by("from rules import b\nfrom rules.f import one\nimport json")) == {"rules.a", "rules.b"}
    assert set(code.engine()) == {"rules.engine", "rules.core", "rules.a", "rules.b", "rules.spare"}


def test_the_engine_of_a_release_needs_a_higher_version_of_lockgate_to_change() -> None:
    known = {ENGINE: Locked("1.0.0", "then", released=True)}
    (breach,) = breaches({ENGINE: Locked("1.0.0", "now")}, known)
    assert (breach.rule_id, breach.fixed) == (ENGINE, False)
    assert "pyproject.toml" in breach.says
    (breach,) = breaches({ENGINE: Locked("1.0.1", "now")}, known)
    assert breach.fixed
