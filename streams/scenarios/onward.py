"""Value that moves on: that of a listed party over others, and a peel chain over wallets outside.

Who gets value of a listed party over others, or sends it there, never dealt with the party. The transfer with the party
itself is no part of these patterns; `direct_exposure` is the one for that. Sums, counts and times are judgement.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

from streams.scenarios.coins import coin_of
from streams.scenarios.layers import Layers
from streams.scenarios.people import Party
from streams.scenarios.typologies import Plot


def exposed_source(plot: Plot) -> None:
    """A listed address pays an account; most of it reaches another customer, over one or two accounts."""
    rng, coin = plot.rng, coin_of(plot.listed)
    layers = Layers(plot, rng.randrange(2, 4), 5, coin)
    cents, day = rng.randrange(6_000_00, 20_000_00), layers.start
    plot.earlier(day, layers.accounts[0], coin, cents, Party(addresses={coin.family: plot.listed}), inflow=True)
    for source, target in pairwise(layers.accounts):
        cents = cents * rng.randrange(80, 97) // 100
        day = layers.move(day + rng.uniform(0.3, 1.2), source, target, cents)


def exposed_destination(plot: Plot) -> None:
    """A customer pays another, who pays a listed address with it, over one or two accounts."""
    rng, coin = plot.rng, coin_of(plot.listed)
    layers = Layers(plot, rng.randrange(2, 4), 5, coin)
    cents, day = rng.randrange(6_000_00, 20_000_00), layers.start
    plot.deposit(day, layers.accounts[0], coin, cents, plot.people.stranger())
    for source, target in pairwise(layers.accounts):
        cents = cents * rng.randrange(80, 97) // 100
        day = layers.move(day + rng.uniform(0.3, 1.2), source, target, cents)
    listed = Party(addresses={coin.family: plot.listed})
    plot.earlier(day + rng.uniform(0.3, 1.2), layers.accounts[-1], coin, cents * 95 // 100, listed, inflow=False)


def peel_chain_outside(plot: Plot) -> None:
    """A peel chain over wallets outside: every other hop is an address used once, of which one side only is seen."""
    rng = plot.rng
    layers = Layers(plot, rng.randrange(4, 6), 9)
    cents, day = rng.randrange(20_000_00, 60_000_00), layers.start
    wallet = plot.people.stranger()
    for account in layers.accounts:
        plot.deposit(day, account, layers.coin, cents, wallet)
        peeled = cents * rng.randrange(4, 11) // 100
        plot.withdraw(day + rng.uniform(0.1, 0.3), account, layers.coin, peeled, plot.people.stranger())
        cents, wallet = cents - peeled, plot.people.stranger()
        day += rng.uniform(0.4, 0.9)
        plot.withdraw(day, account, layers.coin, cents, wallet)
        cents, day = cents * rng.randrange(94, 99) // 100, day + rng.uniform(0.1, 0.5)


ONWARD: Final[Mapping[str, Callable[[Plot], None]]] = {
    "exposed_source": exposed_source,
    "exposed_destination": exposed_destination,
    "peel_chain_outside": peel_chain_outside,
}
