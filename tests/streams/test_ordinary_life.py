"""Ordinary life is quiet: at most one alert of medium or higher per 1,000 accounts and month, all rules together.

The scenario has nobody in it who does wrong: wages and bonuses, regular buyers, traders, market makers, holidays, new
wallets, newcomers who fill their account and take everything home.
"""

from collections import Counter

from rules.messages import Severity
from streams.scenarios.scoring import alerts_of, score

SEEDS = (1, 2)
ACCOUNTS = 1_000
DAYS = 90


def test_ordinary_life_draws_at_most_one_telling_alert_per_thousand_accounts_and_month() -> None:
    telling = sum((Counter(score("ordinary", seed=seed, accounts=ACCOUNTS, days=DAYS).telling) for seed in SEEDS), Counter())
    assert telling.total() <= len(SEEDS) * ACCOUNTS / 1_000 * DAYS / 30, telling


def test_nobody_in_ordinary_life_is_taken_for_a_worker_of_a_cell_at_any_severity() -> None:
    alerts = [alert for seed in SEEDS for alert in alerts_of("ordinary", seed=seed, accounts=ACCOUNTS, days=DAYS)[0]]
    assert not [alert for alert in alerts if alert.rule_id.startswith("dprk.")]
    assert any(alert.severity is Severity.LOW for alert in alerts)


def test_people_of_many_kinds_are_nearly_as_quiet_and_nobody_is_taken_for_a_worker() -> None:
    alerts, _ = alerts_of("ordinary_wide", seed=SEEDS[0], accounts=ACCOUNTS, days=DAYS)
    telling = Counter(alert.rule_id for alert in alerts if alert.severity not in (Severity.INFO, Severity.LOW))
    assert telling.total() <= 2 * ACCOUNTS / 1_000 * DAYS / 30, telling
    assert not [alert for alert in alerts if alert.rule_id.startswith("dprk.")]


def test_travellers_and_vpn_users_are_told_at_most_once_in_thirty_days_and_low() -> None:
    alerts = alerts_of("ordinary_wide", seed=SEEDS[0], accounts=ACCOUNTS, days=DAYS)[0]
    told = [alert for alert in alerts if alert.rule_id == "access.impossible_travel"]
    assert {alert.severity for alert in told} == {Severity.LOW}
    assert max(Counter(alert.account_id for alert in told).values()) <= DAYS // 30 + 1
