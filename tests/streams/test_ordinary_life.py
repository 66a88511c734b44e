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
