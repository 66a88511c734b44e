"""Rules are asked about the transfers that they may have something to say about, and about no others."""

from typing import Any

import pytest

from rules.asking import _KINDS, Asking, Questions
from rules.assets import AssetClass
from rules.finding import Answer
from rules.profile import Profile
from rules.rule import AccountRule, Case


class Silent(AccountRule):
    def __init__(
        self, name: str, floor: int = 0, ceiling: int = 10**17, *, marked: bool = False, group: AssetClass | None = None
    ) -> None:
        self.name, self.floor, self.ceiling, self.marked_only, self.asset_class = name, floor, ceiling, marked, group

    def judge(self, case: Case) -> Answer:
        return None


def names(questions: Questions, value: int, *, marked: bool = False) -> str:
    return "".join(rule.name for rule in questions.about(value, marked=marked) if isinstance(rule, Silent))


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


def test_a_rule_about_marked_transfers_is_asked_about_no_others() -> None:
    questions = Asking([Silent("a", marked=True), Silent("b")], []).questions(True, "", "BTC")
    assert (names(questions, 1), names(questions, 1, marked=True)) == ("b", "ab")


def test_a_rule_about_one_class_of_assets_is_asked_about_no_others() -> None:
    asking = Asking([Silent("a", group=AssetClass.PRIVACY), Silent("b")], [])
    assert [names(asking.questions(True, "", asset), 1) for asset in ("XMR", "BTC")] == ["ab", "b"]


@pytest.mark.parametrize(
    ("facts", "marked"),
    [
        ({"addresses": ("a",)}, False),
        ({}, True),
        ({"addresses": ("a",), "unreadable": ("too long",)}, True),
        ({"addresses": ("a",), "listed": (("a", None),)}, True),
        ({"addresses": ("a",), "labelled": (("a", None),)}, True),
        ({"addresses": ("a",), "noted": (("a", None),)}, True),
    ],
)
def test_a_transfer_is_marked_by_what_is_known_of_its_addresses(facts: dict[str, Any], marked: bool) -> None:
    assert Case(Profile(), 0, 0, **facts).marked is marked
