"""Rule files: the built-in ones, and a folder that replaces or adds to them."""

from importlib import resources
from pathlib import Path

import pytest

from rules.examples import failures
from streams.errors import RulesError
from streams.rulefiles import load_rules

BUILT_IN = resources.files("rules").joinpath("laundering", "structuring.toml").read_text("utf-8")
NEW_TOML = """
[rule]
id = "house.round_amount"
title = "Round amount"
status = "shadow"
severity = "low"
version = "0.1.0"
action = "review"
typology = ["house policy"]
false_positives = ["Anyone who likes round numbers."]
blind_spots = ["Anyone who does not."]
triage = "Count."

[params]
unit = { value = "1000", source = "judgement" }

[[example]]
name = "round"
event = { kind = "deposit", value_usd = "3000" }
expect = "fires"

[[example]]
name = "not round"
event = { kind = "deposit", value_usd = "3001" }
expect = "silent"
"""
NEW_CODE = '''
"""Is the amount a round one?"""

from rules.finding import Answer, Finding
from rules.rule import AccountRule, Case, Params, Usd


class Unit(Params, frozen=True, kw_only=True):
    """What counts as round."""

    unit: Usd


class RoundAmount(AccountRule):
    """A multiple of `unit`."""

    Parameters = Unit

    def judge(self, case: Case) -> Answer:
        """Answer from the value alone."""
        if case.profile.value[case.index] % self.params.unit:
            return None
        return Finding(story=(case.occurred_ms,), evidence=(case.own_evidence("Round"),), facts={})
'''


def write(folder: Path, path: str, text: str) -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def faults(folder: Path) -> tuple[str, ...]:
    with pytest.raises(RulesError) as caught:
        load_rules(folder)
    return caught.value.faults


def test_the_built_in_rules_are_all_found() -> None:
    ruleset = load_rules()
    package = resources.files("rules")
    files = [
        f"{family.name}.{file.name[:-5]}"
        for family in package.iterdir()
        if family.is_dir()
        for file in family.iterdir()
        if file.name.endswith(".toml")
    ]
    assert sorted(files) == [rule.about.id for rule in ruleset.rules]
    assert load_rules().hash == ruleset.hash


def test_a_folder_replaces_the_thresholds_of_a_built_in_rule(tmp_path: Path) -> None:
    write(tmp_path, "laundering/structuring.toml", BUILT_IN.replace('value = "7d"', 'value = "8d"'))
    ruleset = load_rules(tmp_path)
    assert ruleset["laundering.structuring"].window == 8 * 86_400_000  # type: ignore[attr-defined]
    assert len(ruleset.rules) == len(load_rules().rules)
    assert ruleset.hash != load_rules().hash


def test_a_folder_adds_a_rule_with_its_own_code(tmp_path: Path) -> None:
    write(tmp_path, "house/round_amount.toml", NEW_TOML)
    write(tmp_path, "house/round_amount.py", NEW_CODE)
    ruleset = load_rules(tmp_path)
    assert "house.round_amount" in ruleset.files
    assert not [failure for failure in failures(ruleset) if failure.rule_id == "house.round_amount"]


def test_a_change_of_the_code_alone_changes_the_hash(tmp_path: Path) -> None:
    write(tmp_path, "house/round_amount.toml", NEW_TOML)
    write(tmp_path, "house/round_amount.py", NEW_CODE)
    before = load_rules(tmp_path).hash
    write(tmp_path, "house/round_amount.py", NEW_CODE + "\nEDITION = 2\n")
    assert load_rules(tmp_path).hash != before


def test_a_new_rule_without_code_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, "house/round_amount.toml", NEW_TOML)
    (fault,) = faults(tmp_path)
    assert "round_amount.toml: no built-in rule house.round_amount, and no round_amount.py beside it" in fault


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("def broken(", "SyntaxError"),
        ("import nothing_of_that_name", "nothing_of_that_name"),
        ("x = 1 / 0", "ZeroDivisionError"),
        ("x = 1", "one rule class, not 0"),
        (NEW_CODE + "\nclass Another(RoundAmount):\n    pass\n", "one rule class, not 2"),
    ],
)
def test_code_that_cannot_be_used_is_a_fault(tmp_path: Path, code: str, fault: str) -> None:
    write(tmp_path, "house/round_amount.toml", NEW_TOML)
    write(tmp_path, "house/round_amount.py", code)
    (found,) = faults(tmp_path)
    assert "round_amount" in found
    assert fault in found


@pytest.mark.parametrize("path", ["stray.toml", "a/b/c.toml", "House/rule.toml", "house/my-rule.toml"])
def test_a_file_in_the_wrong_place_is_a_fault(tmp_path: Path, path: str) -> None:
    write(tmp_path, path, NEW_TOML)
    assert any("a rule file is FAMILY/NAME.toml" in fault for fault in faults(tmp_path))


def test_code_without_a_rule_file_is_a_fault_unless_it_is_private(tmp_path: Path) -> None:
    write(tmp_path, "laundering/structuring.toml", BUILT_IN)
    write(tmp_path, "house/_shared.py", "")
    load_rules(tmp_path)
    write(tmp_path, "house/round_amount.py", NEW_CODE)
    (fault,) = faults(tmp_path)
    assert "no round_amount.toml beside it" in fault


def test_an_empty_folder_and_a_missing_one_are_faults(tmp_path: Path) -> None:
    assert "no rule files" in faults(tmp_path)[0]
    assert "not a folder" in faults(tmp_path / "absent")[0]


def test_text_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, "house/x.toml", "").write_bytes(b"\xff\xfe\x00")
    assert "x.toml" in faults(tmp_path)[0]


def test_faults_of_the_folder_and_of_its_files_come_at_once(tmp_path: Path) -> None:
    write(tmp_path, "stray.toml", "")
    write(tmp_path, "house/round_amount.toml", NEW_TOML)
    write(tmp_path, "laundering/structuring.toml", BUILT_IN.replace("1.0.0", "one"))
    found = faults(tmp_path)
    assert len(found) == 3
