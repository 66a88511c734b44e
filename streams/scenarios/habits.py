"""Ordinary life over months: wages with bonuses, habits with exceptions, holidays, new wallets, newcomers.

Nobody here does wrong, and hardly anybody is as regular as a rule would like. Frequencies and sums are judgement: most
people move a few hundred dollars a few times a month, a few move a hundred times that.
"""

import random
from collections.abc import Sequence
from typing import Final

from streams.scenarios.coins import Coin
from streams.scenarios.ledger import Ledger
from streams.scenarios.ordinary import daytime
from streams.scenarios.people import DAY_MS, Account, Party, Session

_YEAR: Final = 365
_HOLIDAYS: Final = ("ES", "TH", "MX", "GR", "ID", "MA", "HR")
_SMALLEST_CENTS: Final = 10_00


class Neighbour:
    """Somebody with a balance, a holiday abroad now and then, and a wallet that is replaced now and then."""

    def __init__(self, account: Account, coin: Coin, rng: random.Random, spare: Party) -> None:
        self.account = account
        self.coin = coin
        self.balance = int(100_00 * 40 ** rng.random())
        self.wallet = account.wallet
        self._spare = spare.known_as(account.wallet.facts)
        self._moves = rng.randrange(2 * _YEAR)
        self._leaves, self._stays = rng.randrange(_YEAR // 2), rng.randrange(5, 22)
        self._hotel = Session(account.device, f"198.19.{rng.randrange(256)}.{rng.randrange(1, 255)}", rng.choice(_HOLIDAYS))

    def live(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """The habits of this kind of person; on the day of a new wallet, its contents."""
        if day == self._moves:
            self.wallet = self._spare
            self.send(daytime(midnight_ms, rng), self.balance * rng.randrange(40, 100) // 100, self.wallet, day, ledger)
        if not self.away(day) or rng.random() < 0.3:
            self.act(day, midnight_ms, ledger, rng)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """What this kind of person does on a day at home."""
        raise NotImplementedError

    def away(self, day: int) -> bool:
        """On holiday."""
        return 0 <= day % (_YEAR // 2) - self._leaves < self._stays

    def receive(self, occurred_ms: int, cents: int, sender: Party, day: int, ledger: Ledger) -> None:
        """Money comes in."""
        if cents >= _SMALLEST_CENTS:
            ledger.deposit(occurred_ms, self.account, self.coin, cents, sender, None, self._session(day))
            self.balance += cents

    def send(self, occurred_ms: int, cents: int, recipient: Party, day: int, ledger: Ledger) -> None:
        """Money goes out, as far as there is any."""
        cents = min(cents, self.balance)
        if cents >= _SMALLEST_CENTS:
            ledger.withdraw(occurred_ms, self.account, self.coin, cents, recipient, None, self._session(day))
            self.balance -= cents

    def _session(self, day: int) -> Session | None:
        return self._hotel if self.away(day) else None


class Earner(Neighbour):
    """A wage every month or fortnight, a bonus once a year, bills, friends, and what is left now and then to the wallet."""

    def __init__(self, account: Account, coin: Coin, rng: random.Random, spare: Party, payees: Sequence[Party]) -> None:
        super().__init__(account, coin, rng, spare)
        self._employer, *self._payees = payees
        self._period = rng.choice((14, 30, 30))
        self._payday = rng.randrange(self._period)
        self._wage = int(18_000_00 * 5 ** rng.random()) * self._period // _YEAR
        self._bonus = rng.randrange(_YEAR)
        self._thrift = rng.choice((0, 0, 30, 60, 95))

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Payday in the morning; a bill on some days; the savings a day or two after payday."""
        since = (day - self._payday) % self._period
        if since == 0:
            wage = self._wage * (rng.randrange(150, 350) if 0 <= day - self._bonus < self._period else 100) // 100
            self.receive(midnight_ms + rng.randrange(8, 12) * 3_600_000, wage, self._employer, day, ledger)
        elif since == 2 and self._thrift and rng.random() < 0.7:
            self.send(daytime(midnight_ms, rng), self._wage * self._thrift // 100, self.wallet, day, ledger)
        elif rng.random() < 0.12:
            cents = int(20_00 * 25 ** rng.random())
            self.send(daytime(midnight_ms, rng), cents, rng.choice(self._payees), day, ledger)


class Buyer(Neighbour):
    """Buys with money from a bank, which no transfer shows, and takes the coins home every few weeks."""

    def __init__(self, account: Account, coin: Coin, rng: random.Random, spare: Party) -> None:
        super().__init__(account, coin, rng, spare)
        self._pace = rng.choice((7, 14, 30, 60))
        self._cents = int(50_00 * 30 ** rng.random())

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """A purchase a week; a withdrawal once the pace says so, often of everything."""
        if day % 7 == 0:
            self.balance += self._cents
        if rng.random() < 1 / self._pace:
            share = rng.choice((50, 100, 100))
            self.send(daytime(midnight_ms, rng), self.balance * share // 100, self.wallet, day, ledger)


class Trader(Neighbour):
    """Moves between this exchange, others and a wallet; more when the market moves."""

    def __init__(self, account: Account, coin: Coin, rng: random.Random, spare: Party, venues: Sequence[Party]) -> None:
        super().__init__(account, coin, rng, spare)
        self._venues = (*venues, self.wallet)
        self._typical = int(200_00 * 60 ** rng.random())
        self._pace = rng.uniform(2, 20)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """In or out, and on a hectic day several times."""
        hectic = day % 37 in (5, 6, 21)
        for _ in range(rng.choice((1, 2, 4)) if hectic and self._pace < 8 else 1):
            if rng.random() < (3 if hectic else 1) / self._pace:
                cents, moment = int(self._typical * rng.lognormvariate(0, 0.7)), daytime(midnight_ms, rng)
                if rng.random() < 0.5:
                    self.receive(moment, cents, rng.choice(self._venues), day, ledger)
                else:
                    self.send(moment, cents, rng.choice(self._venues), day, ledger)


class Holder(Neighbour):
    """Hardly ever does anything; when something happens, it is large: an inheritance, a house, a sale."""

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Once in two months."""
        if rng.random() < 1 / 60:
            cents = int(200_00 * 250 ** rng.random())
            if rng.random() < 0.6:
                self.receive(daytime(midnight_ms, rng), cents, self.wallet, day, ledger)
            else:
                self.send(daytime(midnight_ms, rng), cents, self.wallet, day, ledger)


class Merchant(Neighbour):
    """Sells things: many customers, most of them once, and a payout to the own wallet every week."""

    def __init__(self, account: Account, coin: Coin, rng: random.Random, spare: Party, regulars: Sequence[Party]) -> None:
        super().__init__(account, coin, rng, spare)
        self._regulars = regulars
        self._price = int(15_00 * 12 ** rng.random())
        self._customers = rng.uniform(0.3, 4)
        self._weekday = rng.randrange(7)

    def act(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Sales, and on the day for it the payout."""
        if day % 7 == self._weekday:
            self.send(midnight_ms + DAY_MS // 4, self.balance * 9 // 10, self.wallet, day, ledger)
        for _ in range(int(rng.expovariate(1 / self._customers))):
            buyer = rng.choice(self._regulars) if rng.random() < 0.4 else Party()
            self.receive(daytime(midnight_ms, rng), int(self._price * rng.lognormvariate(0, 0.6)), buyer, day, ledger)


class Newcomer(Neighbour):
    """Opens an account, tries it with a small sum, then fills it, and takes some or all of it home."""

    def __init__(
        self, account: Account, coin: Coin, rng: random.Random, spare: Party, hub: Party, joins: int, then: Neighbour
    ) -> None:
        super().__init__(account, coin, rng, spare)
        self._hub = hub
        self._joins = joins
        self._then = then
        self._fills = joins + rng.randrange(0, 5)
        self._takes = self._fills + rng.randrange(0, 12)
        self._cents = int(60_00 * 200 ** rng.random())
        self._share = rng.choice((20, 50, 97))

    def live(self, day: int, midnight_ms: int, ledger: Ledger, rng: random.Random) -> None:
        """Nothing before the account is opened; the habit of the kind a few weeks later."""
        if day == self._joins:
            self.balance = 0
            self.receive(midnight_ms + DAY_MS // 2, rng.randrange(20_00, 90_00), self._hub, day, ledger)
        if day == self._fills:
            self.receive(midnight_ms + DAY_MS * 5 // 8, self._cents, self._hub, day, ledger)
        if day == self._takes:
            self.send(midnight_ms + DAY_MS * 7 // 8, self.balance * self._share // 100, self.wallet, day, ledger)
        if day > self._takes + 20:
            self._then.live(day, midnight_ms, ledger, rng)
