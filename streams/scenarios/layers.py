"""Layers of accounts on one exchange: each hop is a withdrawal to another customer's address, and a deposit minutes later.

Shapes as the pattern catalogue of AMLworld names them: cycle, stack, scatter-gather, gather-scatter, bipartite; the peel
chain is a shape of its own. Sums, counts and times are judgement.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from streams.scenarios.coins import STABLECOINS, Coin
from streams.scenarios.people import Account, Party
from streams.scenarios.typologies import Plot

_MINUTE: Final = 1 / 1440


class Layers:
    """The accounts of one pattern, each with an ordinary life before it; `coin` is a stablecoin where none is given."""

    def __init__(self, plot: Plot, accounts: int, length: float, coin: Coin | None = None) -> None:
        self.plot = plot
        self.rng = plot.rng
        self.coin = coin or plot.rng.choice(STABLECOINS)
        self.start = plot.begin(length)
        self.accounts = [plot.people.account() for _ in range(accounts)]
        for account in self.accounts:
            plot.cover(account, self.coin, 0, self.start)

    def move(self, day: float, source: Account, target: Account, cents: int) -> float:
        """One hop; returns when the money is there."""
        plot, coin, rng = self.plot, self.coin, self.rng
        arrives = day + rng.uniform(5, 30) * _MINUTE
        plot.withdraw(day, source, coin, cents, Party(addresses={coin.family: target.deposit_address(coin, rng)}))
        plot.deposit(arrives, target, coin, cents, Party(addresses={coin.family: source.deposit_address(coin, rng)}))
        return arrives

    def each(self, day: float, moves: Sequence[tuple[Account, Account]], cents: int, days: float) -> float:
        """Some hops within so many days, in equal parts but for a few percent; returns when all money is there."""
        rng = self.rng
        return max(
            self.move(day + rng.uniform(0.05, days), source, target, cents * rng.randrange(94, 104) // 100)
            for source, target in moves
        )


def cycle(plot: Plot) -> None:
    """Money goes round four to seven accounts and comes back, a little less of it at each."""
    rng = plot.rng
    layers = Layers(plot, rng.randrange(4, 8), 8)
    cents, day = rng.randrange(8_000_00, 30_000_00), layers.start
    plot.deposit(day, layers.accounts[0], layers.coin, cents, plot.people.stranger())
    for source, target in zip(layers.accounts, [*layers.accounts[1:], layers.accounts[0]], strict=True):
        cents = cents * rng.randrange(94, 99) // 100
        day = layers.move(day + rng.uniform(0.2, 1), source, target, cents)


def scatter_gather(plot: Plot) -> None:
    """One account pays five to eight others, who all pay one and the same."""
    rng = plot.rng
    layers = Layers(plot, rng.randrange(7, 11), 6)
    first, *middle, last = layers.accounts
    share = rng.randrange(2_000_00, 8_000_00)
    plot.deposit(layers.start, first, layers.coin, share * len(middle), plot.people.stranger())
    day = layers.each(layers.start, [(first, one) for one in middle], share, 1.5)
    layers.each(day, [(one, last) for one in middle], share * 96 // 100, 2)


def gather_scatter(plot: Plot) -> None:
    """Four to six accounts pay one, which pays four to six others."""
    rng = plot.rng
    before, after = rng.randrange(4, 7), rng.randrange(4, 7)
    layers = Layers(plot, before + after + 1, 6)
    hub, sources, targets = layers.accounts[0], layers.accounts[1 : before + 1], layers.accounts[before + 1 :]
    share = rng.randrange(2_000_00, 8_000_00)
    for source in sources:
        plot.deposit(layers.start + rng.uniform(0, 0.04), source, layers.coin, share, plot.people.stranger())
    day = layers.each(layers.start, [(source, hub) for source in sources], share, 2)
    layers.each(day, [(hub, target) for target in targets], share * before * 95 // 100 // after, 2)


def bipartite(plot: Plot) -> None:
    """Three to five accounts each pay most of four to six others within two days."""
    rng = plot.rng
    sources, targets = rng.randrange(3, 6), rng.randrange(4, 7)
    layers = Layers(plot, sources + targets, 4)
    moves = [(source, target) for source in layers.accounts[:sources] for target in layers.accounts[sources:]]
    share = rng.randrange(800_00, 3_000_00)
    for source in layers.accounts[:sources]:
        plot.deposit(layers.start, source, layers.coin, share * targets, plot.people.stranger())
    layers.each(layers.start, [move for move in moves if rng.random() < 0.85], share, 2)


def stack(plot: Plot) -> None:
    """Two to four accounts pay as many, who pay as many again."""
    rng, width = plot.rng, plot.rng.randrange(2, 5)
    layers = Layers(plot, width * 3, 6)
    rows = [layers.accounts[number * width : (number + 1) * width] for number in range(3)]
    share, day = rng.randrange(3_000_00, 9_000_00), layers.start
    for source in rows[0]:
        plot.deposit(day, source, layers.coin, share * width, plot.people.stranger())
    for upper, lower in pairwise(rows):
        day = layers.each(day, [(source, target) for source in upper for target in lower], share, 1.5)
        share = share * 96 // 100


def peel_chain(plot: Plot) -> None:
    """A large sum goes from account to account, and at each a small part leaves for a new address outside."""
    rng = plot.rng
    layers = Layers(plot, rng.randrange(4, 8), 7)
    cents, day = rng.randrange(20_000_00, 60_000_00), layers.start
    plot.deposit(day, layers.accounts[0], layers.coin, cents, plot.people.stranger())
    for source, target in pairwise(layers.accounts):
        peeled = cents * rng.randrange(4, 11) // 100
        plot.withdraw(day + rng.uniform(0.1, 0.3), source, layers.coin, peeled, plot.people.stranger())
        cents -= peeled
        day = layers.move(day + rng.uniform(0.4, 0.9), source, target, cents)


LAYERS: Final[Mapping[str, Callable[[Plot], None]]] = {
    "cycle": cycle,
    "scatter_gather": scatter_gather,
    "gather_scatter": gather_scatter,
    "bipartite": bipartite,
    "stack": stack,
    "peel_chain": peel_chain,
}
