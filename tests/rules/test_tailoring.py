"""Thresholds by account type and asset class: which of them a transfer is judged with."""

from collections.abc import Iterator

import pytest

from rules.assets import AssetClass, class_of
from rules.finding import Answer, Finding
from rules.messages import Evidence
from rules.profile import Profile
from rules.rule import AccountRule, Case, Params
from rules.ruleset import BadRule, Ruleset, RuleSource, build_ruleset
from rules.tailoring import Tailored, type_key
from rules.transfer import Kind, Transfer, moment
from tests.rules.test_ruleset import Addresses, toml

T0 = 1_773_576_000_000


class Limit(Params, frozen=True, kw_only=True):
    limit: int
    other: int


class Limits(AccountRule):
    """Says the parameters that it was asked with."""

    Parameters = Limit
    asked_on = frozenset({Kind.DEPOSIT})
    looks_back = False
    event_story = True

    def judge(self, case: Case) -> Answer:
        evidence = Evidence(event_id="", amount="1", asset="", value_usd="1", occurred_at=moment(0), shows="")
        return Finding(story=(), evidence=(evidence,), facts={"limit": self.params.limit, "other": self.params.other})


PARAMS = """
[params]
limit = { value = 1, source = "judgement" }
other = { value = 10, source = "judgement" }
"""
TABLES = """
[by_account_type.market_maker]
limit = { value = 2, source = "judgement" }
[by_asset_class.stablecoin]
limit = { value = 3, source = "judgement" }
other = { value = 30, source = "judgement" }
"""


def ruleset(tables: str = "", kind: type[AccountRule] = Limits) -> Ruleset:
    return build_ruleset([RuleSource(rule_id="a.limits", kind=kind, toml=toml("a.limits", PARAMS + tables), code="")])


def asked(rule: AccountRule, account_type: str, asset: str) -> tuple[int, int]:
    profile = Profile()
    profile.learn(T0, True, None, account_type)
    profile.add(T0, True, 1, "", ("e", "1", asset, ""))
    transfer = Transfer(
        event_id="e",
        kind=Kind.DEPOSIT,
        account_id="a",
        asset=asset,
        amount="1",
        value_usd="1",
        addresses=(),
        occurred_at=T0,
    )
    found = rule.variant(account_type, asset).judge(Case(profile, 0, T0, transfer))
    assert isinstance(found, Finding)
    return found.facts["limit"], found.facts["other"]


@pytest.mark.parametrize(
    ("account_type", "asset", "expected"),
    [
        ("", "BTC", (1, 10)),
        ("individual", "BTC", (1, 10)),
        ("market_maker", "BTC", (2, 10)),
        ("Market  Maker", "btc", (2, 10)),
        ("", "usdt", (3, 30)),
        ("individual", "USDT", (3, 30)),
        ("market-maker", "USDT", (2, 30)),
    ],
)
def test_the_account_types_threshold_counts_before_the_asset_class(
    account_type: str, asset: str, expected: tuple[int, int]
) -> None:
    (rule,) = ruleset(TABLES).deposit_rules
    assert asked(rule, account_type, asset) == expected


def test_a_tailored_rule_is_asked_and_named_like_the_rule_it_is_made_of() -> None:
    rules = ruleset(TABLES)
    (rule,) = rules.deposit_rules
    assert isinstance(rule, Tailored)
    assert rules.withdrawal_rules == ()
    assert (rule.about, rule.looks_back, rule.event_story) == (rules["a.limits"].about, False, True)
    assert isinstance(rules["a.limits"], Limits)


def test_a_rule_without_overrides_is_asked_directly() -> None:
    rules = ruleset()
    assert rules.deposit_rules == rules.rules


def faults(tables: str) -> Iterator[str]:
    with pytest.raises(BadRule) as caught:
        ruleset(tables)
    yield from caught.value.faults


@pytest.mark.parametrize(
    ("tables", "fault"),
    [
        (
            "[by_account_type.business]\nlimit = { value = 'x', source = 'judgement' }",
            "by_account_type.business: parameter limit",
        ),
        (
            "[by_account_type.business]\nlimits = { value = 1, source = 'judgement' }",
            "business: there is no parameter limits",
        ),
        (
            "[by_account_type.business]\nlimit = { value = 1, source = ' ' }",
            "by_account_type.business: parameter limit names no",
        ),
        (
            "[by_account_type.Business]\nlimit = { value = 1, source = 'x' }",
            "by_account_type.Business: write it in lower case",
        ),
        ("[by_account_type.business]", "by_account_type.business: overrides nothing"),
        ("[by_asset_class.shiny]\nlimit = { value = 1, source = 'x' }", "shiny"),
        (
            "[by_asset_class.privacy]\nlimit = { value = 'x', source = 'judgement' }",
            "by_asset_class.privacy: parameter limit",
        ),
    ],
)
def test_a_wrong_table_is_a_fault(tables: str, fault: str) -> None:
    (found,) = faults(tables)
    assert found.startswith("a.limits: ")
    assert fault in found


def test_a_rule_on_addresses_takes_no_such_table() -> None:
    text = toml("a.limits", "[by_account_type.business]\nlimit = { value = 1, source = 'judgement' }")
    with pytest.raises(BadRule, match="only rules on accounts"):
        build_ruleset([RuleSource(rule_id="a.limits", kind=Addresses, toml=text, code="")])


def test_tickers_are_read_in_any_case_and_unknown_ones_are_other() -> None:
    assert class_of(" usdc") is AssetClass.STABLECOIN
    assert class_of("Xmr") is AssetClass.PRIVACY
    assert class_of("BTC") is AssetClass.NATIVE
    assert class_of("NEWCOIN") is AssetClass.OTHER


def test_account_types_are_compared_without_case_blanks_and_hyphens() -> None:
    assert {type_key(text) for text in ("Market Maker", " market-maker", "MARKET_MAKER")} == {"market_maker"}
