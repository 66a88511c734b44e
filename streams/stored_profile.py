"""A profile as the store keeps it: a snapshot, column by column, and the movements since. Compact, and cheap to add to."""

from array import array
from collections.abc import Iterable, Sequence
from itertools import filterfalse, repeat
from typing import Final

import msgspec

from rules.profile import _LARGEST, DAY_MS, DAYS, Day, Movement, Profile, contact_key
from rules.stories import Stories
from streams import compact
from streams.compact import Address, Form, Identifier, Name, part, parts
from streams.delivery.stage import FORGOTTEN_DAYS, REFRESHED_DAYS

# Judgement: a state as small as this is kept in memory as it is stored, too, and written as a whole each time: what Redis
# appends to takes twice its room. What is larger is appended to.
WHOLE_BYTES: Final = 4_096
# Judgement: a snapshot is taken when the movements since the last one are as many bytes, and three quarters of what it was.
_LEAST: Final = 192
_SHARE: Final = 0.75
_INFLOW: Final = 1
_FIRST: Final = 2  # the address is the one contact that the account had not dealt with before
_ELSEWHERE: Final = 255

_pack: Final = msgspec.msgpack.Encoder().encode


class KeptProfile(Profile):
    """A profile, and how the store has it: `kept_day` is when the last snapshot was, movements count from `base_ms`.

    `places` are the addresses that are stored, by their place among them, `forms` those of the event ids: movements refer to
    both.
    """

    stored: bytes = b""  # empty when it is not small
    snapshot_bytes: int = 0
    movement_bytes: int = 0
    base_ms: int = 0
    kept_day: int = 0
    places: dict[str, int] = msgspec.field(default_factory=dict)
    forms: list[Form] = msgspec.field(default_factory=list)

    def is_forgotten(self, judged_ms: int) -> bool:
        """Whether the account was silent for so long that nothing is known of it any more."""
        return 0 < self.kept_day < judged_ms // DAY_MS - FORGOTTEN_DAYS


class _Snapshot(msgspec.Struct, frozen=True, array_like=True, gc=False):
    kept_day: int
    base_ms: int  # the last of the times
    first: int = 0  # after `base_ms`, as are `forgotten` and `oldest`
    forgotten: int | None = None
    opened_ms: int | None = None
    account_type: str = ""
    typed_ms: int = 0
    ip_country: str = ""
    ip_country_ms: int = 0
    oldest: int = 0
    steps: bytes | list[int] = b""
    values: list[int] = []
    kinds: bytes = b""  # of each transfer, twice the place of its asset and network in `names`, and one more for an inflow
    names: list[tuple[Name, Name]] = []
    places: bytes = b""  # of each transfer, the place of its address in `addresses`
    addresses: list[Address] = []
    forms: list[Form] = []
    events: list[Identifier] = []
    amounts: list[str] = []  # none when each is its value
    days: bytes | list[int] = b""
    sums: list[int] = []  # four of each day
    contacts: bytes = b""  # but for those whose address is among `addresses`
    contact_places: bytes = b""  # of each contact, the place of its address or `_ELSEWHERE`
    met: bytes | list[int] = b""
    stories: Stories = msgspec.field(default_factory=Stories)


class _Movement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    after_ms: int
    flags: int
    value: int
    address: Address | int  # its place, where it is among those that are stored already; else it is put behind them
    event_id: Identifier
    asset: Name
    network: Name
    amount: str = ""
    opened_ms: int | None = None
    account_type: str = ""
    ip_country: str = ""
    met: tuple[int, ...] = ()
    told: tuple[tuple[str, int], ...] = ()


_read_snapshot: Final = msgspec.msgpack.Decoder(_Snapshot).decode
_read_movement: Final = msgspec.msgpack.Decoder(_Movement).decode


