"""Cells of IT workers drawn from a wide range of habits, and honest people drawn as widely.

`streams.scenarios.cells` draws cells as the sources describe them. Here every habit is drawn over all that seems possible,
one by one: what the rules find of them says how far they carry beyond the cells that they were made on. All is judgement.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from streams.scenarios.coins import BSC, POLYGON, USDC_ETHEREUM, USDT_ETHEREUM, USDT_TRON, Coin
from streams.scenarios.people import Account, Party, Session
from streams.scenarios.typologies import Plot

_HOUR: Final = 1 / 24
_COINS: Final = (USDT_TRON, USDT_TRON, USDT_ETHEREUM, USDC_ETHEREUM, POLYGON, BSC)
_HOMES: Final = ("US", "CA", "GB", "DE", "UA", "PL", "SG", "MY", "PH", "JP", "NG", "BR", "RS", "EE")
_EXITS: Final = ("RU", "CN", "LA", "AE", "NG", "VN", "KH", "TZ")
_PERIODS: Final = (7, 14, 15, 30)
_HAND_OVER_DAYS: Final = 21


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How a cell lives: who is paid how, and how soon, how much and in how many pieces it is passed on."""

    workers: int
    coins: tuple[Coin, ...]
    periods: tuple[int, ...]
    monthly_cents: tuple[int, int]
    payers: int
    changing_payers: bool
    late_days: float
    spread_percent: int
    missed_percent: int
    delay_days: float
    kept_percent: int
    pieces: int
    addresses: int
    together: bool  # one sweep for all that came in since the last
    devices: str
    access: str
    told: str
    expenses: bool

    @classmethod
    def draw(cls, rng: random.Random) -> "Manner":
        """Everything anew."""
        low = int(1_200_00 * 5 ** rng.random())
        period = rng.choice(_PERIODS)
        return cls(
            workers=rng.randrange(3, 16),
            coins=tuple(rng.sample(_COINS, rng.choice((1, 1, 1, 2)))),
            periods=(period,) if rng.random() < 0.6 else _PERIODS,
            monthly_cents=(low, low * rng.choice((12, 20, 30)) // 10),
            payers=rng.choice((1, 1, 2, 3)),
            changing_payers=rng.random() < 0.1,
            late_days=rng.choice((0.1, 1, 2, 4)),
            spread_percent=rng.choice((1, 5, 10, 20)),
            missed_percent=rng.choice((0, 3, 10)),
            delay_days=rng.choice((0.05, 0.3, 1, 2, 4)),
            kept_percent=rng.choice((0, 5, 10, 20, 30)),
            pieces=rng.choice((1, 2, 3, 4, 5)),
            addresses=rng.choice((1, 2, 3, 5, 8)),
            together=rng.random() < 0.2,
            devices=rng.choice(("shared", "pairs", "recycled", "own")),
            access=rng.choice(("abroad", "roaming", "hidden", "home")),
            told=rng.choice(("another", "own", "none")),
            expenses=rng.random() < 0.4,
        )


def paydays(
    rng: random.Random, manner: Manner, payers: Sequence[Party], first: float, last: float
) -> list[tuple[float, int, Party]]:
    """Day, sum and payer of each payment to one person."""
    paid = []
    monthly = rng.randrange(*manner.monthly_cents)
    for payer in payers:
        period = rng.choice(manner.periods)
        usual, due = monthly * period // 30 // len(payers), first + rng.uniform(0, period)
        while due < last:
            day = due + rng.uniform(0, manner.late_days)
            due += period
            if rng.randrange(100) >= manner.missed_percent and day < last:
                cents = usual * rng.randrange(100 - manner.spread_percent, 101 + manner.spread_percent) // 100
                paid.append((day, cents, Party(facts=payer.facts) if manner.changing_payers else payer))
    return sorted(paid, key=lambda one: one[0])


class WideCell:
    """The workers of one cell and what they share."""

    def __init__(self, plot: Plot, manner: Manner) -> None:
        rng = self.rng = plot.rng
        self.plot, self.manner = plot, manner
        people = plot.people
        self.employers = [people.company() for _ in range(rng.randrange(3, 10))]
        count = {"shared": max(1, manner.workers // 4), "pairs": (manner.workers + 1) // 2}
        self._devices = [people.device() for _ in range(count.get(manner.devices, manner.workers))]
        self._connections = [people.ip() for _ in range(rng.randrange(1, 4))]
        self._country = rng.choice(_EXITS)
        self.handler = people.person()
        self.workers = [self._worker(number) for number in range(manner.workers)]

    def _worker(self, number: int) -> Account:
        plot = self.plot
        opened = plot.at(0) - self.rng.randrange(5, 500) * 86_400_000
        return plot.people.account(
            country=self.rng.choice(_HOMES), device=self._devices[number % len(self._devices)], opened_ms=opened
        )

    def session(self, number: int, day: float) -> Session:
        """Device and exit of a worker on a day."""
        manner, account = self.manner, self.workers[number]
        passed_on = int(day / _HAND_OVER_DAYS) if manner.devices == "recycled" else 0
        device = self._devices[(number + passed_on) % len(self._devices)]
        if manner.access == "home":
            return Session(device, account.ip, account.ip_country)
        country = {"abroad": self._country, "hidden": account.ip_country}.get(manner.access) or self.rng.choice(_EXITS)
        return Session(device, self.rng.choice(self._connections), country)

    def facts(self, account: Account) -> dict[str, Any] | None:
        """What a worker says about the recipient."""
        return {"another": self.handler.facts, "own": account.wallet.facts, "none": None}[self.manner.told]

    def work(self, pass_on: "PassOn") -> None:
        """Everybody is paid and passes it on; what came in since the last sweep goes together if the cell does so."""
        rng, plot, manner = self.rng, self.plot, self.manner
        begins = rng.uniform(0, plot.days * 0.12)
        for number, account in enumerate(self.workers):
            coin = rng.choice(manner.coins)
            first = begins + rng.uniform(0, plot.days * 0.1)
            payers = rng.sample(self.employers, manner.payers)
            paid = paydays(rng, manner, payers, first, plot.days - 1)
            if manner.expenses:
                plot.cover(account, coin, 0, plot.days)
            waiting, sweeps = 0, -1.0
            for place, (day, cents, payer) in enumerate(paid):
                plot.deposit(day, account, coin, cents, payer, self.session(number, day))
                waiting += cents * (100 - manner.kept_percent) // 100
                if day < sweeps:
                    continue
                sweeps = day + manner.delay_days * rng.uniform(0.5, 1.5)
                soon = [one for one in paid[place + 1 :] if one[0] < sweeps] if manner.together else []
                waiting += sum(one[1] for one in soon) * (100 - manner.kept_percent) // 100
                pass_on(number, coin, sweeps, waiting)
                waiting, sweeps = 0, sweeps if soon else -1.0


PassOn = Callable[[int, Coin, float, int], None]


def whole(plot: Plot, manner: Manner) -> None:
    """To one address."""
    cell, address = WideCell(plot, manner), plot.people.stranger()

    def pass_on(number: int, coin: Coin, day: float, cents: int) -> None:
        account = cell.workers[number]
        plot.withdraw(day, account, coin, cents, address.known_as(cell.facts(account)), cell.session(number, day))

    cell.work(pass_on)


def parts(plot: Plot, manner: Manner) -> None:
    """In pieces to several addresses, a tenth to a day apart."""
    cell, rng = WideCell(plot, manner), plot.rng
    pool = [plot.people.stranger() for _ in range(max(2, manner.addresses))]

    def pass_on(number: int, coin: Coin, day: float, cents: int) -> None:
        account = cell.workers[number]
        weights = [rng.uniform(0.5, 1.5) for _ in range(max(2, manner.pieces))]
        for weight in weights:
            address = rng.choice(pool).known_as(cell.facts(account))
            plot.withdraw(day, account, coin, int(cents * weight / sum(weights)), address, cell.session(number, day))
            day += manner.delay_days * rng.uniform(0.1, 0.5)

    cell.work(pass_on)


def desks(plot: Plot, manner: Manner) -> None:
    """To one to three of the desks of the town; the workers have devices in common."""
    if manner.devices == "own":
        manner = msgspec.structs.replace(manner, devices="pairs")
    cell, rng = WideCell(plot, manner), plot.rng
    known = rng.sample(plot.people.desks(), rng.randrange(1, 4))

    def pass_on(number: int, coin: Coin, day: float, cents: int) -> None:
        desk, account = rng.choice(known), cell.workers[number]
        told = desk.known_as({**(desk.facts or {}), **(cell.facts(account) or {})})
        plot.withdraw(day, account, coin, cents, told, cell.session(number, day))

    cell.work(pass_on)


def facilitator(plot: Plot, manner: Manner) -> None:
    """To an account of the same exchange, which lets go of it in bulk every few days."""
    cell, rng = WideCell(plot, manner), plot.rng
    collector = plot.people.account(country=rng.choice(_EXITS))
    outside = [plot.people.stranger() for _ in range(rng.randrange(1, 4))]
    every, collected = rng.uniform(2, 20), list[tuple[float, int, Coin]]()

    def pass_on(number: int, coin: Coin, day: float, cents: int) -> None:
        account = cell.workers[number]
        inward = Party(addresses={coin.family: collector.deposit_address(coin, rng)}).known_as(collector.wallet.facts)
        sender = Party(addresses={coin.family: account.deposit_address(coin, rng)}).known_as(account.wallet.facts)
        plot.withdraw(day, account, coin, cents, inward, cell.session(number, day))
        plot.deposit(day + 0.01, collector, coin, cents, sender)
        collected.append((day + 0.01, cents, coin))

    cell.work(pass_on)
    for coin in manner.coins:
        total, leaves = 0, 0.0
        for day, cents, _ in sorted(one for one in collected if one[2] is coin):
            if total and day > leaves:
                plot.withdraw(leaves, collector, coin, total * rng.randrange(85, 100) // 100, rng.choice(outside))
                total = 0
            if not total:
                leaves = day + every * rng.uniform(0.6, 1.4)
            total += cents


WAYS: Final[Mapping[str, Callable[[Plot, Manner], None]]] = {
    "whole": whole,
    "parts": parts,
    "desks": desks,
    "facilitator": facilitator,
}


def _cell(way: str) -> Callable[[Plot], None]:
    return lambda plot: WAYS[way](plot, Manner.draw(plot.rng))


WIDE_CELLS: Final[Mapping[str, Callable[[Plot], None]]] = {f"wide_{way}": _cell(way) for way in WAYS}


def _live(plot: Plot, manner: Manner, account: Account, payers: Sequence[Party], recipients: Sequence[Party]) -> None:
    """An honest life on wages: each is moved on, in one piece or some, to one's own recipients."""
    rng, coin = plot.rng, rng_coin(plot, manner)
    for day, cents, payer in paydays(rng, manner, payers, rng.uniform(0, 8), plot.days - 1):
        plot.deposit(day, account, coin, cents, payer)
        left, leaves = cents * (100 - manner.kept_percent) // 100, day + manner.delay_days * rng.uniform(0.5, 1.5)
        for _ in range(manner.pieces):
            plot.withdraw(leaves, account, coin, left // manner.pieces, rng.choice(recipients))
            leaves += rng.uniform(0.02, 0.5)


def rng_coin(plot: Plot, manner: Manner) -> Coin:
    """One of the manner's coins."""
    return plot.rng.choice(manner.coins)


def wide_freelancer(plot: Plot) -> None:
    """Moves all that is earned to one to three own wallets."""
    manner, people = Manner.draw(plot.rng), plot.people
    account = people.account()
    wallets = [Party(facts=account.wallet.facts) for _ in range(plot.rng.randrange(1, 4))]
    _live(plot, manner, account, [people.company() for _ in range(manner.payers)], wallets)


def wide_saver(plot: Plot) -> None:
    """Buys at a broker for the same sum again and again and moves all to the own wallet."""
    manner, account = Manner.draw(plot.rng), plot.people.account()
    _live(plot, manner, account, [plot.people.exchange()], [account.wallet])


def wide_couple(plot: Plot) -> None:
    """Two earners, one device, and often one wallet."""
    manner, people = Manner.draw(plot.rng), plot.people
    device, ip, one_wallet = people.device(), people.ip(), plot.rng.random() < 0.7
    first, second = (people.account(device=device, ip=ip) for _ in range(2))
    for account in (first, second):
        wallet = first.wallet if one_wallet else account.wallet
        _live(plot, manner, account, [people.company() for _ in range(manner.payers)], [wallet])


def wide_colleagues(plot: Plot) -> None:
    """Paid by one desk in the same coin and rhythm, at one office's connection; each has a wallet of their own."""
    manner, people = Manner.draw(plot.rng), plot.people
    payroll, office = people.exchange(), people.ip()
    shared_ip = plot.rng.random() < 0.5
    for _ in range(manner.workers):
        account = people.account(ip=office if shared_ip else None)
        _live(plot, manner, account, [payroll], [account.wallet])


def wide_desk_customer(plot: Plot) -> None:
    """Changes what is earned at one of the town's desks, in the own name."""
    manner, people = Manner.draw(plot.rng), plot.people
    account, desk = people.account(), plot.rng.choice(people.desks())
    told = desk.known_as({**(desk.facts or {}), **(account.wallet.facts or {})})
    _live(plot, manner, account, [people.company() for _ in range(manner.payers)], [told])


def wide_family(plot: Plot) -> None:
    """Two to four brothers and sisters who work abroad and send what they can spare to the same parents."""
    people, rng = plot.people, plot.rng
    parents = people.person()
    for _ in range(rng.randrange(2, 5)):
        manner, account = Manner.draw(rng), people.account()
        manner = msgspec.structs.replace(manner, coins=(USDT_TRON,), kept_percent=rng.randrange(40, 90), pieces=1)
        _live(plot, manner, account, [people.company()], [parents])


WIDE_LOOKALIKES: Final[Mapping[str, Callable[[Plot], None]]] = {
    function.__name__: function
    for function in (wide_freelancer, wide_saver, wide_couple, wide_colleagues, wide_desk_customer, wide_family)
}
