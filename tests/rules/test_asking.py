"""Rules are asked about the transfers that they may have something to say about, and about no others."""

import pytest

from rules.asking import _KINDS, Asking, Questions
from rules.finding import Answer
from rules.rule import AccountRule, Case


class Silent(AccountRule):
    def __init__(self, name: str, floor: int = 0, ceiling: int = 10**17) -> None:
        self.name, self.floor, self.ceiling = name, floor, ceiling

    def judge(self, case: Case) -> Answer:
        return None


def names(questions: Questions, value: int) -> str:
    return "".join(rule.name for rule in questions.about(value) if isinstance(rule, Silent))


@pytest.mark.parametrize(
    ("value", "asked"), [(0, "b"), (9, "b"), (10, "bc"), (29, "bc"), (30, "abc"), (31, "abc"), (10**15, "abc")]
)
def test_a_rule_is_asked_from_its_floor_on_in_the_order_of_the_rule_set(value: int, asked: str) -> None:
    questions = Asking([], [Silent("a", 30), Silent("b"), Silent("c", 10)]).questions(False, "", "BTC")
    assert names(questions, value) == asked


@pytest.mark.parametrize(("value", "asked"), [(0, "a"), (9, "a"), (10, "ab"), (20, "ab"), (21, "b"), (10**17, "b")])
def test_a_rule_is_not_asked_above_its_ceiling(value: int, asked: str) -> None:
    questions = Asking([Silent("a", 0, 20), Silent("b", 10)], []).questions(True, "", "BTC")
    assert names(questions, value) == asked


def test_a_ceiling_is_a_value_that_is_asked_about_also_where_another_rule_begins() -> None:
    questions = Asking([Silent("a", 0, 20), Silent("b", 20)], []).questions(True, "", "BTC")
    assert [names(questions, value) for value in (19, 20, 21)] == ["a", "ab", "b"]


def test_below_every_floor_nobody_is_asked() -> None:
    asking = Asking([Silent("a", 5)], [])
    assert names(asking.questions(True, "", "BTC"), 4) == ""
    assert names(asking.questions(False, "", "BTC"), 4) == ""


def test_names_without_end_do_not_fill_the_memory() -> None:
    asking = Asking([Silent("a")], [])
    for number in range(2 * _KINDS):
        assert names(asking.questions(True, f"type {number}", "BTC"), 1) == "a"
        assert len(asking._known) == number % _KINDS + 1
