"""What is remembered of an account: bounded, incremental, in event time.

The recent transfers stand column by column in event-time order, older life as daily buckets. A late transfer lands where
it belongs. The cost of an update and of a look back does not grow with the account's life.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

import msgspec

from rules.messages import Evidence
from rules.stories import Stories
from rules.transfer import dollars, moment

RECENT_TRANSFERS: Final = 64  # judgement: enough for a 30-day look back of all but market makers
RECENT_MS: Final = 35 * 86_400_000  # judgement: the longest window of a rule (30 days) and some slack
DAYS: Final = 90  # judgement: three months of daily sums make a baseline
DAY_MS: Final = 86_400_000
_LARGEST: Final = 2**62  # sums saturate here: state is 64-bit integers


class Day(msgspec.Struct, array_like=True, gc=False):
    """One UTC day of an account: numbers of transfers and sums in micro-dollars, by direction."""

    deposits: int = 0
    deposited: int = 0
    withdrawals: int = 0
    withdrawn: int = 0


class Profile(msgspec.Struct, array_like=True):
    """The recent transfers of one account, its daily sums, and the stories already told about it.

    The columns `occurred_ms` to `asset` run in parallel, oldest first; `value` is in micro-dollars. `address` is the
    canonical counterparty address, or what was given when it could not be read, or empty.
    """

    occurred_ms: list[int] = []
    inflow: list[bool] = []
    value: list[int] = []
    address: list[str] = []
    event_id: list[str] = []
    amount: list[str] = []
    asset: list[str] = []
    days: dict[int, Day] = {}
    first_ms: int = 0
    forgotten_ms: int = 0
    opened_ms: int | None = None
    stories: Stories = msgspec.field(default_factory=Stories)

    def add(
        self, occurred_ms: int, inflow: bool, value: int, address: str, event_id: str, amount: str, asset: str
    ) -> int:
        """Put a transfer where its event time belongs and return its index.

        -1 when it is older than everything kept and there is no room: the daily sums have it, the look back has not.
        """
        self._count(occurred_ms, inflow, value)
        times = self.occurred_ms
        if not times or occurred_ms >= times[-1]:
            index = len(times)
            times.append(occurred_ms)
            self.inflow.append(inflow)
            self.value.append(value)
            self.address.append(address)
            self.event_id.append(event_id)
            self.amount.append(amount)
            self.asset.append(asset)
        else:
            index = bisect_right(times, occurred_ms)
            if occurred_ms <= self.forgotten_ms or (index == 0 and len(times) >= RECENT_TRANSFERS):
                self.forgotten_ms = max(self.forgotten_ms, occurred_ms)
                return -1
            times.insert(index, occurred_ms)
            self.inflow.insert(index, inflow)
            self.value.insert(index, value)
            self.address.insert(index, address)
            self.event_id.insert(index, event_id)
            self.amount.insert(index, amount)
            self.asset.insert(index, asset)
        return max(-1, index - self._forget())

    def since(self, index: int, window_ms: int) -> int:
        """First index of the half-open window `(t - window_ms, t]` that ends with the transfer at `index`."""
        times = self.occurred_ms
        return bisect_right(times, times[index] - window_ms, 0, index + 1)

    def covers(self, index: int, window_ms: int) -> bool:
        """Whether nothing inside the window that ends at `index` has been dropped from the recent transfers."""
        return self.forgotten_ms <= self.occurred_ms[index] - window_ms

    def days_before(self, index: int, count: int) -> list[Day]:
        """The daily sums of the `count` UTC days before the day of the transfer at `index`, days without any left out."""
        today = self.occurred_ms[index] // DAY_MS
        days = self.days
        return [day for number in range(today - count, today) if (day := days.get(number)) is not None]

    def evidence(self, indices: Sequence[int], shows: str) -> tuple[Evidence, ...]:
        """The transfers at `indices` as evidence; `shows` says what each of them shows."""
        return tuple(
            Evidence(
                event_id=self.event_id[i],
                amount=self.amount[i],
                asset=self.asset[i],
                value_usd=dollars(self.value[i]),
                occurred_at=moment(self.occurred_ms[i]),
                shows=shows,
            )
            for i in indices
        )

    def _count(self, occurred_ms: int, inflow: bool, value: int) -> None:
        if not self.first_ms or occurred_ms < self.first_ms:
            self.first_ms = occurred_ms
        number = occurred_ms // DAY_MS
        day = self.days.get(number)
        if day is None:
            day = self.days[number] = Day()
            if len(self.days) > DAYS:
                del self.days[min(self.days)]
        if inflow:
            day.deposits += 1
            day.deposited = min(day.deposited + value, _LARGEST)
        else:
            day.withdrawals += 1
            day.withdrawn = min(day.withdrawn + value, _LARGEST)

    def _forget(self) -> int:
        """Drop what is too old or too much; returns how many.

        "Too old" is measured from the newest transfer but one, so that a single absurd date does not erase a history.
        """
        times = self.occurred_ms
        surplus = max(0, len(times) - RECENT_TRANSFERS)
        if len(times) >= 2 and times[surplus] <= times[-2] - RECENT_MS:
            surplus = bisect_left(times, times[-2] - RECENT_MS + 1, surplus)
        if surplus:
            self.forgotten_ms = max(self.forgotten_ms, times[surplus - 1])
            for column in (times, self.inflow, self.value, self.address, self.event_id, self.amount, self.asset):
                del column[:surplus]
        return surplus
