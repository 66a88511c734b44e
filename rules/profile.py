"""What is remembered of an account: bounded, incremental, in event time.

The recent transfers stand column by column in event-time order, older life as daily buckets. A late transfer lands where
it belongs. The cost of an update and of a look back does not grow with the account's life.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import xxhash

from rules.messages import Evidence
from rules.stories import Stories

RECENT_TRANSFERS: Final = 64  # judgement: enough for a 30-day look back of all but market makers
_ROOM: Final = RECENT_TRANSFERS + 16  # forgetting some at a time costs less than one at a time
RECENT_MS: Final = 35 * 86_400_000  # judgement: the longest window of a rule (30 days) and some slack
OVERDUE_MS: Final = RECENT_MS + 5 * 86_400_000  # likewise
CONTACTS: Final = 512  # judgement: addresses and devices an account is remembered to have dealt with
DAYS: Final = 90  # judgement: three months of daily sums make a baseline
DAY_MS: Final = 86_400_000
Detail = tuple[str, str, str, str]  # event id, amount, asset, network
_LARGEST: Final = 2**62  # sums saturate here: state is 64-bit integers


def contact_key(contact: str) -> int:
    """What is kept of an address or a device: 64 bits, too many for somebody to find an address that passes for another."""
    return xxhash.xxh3_64_intdigest(contact.encode())


class Day(msgspec.Struct, array_like=True, gc=False):
    """One UTC day of an account: numbers of transfers and sums in micro-dollars, by direction."""

    deposits: int = 0
    deposited: int = 0
    withdrawals: int = 0
    withdrawn: int = 0


class Movement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One transfer as an account's profile takes it in, and the stories that were told because of it.

    A profile is the fold of its movements: what `Profile.apply` of all of them gives.
    """

    occurred_ms: int
    inflow: bool
    value: int  # micro-dollars
    address: str  # canonical counterparty address, or what was given when it could not be read, or empty
    event_id: str
    amount: str
    asset: str
    network: str
    opened_ms: int | None
    account_type: str  # as the exchange named it, or empty
    ip_country: str  # from where the account was used, or empty
    met: tuple[int, ...] = ()  # contacts the account had not dealt with before
    told: tuple[tuple[str, int], ...] = ()


