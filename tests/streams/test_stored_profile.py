"""A stored profile is small, and reads back as the profile it was made of."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.profile import CONTACTS, RECENT_TRANSFERS, Movement, contact_key
from streams import compact, stored_profile
from streams.stored_profile import KeptProfile

DAY_MS = 86_400_000
T0 = 20_454 * DAY_MS

addresses = st.one_of(
    st.binary(min_size=20, max_size=20).map(lambda each: "0x" + each.hex()),
    st.sampled_from(["", "0x" + "A" * 40, "0x" + "0 " * 20, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "ä" * 21]),
    st.text(max_size=60),
)
names = st.one_of(st.sampled_from(["USDT", "ethereum", "tron", "", "usdt"]), st.text(max_size=12))


@st.composite
def movements(draw: st.DrawFn) -> Movement:
    address = draw(addresses)
    met = draw(st.sampled_from([(), (contact_key(address),), (contact_key(address), 7), (2**64 - 1,)]))
    return Movement(
        T0 + draw(st.integers(-(2**53), 2**50) | st.integers(0, 60 * DAY_MS)),
        draw(st.booleans()),
        draw(st.integers(0, 2**62)),
        address,
        draw(st.text(max_size=40)),
        draw(st.sampled_from(["1", "0.1", "655.21"])),
        draw(names),
        draw(names),
        draw(st.none() | st.integers(0, T0)),
        draw(st.sampled_from(["", "retail", "business"])),
        draw(st.sampled_from(["", "de"])),
        met,
        draw(st.sampled_from([(), (("ab12", T0),), (("cd", T0), ("ef", T0 + 1))])),
    )


def follow(batches: list[list[Movement]], days: list[int]) -> tuple[KeptProfile, bytes]:
    """A profile that took in batches of movements, and what is stored of it."""
    profile, kept = KeptProfile(), b""
    for batch, day in zip(batches, days, strict=False):
        for movement in batch:
            profile.apply(movement)
        packed, whole = stored_profile.add(profile, batch, T0 + day * DAY_MS)
        kept = packed if whole else kept + packed
    return profile, kept


@settings(max_examples=150, deadline=None)
@given(batches=st.lists(st.lists(movements(), min_size=1, max_size=12), min_size=1, max_size=12), later=st.integers(0, 40))
def test_what_is_stored_reads_back(batches: list[list[Movement]], later: int) -> None:
    profile, kept = follow(batches, [0] * (len(batches) - 1) + [later])
    again = stored_profile.load(kept)
    assert again == profile
    assert list(again.contacts.items()) == list(profile.contacts.items())
    assert again.stored == (kept if len(kept) <= stored_profile.WHOLE_BYTES else b"")


@settings(max_examples=50, deadline=None)
@given(batches=st.lists(st.lists(movements(), min_size=1, max_size=6), min_size=2, max_size=8), reload_at=st.integers(1, 7))
def test_a_worker_that_read_it_writes_the_same_bytes(batches: list[list[Movement]], reload_at: int) -> None:
    _, expected = follow(batches, [0] * len(batches))
    profile, kept = follow(batches[:reload_at], [0] * reload_at)
    profile = stored_profile.load(kept)
    for batch in batches[reload_at:]:
        for movement in batch:
            profile.apply(movement)
        packed, whole = stored_profile.add(profile, batch, T0)
        kept = packed if whole else kept + packed
    assert kept == expected


def usual(number: int, **other: Any) -> Movement:
    address = f"0x{number:040x}"
    facts = (T0 + number * 3_600_000, True, 5_000_000, address, f"e{number}", "5", "USDT", "ethereum", None, "", "")
    return Movement(*facts, met=(contact_key(address),), **other)


def test_it_stays_bounded_however_long_the_account_lives() -> None:
    profile, kept = follow([[usual(number)] for number in range(3_000)], [0] * 3_000)
    assert len(profile.contacts) == CONTACTS
    assert len(profile.value) >= RECENT_TRANSFERS
    assert len(kept) < 32_768


def test_a_usual_transfer_takes_less_than_fifty_bytes() -> None:
    """The address as twenty bytes, frequent names as numbers, a first contact as a bit."""
    _, kept = follow([[usual(1)]], [0])
    _, more = follow([[usual(1)], [usual(2)]], [0, 0])
    assert len(more) - len(kept) < 50


@given(addresses)
def test_addresses_read_back(text: str) -> None:
    assert compact.address_of(compact.address(text)) == text


def test_an_evm_address_takes_its_twenty_bytes() -> None:
    assert compact.address("0x" + "ab" * 20) == b"\xab" * 20


@given(st.lists(st.integers(-5, 2**40)) | st.lists(st.integers(0, 65_535)))
def test_days_read_back(numbers: list[int]) -> None:
    assert compact.days_of(compact.days(numbers)) == numbers


@given(st.lists(st.binary(max_size=600), max_size=8))
def test_parts_read_back(each: list[bytes]) -> None:
    assert list(compact.parts(b"".join(map(compact.part, each)))) == each


@pytest.mark.parametrize("text", ["USDT", "ethereum", "", "XYZ"])
def test_names_read_back(text: str) -> None:
    assert compact.name_of(compact.name(text)) == text


ids = st.one_of(
    st.from_regex(r"(w-|dep|acct_)?[0-9]{1,19}", fullmatch=True),
    st.uuids().map(str),
    st.uuids().map(lambda each: str(each).upper()),
    st.text(max_size=40),
)


@given(st.lists(ids, max_size=40), st.booleans())
def test_ids_read_back(texts: list[str], learns: bool) -> None:
    forms: list[compact.Form] = []
    compact.identifier("w-0001", forms)
    stored = [compact.identifier(text, forms, learns=learns) for text in texts]
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(stored))
    assert [compact.identifier_of(one, forms) for one in read] == texts
    assert learns or forms == [("w-", 4)]


@pytest.mark.parametrize(
    ("text", "most"), [("w-00026960", 5), ("5f0c7a52-9f5e-4b8e-9c1d-2f1f6a0b7c3d", 18), ("12345678901234567", 9)]
)
def test_ids_of_a_usual_form_are_short(text: str, most: int) -> None:
    assert len(msgspec.msgpack.encode(compact.identifier(text, []))) <= most


@given(st.integers(0, 2**62))
def test_values_read_back(micros: int) -> None:
    assert compact.value_of(compact.value(micros)) == micros


@given(st.lists(st.integers(-(2**53), 2**53), min_size=1))
def test_times_read_back(times: list[int]) -> None:
    times.sort()
    assert compact.times_of(compact.steps(times), times[0]) == times
