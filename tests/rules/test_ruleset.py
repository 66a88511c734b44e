"""A rule set is checked as a whole: every fault of every file at once, and a hash over all that made it."""

from typing import Any

import pytest

from rules.address_state import AddressState
from rules.finding import Answer
from rules.messages import Flow
from rules.rule import AccountRule, Case, CounterpartyRule, Params, Rule, Usd, Window
from rules.ruleset import BadRule, Ruleset, RuleSource, build_ruleset
from rules.transfer import Kind


class Limits(Params, frozen=True, kw_only=True):
    window: Window
    limit: Usd
    count: int


class Withdrawals(AccountRule):
    Parameters = Limits
    asked_on = frozenset({Kind.WITHDRAWAL})

    def judge(self, case: Case) -> Answer:
        return None


class Anything(AccountRule):
    def judge(self, case: Case) -> Answer:
        return None


class Addresses(CounterpartyRule):
    def judge(self, flow: Flow, state: AddressState) -> Answer:
        return None


LIMITS = """
[params]
window = { value = "24h", source = "judgement" }
limit = { value = "0.50", source = "judgement" }
count = { value = 3, source = "judgement" }
"""


def toml(rule_id: str, params: str = "", **changes: str) -> str:
    words = {
        "id": rule_id,
        "title": "A title",
        "status": "live",
        "severity": "low",
        "version": "1.0.0",
        "action": "review",
        "triage": "Look.",
    } | changes
    lines = "\n".join(f'{name} = "{value}"' for name, value in words.items())
    lists = 'typology = ["t"]\nfalse_positives = ["f"]\nblind_spots = ["b"]'
    examples = "".join(
        f'[[example]]\nname = "{outcome}"\nevent = {{ kind = "deposit" }}\nexpect = "{outcome}"\n'
        for outcome in ("fires", "silent")
    )
    return f"[rule]\n{lines}\n{lists}\n{params}\n{examples}"


def source(rule_id: str = "family.name", kind: type[Rule] = Anything, text: str = "", code: str = "") -> RuleSource:
    return RuleSource(rule_id=rule_id, kind=kind, toml=text or toml(rule_id), code=code)


def faults(*sources: RuleSource) -> tuple[str, ...]:
    with pytest.raises(BadRule) as caught:
        build_ruleset(sources)
    return caught.value.faults


def test_parameters_are_typed() -> None:
    ruleset = build_ruleset([source(kind=Withdrawals, text=toml("family.name", LIMITS))])
    params: Any = ruleset["family.name"].params
    assert (params.window, params.limit, params.count) == (86_400_000, 500_000, 3)


@pytest.mark.parametrize("text", ["24", "h", "0h", "1.5h", "-1h", "24 h", "1w", "", 24, None, "\u0661h"])
def test_a_length_of_time_is_a_number_and_a_unit(text: object) -> None:
    with pytest.raises(ValueError, match="not a length of time"):
        Window.parse(text)


@pytest.mark.parametrize("text", ["-1", "1e3", "ten", "", "1,000", 10, 0.5, None])
def test_dollars_are_plain_decimal_text(text: object) -> None:
    with pytest.raises(ValueError):  # both of its own texts name the value
        Usd.parse(text)


def test_rules_are_split_by_what_they_are_asked_on() -> None:
    ruleset = build_ruleset(
        [
            source("a.anything"),
            source("b.withdrawals", Withdrawals, toml("b.withdrawals", LIMITS)),
            source("c.addresses", Addresses),
            source("d.retired", text=toml("d.retired", status="retired")),
            source("e.shadow", text=toml("e.shadow", status="shadow")),
        ]
    )

    def ids(rules: tuple[Any, ...]) -> list[str]:
        return [rule.about.id for rule in rules]

    assert ids(ruleset.deposit_rules) == ["a.anything", "e.shadow"]
    assert ids(ruleset.withdrawal_rules) == ["a.anything", "b.withdrawals", "e.shadow"]
    assert ids(ruleset.counterparty_rules) == ["c.addresses"]
    assert len(ruleset.rules) == 5


def test_an_unknown_rule_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        build_ruleset([source()])["family.other"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (toml("family.other"), "must equal the path"),
        (toml("family.name", version="1.0"), "version"),
        (toml("family.name", title=" "), "title is empty"),
        (toml("family.name", triage=""), "triage is empty"),
        (toml("family.name", severity="severe"), "severity"),
        (toml("family.name", status="off"), "status"),
        (toml("family.name", action="reject"), "severity critical"),
        (toml("family.name", colour="red"), "colour"),
        (toml("family.name").replace('"t"', ""), "typology is empty"),
        (toml("family.name").replace('expect = "fires"', 'expect = "silent"'), "no example with expect = 'fires'"),
        (toml("family.name").replace('expect = "silent"', 'expect = "fires"'), "no example with expect = 'silent'"),
        (toml("family.name", "[params]\nwindow = { value = 1, source = 'x' }"), "window"),
        (toml("family.name").replace("[rule]", "[rule"), "family.name"),
        ("", "family.name"),
        ("[rule]", "id"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(text: str, fault: str) -> None:
    (found,) = faults(RuleSource(rule_id="family.name", kind=Anything, toml=text, code=""))
    assert found.startswith("family.name: ")
    assert fault in found


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        (LIMITS.replace('"24h"', '"1w"'), "window"),
        (LIMITS.replace('"0.50"', "0.5"), "limit"),
        (LIMITS.replace("value = 3", 'value = "3"'), "count"),
        (LIMITS.replace("count", "number"), "count"),
        ("", "window"),
        ("", "count"),
        (LIMITS.replace("count", "number"), "number"),
        (LIMITS.replace('"24h"', '"1w"').replace("0.50", "x"), "limit"),
    ],
)
def test_a_wrong_or_missing_parameter_is_a_fault(params: str, fault: str) -> None:
    (found,) = faults(source(kind=Withdrawals, text=toml("family.name", params)))
    assert fault in found


def test_a_parameter_without_a_source_is_a_fault() -> None:
    text = toml("family.name", LIMITS.replace('"judgement"', '" "'))
    assert len(faults(source(kind=Withdrawals, text=text))) == 3


def test_every_fault_of_every_file_comes_at_once() -> None:
    first = source("a.one", text=toml("a.two", version="x"))
    second = source("b.one", text="not toml")
    assert [fault.partition(":")[0] for fault in faults(first, second)] == ["a.one", "a.one", "b.one"]


def test_no_rules_at_all_is_a_fault() -> None:
    assert faults() == ("no rules found",)


def built(*sources: RuleSource) -> Ruleset:
    return build_ruleset(sources)


def test_the_hash_depends_on_words_thresholds_and_code_and_not_on_order() -> None:
    one, two = source("a.one"), source("b.two")
    same = built(one, two).hash
    assert same == built(two, one).hash
    assert same != built(one).hash
    assert same != built(one, source("b.two", text=toml("b.two", title="Another title"))).hash
    assert same != built(one, source("b.two", code="changed")).hash
