"""Named scenarios: who lives in them, what is planted, and the transfers that come of it."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec

from streams.scenarios.cells import CELLS
from streams.scenarios.coins import COINS, short_hash
from streams.scenarios.layers import LAYERS
from streams.scenarios.ledger import Entry, Ledger
from streams.scenarios.lookalikes import LOOKALIKES
from streams.scenarios.onward import ONWARD
from streams.scenarios.people import DAY_MS, People
from streams.scenarios.populations import Census, Population, many_kinds, ordinary_life, town
from streams.scenarios.typologies import TYPOLOGIES, Plot
from streams.scenarios.wide import WIDE_CELLS, WIDE_LOOKALIKES

DEMO_LISTED: Final = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"  # OFAC SDN, Lazarus Group, listed 14 April 2022
DEFAULT_START: Final = date(2025, 7, 1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Label(msgspec.Struct):
    """A pattern: its type (`benign:` in front of look-alikes), its transfers, and the accounts behind it."""

    type: str
    events: list[str] = []
    accounts: list[str] = []


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """A named scenario with its usual size. `planted` counts the patterns and look-alikes of each name.

    They are counted per 1,000 accounts if `dense`, otherwise in all.
    """

    about: str
    accounts: int
    days: int
    planted: Mapping[str, int] = {}
    dense: bool = False
    population: Population = town
    market_makers: int = 0
    market_maker_transfers: int = 200


PATTERNS: Final[Mapping[str, Callable[[Plot], None]]] = {
    **TYPOLOGIES,
    **LAYERS,
    **ONWARD,
    **CELLS,
    **LOOKALIKES,
    **WIDE_CELLS,
    **WIDE_LOOKALIKES,
}
HONEST: Final = LOOKALIKES.keys() | WIDE_LOOKALIKES.keys()
_LOOKALIKES: Final = {
    "swept_freelancer": 30,
    "sweeping_saver": 20,
    "remitter": 12,
    "desk_customer": 20,
    "colleagues_of_one_desk": 3,
    "remote_company": 2,
    "paid_couple": 8,
    "family": 6,
    "flatmates": 4,
}
_WIDE_LOOKALIKES: Final = {
    "wide_freelancer": 30,
    "wide_saver": 25,
    "wide_couple": 15,
    "wide_colleagues": 5,
    "wide_desk_customer": 20,
    "wide_family": 5,
}
_ALL_ONCE: Final = dict.fromkeys(TYPOLOGIES, 1)

SCENARIOS: Final[Mapping[str, Recipe]] = {
    "quiet": Recipe(about="ordinary customers only", accounts=300, days=60, market_makers=1),
    "typologies": Recipe(
        about="two of each laundering pattern among ordinary customers",
        accounts=300,
        days=60,
        planted=dict.fromkeys(TYPOLOGIES, 2),
        market_makers=1,
    ),
    "demo": Recipe(
        about="some 2,000 transfers with one of each pattern that shows within 40 days",
        accounts=72,
        days=40,
        planted={name: 1 for name in TYPOLOGIES if name != "dormant_reactivation"},
    ),
    "dprk": Recipe(
        about="cells of IT workers run in four ways, among freelancers, families and others who look like them",
        accounts=200,
        days=120,
        planted={**dict.fromkeys(CELLS, 3), **_LOOKALIKES},
    ),
    "dprk_wide": Recipe(
        about="cells of IT workers, and honest people who look like them, drawn from a wide range of habits",
        accounts=200,
        days=90,
        planted={**dict.fromkeys(WIDE_CELLS, 3), **_WIDE_LOOKALIKES},
    ),
    "ordinary": Recipe(
        about="months of ordinary life without crime: wages, habits, holidays, newcomers, traders, market makers",
        accounts=1_000,
        days=90,
        population=ordinary_life,
        market_makers=2,
    ),
    "ordinary_wide": Recipe(
        about="ordinary people of many kinds: day traders, travellers, VPN users, students, charities, treasuries, movers",
        accounts=1_000,
        days=90,
        population=many_kinds,
    ),
    "exchange": Recipe(
        about="any size, for load: one of each pattern per 1,000 accounts",
        accounts=10_000,
        days=30,
        planted=_ALL_ONCE,
        dense=True,
        market_makers=3,
        market_maker_transfers=400,
    ),
}


class Scenario:
    """One scenario of one size and seed. Each call of `transfers` yields the same transfers from the beginning.

    `kinds` names the kind of each ordinary customer's account.
    """

    def __init__(
        self, recipe: Recipe, *, name: str, seed: int, accounts: int, days: int, start: date, listed: Sequence[str]
    ) -> None:
        self.labels: dict[str, Label] = {}
        self.kinds: dict[str, str] = {}
        self._recipe = recipe
        self._seed = seed
        self._accounts = accounts
        self._days = days
        self._listed = tuple(listed)
        self._start_ms = (datetime(start.year, start.month, start.day, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
        usual = (seed, accounts, days, start) == (1, recipe.accounts, recipe.days, DEFAULT_START)
        # Ids of different runs differ, so that both can be fed to one exchange.
        self._prefix = name if usual else f"{name}-{short_hash(repr((seed, accounts, days, start)))}"

    def transfers(self) -> Iterator[dict[str, Any]]:
        """Transfers as the contract has them, in event-time order; `labels` is complete when they have ended."""
        self.labels = {}
        rng = random.Random(self._seed)  # noqa: S311  # has to be repeatable, not secret
        people = People(rng, self._prefix, self._start_ms)
        ledger = Ledger(rng, self._start_ms)
        self._plant(rng, people, ledger)
        residents = self._recipe.population(self._census(rng, people))
        self.kinds = {resident.account.id: type(resident).__name__ for resident in residents}
        first, last = ledger.first_and_last()
        writer = _Writer(self._prefix, rng, self.labels)
        for day in range(min(first, 0), max(last + 1, self._days)):
            if 0 <= day < self._days:
                midnight_ms = self._start_ms + day * DAY_MS
                for resident in residents:
                    resident.live(day, midnight_ms, ledger, rng)
            writer.open_day(self._start_ms + day * DAY_MS)
            for entry in ledger.take(day):
                yield writer.transfer(entry)

    def _plant(self, rng: random.Random, people: People, ledger: Ledger) -> None:
        times = max(1, self._accounts // 1000) if self._recipe.dense else 1
        for name, count in self._recipe.planted.items():
            for number in range(count * times):
                label = f"{name}-{number + 1}"
                self.labels[label] = Label(type=f"benign:{name}" if name in HONEST else name)
                listed = self._listed[number % len(self._listed)] if self._listed else DEMO_LISTED
                PATTERNS[name](Plot(rng, people, ledger, label, self._days, listed))

    def _census(self, rng: random.Random, people: People) -> Census:
        recipe = self._recipe
        return Census(
            rng=rng,
            people=people,
            accounts=self._accounts,
            days=self._days,
            start_ms=self._start_ms,
            market_makers=recipe.market_makers,
            market_maker_transfers=recipe.market_maker_transfers,
            label=self._benign,
        )

    def _benign(self, kind: str) -> str:
        label = f"{kind}-{len(self.labels) + 1}"
        self.labels[label] = Label(type=f"benign:{kind}")
        return label


class _Writer:
    """Turns entries into transfers of the contract, and notes the labelled ones."""

    def __init__(self, prefix: str, rng: random.Random, labels: dict[str, Label]) -> None:
        self._prefix = prefix
        self._rng = rng
        self._labels = labels
        self._count = 0
        self._date = ""
        self._midnight_ms = 0
        self._prices: dict[str, int] = {coin.asset: 1000 for coin in COINS}

    def open_day(self, midnight_ms: int) -> None:
        """A new date, and prices a little higher or lower than yesterday's."""
        self._midnight_ms = midnight_ms
        self._date = (_EPOCH + timedelta(milliseconds=midnight_ms)).date().isoformat()
        for asset, price in self._prices.items():
            self._prices[asset] = min(1500, max(700, price + self._rng.randrange(-25, 26)))

    def transfer(self, entry: Entry) -> dict[str, Any]:
        """The entry as a transfer."""
        self._count += 1
        account, coin, cents = entry.account, entry.coin, entry.cents
        session = entry.session or account
        event_id = f"{self._prefix}-{'d' if entry.inflow else 'w'}{self._count:07d}"
        if entry.label is not None:
            label = self._labels[entry.label]
            label.events.append(event_id)
            if account.id not in label.accounts:
                label.accounts.append(account.id)
        seconds, ms = divmod(entry.occurred_ms - self._midnight_ms, 1000)
        minutes, seconds = divmod(seconds, 60)
        transfer: dict[str, Any] = {
            "event_id": event_id,
            "kind": "deposit" if entry.inflow else "withdrawal",
            "account_id": account.id,
            "asset": coin.asset,
            "network": coin.network,
            "amount": coin.amount(cents, self._prices[coin.asset]),
            "value_usd": f"{cents // 100}.{cents % 100:02d}",
            "addresses": entry.addresses,
            "own_address": account.deposit_address(coin, self._rng),
            "tx_hash": f"{self._rng.getrandbits(256):064x}",
            "occurred_at": f"{self._date}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{ms:03d}Z",
            "ip": session.ip,
            "ip_country": session.ip_country,
            "device_id": session.device,
            "account": account.facts,
        }
        if entry.tag is not None:
            transfer["tag"] = entry.tag
        if entry.party is not None:
            transfer["counterparty"] = entry.party
        return transfer


def scenario(
    name: str,
    *,
    seed: int = 1,
    accounts: int | None = None,
    days: int | None = None,
    start: date | None = None,
    listed: Sequence[str] = (DEMO_LISTED,),
) -> Scenario:
    """A named scenario, in its usual size where none is given.

    `accounts` counts ordinary customers, those of planted patterns come on top. `listed` are the addresses that
    planted sanctions exposure deals with, in turn. Raises KeyError for an unknown name, ValueError for a size below 1.
    """
    recipe = SCENARIOS[name]
    accounts = recipe.accounts if accounts is None else accounts
    days = recipe.days if days is None else days
    if accounts < 1 or days < 1:
        raise ValueError("a scenario needs at least one account and one day")
    return Scenario(recipe, name=name, seed=seed, accounts=accounts, days=days, start=start or DEFAULT_START, listed=listed)
