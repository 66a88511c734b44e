"""What happens, day by day: planned ahead by patterns, added on the day by ordinary customers."""

import random
from typing import Any, Final, NamedTuple

from streams.scenarios.coins import Coin
from streams.scenarios.people import DAY_MS, Account, Party, Session

_TRAVEL_RULE_CENTS: Final = 1_000_00  # FATF Recommendation 16: party data from 1,000 USD or EUR


class Entry(NamedTuple):
    """One transfer to be. Sorts by event time, then by the order in which it was entered."""

    occurred_ms: int
    number: int
    account: Account
    inflow: bool
    coin: Coin
    cents: int
    addresses: tuple[str, ...]
    party: dict[str, Any] | None
    tag: str | None
    label: str | None
    session: Session | None


class Ledger:
    """Entries by day; a day is taken once it is over."""

    def __init__(self, rng: random.Random, start_ms: int) -> None:
        self._rng = rng
        self._start_ms = start_ms
        self._days: dict[int, list[Entry]] = {}
        self._count = 0

    def at(self, day: float) -> int:
        """Milliseconds since the epoch of a moment so many days after the start of the scenario."""
        return self._start_ms + int(day * DAY_MS)

    def deposit(
        self,
        occurred_ms: int,
        account: Account,
        coin: Coin,
        cents: int,
        sender: Party,
        label: str | None = None,
        session: Session | None = None,
    ) -> None:
        """Money comes in. Whoever pays in bitcoin spends from one to three addresses never seen before, unless hosted."""
        rng = self._rng
        if coin.family in ("bitcoin", "litecoin") and not sender.hosted and label is None:
            addresses = tuple(coin.address(rng) for _ in range(rng.choice((1, 1, 2, 3))))
        else:
            addresses = (sender.address(coin, rng),)
        self._enter(occurred_ms, account, True, coin, cents, addresses, sender, label, session)

    def withdraw(
        self,
        occurred_ms: int,
        account: Account,
        coin: Coin,
        cents: int,
        recipient: Party,
        label: str | None = None,
        session: Session | None = None,
    ) -> None:
        """Money goes out."""
        address = recipient.address(coin, self._rng)
        self._enter(occurred_ms, account, False, coin, cents, (address,), recipient, label, session)

    def _enter(
        self,
        occurred_ms: int,
        account: Account,
        inflow: bool,
        coin: Coin,
        cents: int,
        addresses: tuple[str, ...],
        party: Party,
        label: str | None,
        session: Session | None,
    ) -> None:
        self._count += 1
        told = party.facts if cents >= _TRAVEL_RULE_CENTS else None
        tag = account.id[-5:] if party.hosted and coin.family == "xrp" and not inflow else None
        entry = Entry(occurred_ms, self._count, account, inflow, coin, cents, addresses, told, tag, label, session)
        self._days.setdefault((occurred_ms - self._start_ms) // DAY_MS, []).append(entry)

    def first_and_last(self) -> tuple[int, int]:
        """The first and last day with entries; (0, -1) when there are none."""
        return min(self._days, default=0), max(self._days, default=-1)

    def take(self, day: int) -> list[Entry]:
        """The day's entries in the order in which they happened."""
        return sorted(self._days.pop(day, ()))
