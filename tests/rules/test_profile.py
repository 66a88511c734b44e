"""An account's profile: bounded, in event time, the same whatever the order of arrival."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.profile import (
    CONTACTS,
    DAY_MS,
    DAYS,
    OVERDUE_MS,
    RECENT_MS,
    RECENT_TRANSFERS,
    Day,
    Movement,
    Profile,
    contact_key,
)

T0 = 1_773_576_000_000
HOUR = 3_600_000
COLUMNS = ("occurred_ms", "inflow", "value", "address", "detail")
SLACK = 16  # forgetting some at a time

transfers = st.lists(
    st.tuples(st.integers(0, RECENT_MS - 1), st.booleans(), st.integers(0, 10**15)),
    min_size=1,
    max_size=RECENT_TRANSFERS,
    unique_by=lambda one: one[0],
)


def add(profile: Profile, at: int, inflow: bool = True, value: int = 1_000_000) -> int:
    return profile.add(T0 + at, inflow, value, f"address-{at}", (f"event-{at}", str(value), "USDT", "tron"))


def filled(entries: Sequence[tuple[int, bool, int]]) -> Profile:
    profile = Profile()
    for at, inflow, value in entries:
        add(profile, at, inflow, value)
    return profile


@given(transfers, st.randoms(use_true_random=False))
def test_order_of_arrival_inside_a_window_does_not_matter(entries: list[tuple[int, bool, int]], shuffle: Random) -> None:
    other = list(entries)
    shuffle.shuffle(other)
    assert filled(entries) == filled(other)


@given(transfers)
def test_the_index_given_back_is_where_the_transfer_stands(entries: list[tuple[int, bool, int]]) -> None:
    profile = Profile()
    for at, inflow, value in entries:
        index = add(profile, at, inflow, value)
        assert profile.detail[index][0] == f"event-{at}"
        assert profile.occurred_ms == sorted(profile.occurred_ms)


@given(st.lists(st.tuples(st.integers(0, 400 * DAY_MS), st.booleans(), st.integers(0, 10**17)), max_size=200))
def test_a_profile_is_bounded_and_its_columns_run_in_parallel(entries: list[tuple[int, bool, int]]) -> None:
    profile = Profile()
    for at, inflow, value in entries:
        index = add(profile, at, inflow, value)
        lengths = {len(getattr(profile, column)) for column in COLUMNS}
        assert len(lengths) == 1
        assert lengths.pop() <= RECENT_TRANSFERS + SLACK
        assert len(profile.days) <= DAYS
        assert index == -1 or profile.detail[index][0] == f"event-{at}"
        assert all(one <= two for one, two in pairwise(profile.occurred_ms))
        assert all(day.deposited < 2**63 and day.withdrawn < 2**63 for day in profile.days.values())


@given(transfers, st.data())
def test_since_is_the_half_open_window(entries: list[tuple[int, bool, int]], data: st.DataObject) -> None:
    profile = filled(entries)
    index = data.draw(st.integers(0, len(entries) - 1))
    window = data.draw(st.integers(1, RECENT_MS))
    now = profile.occurred_ms[index]
    inside = [at for at in profile.occurred_ms[: index + 1] if now - window < at <= now]
    assert profile.occurred_ms[profile.since(index, window) : index + 1] == inside


@given(transfers)
def test_daily_sums_add_up_to_what_was_added(entries: list[tuple[int, bool, int]]) -> None:
    days = filled(entries).days.values()
    assert sum(day.deposits + day.withdrawals for day in days) == len(entries)
    assert sum(day.deposited for day in days) == sum(value for _, inflow, value in entries if inflow)
    assert sum(day.withdrawn for day in days) == sum(value for _, inflow, value in entries if not inflow)


def test_a_late_transfer_lands_where_it_belongs() -> None:
    profile = filled([(0, True, 1), (2 * HOUR, True, 2)])
    assert add(profile, HOUR, False, 3) == 1
    assert profile.value == [1, 3, 2]
    assert profile.inflow == [True, False, True]


def test_of_two_at_the_same_moment_the_later_arrival_stands_last() -> None:
    profile = filled([(0, True, 1), (HOUR, True, 3)])
    assert add(profile, 0, True, 2) == 1
    assert profile.value == [1, 2, 3]


def test_at_the_same_moment_a_deposit_stands_before_the_withdrawals_whichever_came_first() -> None:
    profile = filled([(0, True, 1), (HOUR, False, 4), (HOUR, False, 5)])
    assert add(profile, HOUR, True, 3) == 1
    assert add(profile, 0, False, 2) == 1
    assert profile.value == [1, 2, 3, 4, 5]


facts = st.tuples(st.integers(0, 3), st.booleans(), st.none() | st.integers(1, 3), st.sampled_from(["", "a", "b"]))


@given(st.lists(facts, max_size=8), st.randoms(use_true_random=False))
def test_what_is_told_of_the_account_does_not_depend_on_how_the_two_topics_interleave(
    told: list[tuple[int, bool, int | None, str]], shuffle: Random
) -> None:
    topics = [[one for one in told if one[1]], [one for one in told if not one[1]]]
    turns = [one[1] for one in told]
    shuffle.shuffle(turns)
    arrival = [(topics[0] if deposit else topics[1]).pop(0) for deposit in turns]
    one, other = Profile(), Profile()
    for fact in told:
        one.learn(*fact)
    for fact in arrival:
        other.learn(*fact)
    assert one == other


def test_the_earliest_opening_date_and_the_newest_account_type_are_kept() -> None:
    profile = Profile()
    profile.learn(T0, True, 7, "individual")
    profile.learn(T0 + HOUR, True, 9, "business")
    profile.learn(T0 - HOUR, True, 5, "minor")
    profile.learn(T0 + 2 * HOUR, True, None, "")
    assert (profile.opened_ms, profile.account_type) == (5, "business")


def test_what_is_older_than_all_that_is_kept_counts_for_its_day_only() -> None:
    profile = filled([(100 * DAY_MS + n * HOUR, True, 1) for n in range(RECENT_TRANSFERS)])
    assert add(profile, 100 * DAY_MS - HOUR) == -1
    assert len(profile.occurred_ms) == RECENT_TRANSFERS
    assert profile.days[(T0 + 100 * DAY_MS - HOUR) // DAY_MS].deposits >= 1
    assert profile.first_ms == T0 + 100 * DAY_MS - HOUR


def test_a_window_is_covered_until_something_inside_it_is_forgotten() -> None:
    most = RECENT_TRANSFERS + SLACK
    profile = filled([(n * HOUR, True, 1) for n in range(most)])
    assert profile.covers(most - 1, 30 * DAY_MS)
    last = add(profile, most * HOUR)
    assert last == RECENT_TRANSFERS - 1
    assert profile.forgotten_ms == T0 + SLACK * HOUR
    assert profile.covers(last, RECENT_TRANSFERS * HOUR)
    assert not profile.covers(last, RECENT_TRANSFERS * HOUR + 1)


def test_a_single_absurd_date_does_not_erase_the_history() -> None:
    profile = filled([(n * HOUR, True, 1) for n in range(5)])
    add(profile, 20_000 * DAY_MS)
    assert len(profile.occurred_ms) == 6


def test_history_older_than_the_longest_window_is_forgotten() -> None:
    profile = filled([(0, True, 1), (OVERDUE_MS, True, 2), (OVERDUE_MS + HOUR, True, 3)])
    assert profile.value == [2, 3]
    assert profile.forgotten_ms == T0


def test_how_long_a_history_is_kept_is_exact() -> None:
    assert filled([(0, True, 1), (OVERDUE_MS, True, 2), (OVERDUE_MS, True, 3)]).value == [2, 3]
    assert filled([(0, True, 1), (OVERDUE_MS - 1, True, 2), (OVERDUE_MS + HOUR, True, 3)]).value == [1, 2, 3]
    assert filled([(0, True, 1), (OVERDUE_MS, True, 2), (OVERDUE_MS - 1, True, 3)]).value == [1, 3, 2]


def test_what_came_up_to_what_was_forgotten_has_no_place_any_more() -> None:
    profile = filled([(0, True, 1), (OVERDUE_MS, True, 2), (OVERDUE_MS + HOUR, True, 3)])
    assert add(profile, 0) == -1
    assert add(profile, 1) == 0


def test_only_what_is_overdue_goes_while_there_is_room() -> None:
    recent = [(OVERDUE_MS - HOUR + n, True, 1) for n in range(RECENT_TRANSFERS + SLACK - 3)]
    profile = filled([(0, True, 1), *recent, (OVERDUE_MS, True, 1), (OVERDUE_MS, True, 1)])
    assert len(profile.occurred_ms) == RECENT_TRANSFERS + SLACK - 1


def test_making_room_drops_what_is_as_old_as_the_longest_window_with_it() -> None:
    surplus = SLACK + 1  # one more than there is room for
    early, edge = [(n, True, 1) for n in range(surplus)], (surplus, True, 1)
    later = [(surplus + HOUR + n, True, 1) for n in range(RECENT_TRANSFERS - 3)]
    profile = filled([*early, edge, *later, (surplus + RECENT_MS, True, 1), (surplus + RECENT_MS, True, 1)])
    assert profile.forgotten_ms == T0 + surplus
    assert len(profile.occurred_ms) == RECENT_TRANSFERS - 1


def test_at_the_same_moment_a_withdrawals_word_on_the_account_counts_whichever_came_first() -> None:
    for inflows in ((True, False), (False, True)):
        profile = Profile()
        for inflow in inflows:
            profile.learn(T0, inflow, None, "deposit says" if inflow else "withdrawal says")
        assert profile.account_type == "withdrawal says"


def test_days_before_leaves_out_the_day_itself_and_days_without_transfers() -> None:
    profile = filled([(-3 * DAY_MS, True, 5), (-DAY_MS, False, 7), (0, True, 9)])
    assert profile.days_before(2, 3) == [Day(1, 5, 0, 0), Day(0, 0, 1, 7)]
    assert profile.days_before(2, 2) == [Day(0, 0, 1, 7)]


def test_daily_sums_are_kept_for_the_newest_days() -> None:
    profile = filled([(n * DAY_MS, True, 1) for n in range(DAYS + 1)])
    assert len(profile.days) == DAYS
    assert T0 // DAY_MS not in profile.days


@pytest.mark.parametrize("inflow", [True, False])
def test_sums_stay_inside_64_bits(inflow: bool) -> None:
    profile = Profile()
    for at in range(60):
        add(profile, at, inflow, 10**17)
    (day,) = profile.days.values()
    assert max(day.deposited, day.withdrawn) == 2**62


@given(transfers, st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 100)), max_size=3))
def test_a_profile_is_the_fold_of_its_movements(entries: list[tuple[int, bool, int]], told: list[tuple[str, int]]) -> None:
    judged, folded = filled(entries), Profile()
    judged.learn(T0 + entries[0][0], entries[0][1], 5, "business")
    for alert_id, occurred_ms in told:
        judged.stories.tell(alert_id, occurred_ms)
    for number, (at, inflow, value) in enumerate(entries):
        detail = (f"event-{at}", str(value), "USDT", "tron")
        opened, kind, stories = (5, "business", tuple(told)) if number == 0 else (None, "", ())
        country = ("", "KP", "us")[number % 3]
        if country:
            judged.locate(T0 + at, inflow, country)
        met = (contact_key(f"address-{at}"),)
        judged.meet(met, T0 + at)
        folded.apply(Movement(T0 + at, inflow, value, f"address-{at}", *detail, opened, kind, country, met, stories))
    assert folded == judged


@pytest.mark.parametrize("arrival", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_last_place_is_that_of_the_newest_transfer_whatever_arrives_last(arrival: tuple[int, ...]) -> None:
    profile, visits = Profile(), [(T0, True, "se"), (T0 + HOUR, True, "KR"), (T0 + HOUR, False, "jp")]
    for n in arrival:
        profile.locate(*visits[n])
    assert (profile.ip_country, profile.ip_country_ms) == ("JP", T0 + HOUR)


def test_a_profile_knows_whom_it_met_on_earlier_days_and_forgets_the_oldest_when_there_are_too_many() -> None:
    profile = filled([(0, True, 1), (DAY_MS, True, 1)])
    assert not profile.met_before("0xa", 1)
    profile.meet([contact_key("0xa")], T0)
    assert profile.met_before("0xa", 1)
    assert not profile.met_before("0xa", 0)
    profile.meet(range(CONTACTS), T0 + DAY_MS)
    assert not profile.met_before("0xa", 1)
    assert len(profile.contacts) == CONTACTS


def test_evidence_carries_the_transfer_and_what_it_shows() -> None:
    profile = filled([(0, True, 1_500_000), (HOUR, False, 2)])
    (one,) = profile.evidence((0,), "came in")
    assert (one.event_id, one.value_usd, one.asset, one.shows) == ("event-0", "1.50", "USDT", "came in")
    assert one.occurred_at.tzinfo is not None
