"""Cells of DPRK IT workers, in the four ways in which they pass their wages on.

What all cells have in common follows the sources: remote workers under borrowed names are paid in stablecoins, use the
same devices and connections or pass them on, come in over foreign or rented exits, and hand on what they earn (US guidance
of May 2022 on DPRK IT workers and its update of October 2023; the complaint of June 2025 for the forfeiture of 7.74 million
USD; OFAC's designation of Sim Hyon Sop, April 2023). 3,000 to 8,000 USD a month for one position is what ZachXBT reported in
July 2025. Which cell does what, delays and jitter are judgement, drawn anew for every cell.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

from streams.scenarios.coins import POLYGON, STABLECOINS, Coin
from streams.scenarios.people import Account, Party, Session
from streams.scenarios.typologies import Plot
from streams.scenarios.wages import Wages

_HOUR: Final = 1 / 24
_COVERS: Final = ("US", "CA", "UA", "PL", "SG", "MY", "PH", "JP")
_EXITS: Final = ("RU", "CN", "LA", "AE", "NG", "VN")
_HAND_OVER_DAYS: Final = 21
_WORKERS: Final = (3, 10)
_LISTED: Final = "Kim Se Un"  # OFAC SDN, 24 July 2025


class Worker:
    """One account of a cell: the name it runs under, how it is reached, and what it earns."""

    def __init__(self, cell: "Cell", number: int) -> None:
        rng, plot = cell.rng, cell.plot
        cover = rng.choice(_COVERS)
        self._cell = cell
        self._number = number
        self._homes = [plot.people.ip() for _ in range(2)]
        opened = plot.at(cell.start) - rng.randrange(5, 300) * 86_400_000
        self.account = plot.people.account(country=cover, device=cell.device(number, 0), opened_ms=opened)
        self.coin = cell.coin if rng.random() < 0.9 else rng.choice(STABLECOINS)
        self.wages = Wages(rng, monthly_cents=rng.randrange(3_000_00, 8_000_00), **cell.habits)

    def session(self, day: float) -> Session:
        """The device of these weeks, at an exit as the cell chooses them."""
        cell, rng = self._cell, self._cell.rng
        device = cell.device(self._number, day)
        if cell.access == "hidden":
            return Session(device, rng.choice(self._homes), self.account.ip_country)
        exit_country = cell.country if cell.access == "abroad" else rng.choice(_EXITS)
        return Session(device, rng.choice(cell.connections), exit_country)


class Cell:
    """What the workers of one cell share."""

    def __init__(self, plot: Plot, *, devices: tuple[str, ...] = ("shared", "shared", "recycled", "own")) -> None:
        rng = self.rng = plot.rng
        self.plot = plot
        self.start = rng.uniform(0, max(0.5, plot.days * 0.12))
        self.coin: Coin = rng.choice((*STABLECOINS, POLYGON))
        self.tempo = _HOUR * 2.0 ** rng.uniform(1, 5.3)
        self.kept_percent = rng.randrange(0, 13)
        self.access = rng.choices(("abroad", "roaming", "hidden"), (4, 3, 3))[0]
        self.country = rng.choice(_EXITS)
        self.connections = [plot.people.ip() for _ in range(rng.randrange(1, 4))]
        self.told = rng.choices(("another", "own", "none"), (4, 3, 3))[0]
        self.employers = [plot.people.company() for _ in range(rng.randrange(4, 9))]
        self.habits: dict[str, Any] = {
            "jitter_days": rng.uniform(0, 3),
            "jitter_percent": rng.randrange(0, 9),
            "missed_percent": rng.randrange(0, 8),
        }
        self.size = rng.randrange(*_WORKERS)
        self._arrangement = rng.choice(devices)
        shared = max(1, self.size // rng.choice((2, 3))) if self._arrangement == "shared" else self.size
        self._devices = [plot.people.device() for _ in range(shared)]

    def device(self, number: int, day: float) -> str:
        """Shared by some, passed on every few weeks, or the worker's own."""
        passed_on = int(day / _HAND_OVER_DAYS) if self._arrangement == "recycled" else 0
        return self._devices[(number + passed_on) % len(self._devices)]

    def facts(self, account: Account, handler: Party) -> dict[str, Any] | None:
        """What a worker says about who is paid: somebody else, itself, or nothing."""
        return {"another": handler.facts, "own": account.wallet.facts, "none": None}[self.told]

    def work(self, pass_on: "PassOn") -> None:
        """Everybody is paid by one to three employers, and passes each wage on after some hours or days."""
        rng, plot = self.rng, self.plot
        for number in range(self.size):
            worker = Worker(self, number)
            payers = rng.sample(self.employers, rng.choices((1, 2, 3), (5, 4, 1))[0])
            first = self.start + rng.uniform(0, plot.days * 0.1)
            if rng.random() < 0.4:
                plot.cover(worker.account, worker.coin, first, plot.days)
            for day, cents, payer in worker.wages.paid(payers, first, plot.days - 1):
                plot.deposit(day, worker.account, worker.coin, cents, payer, worker.session(day))
                left = cents * (100 - self.kept_percent - rng.randrange(0, 4)) // 100
                pass_on(worker, day + self.tempo * rng.uniform(0.5, 1.5), left)


