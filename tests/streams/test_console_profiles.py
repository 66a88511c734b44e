"""Profiles as the console shows them."""

import asyncio

import pytest

from rules.profile import DAY_MS, RECENT_TRANSFERS, Profile
from streams.console.profiles import Profiles, told
from streams.errors import Unreachable
from streams.security import RedisAccess

_HOUR_MS = 3_600_000


def _profile(*transfers: tuple[int, bool, int, str]) -> Profile:
    made = Profile()
    for number, (at_ms, inflow, value, address) in enumerate(transfers):
        made.add(at_ms, inflow, value, address, (f"e{number}", "1", "ETH", "ethereum"))
    return made


def test_a_profile_is_told_newest_first_with_days_and_hours_filled_up() -> None:
    shown = told(
        _profile(
            (10 * DAY_MS + 3 * _HOUR_MS, True, 5_000_000, "0xa"),
            (12 * DAY_MS + 3 * _HOUR_MS, False, 2_000_000, "0xb"),
            (12 * DAY_MS + 4 * _HOUR_MS, False, 9_000_000, "0xa"),
        )
    )
    assert [one["event_id"] for one in shown["transfers"]] == ["e2", "e1", "e0"]
    assert [(one["at_ms"] // DAY_MS, one["deposited"], one["withdrawn"]) for one in shown["days"]] == [
        (10, "5.00", "0.00"),
        (11, "0.00", "0.00"),
        (12, "0.00", "11.00"),
    ]
    assert (shown["hours"][3], shown["hours"][4], sum(shown["hours"])) == (2, 1, 3)
    assert shown["usual"] == {"deposit": "5.00", "withdrawal": "2.00"}
    met = [(one["address"], one["deposits"], one["withdrawals"], one["last_ms"] // DAY_MS) for one in shown["addresses"]]
    assert met == [("0xa", 1, 1, 12), ("0xb", 0, 1, 12)]
    assert shown["assets"] == {"ETH on ethereum": 3}


def test_an_account_without_transfers_has_nothing_to_tell() -> None:
    shown = told(Profile())
    assert (shown["days"], shown["transfers"], shown["addresses"], shown["first_ms"]) == ([], [], [], None)
    assert shown["usual"] == {"deposit": None, "withdrawal": None}


def test_a_long_life_is_told_in_bounds() -> None:
    shown = told(_profile(*((number * DAY_MS, False, 1_000_000, f"0x{number}") for number in range(1, 400))))
    assert len(shown["days"]) <= 90
    assert len(shown["addresses"]) == 20
    assert len(shown["transfers"]) <= RECENT_TRANSFERS + 16
    assert shown["forgotten_ms"] is not None


def test_redis_away_is_said_soon() -> None:
    away = Profiles(RedisAccess("redis://127.0.0.1:1/0"), "lockgate", lambda: 4)
    with pytest.raises(Unreachable, match="does not tell"):
        asyncio.run(away.of("acct-1"))
    unknown = Profiles(RedisAccess("redis://127.0.0.1:1/0"), "lockgate", lambda: 0)
    with pytest.raises(Unreachable, match="not known yet"):
        asyncio.run(unknown.of("acct-1"))
