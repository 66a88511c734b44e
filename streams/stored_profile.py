"""A profile as the store keeps it: a snapshot, column by column, and the movements since. Compact, and cheap to add to."""

from array import array
from collections.abc import Sequence
from typing import Final

import msgspec

from rules.profile import _LARGEST, DAY_MS, DAYS, Day, Movement, Profile, contact_key
from rules.stories import Stories
from streams.compact import Address, Name, address, address_of, amount, amount_of, days, days_of, name, name_of, part, parts
from streams.delivery.stage import FORGOTTEN_DAYS, REFRESHED_DAYS

# Judgement: a state as small as this is kept in memory as it is stored, too, and written as a whole each time: what Redis
# appends to takes twice its room. What is larger is appended to.
WHOLE_BYTES: Final = 4_096
# Judgement: a snapshot is taken when the movements since the last one are as many bytes, and half as many again as it was.
_LEAST: Final = 512
_SHARE: Final = 1.5
_INFLOW: Final = 1
_FIRST: Final = 2  # the address is the one contact that the account had not dealt with before

_pack: Final = msgspec.msgpack.Encoder().encode


class KeptProfile(Profile):
    """A profile, and how the store has it: `kept_day` is when the last snapshot was, stored times count from `base_ms`."""

    stored: bytes = b""  # empty when it is not small
    snapshot_bytes: int = 0
    movement_bytes: int = 0
    base_ms: int = 0
    kept_day: int = 0

    def is_forgotten(self, judged_ms: int) -> bool:
        """Whether the account was silent for so long that nothing is known of it any more."""
        return 0 < self.kept_day < judged_ms // DAY_MS - FORGOTTEN_DAYS


class _Snapshot(msgspec.Struct, frozen=True, array_like=True, gc=False):
    kept_day: int
    base_ms: int
    first_ms: int = 0
    forgotten_ms: int = 0
    opened_ms: int | None = None
    account_type: str = ""
    typed_ms: int = 0
    ip_country: str = ""
    ip_country_ms: int = 0
    times: list[int] = []
    values: list[int] = []
    kinds: bytes = b""  # of each transfer, twice the place of its asset and network in `names`, and one more for an inflow
    names: list[tuple[Name, Name]] = []
    places: bytes = b""  # of each transfer, the place of its address in `addresses`
    addresses: list[Address] = []
    events: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    days: bytes | list[int] = b""
    sums: list[Day] = []
    contacts: bytes = b""
    met: bytes | list[int] = b""
    stories: Stories = msgspec.field(default_factory=Stories)


class _Movement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    after_ms: int
    flags: int
    value: int
    address: Address
    event_id: str
    amount: str
    asset: Name
    network: Name
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
        profile.stored = part(_pack(_Snapshot(today, profile.base_ms)))
        profile.snapshot_bytes = len(profile.stored)
    elif today >= profile.kept_day + REFRESHED_DAYS:
        return _whole(profile, today), True
    base_ms = profile.base_ms
    packed = b"".join([part(_pack(_stored(movement, base_ms))) for movement in movements])
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
    for one in stored:
        profile.apply(_movement(_read_movement(one), profile.base_ms))
    return profile


def _whole(profile: KeptProfile, today: int) -> bytes:
    """Take a snapshot."""
    times = profile.occurred_ms
    base_ms = times[0] if times else 0
    events, amounts, assets, networks = zip(*profile.detail, strict=True) if times else ((), (), (), ())
    pairs = list(zip(assets, networks, strict=True))
    names = {pair: 2 * place for place, pair in enumerate(dict.fromkeys(pairs))}
    kinds = map(int.__add__, map(names.__getitem__, pairs), profile.inflow)
    places = {one: place for place, one in enumerate(dict.fromkeys(profile.address))}
    older = _older_days(profile)
    snapshot = _Snapshot(
        today,
        base_ms,
        profile.first_ms,
        profile.forgotten_ms,
        profile.opened_ms,
        profile.account_type,
        profile.typed_ms,
        profile.ip_country,
        profile.ip_country_ms,
        list(map((-base_ms).__add__, times)),
        profile.value,
        bytes(kinds),
        [(name(asset), name(network)) for asset, network in names],
        bytes(map(places.__getitem__, profile.address)),
        [address(one) for one in places],
        events,
        tuple(map(amount, amounts, profile.value)),
        days(older),
        [profile.days[day] for day in older],
        array("Q", profile.contacts).tobytes(),
        days(profile.contacts.values()),
        profile.stories,
    )
    packed = part(_pack(snapshot))
    profile.kept_day, profile.base_ms = today, base_ms
    profile.snapshot_bytes, profile.movement_bytes = len(packed), 0
    profile.stored = packed if len(packed) <= WHOLE_BYTES else b""
    return packed


def _older_days(profile: Profile) -> list[int]:
    """The days whose sums are not those of the recent transfers: not all of theirs are kept, or days have been dropped."""
    if len(profile.days) >= DAYS:
        return sorted(profile.days)
    last = profile.forgotten_ms // DAY_MS
    return sorted(day for day in profile.days if day <= last)


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
    names = [(name_of(asset), name_of(network)) for asset, network in one.names]
    addresses = [address_of(each) for each in one.addresses]
    profile = KeptProfile(
        [one.base_ms + after_ms for after_ms in one.times],
        [bool(kind & _INFLOW) for kind in one.kinds],
        one.values,
        [addresses[place] for place in one.places],
        [
            (event_id, amount_of(text, value), *names[kind >> 1])
            for event_id, text, value, kind in zip(one.events, one.amounts, one.values, one.kinds, strict=True)
        ],
        dict(zip(days_of(one.days), one.sums, strict=True)),
        one.first_ms,
        one.forgotten_ms,
        one.opened_ms,
        one.account_type,
        one.typed_ms,
        one.ip_country,
        one.ip_country_ms,
        one.stories,
        dict(zip(array("Q", one.contacts), days_of(one.met), strict=True)),
        base_ms=one.base_ms,
        kept_day=one.kept_day,
    )
    if len(one.sums) < DAYS:
        _count_recent(profile)
    return profile


def _stored(movement: Movement, base_ms: int) -> tuple[object, ...]:
    place, met = movement.address, movement.met
    flags = _INFLOW if movement.inflow else 0
    if len(met) == 1 and met[0] == contact_key(place):
        flags, met = flags | _FIRST, ()
    always = (
        movement.occurred_ms - base_ms,
        flags,
        movement.value,
        address(place),
        movement.event_id,
        amount(movement.amount, movement.value),
        name(movement.asset),
        name(movement.network),
    )
    opened_ms, account_type, ip_country, told = (
        movement.opened_ms,
        movement.account_type,
        movement.ip_country,
        movement.told,
    )
    if opened_ms is None and not (met or told or account_type or ip_country):
        return always
    return (*always, opened_ms, account_type, ip_country, met, told)


def _movement(one: _Movement, base_ms: int) -> Movement:
    stored_to = address_of(one.address)
    return Movement(
        base_ms + one.after_ms,
        bool(one.flags & _INFLOW),
        one.value,
        stored_to,
        one.event_id,
        amount_of(one.amount, one.value),
        name_of(one.asset),
        name_of(one.network),
        one.opened_ms,
        one.account_type,
        one.ip_country,
        (contact_key(stored_to),) if one.flags & _FIRST else one.met,
        one.told,
    )
