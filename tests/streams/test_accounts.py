"""A stored profile is a snapshot and what happened since; read back it is the profile that was judged with."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine import AccountsEngine
from rules.knowledge import Knowledge
from rules.profile import CONTACTS
from streams.accounts import AccountsStage
from streams.delivery.stage import FORGOTTEN_DAYS, REFRESHED_DAYS, Writes
from streams.rulefiles import load_rules
from streams.stored_profile import WHOLE_BYTES
from streams.watchlists import load_watchlist

STAGE = AccountsStage(AccountsEngine(load_rules(), Knowledge(load_watchlist(("demo",)))))
LISTED = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
T0 = 1_767_225_600_000


def transfer(number: int, hour: int, kind: str, usd: int, account: str, address: str, **facts: Any) -> bytes:
    return json.dumps(
        {
            "event_id": f"event-{number}",
            "kind": kind,
            "account_id": account,
            "asset": "USDT",
            "network": "ethereum",
            "amount": str(usd),
            "value_usd": str(usd),
            "addresses": [address],
            "occurred_at": T0 + hour * HOUR_MS,
            "account": {"opened_at": T0 - HOUR_MS * (number % 3), **facts},
        }
    ).encode()


class Stored:
    """What Redis would hold after each batch."""

    def __init__(self) -> None:
        self.states: dict[str, Any] = {}
        self.kept: dict[str, bytes] = {}
        self.memory = STAGE.open_memory({})
        self.offset = 0

    def batch(self, lines: list[bytes], judged_ms: int = T0) -> Writes:
        records: tuple[list[tuple[int, bytes, bytes]], ...] = ([], [])
        for line in lines:
            fields = json.loads(line)
            place = 0 if fields["kind"] == "deposit" else 1
            records[place].append((self.offset, fields["account_id"].encode(), line))
            self.offset += 1
        work = STAGE.decode(0, records)
        for key in work.keys:
            self.states.setdefault(key, STAGE.fresh_state(key))
        writes = STAGE.judge(work, 0, self.states, self.memory, judged_ms).writes
        assert not set(writes.replaced) & set(writes.appended)
        for key, value in writes.replaced.items():
            self.kept[key] = value
        for key, value in writes.appended.items():
            self.kept[key] = self.kept[key] + value
        return writes


lines = st.lists(
    st.tuples(
        st.integers(0, 1_500),
        st.sampled_from(["deposit", "withdrawal"]),
        st.sampled_from([5, 900, 9_500, 250_000]),
        st.sampled_from(["a", "b"]),
        st.sampled_from([LISTED, "0x" + "1" * 40, "0x" + "2" * 40]),
    ),
    min_size=1,
    max_size=120,
)


@settings(max_examples=60, deadline=None)
@given(entries=lines, size=st.integers(1, 30))
def test_stored_profiles_read_back_as_they_were(entries: list[Any], size: int) -> None:
    stored = Stored()
    made = [transfer(number, *entry) for number, entry in enumerate(entries)]
    for first in range(0, len(made), size):
        stored.batch(made[first : first + size])
    for key, state in stored.states.items():
        assert msgspec.to_builtins(STAGE.load_state(key, stored.kept[key])) == msgspec.to_builtins(state)


def test_a_small_profile_is_written_as_a_whole_and_a_large_one_now_and_again() -> None:
    stored = Stored()
    whole, small = [], []
    for number in range(400):
        writes = stored.batch([transfer(number, number, "deposit", 10, "a", f"0x{number:040x}")])
        whole.append("a" in writes.replaced)
        small.append(len(stored.kept["a"]) <= WHOLE_BYTES)
        assert ("a" in writes.appended) is not whole[-1]
        assert STAGE.load_state("a", stored.kept["a"]) == stored.states["a"]
    assert all(one for one, is_small in zip(whole, small, strict=True) if is_small)
    assert 2 <= sum(one for one, is_small in zip(whole, small, strict=True) if not is_small) <= small.count(False) // 10


def test_a_holder_who_is_named_anew_when_there_is_no_room_for_contacts_reads_back() -> None:
    stored = Stored()
    for number in range(CONTACTS + 8):
        line = transfer(number, number, "deposit", 10, "a", f"0x{number:040x}", holder_name="Jane Roe")
        stored.batch([line])
        read, held = STAGE.load_state("a", stored.kept["a"]), stored.states["a"]
        assert list(read.contacts.items()) == list(held.contacts.items()), number


def test_the_expiry_is_put_off_while_there_is_something_to_write() -> None:
    stored = Stored()
    for number in range(300):
        stored.batch([transfer(number, number, "deposit", 10, "a", f"0x{number:040x}")])
    for days in range(2 * REFRESHED_DAYS):
        later = stored.batch([transfer(1_000 + days, 301, "deposit", 10, "a", LISTED)], T0 + days * DAY_MS)
        assert stored.states["a"].kept_day > (T0 // DAY_MS) + days - REFRESHED_DAYS
        if days in (0, 1):
            assert "a" in later.appended


@pytest.mark.parametrize(("silent", "is_forgotten"), [(FORGOTTEN_DAYS, False), (FORGOTTEN_DAYS + 1, True)])
def test_who_was_silent_for_years_is_met_for_the_first_time_whether_or_not_redis_still_knows(
    silent: int, is_forgotten: bool
) -> None:
    stored = Stored()
    stored.batch([transfer(1, 1, "deposit", 10, "a", LISTED)])
    stored.batch([transfer(2, 2, "deposit", 10, "a", LISTED)], T0 + silent * DAY_MS)
    assert len(stored.states["a"].value) == (1 if is_forgotten else 2)
    assert STAGE.load_state("a", stored.kept["a"]) == stored.states["a"]


def test_a_batch_of_nothing_new_writes_nothing() -> None:
    stored = Stored()
    line = transfer(1, 1, "deposit", 10, "a", LISTED)
    stored.batch([line])
    writes = stored.batch([line])
    assert (writes.replaced, writes.appended) == ({}, {})
