"""Ordinary accounts are left alone: at most one alert of medium or more per 1,000 accounts and month.

The population is made up (no customer's data) from the moment Lockgate first sees it, the hardest one for rules that
compare with an account's own history: savers, salaries, traders, holders, wallets filled from a bank, shops.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import blake2b
from random import Random

from rules.engine import AccountsEngine
from rules.intake import Intake, Item
from rules.knowledge import Knowledge
from rules.lists import SanctionsList, merge
from rules.messages import Severity
from rules.profile import Profile
from rules.seen import Seen, fingerprint
from rules.transfer import Kind, Transfer
from streams.rulefiles import load_rules

T0 = 1_773_576_000_000
DAY = 86_400_000
DAYS = 60
ACCOUNTS = 600
Move = tuple[float, Kind, float, str]  # day, direction, US dollars, counterparty
# What these look at is not in this ledger: countries, IP addresses, names.
NEED_MORE_THAN_MONEY = {"sanctions.name_match", "access.impossible_travel", "travel_rule.missing_party_data"}
IN, OUT = Kind.DEPOSIT, Kind.WITHDRAWAL


def saver(chance: Random) -> Iterator[Move]:
    amount, first = chance.lognormvariate(6, 1), chance.uniform(0, 30)
    for month in (0, 30):
        yield first + month, IN, amount * chance.uniform(0.95, 1.05), "bank"
        if chance.random() < 0.4:
            yield first + month + chance.uniform(0.02, 5), OUT, amount * chance.uniform(0.5, 1), "cold"


def salary(chance: Random) -> Iterator[Move]:
    pay, first = chance.lognormvariate(8.2, 0.5), chance.uniform(0, 30)
    for month in (0, 30):
        left = pay * chance.uniform(0.98, 1.02)
        yield first + month, IN, left, "employer"
        for _ in range(chance.randint(1, 6)):
            spent = left * chance.uniform(0.05, 0.9)
            left -= spent
            yield first + month + chance.uniform(0.01, 25), OUT, spent, f"friend{chance.randrange(4)}"


def trader(chance: Random) -> Iterator[Move]:
    typical, day = chance.lognormvariate(6, 1), 0.0
    pause = 7 / chance.uniform(0.5, 6)
    while (day := day + chance.expovariate(1 / pause)) < DAYS:
        yield day, chance.choice((IN, OUT)), chance.lognormvariate(0, 0.8) * typical, f"venue{chance.randrange(6)}"


def holder(chance: Random) -> Iterator[Move]:
    for _ in range(chance.randint(1, 4)):
        kind = chance.choice((IN, IN, OUT))
        yield chance.uniform(0, DAYS), kind, chance.lognormvariate(7.5, 1.3), f"wallet{chance.randrange(2)}"


def own_wallet(chance: Random) -> Iterator[Move]:
    typical = chance.lognormvariate(5.7, 1)
    for _ in range(chance.randint(1, 6)):
        day, value = chance.uniform(0, DAYS), typical * chance.lognormvariate(0, 0.5)
        yield day, IN, value, "bank"
        yield day + chance.uniform(0.01, 0.4), OUT, value * chance.uniform(0.9, 0.995), f"wallet{chance.randrange(2)}"


def shop(chance: Random) -> Iterator[Move]:
    pause, day, customers, till, swept = 1 / chance.uniform(1, 8), 0.0, 0, 0.0, 0.0
    while (day := day + chance.expovariate(1 / pause)) < DAYS:
        customers += chance.random() < 0.7
        price = chance.lognormvariate(4, 0.8)
        till += price
        yield day, IN, price, f"customer{customers}"
        if day - swept > 7:
            yield day + 0.04, OUT, till * 0.98, "treasury"
            till, swept = 0.0, day


MIX: list[tuple[Callable[[Random], Iterator[Move]], float]] = [
    (saver, 0.3),
    (salary, 0.2),
    (trader, 0.22),
    (holder, 0.15),
    (own_wallet, 0.09),
    (shop, 0.04),
]


def items() -> Iterator[Item]:
    chance = Random(20260315)
    habits, weights = zip(*MIX, strict=True)
    for account in range(ACCOUNTS):
        (habit,) = chance.choices(habits, weights)
        for number, (day, kind, usd, who) in enumerate(habit(chance)):
            occurred, value = T0 + int(day * DAY), int(usd * 100)
            name = f"account-{account}"
            transfer = Transfer(
                event_id=f"{name}.{number}",
                kind=kind,
                account_id=name,
                asset="USDT",
                network="ethereum",
                amount=f"{value / 100:.2f}",
                value_usd=f"{value / 100:.2f}",
                addresses=("0x" + blake2b(f"{name} {who}".encode(), digest_size=20).hexdigest(),),
                occurred_at=occurred,
            )
            yield occurred, kind.value, number, value * 10_000, transfer, b"", None, fingerprint(transfer)


def test_ordinary_accounts_draw_hardly_any_alert() -> None:
    ledger = list(items())
    profiles = {item[4].account_id: Profile() for item in ledger}
    engine = AccountsEngine(load_rules(), Knowledge(merge([SanctionsList.of("nobody", [])])))
    outcome = engine.judge(Intake(ledger, []), 0, profiles, Seen(), T0)
    telling = [alert for alert in outcome.alerts if alert.severity not in (Severity.LOW, Severity.INFO)]
    assert len(telling) <= ACCOUNTS / 1_000 * DAYS / 30, [(alert.rule_id, alert.facts) for alert in telling]
    low = Counter(alert.rule_id for alert in outcome.alerts)
    assert sum(low.values()) <= ACCOUNTS * DAYS / 30 * 0.1, low
    untold = {one.rule_id for one in (*engine.missing, *engine.missing_on_deposits)} | NEED_MORE_THAN_MONEY
    unanswered = {rule: count for rule, count in outcome.tally.not_evaluated.items() if rule not in untold}
    assert sum(unanswered.values()) <= len(ledger) * 0.01, unanswered
