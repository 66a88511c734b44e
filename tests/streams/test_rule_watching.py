"""Changed rule files come into force as a whole, or not at all."""

from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from rules.exceptions import NO_EXCEPTIONS, Exceptions
from rules.ruleset import Ruleset
from streams.rule_watching import RuleWatch
from streams.rulefiles import load_rules

BUILT_IN = Path(__file__).parents[2] / "rules" / "laundering"
EXCEPTION = """
[[exception]]
rule = "laundering.structuring"
account = "a"
author = "j.doe"
reason = "known"
expires = 2099-01-01
"""


class Watched:
    """A folder with two rules, a file of exceptions, and what was put into force."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "rules" / "laundering"
        self.folder.mkdir(parents=True)
        for name in ("structuring", "velocity"):
            self.write(name, (BUILT_IN / f"{name}.toml").read_text("utf-8"))
        self.exceptions = tmp_path / "exceptions.toml"
        self.exceptions.write_text("", "utf-8")
        self.installed: list[tuple[Ruleset, Exceptions]] = []
        self.watch = RuleWatch(self.folder.parent, self.exceptions, lambda *both: self.installed.append(both))
        self.watch.begin(load_rules(self.folder.parent), NO_EXCEPTIONS)
        self.watch.look()

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.toml").write_text(text, "utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / f"{name}.toml").read_text("utf-8")
        assert old in text
        self.write(name, text.replace(old, new, 1))


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def value(series: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(series, labels) or 0.0


def test_nothing_is_read_while_nothing_changes(watched: Watched) -> None:
    unchanged = value("lockgate_rule_reloads_total", result="unchanged")
    watched.watch.look()
    assert watched.installed == []
    assert value("lockgate_rule_reloads_total", result="unchanged") == unchanged


def test_what_changed_before_the_first_look_comes_into_force(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    before = load_rules(watched.folder.parent)
    watched.change("structuring", 'severity = "', 'severity = "low" #')
    watch = RuleWatch(watched.folder.parent, None, lambda *both: watched.installed.append(both))
    watch.begin(before, NO_EXCEPTIONS)
    watch.look()
    assert len(watched.installed) == 1


def test_a_changed_rule_comes_into_force_once(watched: Watched) -> None:
    watched.change("structuring", 'severity = "', 'severity = "low" #')
    watched.watch.look()
    watched.watch.look()
    ((ruleset, _),) = watched.installed
    assert ruleset["laundering.structuring"].about.severity == "low"
    assert ruleset.hash == load_rules(watched.folder.parent).hash
    assert value("lockgate_rules_current") == 1


def test_one_wrong_file_refuses_all_of_them_until_it_is_right(watched: Watched) -> None:
    refused = value("lockgate_rule_reloads_total", result="refused")
    watched.change("structuring", 'severity = "', 'severity = "low" #')
    watched.change("velocity", 'version = "', 'version = "x')
    watched.watch.look()
    assert watched.installed == []
    assert value("lockgate_rules_current") == 0
    assert value("lockgate_rule_reloads_total", result="refused") == refused + 1
    watched.change("velocity", 'version = "x', 'version = "')
    watched.watch.look()
    assert len(watched.installed) == 1
    assert value("lockgate_rules_current") == 1


def test_changed_exceptions_come_into_force_and_wrong_ones_do_not(watched: Watched) -> None:
    watched.exceptions.write_text(EXCEPTION.replace("laundering.structuring", "no.rule"), "utf-8")
    watched.watch.look()
    assert watched.installed == []
    watched.exceptions.write_text(EXCEPTION, "utf-8")
    watched.watch.look()
    ((_, exceptions),) = watched.installed
    assert exceptions.acting("laundering.structuring", "a", (), 0) is not None


def test_files_put_back_as_they_were_change_nothing(watched: Watched) -> None:
    watched.change("structuring", 'title = "', 'title = "x')
    watched.change("structuring", 'title = "x', 'title = "')
    watched.watch.look(asked=True)
    assert watched.installed == []


def test_who_asks_has_the_files_read_again_even_when_they_look_the_same(watched: Watched) -> None:
    unchanged = value("lockgate_rule_reloads_total", result="unchanged")
    watched.watch.look(asked=True)
    assert value("lockgate_rule_reloads_total", result="unchanged") == unchanged + 1


def test_a_folder_that_goes_away_leaves_the_rules_in_force(watched: Watched) -> None:
    watched.folder.parent.rename(watched.folder.parent.with_name("gone"))
    watched.watch.look()
    assert watched.installed == []
    assert value("lockgate_rules_current") == 0