def add(profile: KeptProfile, movements: Sequence[Movement], judged_ms: int) -> tuple[bytes, bool]:
    """Keep movements that the profile has taken in; the bytes to write, and whether they are the whole state.

    Depends on nothing but the movements, their batches and when those were judged, so that a replay leaves the same bytes.
    """
    today = judged_ms // DAY_MS
    whole = not profile.kept_day
    if whole:
        profile.kept_day, profile.base_ms = today, movements[0].occurred_ms
        compact.identifier(movements[0].event_id, profile.forms)
        profile.stored = part(_pack(_Snapshot(today, profile.base_ms, forms=profile.forms)))
        profile.snapshot_bytes = len(profile.stored)
    elif today >= profile.kept_day + REFRESHED_DAYS:
        return _whole(profile, today), True
    base_ms, places, forms = profile.base_ms, profile.places, profile.forms
    packed = b"".join([part(_pack(_stored(movement, base_ms, places, forms))) for movement in movements])
    size = profile.movement_bytes + len(packed)
    if size > _LEAST and size > profile.snapshot_bytes * _SHARE:
        return _whole(profile, today), True
    profile.movement_bytes = size
    if profile.stored and len(profile.stored) + len(packed) <= WHOLE_BYTES:
        profile.stored += packed
        return profile.stored, True
    stored, profile.stored = profile.stored, b""
    return (stored + packed, True) if whole else (packed, False)


def load(packed: bytes) -> KeptProfile:
    """A profile from what `add` has left."""
    stored = parts(packed)
    snapshot = next(stored)
    profile = _profile(_read_snapshot(snapshot))
    profile.snapshot_bytes = len(part(snapshot))
    profile.movement_bytes = len(packed) - profile.snapshot_bytes
    profile.stored = packed if len(packed) <= WHOLE_BYTES else b""
    addresses = list(profile.places)
    for one in stored:
        profile.apply(_movement(_read_movement(one), profile.base_ms, addresses, profile.forms))
    profile.places = {address: place for place, address in enumerate(addresses)}
    return profile


def _whole(profile: KeptProfile, today: int) -> bytes:
    """Take a snapshot."""
    times, values, contacts = profile.occurred_ms, profile.value, profile.contacts
    base_ms = times[-1] if times else 0
    names: dict[tuple[str, str], int] = {}
    kinds = [
        names.setdefault((asset, network), 2 * len(names)) + inflow
        for (_, _, asset, network), inflow in zip(profile.detail, profile.inflow, strict=True)
    ]
    places: dict[str, int] = {}
    taken = [places.setdefault(address, len(places)) for address in profile.address]
    forms: list[Form] = []
    events = [compact.identifier(detail[0], forms) for detail in profile.detail]
    texts = [compact.amount(detail[1], value) for detail, value in zip(profile.detail, values, strict=True)]
    older = _older_days(profile)
    place_of = {contact_key(address): place for address, place in places.items()}
    snapshot = _Snapshot(
        today,
        base_ms,
        profile.first_ms - base_ms,
        profile.forgotten_ms - base_ms if profile.forgotten_ms else None,
        profile.opened_ms,
        profile.account_type,
        profile.typed_ms,
        profile.ip_country,
        profile.ip_country_ms,
        times[0] - base_ms if times else 0,
        compact.steps(times),
        list(map(compact.value, values)),
        bytes(kinds),
        [(compact.name(asset), compact.name(network)) for asset, network in names],
        bytes(taken),
        list(map(compact.address, places)),
        forms,
        events,
        texts if any(texts) else [],
        compact.days(older),
        [each for day in older for each in _sums(profile.days[day])],
        array("Q", filterfalse(place_of.__contains__, contacts)).tobytes(),
        bytes(map(place_of.get, contacts, repeat(_ELSEWHERE))),
        compact.days(contacts.values()),
        profile.stories,
    )
    packed = part(_pack(snapshot))
    profile.kept_day, profile.base_ms, profile.places, profile.forms = today, base_ms, places, forms
    profile.snapshot_bytes, profile.movement_bytes = len(packed), 0
    profile.stored = packed if len(packed) <= WHOLE_BYTES else b""
    return packed


def _sums(day: Day) -> tuple[int, int, int, int]:
    return day.deposits, compact.value(day.deposited), day.withdrawals, compact.value(day.withdrawn)


def _days(numbers: Iterable[int], sums: Sequence[int]) -> dict[int, Day]:
    values = map(compact.value_of, sums[1::4]), map(compact.value_of, sums[3::4])
    days = map(Day, sums[::4], values[0], sums[2::4], values[1])
    return dict(zip(numbers, days, strict=True))


def _older_days(profile: Profile) -> list[int]:
    """The days whose sums are not those of the recent transfers: not all of theirs are kept, or days have been dropped."""
    if len(profile.days) >= DAYS:
        return sorted(profile.days)
    last = profile.forgotten_ms // DAY_MS
    return sorted([day for day in profile.days if day <= last])


