"""Planted laundering: each function enters one pattern, its accounts and their ordinary cover.

Sources, as the docstrings name them: FATF = Virtual Assets Red Flag Indicators, September 2020; FIN-2019-A003 =
FinCEN's advisory on illicit activity with virtual currency, May 2019; OFAC = its compliance guidance for the virtual
currency industry, October 2021; DPRK = the US guidance on DPRK IT workers, May 2022, and its update of October 2023;
AMLworld = the pattern catalogue of that synthetic data set. Sums, counts and times are judgement.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from streams.scenarios.coins import STABLECOINS, USDC_ETHEREUM, USDT_TRON, Coin, coin_of
from streams.scenarios.ledger import Ledger
from streams.scenarios.people import DAY_MS, Account, Party, People, Session

_HOUR: Final = 1 / 24


class Plot:
    """Where a pattern is entered: its label, how long the scenario is, and the listed address it may deal with."""

    def __init__(self, rng: random.Random, people: People, ledger: Ledger, label: str, days: int, listed: str) -> None:
        self.rng = rng
        self.people = people
        self.label = label
        self.days = days
        self.listed = listed
        self._ledger = ledger

    def begin(self, length: float) -> float:
        """A day on which a pattern of so many days can begin, early enough to end within the scenario."""
        earliest = self.days * 0.4
        return self.rng.uniform(earliest, max(earliest, self.days - length - 0.5))

    def at(self, day: float) -> int:
        """Milliseconds since the epoch."""
        return self._ledger.at(day)

    def deposit(
        self, day: float, account: Account, coin: Coin, cents: int, sender: Party, session: Session | None = None
    ) -> None:
        """A deposit that belongs to the pattern."""
        self._ledger.deposit(self.at(day), account, coin, cents, sender, self.label, session)

    def withdraw(
        self, day: float, account: Account, coin: Coin, cents: int, recipient: Party, session: Session | None = None
    ) -> None:
        """A withdrawal that belongs to the pattern."""
        self._ledger.withdraw(self.at(day), account, coin, cents, recipient, self.label, session)

    def earlier(self, day: float, account: Account, coin: Coin, cents: int, party: Party, *, inflow: bool) -> None:
        """A transfer that leads to the pattern, or follows from it, and is no part of it: other rules know it by itself."""
        enter = self._ledger.deposit if inflow else self._ledger.withdraw
        enter(self.at(day), account, coin, cents, party)

    def cover(self, account: Account, coin: Coin, first: float, last: float) -> None:
        """An ordinary, modest life: every few days some hundred dollars from one sender, some of it to the own wallet."""
        rng, friend = self.rng, self.people.person()
        day = first
        while (day := day + rng.uniform(2, 6)) < last:
            cents = rng.randrange(80_00, 500_00)
            self._ledger.deposit(self.at(day), account, coin, cents, friend)
            if rng.random() < 0.6 and day + 1.5 < last:
                spent = cents * rng.randrange(20, 60) // 100
                self._ledger.withdraw(self.at(day + 1.5), account, coin, spent, account.wallet)


def structuring(plot: Plot) -> None:
    """Deposits just below 10,000 USD, one or two a day, then one payout.

    FATF: transactions structured in amounts below record-keeping or reporting thresholds.
    """
    rng, account, coin = plot.rng, plot.people.account(), plot.rng.choice(STABLECOINS)
    start = day = plot.begin(8)
    plot.cover(account, coin, 0, start)
    senders = [plot.people.stranger() for _ in range(2)]
    total = 0
    for number in range(rng.randrange(5, 8)):
        cents = rng.randrange(9_100_00, 9_950_00)
        plot.deposit(day, account, coin, cents, senders[number % 2])
        total += cents
        day += rng.uniform(0.4, 0.9)
    plot.withdraw(day + 1, account, coin, total * 55 // 100, account.wallet)


def pass_through(plot: Plot) -> None:
    """One to three deposits that leave within hours, almost whole, to an address never paid before.

    FATF: deposits that are withdrawn at once without any exchange activity. FIN-2019-A003: deposits followed shortly by
    transfers of about the same sum.
    """
    rng, account, coin = plot.rng, plot.people.account(), plot.rng.choice(STABLECOINS)
    start = plot.begin(1)
    plot.cover(account, coin, 0, start - 2)
    sender, pieces, total = plot.people.stranger(), rng.randrange(1, 4), 0
    for number in range(pieces):
        cents = rng.randrange(11_000_00, 24_000_00)
        plot.deposit(start + number * 0.4 * _HOUR, account, coin, cents, sender)
        total += cents
    plot.withdraw(start + rng.uniform(2, 7) * _HOUR, account, coin, total * 97 // 100, plot.people.stranger())


def velocity(plot: Plot) -> None:
    """A modest account that suddenly moves many times its usual sum, back and forth, within a day.

    FATF: several transactions of high value in short succession, such as within 24 hours.
    """
    rng, account, coin = plot.rng, plot.people.account(), plot.rng.choice(STABLECOINS)
    start = plot.begin(1.5)
    plot.cover(account, coin, min(0.0, start - 20), start - 1)
    sender, recipient = plot.people.stranger(), plot.people.stranger()
    for number in range(rng.randrange(7, 11)):
        hour = start + number * 2 * _HOUR
        cents = rng.randrange(3_200_00, 8_500_00)
        plot.deposit(hour, account, coin, cents, sender)
        plot.withdraw(hour + _HOUR, account, coin, cents * rng.randrange(60, 90) // 100, recipient)


def fan_in(plot: Plot) -> None:
    """Many unrelated wallets pay small sums in within days; the sum moves on in one piece.

    FATF: incoming transactions from many unrelated wallets in relatively small amounts, with subsequent transfer.
    """
    rng, account, coin = plot.rng, plot.people.account(), plot.rng.choice(STABLECOINS)
    start = plot.begin(6)
    plot.cover(account, coin, 0, start - 1)
    total = 0
    for _ in range(rng.randrange(8, 13)):
        cents = rng.randrange(400_00, 2_400_00)
        plot.deposit(start + rng.uniform(0, 4), account, coin, cents, plot.people.stranger())
        total += cents
    plot.withdraw(start + 4 + rng.uniform(4, 20) * _HOUR, account, coin, total * 95 // 100, plot.people.stranger())


def fan_out(plot: Plot) -> None:
    """One large sum comes in and is spread over many new addresses within two days.

    AMLworld: fan-out. FATF names its reverse, the accumulation.
    """
    rng, account, coin = plot.rng, plot.people.account(), plot.rng.choice(STABLECOINS)
    start = plot.begin(3)
    plot.cover(account, coin, 0, start - 1)
    count = rng.randrange(8, 13)
    share = rng.randrange(2_000_00, 4_500_00)
    plot.deposit(start, account, coin, share * count, plot.people.stranger())
    for _ in range(count):
        moment = start + rng.uniform(3 * _HOUR, 2)
        plot.withdraw(moment, account, coin, share * rng.randrange(80, 99) // 100, plot.people.stranger())


def dormant_reactivation(plot: Plot) -> None:
    """An account that rested for more than three months wakes up to move far more than it ever did.

    FATF: transactions of high value to a previously inactive account. Its earlier life lies before the scenario.
    """
    rng, account, coin = plot.rng, plot.people.account(), plot.rng.choice(STABLECOINS)
    start = plot.begin(2)
    plot.cover(account, coin, start - 140, start - 105)
    cents = rng.randrange(22_000_00, 45_000_00)
    plot.deposit(start, account, coin, cents, plot.people.stranger())
    first = cents * rng.randrange(40, 60) // 100
    recipient = plot.people.stranger()
    plot.withdraw(start + rng.uniform(0.2, 0.6), account, coin, first, recipient)
    plot.withdraw(start + rng.uniform(1.1, 1.6), account, coin, cents * 98 // 100 - first, recipient)


def new_account_drained(plot: Plot) -> None:
    """An account is opened, filled with a large sum and emptied within two days.

    FATF: a large initial deposit, and a new user who sends the entire balance off the platform.
    """
    rng, coin = plot.rng, plot.rng.choice(STABLECOINS)
    start = plot.begin(3)
    account = plot.people.account(opened_ms=plot.at(start) - rng.randrange(2, 10) * DAY_MS // 24)
    cents = rng.randrange(15_000_00, 40_000_00)
    plot.deposit(start, account, coin, cents, plot.people.stranger())
    recipient = plot.people.stranger()
    for number in range(2):
        plot.withdraw(start + 0.2 + number * rng.uniform(0.3, 0.9), account, coin, cents * 49 // 100, recipient)


def shared_payout_address(plot: Plot) -> None:
    """Several accounts with nothing else in common pay the same outside address again and again.

    FATF: frequent transfers to the same account by more than one person.
    """
    rng, coin = plot.rng, plot.rng.choice(STABLECOINS)
    start = plot.begin(18)
    collector = plot.people.stranger()
    for _ in range(rng.randrange(4, 7)):
        account, payer = plot.people.account(), plot.people.person()
        plot.cover(account, coin, 0, start)
        for week in range(2):
            day = start + week * 8 + rng.uniform(0, 4)
            cents = rng.randrange(900_00, 2_600_00)
            plot.deposit(day, account, coin, cents, payer)
            plot.withdraw(day + rng.uniform(1.2, 3), account, coin, cents * rng.randrange(40, 75) // 100, collector)


def direct_exposure(plot: Plot) -> None:
    """An ordinary customer pays an address on a sanctions list.

    OFAC: transactions with listed virtual currency addresses are to be blocked.
    """
    rng, account, coin = plot.rng, plot.people.account(), coin_of(plot.listed)
    start = plot.begin(1)
    plot.cover(account, coin, 0, start)
    recipient = Party(addresses={coin.family: plot.listed})
    plot.withdraw(start, account, coin, rng.randrange(600_00, 2_500_00), recipient)


def worker_cell(plot: Plot) -> None:
    """A cell of remote workers: wages in stablecoins from several employers, swept within a day to one address.

    DPRK: several accounts used from the same device or connection, payment asked for in virtual currency, facilitators
    in third countries, wages moved on to consolidate them. Two workers share a device and all a connection; the
    consolidation address is the same for the whole cell.
    """
    rng, people, coin = plot.rng, plot.people, plot.rng.choice((USDT_TRON, USDC_ETHEREUM))
    consolidation = people.stranger()
    connection, exit_country = people.ip(), rng.choice(("RU", "LA", "AE"))
    devices = [people.device() for _ in range(3)]
    employers = [people.company(rng.choice(("US", "CA", "GB", "DE"))) for _ in range(6)]
    for number in range(rng.randrange(4, 7)):
        account = people.account(
            device=devices[number % len(devices)],
            ip=connection,
            ip_country=exit_country,
            country=rng.choice(("US", "UA", "SG", "MY")),
        )
        _work(plot, account, coin, rng.sample(employers, 2), consolidation)


def _work(plot: Plot, account: Account, coin: Coin, employers: Sequence[Party], consolidation: Party) -> None:
    """Each employer pays twice a month on the same days; what came in leaves within hours."""
    rng = plot.rng
    for employer in employers:
        wage = rng.randrange(1_400_00, 2_900_00)
        day = rng.uniform(1, 13)
        while day < plot.days - 1:
            paid = wage + rng.choice((0, 0, 0, 50_00, -75_00))
            plot.deposit(day, account, coin, paid, employer)
            swept = paid * rng.randrange(94, 99) // 100
            plot.withdraw(day + rng.uniform(2, 20) * _HOUR, account, coin, swept, consolidation)
            day += 15


TYPOLOGIES: Final[Mapping[str, Callable[[Plot], None]]] = {
    "structuring": structuring,
    "pass_through": pass_through,
    "velocity": velocity,
    "fan_in": fan_in,
    "fan_out": fan_out,
    "dormant_reactivation": dormant_reactivation,
    "new_account_drained": new_account_drained,
    "shared_payout_address": shared_payout_address,
    "direct_exposure": direct_exposure,
    "worker_cell": worker_cell,
}
