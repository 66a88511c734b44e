"""Who lives in a scenario: the town of the smaller ones, and ordinary life over months."""

import random
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from streams.scenarios.coins import COINS, STABLECOINS, USDT_ETHEREUM, USDT_TRON, WEIGHTS, Coin
from streams.scenarios.habits import Buyer, Earner, Holder, Merchant, Neighbour, Newcomer, Trader
from streams.scenarios.ordinary import Customer, Freelancer, MarketMaker, Resident, Saver
from streams.scenarios.people import DAY_MS, Party, People
from streams.scenarios.personas import PERSONAS, Around, Charity, Processor, SharesTablet, Treasury

_QUOTED: Final = 5


class Census(msgspec.Struct, frozen=True, kw_only=True):
    """How many live where, for how long. `label` opens a label for honest people of a kind and returns its name."""

    rng: random.Random
    people: People
    accounts: int
    days: int
    start_ms: int
    market_makers: int
    market_maker_transfers: int
    label: Callable[[str], str]


Population = Callable[[Census], list[Resident]]


def town(census: Census) -> list[Resident]:
    """Of 20 accounts 13 customers, of whom 9 are employed, 3 savers, 2 freelancers, a couple."""
    rng, people = census.rng, census.people
    hub = people.exchange()
    shops = [people.company() for _ in range(2 + census.accounts // 500)]
    employers = [people.company() for _ in range(1 + census.accounts // 15)]
    residents: list[Resident] = []
    while len(residents) < census.accounts:
        place = len(residents) % 20
        if place < 13:
            [coin] = rng.choices(COINS, WEIGHTS)
            circle = [people.person() for _ in range(3)]
            known = circle if coin not in (USDT_TRON, USDT_ETHEREUM) else [*circle, rng.choice(shops)]
            customer = Customer(people.account(), coin, hub, known, rng)
            residents.append(customer.hire(rng.choice(employers), rng) if place < 9 else customer)
        elif place < 16:
            residents.append(Saver(people.account(), rng.choices(COINS, WEIGHTS)[0], hub, rng))
        elif place < 18:
            label = census.label("freelancer")
            clients = [people.company() for _ in range(rng.randrange(3, 7))]
            residents.append(Freelancer(people.account(), rng.choice(STABLECOINS), clients, rng, label))
        else:
            residents += _couple(census, hub, rng.choice(employers))
    return residents + _market_makers(census)


def _couple(census: Census, hub: Party, employer: Party) -> list[Resident]:
    """Two people with one device, one connection and one wallet outside."""
    rng, people = census.rng, census.people
    label = census.label("couple")
    device, ip, country = people.device(), people.ip(), rng.choice(("US", "DE", "BR", "SG"))
    coin = rng.choice(STABLECOINS)
    pair: list[Customer] = []
    for _ in range(2):
        account = people.account(device=device, ip=ip, country=country)
        pair.append(Customer(account, coin, hub, [people.person() for _ in range(3)], rng, label))
    pair[0].hire(employer, rng)
    if rng.random() < 0.5:
        pair[1].wallet = pair[0].wallet
    return list(pair)


def _market_makers(census: Census) -> list[Resident]:
    people = census.people
    made: list[Resident] = []
    for _ in range(census.market_makers):
        desks = [people.exchange() for _ in range(6)]
        made.append(MarketMaker(people.account(), COINS[:_QUOTED], desks, census.market_maker_transfers))
    return made


def ordinary_life(census: Census) -> list[Resident]:
    """Of 100 accounts 30 earners, 25 buyers, 15 traders, 15 holders, 3 merchants, 12 newcomers; and market makers."""
    rng, people = census.rng, census.people
    hubs = [people.exchange() for _ in range(3)]
    employers = [people.company() for _ in range(1 + census.accounts // 12)]
    shops = [people.company() for _ in range(3 + census.accounts // 100)]
    residents: list[Resident] = []
    for number in range(census.accounts):
        [coin] = rng.choices(COINS, WEIGHTS)
        place = number * 37 % 100  # every kind early, whatever the size
        if place < 88:
            residents.append(_neighbour(census, place, coin, None, employers, shops, hubs))
            continue
        joins = rng.randrange(max(1, census.days - 10))
        opened_ms = census.start_ms + joins * DAY_MS + rng.randrange(DAY_MS // 2)
        then = _neighbour(census, rng.randrange(88), coin, opened_ms, employers, shops, hubs)
        residents.append(Newcomer(then.account, coin, rng, Party(), rng.choice(hubs), joins, then))
    return residents + _market_makers(census)


def _neighbour(
    census: Census,
    place: int,
    coin: Coin,
    opened_ms: int | None,
    employers: Sequence[Party],
    shops: Sequence[Party],
    hubs: Sequence[Party],
) -> Neighbour:
    """One of the kinds, as `place` of 88 says."""
    rng, people = census.rng, census.people
    account = people.account(opened_ms=opened_ms)
    if place < 30:
        friends = [people.person() for _ in range(rng.randrange(1, 4))]
        return Earner(account, coin, rng, Party(), [rng.choice(employers), *friends, rng.choice(shops), rng.choice(hubs)])
    if place < 55:
        return Buyer(account, coin, rng, Party())
    if place < 70:
        return Trader(account, coin, rng, Party(), rng.sample(hubs, 2))
    if place < 85:
        return Holder(account, coin, rng, Party())
    return Merchant(account, coin, rng, Party(), [people.person() for _ in range(8)])


def many_kinds(census: Census) -> list[Resident]:
    """People of every kind in `streams.scenarios.personas`, in the shares given there."""
    rng, people = census.rng, census.people
    around = Around(
        [people.exchange() for _ in range(5)], [people.company() for _ in range(3 + census.accounts // 100)], people.person
    )
    kinds = [kind for kind, share in PERSONAS.items() for _ in range(share)]
    residents: list[Resident] = []
    households: list[str] = []
    for number in range(census.accounts):
        kind = kinds[number * 389 % len(kinds)]  # every kind early, whatever the size
        device = None
        if kind is SharesTablet:
            households = households or [people.device()] * rng.randrange(2, 5)
            device = households.pop()
        business = kind in (Treasury, Processor, Charity)
        account = people.account(device=device, kind="business" if business else "individual")
        residents.append(kind(account, rng.choices(COINS, WEIGHTS)[0], rng, around))
    return residents