def _count_recent(profile: Profile) -> None:
    """Add up the days that `_older_days` has left out."""
    days, last = profile.days, profile.forgotten_ms // DAY_MS
    for occurred_ms, inflow, value in zip(profile.occurred_ms, profile.inflow, profile.value, strict=True):
        if (number := occurred_ms // DAY_MS) <= last:
            continue
        if (day := days.get(number)) is None:
            day = days[number] = Day()
        if inflow:
            day.deposits, day.deposited = day.deposits + 1, min(day.deposited + value, _LARGEST)
        else:
            day.withdrawals, day.withdrawn = day.withdrawals + 1, min(day.withdrawn + value, _LARGEST)


def _profile(one: _Snapshot) -> KeptProfile:
    names = [(compact.name_of(asset), compact.name_of(network)) for asset, network in one.names]
    addresses = [compact.address_of(each) for each in one.addresses]
    values = list(map(compact.value_of, one.values))
    texts = map(compact.amount_of, one.amounts or repeat(""), values)
    event_ids = [compact.identifier_of(event, one.forms) for event in one.events]
    profile = KeptProfile(
        compact.times_of(one.steps, one.base_ms + one.oldest) if values else [],
        [bool(kind & _INFLOW) for kind in one.kinds],
        values,
        [addresses[place] for place in one.places],
        [(event_id, text, *names[kind >> 1]) for event_id, text, kind in zip(event_ids, texts, one.kinds, strict=True)],
        _days(compact.days_of(one.days), one.sums),
        one.base_ms + one.first if values else 0,
        0 if one.forgotten is None else one.base_ms + one.forgotten,
        one.opened_ms,
        one.account_type,
        one.typed_ms,
        one.ip_country,
        one.ip_country_ms,
        one.stories,
        _contacts(one, addresses),
        base_ms=one.base_ms,
        kept_day=one.kept_day,
        places={address: place for place, address in enumerate(addresses)},
        forms=one.forms,
    )
    if len(profile.days) < DAYS:
        _count_recent(profile)
    return profile


def _contacts(one: _Snapshot, addresses: Sequence[str]) -> dict[int, int]:
    elsewhere = iter(array("Q", one.contacts))
    keys = [next(elsewhere) if place == _ELSEWHERE else contact_key(addresses[place]) for place in one.contact_places]
    return dict(zip(keys, compact.days_of(one.met), strict=True))


def _stored(movement: Movement, base_ms: int, places: dict[str, int], forms: list[Form]) -> tuple[object, ...]:
    """What is stored of a movement; its address gets a place when it has none."""
    to, met = movement.address, movement.met
    flags = _INFLOW if movement.inflow else 0
    if len(met) == 1 and met[0] == contact_key(to):
        flags, met = flags | _FIRST, ()
    place = places.get(to)
    if place is None:
        places[to] = len(places)
    always = (
        movement.occurred_ms - base_ms,
        flags,
        compact.value(movement.value),
        compact.address(to) if place is None else place,
        compact.identifier(movement.event_id, forms, learns=False),
        compact.name(movement.asset),
        compact.name(movement.network),
    )
    amount = compact.amount(movement.amount, movement.value)
    opened_ms, account_type, ip_country, told = (
        movement.opened_ms,
        movement.account_type,
        movement.ip_country,
        movement.told,
    )
    if opened_ms is None and not (met or told or account_type or ip_country):
        return (*always, amount) if amount else always
    return (*always, amount, opened_ms, account_type, ip_country, met, told)


def _movement(one: _Movement, base_ms: int, addresses: list[str], forms: list[Form]) -> Movement:
    """The movement that was stored; an address that is stored with it joins the others."""
    if isinstance(one.address, int):
        to = addresses[one.address]
    else:
        to = compact.address_of(one.address)
        addresses.append(to)
    value = compact.value_of(one.value)
    return Movement(
        base_ms + one.after_ms,
        bool(one.flags & _INFLOW),
        value,
        to,
        compact.identifier_of(one.event_id, forms),
        compact.amount_of(one.amount, value),
        compact.name_of(one.asset),
        compact.name_of(one.network),
        one.opened_ms,
        one.account_type,
        one.ip_country,
        (contact_key(to),) if one.flags & _FIRST else one.met,
        one.told,
    )