def _handler(plot: Plot) -> Party:
    """Who collects: mostly a name that says nothing, sometimes one that is on the list."""
    facts = {"name": _LISTED, "type": "individual"}
    return Party(facts=facts) if plot.rng.random() < 0.2 else plot.people.person()


PassOn = Callable[[Worker, float, int], None]


def dprk_whole(plot: Plot) -> None:
    """Each wage leaves whole for the one consolidation address of the cell."""
    cell = Cell(plot)
    handler, consolidation = _handler(plot), plot.people.stranger()

    def pass_on(worker: Worker, day: float, cents: int) -> None:
        recipient = consolidation.known_as(cell.facts(worker.account, handler))
        plot.withdraw(day, worker.account, worker.coin, cents, recipient, worker.session(day))

    cell.work(pass_on)


def dprk_parts(plot: Plot) -> None:
    """Each wage leaves in two to four parts for some of the cell's consolidation addresses."""
    cell = Cell(plot)
    rng, handler = plot.rng, _handler(plot)
    pool = [plot.people.stranger() for _ in range(rng.randrange(2, 6))]

    def pass_on(worker: Worker, day: float, cents: int) -> None:
        parts = rng.randrange(2, 5)
        cuts = [cents * percent // 100 for percent in sorted(rng.sample(range(20, 81, 5), parts - 1))]
        for low, high in zip([0, *cuts], [*cuts, cents], strict=True):
            recipient = rng.choice(pool).known_as(cell.facts(worker.account, handler))
            plot.withdraw(day, worker.account, worker.coin, high - low, recipient, worker.session(day))
            day += cell.tempo * rng.uniform(0.05, 0.4)

    cell.work(pass_on)


def dprk_desks(plot: Plot) -> None:
    """Each wage leaves for a trading desk, where honest people change their coins, too: the devices give the cell away."""
    cell = Cell(plot, devices=("shared", "shared", "recycled"))
    rng, handler = plot.rng, _handler(plot)
    desks = rng.sample(plot.people.desks(), rng.randrange(1, 4))

    def pass_on(worker: Worker, day: float, cents: int) -> None:
        desk = rng.choice(desks)
        recipient = desk.known_as({**(desk.facts or {}), **(cell.facts(worker.account, handler) or {})})
        plot.withdraw(day, worker.account, worker.coin, cents, recipient, worker.session(day))

    cell.work(pass_on)


def dprk_facilitator(plot: Plot) -> None:
    """Each wage goes to an account of the same exchange that collects, and leaves in bulk every few days."""
    cell = Cell(plot)
    rng = plot.rng
    device = cell.device(0, 0) if rng.random() < 0.5 else None
    facilitator = plot.people.account(country=rng.choice(_EXITS), device=device)
    outside = [plot.people.stranger() for _ in range(rng.randrange(1, 3))]
    collected: list[tuple[float, int, Coin]] = []

    def pass_on(worker: Worker, day: float, cents: int) -> None:
        arrives = day + rng.uniform(0.001, 0.02)
        inward = Party(addresses={worker.coin.family: facilitator.deposit_address(worker.coin, rng)})
        sender = Party(addresses={worker.coin.family: worker.account.deposit_address(worker.coin, rng)})
        plot.withdraw(
            day, worker.account, worker.coin, cents, inward.known_as(facilitator.wallet.facts), worker.session(day)
        )
        plot.deposit(arrives, facilitator, worker.coin, cents, sender.known_as(worker.account.wallet.facts))
        collected.append((arrives, cents, worker.coin))

    cell.work(pass_on)
    _leave_in_bulk(plot, facilitator, collected, outside, rng)


def _leave_in_bulk(
    plot: Plot, facilitator: Account, collected: list[tuple[float, int, Coin]], outside: list[Party], rng: random.Random
) -> None:
    """Once some days of wages have come together, most of them leave in one sum for each coin."""
    together: dict[str, tuple[Coin, int]] = {}
    leaves = 0.0
    for day, cents, coin in sorted(collected, key=lambda one: one[0]):
        if together and day > leaves:
            for held, total in together.values():
                share = total * rng.randrange(90, 100) // 100
                plot.withdraw(leaves - rng.uniform(0, 0.2), facilitator, held, share, rng.choice(outside))
            together = {}
        if not together:
            leaves = day + rng.uniform(5, 15)
        key = f"{coin.asset} {coin.network}"
        together[key] = (coin, together.get(key, (coin, 0))[1] + cents)


CELLS: Final[Mapping[str, Callable[[Plot], None]]] = {
    "dprk_whole": dprk_whole,
    "dprk_parts": dprk_parts,
    "dprk_desks": dprk_desks,
    "dprk_facilitator": dprk_facilitator,
}
