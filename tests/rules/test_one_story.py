"""One story, one alert: the same behaviour is told once however long it goes on, another one is told again."""

from collections.abc import Iterable, Sequence

import msgspec
import pytest

from rules.address_state import AddressState
from rules.engine import AccountsEngine
from rules.examples import EVENT_MS, Step, spell
from rules.intake import Gate, Intake
from rules.messages import Alert, AlertStatus, Severity
from rules.network import CounterpartiesEngine, keys
from rules.profile import Profile
from rules.ruleset import Ruleset
from rules.seen import Seen
from rules.transfer import Kind
from streams.rulefiles import load_rules

ALL = load_rules()
IN, OUT = Kind.DEPOSIT, Kind.WITHDRAWAL
Plan = tuple[float, Kind, str]  # days before the last one, direction, US dollars


def step(number: int, plan: Plan, **more: str) -> list[bytes]:
    days, kind, usd = plan
    hours = round(days * 24)
    raw = {"kind": kind, "value_usd": usd, "at": f"-{hours}h" if hours else "now", **more}
    return [msgspec.json.encode(one) for one in msgspec.convert(raw, Step).transfers(f"e{number}")]


def judge(rule_id: str, batches: Iterable[Sequence[bytes]]) -> list[Alert]:
    """The alerts of one rule over some batches of one partition."""
    ruleset = Ruleset({rule_id: (ALL[rule_id], ALL.files[rule_id])}, "hash")
    accounts, counterparties = AccountsEngine(ruleset), CounterpartiesEngine(ruleset)
    profiles: dict[str, Profile] = {}
    states: dict[str, AddressState] = {}
    seen, alerts = Seen(), []
    for offset, batch in enumerate(batches):
        intake = Intake([], [])
        Gate(keyed=False).admit("t", 0, [(offset * 1_000 + n, None, raw) for n, raw in enumerate(batch)], intake)
        assert not intake.deadletters
        for name in intake.accounts():
            profiles.setdefault(name, Profile())
        outcome = accounts.judge(intake, 0, profiles, seen, EVENT_MS)
        for flow in outcome.flows:
            for key in keys(flow):
                states.setdefault(key, AddressState())
        alerts += [*outcome.alerts, *counterparties.judge(outcome.flows, states, EVENT_MS).alerts]
    return alerts


def told(rule_id: str, plans: Iterable[Plan], **more: str) -> list[Alert]:
    return judge(rule_id, [step(number, plan, **more) for number, plan in enumerate(plans)])


def test_structuring_is_told_once_while_it_goes_on() -> None:
    assert len(told("laundering.structuring", [(20 - day, IN, "9500") for day in range(20)])) == 1


def test_structuring_after_a_pause_longer_than_the_window_is_told_again() -> None:
    first = [(30 - day, IN, "9500") for day in range(4)]
    second = [(4 - day, IN, "9500") for day in range(4)]
    alerts = told("laundering.structuring", [*first, *second])
    assert len(alerts) == 2
    assert alerts[0].alert_id != alerts[1].alert_id
    assert [one.event_id for one in alerts[1].evidence] == ["e4.0", "e5.0", "e6.0"]


def test_structuring_of_both_directions_is_two_stories() -> None:
    plans = [(6 - day, kind, usd) for day in range(4) for kind, usd in ((IN, "9500"), (OUT, "9400"))]
    assert len(told("laundering.structuring", plans)) == 2


def test_structuring_that_never_ends_is_told_at_most_once_a_window() -> None:
    alerts = told("laundering.structuring", [(180 - day, OUT, "2900") for day in range(180)])
    assert 1 <= len(alerts) <= 180 / 7 + 1


def test_withdrawals_of_one_pass_through_are_one_story() -> None:
    plans = [(0.5, IN, "20000"), (0.4, OUT, "17000"), (0.3, OUT, "1500"), (0.2, OUT, "1000")]
    alerts = told("laundering.pass_through", plans)
    assert len(alerts) == 1
    assert [one.shows for one in alerts[0].evidence] == ["Came in", "Left again"]
    assert alerts[0].facts["share_percent"] == 85


