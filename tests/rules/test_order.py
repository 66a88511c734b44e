"""Deposits and withdrawals come on two topics: whatever the order of arrival, the stories of event time are told.

A story may be told that event time alone would not have told (before a late deposit came, the past looked different);
none may be missed, and none is told twice.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.engine import JUDGED_AGAIN, AccountsEngine
from rules.intake import Intake, Item
from rules.profile import Profile
from rules.seen import Seen
from rules.transfer import AccountFacts, Kind, Transfer
from streams.rulefiles import load_rules

T0 = 1_773_576_000_000
HOUR = 3_600_000
RULESET = load_rules()

# values around the thresholds, times dense enough for windows of hours and days, one sender known and many new
entries = st.lists(
    st.tuples(
        st.integers(0, 8 * 24 * 4),
        st.booleans(),
        st.sampled_from([50, 900, 2_800, 2_950, 4_000, 9_100, 9_500, 9_900, 12_000, 30_000]),
        st.sampled_from(["known", "other", ""]),
    ),
    min_size=2,
    max_size=JUDGED_AGAIN,
    unique_by=lambda one: one[0],
)
Entry = tuple[int, bool, int, str]


def item(entry: Entry) -> Item:
    quarter, inflow, value, who = entry
    occurred = T0 + quarter * HOUR // 4
    transfer = Transfer(
        event_id=f"event-{quarter}",
        kind=Kind.DEPOSIT if inflow else Kind.WITHDRAWAL,
        account_id="account",
        asset="USDT",
        network="ethereum",
        amount=str(value),
        value_usd=str(value),
        addresses=(f"0x{1 if who == 'known' else quarter + 2:040x}",) if who else (),
        occurred_at=occurred,
        account=AccountFacts(opened_at=T0 - 24 * HOUR),
    )
    return (occurred, "deposits" if inflow else "withdrawals", quarter, value * 1_000_000, transfer, b"", T0 - 24 * HOUR)


def told(batches: Iterable[Sequence[Entry]]) -> Counter[tuple[str, str]]:
    engine, profiles, seen = AccountsEngine(RULESET), {"account": Profile()}, Seen()
    found: Counter[tuple[str, str]] = Counter()
    for batch in batches:
        outcome = engine.judge(Intake([item(entry) for entry in batch], []), 0, profiles, seen, T0)
        assert not outcome.tally.raised
        found.update((one.rule_id, one.alert_id) for alert in outcome.alerts for one in (alert, *alert.related))
    return found


@settings(max_examples=150, deadline=None)
@given(entries, st.randoms(use_true_random=False))
@example([(0, True, 9_500, "other"), (8, False, 9_100, "other")], Random(1))
def test_no_story_of_event_time_is_missed_in_another_order_of_arrival(history: list[Entry], shuffle: Random) -> None:
    shuffled = list(history)
    shuffle.shuffle(shuffled)
    in_order = told([sorted(history)])
    one_by_one = told([entry] for entry in shuffled)
    assert set(in_order) <= set(one_by_one)
    assert max(one_by_one.values(), default=1) == 1


@settings(max_examples=60, deadline=None)
@given(entries, st.integers(1, 16))
def test_how_event_time_is_cut_into_batches_changes_nothing(history: list[Entry], size: int) -> None:
    ordered = sorted(history)
    cut = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    assert told(cut) == told([ordered])


def test_a_pass_through_is_told_when_its_deposit_comes_late() -> None:
    deposit, withdrawal = (0, True, 9_500, "other"), (8, False, 9_100, "other")
    late = told([[withdrawal], [deposit]])
    assert late == told([[deposit, withdrawal]])
    assert {rule_id for rule_id, _ in late} == {"laundering.pass_through", "laundering.new_account_drained"}
