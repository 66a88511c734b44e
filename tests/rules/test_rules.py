"""Judges every rule file: its examples, its thresholds, its words, and the findings it makes."""

import ast
import inspect
import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rules.examples import EVENT_MS, BadExample, alert, answer, failures
from rules.rule import Params, Rule
from rules.ruleset import Example, RuleFile, build_ruleset
from rules.transfer import time_ms
from streams.evasion.saved import FILE, read_saved
from streams.rule_catalogue import catalogue, question
from streams.rulefiles import load_rules

RULESET = load_rules()
FILES = list(RULESET.files.values())
EXAMPLES = [(file, example) for file in FILES for example in file.example]
FIRING = [(file, example) for file, example in EXAMPLES if example.expect == "fires"]
SOURCES = re.compile(r"judgement|\d+ CFR \d|Tazama|FATF-|FIN-\d{4}-|OFAC|AMLworld|DPRK-|docs/network\.md")


def example_id(value: RuleFile | Example | str) -> str:
    if isinstance(value, RuleFile):
        return value.rule.id
    return value.name if isinstance(value, Example) else value


def rule_of(file: RuleFile) -> Rule:
    return RULESET[file.rule.id]


@pytest.mark.parametrize(("file", "example"), EXAMPLES, ids=example_id)
def test_example_comes_out_as_its_file_says(file: RuleFile, example: Example) -> None:
    got, severity, words = answer(rule_of(file), file, example)
    assert got == example.expect
    assert example.severity in (None, severity)
    assert example.words is None or words == set(example.words)


@pytest.mark.parametrize("file", FILES, ids=example_id)
def test_no_two_examples_of_a_rule_have_the_same_name(file: RuleFile) -> None:
    names = [example.name for example in file.example]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("file", "example"), FIRING, ids=example_id)
def test_evidence_is_short_in_event_time_order_and_ends_with_the_trigger(file: RuleFile, example: Example) -> None:
    evidence = alert(rule_of(file), file, example).evidence
    assert 1 <= len(evidence) <= 20
    assert all(one.occurred_at <= next_one.occurred_at for one, next_one in pairwise(evidence))
    assert evidence[-1].event_id == "event.0"
    assert time_ms(evidence[-1].occurred_at) == EVENT_MS
    assert all(one.shows for one in evidence)
    assert len({one.event_id for one in evidence}) == len(evidence)


@pytest.mark.parametrize(("file", "example"), FIRING, ids=example_id)
def test_facts_are_json_with_money_as_text(file: RuleFile, example: Example) -> None:
    facts = alert(rule_of(file), file, example).facts
    assert facts == msgspec.json.decode(msgspec.json.encode(facts))
    for name, value in facts.items():
        if "_usd" in name:
            assert re.fullmatch(r"\d+\.\d{2,6}", value), name
        if isinstance(value, float):
            assert "hours" in name or "_a_day" in name, name


@pytest.mark.parametrize(("file", "example"), FIRING, ids=example_id)
def test_the_same_example_gives_the_same_alert(file: RuleFile, example: Example) -> None:
    assert alert(rule_of(file), file, example) == alert(rule_of(file), file, example)


@pytest.mark.parametrize("file", FILES, ids=example_id)
def test_words_are_sentences_and_sources_are_named(file: RuleFile) -> None:
    about = file.rule
    assert not about.title.endswith(".")
    assert about.triage.endswith(".")
    assert all(line.endswith(".") for line in (*about.false_positives, *about.blind_spots))
    assert all(reference.startswith("https://") for reference in about.references)
    for table in file.tables.values():
        for name, parameter in table.items():
            assert SOURCES.search(parameter.source), f"{name}: {parameter.source}"


@pytest.mark.parametrize("file", FILES, ids=example_id)
def test_the_class_fits_in_sixty_lines_and_its_docstring_asks_a_question(file: RuleFile) -> None:
    rule = rule_of(file)
    assert question(rule).endswith("?")
    module = ast.parse(inspect.getsource(sys.modules[type(rule).__module__]))
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            assert (node.end_lineno or 0) - node.lineno < 60


@pytest.mark.parametrize("file", FILES, ids=example_id)
def test_every_parameter_is_used(file: RuleFile) -> None:
    rule = rule_of(file)
    kinds: type[Params] = type(rule).Parameters
    assert set(kinds.__struct_fields__) == set(file.params)


def test_titles_are_unique() -> None:
    titles = [file.rule.title for file in FILES]
    assert len(titles) == len(set(titles))


def test_direct_exposure_is_required_for_a_verdict() -> None:
    assert RULESET["sanctions.direct_exposure"].about.required


def test_the_catalogue_is_up_to_date() -> None:
    page = Path(inspect.getfile(build_ruleset)).with_name("README.md")
    measured = read_saved(page.parents[1] / "docs" / FILE)
    assert page.read_text("utf-8") == catalogue(RULESET, measured), "run `lockgate rules docs`"


EVENT = {"kind": "deposit"}


@pytest.mark.parametrize(
    ("history", "event"),
    [
        ([], {"kind": "deposit", "colour": "red"}),
        ([], {"kind": "gift"}),
        ([], {}),
        ([{"kind": "deposit", "at": "2h"}], EVENT),
        ([{"kind": "deposit", "at": "-2y"}], EVENT),
        ([{"kind": "deposit", "value_usd": "-5"}], EVENT),
        ([{"kind": "deposit", "value_usd": 5}], EVENT),
        ([{"kind": "deposit", "at": "-2h", "repeat": 4, "every": "1h"}], EVENT),
        ([{"kind": "deposit", "opened_at": "tomorrow"}], EVENT),
        ([], {"kind": "deposit", "counterparty": {"nme": "Kim"}}),
        ([], {"kind": "deposit", "ip_country": "KOR"}),
    ],
)
def test_an_example_that_cannot_be_run_is_a_fault(history: list[dict[str, Any]], event: dict[str, Any]) -> None:
    file = RULESET.files["laundering.fan_in"]
    example = Example(name="bad", history=tuple(history), event=event, expect="silent")
    with pytest.raises(BadExample):
        answer(rule_of(file), file, example)


def test_failures_name_the_rule_the_example_and_what_came_out() -> None:
    file = RULESET.files["laundering.fan_in"]
    wrong = Example(name="one sender", event={"kind": "deposit"}, expect="fires")
    broken = Example(name="no kind", event={}, expect="fires")
    ruleset = load_rules()
    ruleset.files = {name: msgspec.structs.replace(one, example=()) for name, one in ruleset.files.items()}
    ruleset.files[file.rule.id] = msgspec.structs.replace(file, example=(wrong, broken))
    first, second = failures(ruleset)
    assert (first.rule_id, first.example, first.expected, first.got, first.broken) == (
        "laundering.fan_in",
        "one sender",
        "fires",
        "silent",
        False,
    )
    assert second.broken
    assert "kind" in second.got