class Profile(msgspec.Struct, array_like=True):
    """The recent transfers of one account, its daily sums, and the stories already told about it.

    The columns `occurred_ms` to `detail` run in parallel, oldest first; `value` is in micro-dollars, `detail` holds event
    id, amount, asset and network. `opened_ms` is the earliest opening date that a transfer told, `account_type` the one that
    the transfer of `typed_ms` told, the newest to tell any; likewise `ip_country` and `ip_country_ms`. `contacts` remembers
    with whom and on which devices the account was met first, each as a `contact_key` with the day of the first time.
    """

    occurred_ms: list[int] = []
    inflow: list[bool] = []
    value: list[int] = []
    address: list[str] = []
    detail: list[Detail] = []
    days: dict[int, Day] = {}
    first_ms: int = 0
    forgotten_ms: int = 0
    opened_ms: int | None = None
    account_type: str = ""
    typed_ms: int = 0
    ip_country: str = ""
    ip_country_ms: int = 0
    stories: Stories = msgspec.field(default_factory=Stories)
    contacts: dict[int, int] = {}

    def apply(self, movement: Movement) -> None:
        """Take in a movement that was judged before."""
        if movement.opened_ms is not None or movement.account_type:
            self.learn(movement.occurred_ms, movement.inflow, movement.opened_ms, movement.account_type)
        self.add(
            movement.occurred_ms,
            movement.inflow,
            movement.value,
            movement.address,
            (movement.event_id, movement.amount, movement.asset, movement.network),
        )
        if movement.ip_country:
            self.locate(movement.occurred_ms, movement.inflow, movement.ip_country)
        for alert_id, occurred_ms in movement.told:
            self.stories.tell(alert_id, occurred_ms)
        if movement.met:
            self.meet(movement.met, movement.occurred_ms)

    def learn(self, occurred_ms: int, inflow: bool, opened_ms: int | None, account_type: str) -> None:
        """Take in what a transfer tells of the account itself, so that the order of arrival does not matter."""
        if opened_ms is not None and (self.opened_ms is None or opened_ms < self.opened_ms):
            self.opened_ms = opened_ms
        if account_type and (occurred_ms > self.typed_ms or (occurred_ms == self.typed_ms and not inflow)):
            self.account_type, self.typed_ms = account_type, occurred_ms

    def locate(self, occurred_ms: int, inflow: bool, ip_country: str) -> None:
        """Take in from where a transfer was ordered, once it is judged: rules compare it with the place known before."""
        if occurred_ms > self.ip_country_ms or (occurred_ms == self.ip_country_ms and not inflow):
            self.ip_country, self.ip_country_ms = ip_country.upper(), occurred_ms

    def add(self, occurred_ms: int, inflow: bool, value: int, address: str, detail: Detail) -> int:
        """Put a transfer where its event time belongs and return its index; at the same moment deposits come first.

        -1 when it is older than everything kept and there is no room: the daily sums have it, the look back has not.
        """
        self._count(occurred_ms, inflow, value)
        times = self.occurred_ms
        if not times or occurred_ms > times[-1] or (occurred_ms == times[-1] and (not inflow or self.inflow[-1])):
            times.append(occurred_ms)
            self.inflow.append(inflow)
            self.value.append(value)
            self.address.append(address)
            self.detail.append(detail)
            index = len(times) - 1
        else:
            index = bisect_right(times, occurred_ms)
            while inflow and index and times[index - 1] == occurred_ms and not self.inflow[index - 1]:
                index -= 1
            if occurred_ms <= self.forgotten_ms or (index == 0 and len(times) >= RECENT_TRANSFERS):
                self.forgotten_ms = max(self.forgotten_ms, occurred_ms)
                return -1
            times.insert(index, occurred_ms)
            self.inflow.insert(index, inflow)
            self.value.insert(index, value)
            self.address.insert(index, address)
            self.detail.insert(index, detail)
        # "Too old" is measured from the newest transfer but one, so that a single absurd date does not erase a history.
        if len(times) > _ROOM or (times[0] <= occurred_ms - OVERDUE_MS and times[0] <= times[-2] - OVERDUE_MS):
            return max(-1, index - self._forget())
        return index

    def met_before(self, contact: str, index: int) -> bool:
        """Whether the account dealt with this canonical address, or was on this device, on a day before that of `index`.

        Reaches back beyond the recent transfers, as far as there is room for contacts.
        """
        first = self.contacts.get(contact_key(contact))
        return first is not None and first < self.occurred_ms[index] // DAY_MS

    def meet(self, keys: Iterable[int], occurred_ms: int) -> None:
        """Remember contacts; the ones met longest ago make room.

        Of those of one movement some may have made room for others, and are met anew: they count as the latest.
        """
        contacts, day = self.contacts, occurred_ms // DAY_MS
        for key in keys:
            contacts.pop(key, None)
            contacts[key] = day
        while len(contacts) > CONTACTS:
            del contacts[next(iter(contacts))]

    def at(self, occurred_ms: int) -> range:
        """The indices of the kept transfers of one moment."""
        times = self.occurred_ms
        return range(bisect_left(times, occurred_ms), bisect_right(times, occurred_ms))

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
            Evidence.of(event_id, amount, asset, self.value[i], self.occurred_ms[i], shows)
            for i in indices
            for event_id, amount, asset, _ in (self.detail[i],)
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
            total = day.deposited + value
            day.deposited = total if total < _LARGEST else _LARGEST
        else:
            day.withdrawals += 1
            total = day.withdrawn + value
            day.withdrawn = total if total < _LARGEST else _LARGEST

    def _forget(self) -> int:
        """Drop what is too old or too much; returns how many."""
        times = self.occurred_ms
        surplus = len(times) - RECENT_TRANSFERS if len(times) > _ROOM else 0
        oldest = times[-2] - RECENT_MS
        if times[surplus] <= oldest:
            surplus = bisect_right(times, oldest, surplus)
        self.forgotten_ms = max(self.forgotten_ms, times[surplus - 1])
        for column in (times, self.inflow, self.value, self.address, self.detail):
            del column[:surplus]
        return surplus