def test_a_pass_through_on_another_day_is_another_story() -> None:
    plans = [(9.2, IN, "20000"), (9.1, OUT, "19000"), (0.2, IN, "20000"), (0.1, OUT, "19000")]
    alerts = told("laundering.pass_through", plans)
    assert len({alert.alert_id for alert in alerts}) == 2
    assert alerts[1].facts["deposited_30_days_before_usd"] == "20000.00"


def test_a_burst_is_told_once() -> None:
    quiet = [(30 - 3 * n, IN, "300") for n in range(8)]
    burst = [(1 - n / 24, OUT, "1500") for n in range(24)]
    (alert,) = told("laundering.velocity", [*quiet, *burst])
    assert alert.facts["transfers"] == 10
    assert alert.facts["busiest_day_before"] == 1


@pytest.mark.parametrize(("rule_id", "kind"), [("laundering.fan_in", IN), ("laundering.fan_out", OUT)])
def test_more_of_the_same_fan_is_the_same_story(rule_id: str, kind: Kind) -> None:
    assert len(told(rule_id, [(5 - n / 2, kind, "400") for n in range(10)])) == 1


def test_a_return_from_dormancy_is_told_once_even_when_the_past_is_forgotten() -> None:
    before = [(150 - n, IN, "900") for n in range(5)]
    after = [(2 - n / 4, OUT, "6000") for n in range(8)]
    (alert,) = told("laundering.dormant_reactivation", [*before, *after])
    assert alert.facts["silent_days"] == 144
    assert alert.facts["moved_usd"] == "12000.00"
    assert len(alert.evidence) == 2


def test_a_new_account_is_drained_once() -> None:
    plans = [(1, IN, "9000"), (0.9, OUT, "8500"), (0.8, IN, "9000"), (0.7, OUT, "8500")]
    assert len(told("laundering.new_account_drained", plans, opened_at="-30h")) == 1


def test_a_shared_address_is_told_once_and_names_all_its_payers() -> None:
    batches = [step(n, (4 - n, OUT, "600"), account=f"a{n}", address="@shared") for n in range(4)]
    (alert,) = judge("laundering.shared_payout_address", batches)
    assert alert.facts["accounts"] == ["a0", "a1"]
    assert alert.account_id == "a1"
    assert alert.counterparty == spell("@shared")


def test_listed_and_unreadable_addresses_are_told_for_every_transfer() -> None:
    batches = [step(n, (4 - n, OUT, "600"), address="0x12") for n in range(3)]
    assert len(judge("sanctions.unreadable_address", batches)) == 3


def test_a_pass_through_that_becomes_telling_is_an_update_of_its_first_alert() -> None:
    plans = [(0.9, IN, "6000"), (0.8, OUT, "5700"), (0.7, IN, "6000"), (0.5, OUT, "5700")]
    first, update = told("laundering.pass_through", plans)
    assert (first.severity, update.severity) == (Severity.LOW, Severity.MEDIUM)
    assert (update.status, update.refers_to) == (AlertStatus.UPDATE, first.alert_id)


def test_hops_of_a_day_are_one_story_that_grows() -> None:
    hops = [
        [
            *step(2 * n, (0.5 - n / 10, IN, "5000"), asset="BTC", network="other"),
            *step(2 * n + 1, (0.45 - n / 10, OUT, "4900")),
        ]
        for n in range(3)
    ]
    first, update = judge("laundering.chain_hopping", hops)
    assert (first.severity, update.severity) == (Severity.LOW, Severity.MEDIUM)
    assert update.refers_to == first.alert_id
    assert len(update.evidence) == 6


def test_the_pattern_of_amounts_is_told_once_in_weeks() -> None:
    plans = [(20 - n / 8, IN, "1500") for n in range(160)]
    assert len(told("laundering.round_amounts", plans, amount="0.5", asset="BTC", network="other")) <= 2


def test_a_device_is_told_with_three_accounts_and_again_when_it_is_more_than_a_family() -> None:
    batches = [step(n, (9 - n, IN, "600"), account=f"a{n}", device_id="phone") for n in range(10)]
    first, update = judge("laundering.shared_device", batches)
    assert (first.facts["accounts"], first.severity) == (["a0", "a1", "a2"], Severity.LOW)
    assert (update.facts["account_count"], update.severity) == (8, Severity.MEDIUM)
    assert update.refers_to == first.alert_id
