"""Ordinary people of many kinds: trades, travels, moves and gifts that look odd until one knows who it is.

Nobody here does wrong. Each class is one kind of person; shares, sums and frequencies are judgement.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from streams.scenarios.coins import BITCOIN, ETHER, SOL, STABLECOINS, USDT_TRON, Coin
from streams.scenarios.habits import Neighbour
from streams.scenarios.ledger import Ledger
from streams.scenarios.ordinary import daytime
from streams.scenarios.people import DAY_MS, Account, Party, Session

_HOUR_MS: Final = DAY_MS // 24
_COUNTRIES: Final = ("DE", "NL", "US", "GB", "SG", "TH", "ES", "AE", "PT", "MX", "ID", "TR")
_EXITS: Final = ("NL", "DE", "US", "GB", "CH", "SE", "SG", "JP")


class Somebody(Neighbour):
    """A person with an account, a coin and some parties known to many: venues, shops, people."""

    def __init__(self, account: Account, coin: Coin, rng: random.Random, around: "Around") -> None:
        super().__init__(account, coin, rng, Party())
        self.around = around
        self.weekday, self.monthday = rng.randrange(7), rng.randrange(28)
        self.scale = 10 ** rng.uniform(-0.5, 0.7)
        self._usual = rng.sample(around.shops, 2)
        self.settle(rng)

    def settle(self, rng: random.Random) -> None:
        """What is drawn once for this person."""

    def dollars(self, low: float, high: float, rng: random.Random) -> int:
        """So many US cents, more or less, as this person is rich or poor."""
        return int(low * 100 * (high / low) ** rng.random() * self.scale)

    def fresh(self) -> Party:
        """A new address of the own wallet, as many wallets show for each payment."""
        return Party(facts=self.account.wallet.facts)

    def shop(self, rng: random.Random) -> Party:
        """One of the usual shops, or another, most of which show a new address for each bill."""
        return rng.choice(self._usual) if rng.random() < 0.5 else Party()

    def monthly(self, day: int) -> bool:
        """Once in 28 days."""
        return day % 28 == self.monthday

    def weekly(self, day: int) -> bool:
        """Once in seven days."""
        return day % 7 == self.weekday


class Around:
    """The parties that many people of a place deal with."""

    def __init__(self, exchanges: Sequence[Party], shops: Sequence[Party], person: Callable[[], Party]) -> None:
        self.exchanges = exchanges
        self.shops = shops
        self.person = person


class DayTrader(Somebody):
    """Moves stablecoins in and out several times a day, to two other exchanges, and takes profits home."""

    def settle(self, rng: random.Random) -> None:
        """Two venues, some trades a day."""
        self._venues = rng.sample(self.around.exchanges, 2)
        self._trades = rng.uniform(0.5, 4)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """More when the market moves, which it does one day in nine."""
        busy = 2.5 if day % 9 == 4 else 1
        for _ in range(int(rng.expovariate(1 / (self._trades * busy)))):
            cents, moment = self.dollars(200, 5_000, rng), daytime(midnight_ms, rng)
            if rng.random() < 0.5:
                self.receive(moment, cents, rng.choice(self._venues), day, ledger)
            else:
                self.send(moment, cents, rng.choice(self._venues), day, ledger)
        if self.weekly(day):
            self.send(midnight_ms + 20 * _HOUR_MS, self.balance // 5, self.wallet, day, ledger)


class Arbitrageur(Somebody):
    """The same money comes in from one exchange and leaves for the other within the hour, day after day."""

    def settle(self, rng: random.Random) -> None:
        """Two venues and the float between them."""
        self._venues = rng.sample(self.around.exchanges, 2)
        self._float = self.dollars(2_000, 20_000, rng)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """On two days of three."""
        if rng.random() < 0.66:
            bought, sold = rng.sample(self._venues, 2)
            moment = daytime(midnight_ms, rng) - _HOUR_MS
            cents = self._float * rng.randrange(60, 110) // 100
            self.receive(moment, cents, bought, day, ledger)
            self.send(moment + rng.randrange(_HOUR_MS), cents * 1002 // 1000, sold, day, ledger)


class Charity(Somebody):
    """Small gifts of many people, most of them once; at the end of the month suppliers are paid."""

    def settle(self, rng: random.Random) -> None:
        """Suppliers, and how well known it is."""
        self._suppliers = [self.around.person() for _ in range(4)]
        self._gifts = rng.uniform(0.5, 6)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Five times as many gifts in the days after an appeal."""
        appeal = 5 if day % 45 in (10, 11, 12) else 1
        for _ in range(int(rng.expovariate(1 / (self._gifts * appeal)))):
            self.receive(daytime(midnight_ms, rng), self.dollars(15, 300, rng), Party(), day, ledger)
        if self.monthly(day):
            for supplier in self._suppliers:
                self.send(daytime(midnight_ms, rng), self.balance // 5, supplier, day, ledger)


class Student(Somebody):
    """Parents abroad send money every month; rent goes to the landlord, twice a year fees to the university."""

    def settle(self, rng: random.Random) -> None:
        """A family, a landlord, a university."""
        self._parents, self._landlord, self._fees = self.around.person(), self.around.person(), rng.randrange(150)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Fees come in the days before they are due."""
        if self.monthly(day):
            self.receive(midnight_ms + 9 * _HOUR_MS, rng.randrange(600_00, 1_800_00), self._parents, day, ledger)
        if self.monthly(day - 1):
            self.send(daytime(midnight_ms, rng), rng.randrange(400_00, 900_00), self._landlord, day, ledger)
        if day % 150 == self._fees:
            self.receive(midnight_ms + 8 * _HOUR_MS, 9_000_00, self._parents, day, ledger)
            self.send(midnight_ms + 15 * _HOUR_MS, 8_800_00, self.around.shops[0], day, ledger)
        if rng.random() < 0.1:
            self.send(daytime(midnight_ms, rng), rng.randrange(15_00, 60_00), self.shop(rng), day, ledger)


class Remitter(Somebody):
    """A wage every fortnight, most of which goes home within a day or two: to parents, and now and then to a cousin."""

    def settle(self, rng: random.Random) -> None:
        """An employer and a family."""
        self._employer, self._home, self._cousin = (self.around.person() for _ in range(3))
        self._wage = self.dollars(700, 1_500, rng)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Payday every second week."""
        if day % 14 == self.weekday:
            self.receive(midnight_ms + 9 * _HOUR_MS, self._wage, self._employer, day, ledger)
        if day % 14 == self.weekday + 1:
            home = self._cousin if rng.random() < 0.15 else self._home
            self.send(daytime(midnight_ms, rng), self._wage * rng.randrange(50, 90) // 100, home, day, ledger)


class Miner(Somebody):
    """A pool pays out every day; what is not sold goes to a hardware wallet now and then."""

    def settle(self, rng: random.Random) -> None:
        """A pool with one address to pay out from."""
        self.coin, self._pool = BITCOIN, Party(addresses={}, hosted=True)
        self._daily = self.dollars(20, 200, rng)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """At about the same hour."""
        self.receive(midnight_ms + 6 * _HOUR_MS, self._daily * rng.randrange(92, 108) // 100, self._pool, day, ledger)
        if rng.random() < 1 / 25:
            self.send(daytime(midnight_ms, rng), self.balance // 2, self.fresh(), day, ledger)


class PaidInCrypto(Somebody):
    """A wage in stablecoins every month, of which most goes to the own wallet, at a new address each time."""

    def settle(self, rng: random.Random) -> None:
        """An employer."""
        self.coin, self._employer = rng.choice(STABLECOINS), self.around.person()
        self._wage = self.dollars(1_500, 5_000, rng)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """With a bonus in one month of eight."""
        if self.monthly(day):
            bonus = 250 if rng.random() < 0.12 else 100
            self.receive(midnight_ms + 9 * _HOUR_MS, self._wage * bonus // 100, self._employer, day, ledger)
        if self.monthly(day - 1 - self.weekday % 3):
            self.send(daytime(midnight_ms, rng), self.balance * rng.randrange(50, 98) // 100, self.fresh(), day, ledger)


class Gamer(Somebody):
    """Small payments for games and pictures, to ever new sellers, and small sales."""

    def settle(self, rng: random.Random) -> None:
        """How keen."""
        self.coin, self._keen = rng.choice((ETHER, SOL)), rng.uniform(0.1, 1.2)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """On the day of a release a dozen."""
        release = 8 if day % 31 == 17 else 1
        for _ in range(int(rng.expovariate(1 / (self._keen * release)))):
            cents = int(12_00 * 15 ** rng.random())
            if rng.random() < 0.25:
                self.receive(daytime(midnight_ms, rng), cents, Party(), day, ledger)
            else:
                self.balance += cents
                self.send(daytime(midnight_ms, rng), cents, Party(), day, ledger)


class Traveller(Somebody):
    """In another country every few days, by plane within hours; tops up a card and pays hotels."""

    def settle(self, rng: random.Random) -> None:
        """A round of countries."""
        self._stops = [rng.choice(_COUNTRIES) for _ in range(40)]
        self._pace = rng.randrange(3, 9)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """On the day of a flight something in the morning here and in the evening there."""
        flies = day % self._pace == 0
        if flies or rng.random() < 0.3:
            self.balance += self.dollars(60, 600, rng)
            self.send(midnight_ms + 8 * _HOUR_MS, self.dollars(30, 300, rng), self.shop(rng), day, ledger)
        if flies:
            self.send(midnight_ms + 20 * _HOUR_MS, self.dollars(30, 300, rng), self.wallet, day + 1, ledger)

    def _session(self, day: int) -> Session:
        stop = self._stops[day // self._pace % len(self._stops)]
        return Session(self.account.device, f"198.18.{day % 250}.{1 + day % 200}", stop)


class BehindVpn(Somebody):
    """Somewhere else every time, a few minutes later at home again: a VPN that is on or off."""

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Some small things now and then, a purchase taken home once in a while."""
        if rng.random() < 0.3:
            self.balance += self.dollars(50, 900, rng)
            for number in range(rng.choice((1, 1, 2, 3))):
                moment = midnight_ms + (9 + 2 * number) * _HOUR_MS + rng.randrange(_HOUR_MS)
                self.send(
                    moment, self.dollars(20, 300, rng), rng.choice((self.wallet, self.fresh())), day * 3 + number, ledger
                )

    def _session(self, day: int) -> Session | None:
        if day % 2:
            return None
        return Session(self.account.device, f"198.18.{day % 250}.77", _EXITS[day // 2 % len(_EXITS)])


class WeekendWhale(Somebody):
    """Some tens of thousands come in on a Friday and go home on the Sunday, once or twice a month."""

    def settle(self, rng: random.Random) -> None:
        """A private bank's exchange."""
        self._bank = rng.choice(self.around.exchanges)
        self._sum = self.dollars(8_000, 40_000, rng)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Not every weekend."""
        if day % 7 == 4 and rng.random() < 0.4:
            self.receive(daytime(midnight_ms, rng), self._sum * rng.randrange(50, 160) // 100, self._bank, day, ledger)
        if day % 7 == 6 and self.balance > self._sum // 2:
            self.send(daytime(midnight_ms, rng), self.balance * rng.randrange(60, 99) // 100, self.wallet, day, ledger)


class Averager(Somebody):
    """Buys for the same sum every week with money from a bank; every month or two it goes to a new own address."""

    def settle(self, rng: random.Random) -> None:
        """A standing order."""
        self.coin, self._order = BITCOIN, self.dollars(20, 150, rng)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """All of it."""
        if self.weekly(day):
            self.balance += self._order
        if self.monthly(day) and rng.random() < 0.6:
            self.send(daytime(midnight_ms, rng), self.balance, self.fresh(), day, ledger)


class Mover(Somebody):
    """Has a new telephone and a new wallet: tries it with a small sum, then moves everything; later lives as before."""

    def settle(self, rng: random.Random) -> None:
        """The day of the move, and savings."""
        self._day, self._new = rng.randrange(5, 85), self.fresh()
        self.balance = self.dollars(2_000, 20_000, rng)
        self._telephone = Session(f"new-{self.account.device}", self.account.ip, self.account.ip_country)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """A small thing every ten days besides."""
        if day == self._day:
            self.send(midnight_ms + 10 * _HOUR_MS, 25_00, self._new, day, ledger)
            self.send(midnight_ms + 11 * _HOUR_MS, self.balance * 98 // 100, self._new, day, ledger)
        elif rng.random() < 0.1:
            self.receive(daytime(midnight_ms, rng), self.dollars(40, 400, rng), self.around.exchanges[0], day, ledger)

    def _session(self, day: int) -> Session | None:
        return self._telephone if day >= self._day else None


class Migrant(Somebody):
    """Another exchange closes: everything comes over within days, and some of it goes on to a wallet."""

    def settle(self, rng: random.Random) -> None:
        """The day, the same week for everybody, and what there is."""
        self._day, self._old = 30 + rng.randrange(6), self.around.exchanges[-1]
        self._sum, self._on = self.dollars(500, 20_000, rng), rng.choice((0, 0, 30, 95))

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """First a trial, then the rest, then some of it on."""
        if day == self._day:
            self.receive(midnight_ms + 10 * _HOUR_MS, 50_00, self._old, day, ledger)
            self.receive(midnight_ms + 12 * _HOUR_MS, self._sum, self._old, day, ledger)
        if day == self._day + 1 and self._on:
            self.send(daytime(midnight_ms, rng), self._sum * self._on // 100, self.wallet, day, ledger)
        if day > self._day + 5 and rng.random() < 0.05:
            self.send(daytime(midnight_ms, rng), self.dollars(20, 200, rng), self.wallet, day, ledger)


class Treasury(Somebody):
    """A company: funded in bulk from its bank's exchange, pays staff on one day and suppliers on others."""

    def settle(self, rng: random.Random) -> None:
        """Staff that changes now and then, and suppliers."""
        self.coin, self._bank = rng.choice(STABLECOINS), rng.choice(self.around.exchanges)
        self._staff = [(self.around.person(), rng.randrange(1_500_00, 7_000_00)) for _ in range(rng.randrange(4, 25))]
        self._suppliers = [self.around.person() for _ in range(6)]

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """The money comes the day before payday."""
        if self.monthly(day + 1):
            total = sum(cents for _, cents in self._staff) * rng.randrange(102, 140) // 100
            self.receive(midnight_ms + 14 * _HOUR_MS, total, self._bank, day, ledger)
        if self.monthly(day):
            for number, (person, cents) in enumerate(self._staff):
                self.send(midnight_ms + 9 * _HOUR_MS + number * 90_000, cents, person, day, ledger)
            if rng.random() < 0.5:
                self._staff[rng.randrange(len(self._staff))] = (self.around.person(), rng.randrange(1_500_00, 7_000_00))
        if rng.random() < 0.1:
            self.send(daytime(midnight_ms, rng), self.balance // 4, rng.choice(self._suppliers), day, ledger)


class Processor(Somebody):
    """A payment processor's hot wallet: customers never seen before all day long, payouts to merchants at night."""

    def settle(self, rng: random.Random) -> None:
        """Merchants."""
        self.coin, self._merchants = USDT_TRON, [self.around.person() for _ in range(30)]

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """A hundred customers and ten payouts."""
        for _ in range(rng.randrange(60, 140)):
            self.receive(daytime(midnight_ms, rng), int(8_00 * 40 ** rng.random()), Party(), day, ledger)
        for merchant in rng.sample(self._merchants, 10):
            self.send(midnight_ms + 22 * _HOUR_MS, self.balance // 12, merchant, day, ledger)


class Organiser(Somebody):
    """Eight friends pay their share of a trip within days, and the house is paid."""

    def settle(self, rng: random.Random) -> None:
        """Friends, and when the trip is."""
        self._friends = [self.around.person() for _ in range(rng.randrange(5, 11))]
        self._day, self._share = rng.randrange(10, 80), rng.randrange(80_00, 600_00)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Besides, small things."""
        if day == self._day:
            for friend in self._friends:
                self.receive(midnight_ms + rng.randrange(2 * DAY_MS), self._share, friend, day, ledger)
        if day == self._day + 3:
            self.send(daytime(midnight_ms, rng), self._share * len(self._friends), self.around.person(), day, ledger)
        if rng.random() < 0.08:
            self.send(daytime(midnight_ms, rng), self.dollars(15, 120, rng), self.shop(rng), day, ledger)


class HomeBuyer(Somebody):
    """Takes savings of years home in a few days, to pay for a house."""

    def settle(self, rng: random.Random) -> None:
        """The day, and the savings."""
        self._day, self._savings = rng.randrange(10, 85), self.dollars(20_000, 90_000, rng)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """From the wallet to the exchange, where it is sold; a part comes back."""
        if self._day <= day < self._day + 3:
            self.receive(daytime(midnight_ms, rng), self._savings // 3, self.wallet, day, ledger)
        if day == self._day + 6:
            self.send(daytime(midnight_ms, rng), self._savings // 10, self.wallet, day, ledger)
        if rng.random() < 0.04:
            self.receive(daytime(midnight_ms, rng), self.dollars(50, 400, rng), self.wallet, day, ledger)


class Returner(Somebody):
    """Comes back after years: what was forgotten is taken to a new wallet."""

    def settle(self, rng: random.Random) -> None:
        """The day, and what the coins have become worth."""
        self._day = rng.randrange(5, 85)
        self.balance = self.dollars(500, 30_000, rng)

    def live(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Nothing before."""
        if day == self._day:
            self.send(daytime(midnight_ms, rng), self.balance, self.fresh(), day, ledger)


class SharesTablet(Somebody):
    """One of a household on one tablet, who each have an account, pocket money and a wallet of their own."""

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Small things."""
        if self.weekly(day):
            self.receive(daytime(midnight_ms, rng), self.dollars(15, 80, rng), self.around.exchanges[0], day, ledger)
        if rng.random() < 0.06:
            self.send(daytime(midnight_ms, rng), self.dollars(15, 100, rng), self.wallet, day, ledger)


PERSONAS: Final[Mapping[type[Somebody], int]] = {
    DayTrader: 30,
    Arbitrageur: 1,
    Charity: 2,
    Student: 50,
    Remitter: 80,
    Miner: 20,
    PaidInCrypto: 60,
    Gamer: 150,
    Traveller: 20,
    BehindVpn: 80,
    WeekendWhale: 10,
    Averager: 200,
    Mover: 60,
    Migrant: 40,
    Treasury: 2,
    Processor: 1,
    Organiser: 30,
    HomeBuyer: 5,
    Returner: 40,
    SharesTablet: 50,
}
