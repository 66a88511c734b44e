"""Ordinary customers: wages and top-ups in, purchases and own wallets out.

Each class is one habit. They are the haystack, and some of them look like needles on purpose: freelancers have
several payers as a payroll cell has, couples share a device and a wallet, a market maker turns over millions.
"""

import random
from collections.abc import Sequence
from typing import Final, Protocol

from streams.scenarios.coins import Coin
from streams.scenarios.ledger import Ledger
from streams.scenarios.people import DAY_MS, Account, Party

_FORTNIGHT: Final = 14
_MONTH: Final = 30
_SMALLEST_CENTS: Final = 20_00
_INVENTORY_CENTS: Final = 1_000_000_00


class Resident(Protocol):
    """Somebody who uses the exchange day by day."""

    account: Account

    def live(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Enter what this customer does on the day."""


def daytime(midnight_ms: int, rng: random.Random) -> int:
    """A moment of the day, most likely in the afternoon."""
    return midnight_ms + int(rng.triangular(0.2, 0.99, 0.6) * DAY_MS)


class Customer:
    """Earns a wage, tops up, buys small things, and moves some to a wallet of their own."""

    __slots__ = (
        "account",
        "balance",
        "coin",
        "employer",
        "hub",
        "label",
        "payday",
        "period",
        "shops",
        "wage",
        "wallet",
    )

    def __init__(
        self, account: Account, coin: Coin, hub: Party, shops: Sequence[Party], rng: random.Random, label: str | None = None
    ) -> None:
        self.account = account
        self.coin = coin
        self.hub = hub
        self.shops = shops
        self.label = label
        self.wallet = account.wallet
        self.balance = rng.randrange(100_00, 8_000_00)
        self.employer: Party | None = None
        self.wage = 0
        self.period = self.payday = 0

    def hire(self, employer: Party, rng: random.Random) -> "Customer":
        """Give the customer a wage, paid monthly or every second week by one employer."""
        self.employer = employer
        self.period = rng.choice((_FORTNIGHT, _MONTH))
        self.payday = rng.randrange(self.period)
        self.wage = rng.randrange(30_000_00, 90_000_00) * self.period // 365
        return self

    def live(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """At most the wage and one other thing a day."""
        if self.employer is not None and day % self.period == self.payday:
            wage = self.wage + rng.randrange(-50_00, 50_00)
            ledger.deposit(midnight_ms + rng.randrange(8, 12) * 3_600_000, self.account, self.coin, wage, self.employer)
            self.balance += wage
        draw = rng.random()
        if draw < 0.36:
            cents = int(20_00 * 15 ** rng.random())
            self._pay(daytime(midnight_ms, rng), cents, rng.choice(self.shops), ledger)
        elif draw < 0.5:
            cents = int(self.balance * rng.uniform(0.1, 0.5))
            self._pay(daytime(midnight_ms, rng), cents, self.wallet, ledger)
        elif draw < 0.64:
            cents = int(30_00 * 60 ** rng.random())
            ledger.deposit(daytime(midnight_ms, rng), self.account, self.coin, cents, self.hub, self.label)
            self.balance += cents

    def _pay(self, occurred_ms: int, cents: int, recipient: Party, ledger: Ledger) -> None:
        if _SMALLEST_CENTS <= cents <= self.balance:
            ledger.withdraw(occurred_ms, self.account, self.coin, cents, recipient, self.label)
            self.balance -= cents


class Saver:
    """Puts the same sum aside every week or month and hardly ever takes anything out."""

    __slots__ = ("account", "balance", "cents", "coin", "hub", "period", "weekday")

    def __init__(self, account: Account, coin: Coin, hub: Party, rng: random.Random) -> None:
        self.account = account
        self.coin = coin
        self.hub = hub
        self.period = rng.choice((7, 7, _MONTH))
        self.weekday = rng.randrange(self.period)
        self.cents = rng.randrange(2, 40) * 25_00
        self.balance = rng.randrange(10, 60) * self.cents

    def live(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """The standing order, or once in a few months a withdrawal."""
        if day % self.period == self.weekday:
            ledger.deposit(daytime(midnight_ms, rng), self.account, self.coin, self.cents, self.hub)
            self.balance += self.cents
        elif rng.random() < 0.008:
            cents = self.balance // 4
            ledger.withdraw(daytime(midnight_ms, rng), self.account, self.coin, cents, self.account.wallet)
            self.balance -= cents


class Freelancer:
    """Is paid by several clients, irregularly and in different sums, and moves most of it on once a week."""

    __slots__ = ("account", "balance", "clients", "coin", "label", "weekday")

    def __init__(self, account: Account, coin: Coin, clients: Sequence[Party], rng: random.Random, label: str) -> None:
        self.account = account
        self.coin = coin
        self.clients = clients
        self.label = label
        self.weekday = rng.randrange(7)
        self.balance = 0

    def live(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Each client pays about once a month."""
        if rng.random() < len(self.clients) / 25:
            cents = int(250_00 * 14 ** rng.random())
            client = rng.choice(self.clients)
            ledger.deposit(daytime(midnight_ms, rng), self.account, self.coin, cents, client, self.label)
            self.balance += cents
        if day % 7 == self.weekday and self.balance > 200_00:
            cents = int(self.balance * rng.uniform(0.3, 0.8))
            ledger.withdraw(midnight_ms + DAY_MS - 1, self.account, self.coin, cents, self.account.wallet, self.label)
            self.balance -= cents


class MarketMaker:
    """Moves large sums both ways all day and night, between few desks."""

    __slots__ = ("account", "coins", "desks", "transfers")

    def __init__(self, account: Account, coins: Sequence[Coin], desks: Sequence[Party], transfers: int) -> None:
        self.account = account
        self.coins = coins
        self.desks = desks
        self.transfers = transfers

    def live(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """As many transfers as on any other day, give or take a third; before the first of them the inventory."""
        if day == 0:
            for coin in self.coins:
                ledger.deposit(midnight_ms, self.account, coin, _INVENTORY_CENTS, self.desks[0])
        for _ in range(rng.randrange(self.transfers * 2 // 3, self.transfers * 4 // 3)):
            occurred_ms = midnight_ms + rng.randrange(DAY_MS)
            coin, desk = rng.choice(self.coins), rng.choice(self.desks)
            cents = int(2_000_00 * 100 ** rng.random())
            if rng.random() < 0.5:
                ledger.deposit(occurred_ms, self.account, coin, cents, desk)
            else:
                ledger.withdraw(occurred_ms, self.account, coin, cents, desk)
