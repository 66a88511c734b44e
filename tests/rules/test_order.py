"""Deposits and withdrawals come on two topics: whatever the order of arrival, the state is the same, and no story is missed.

What may differ is written in docs/ordering.md: a story may be told that event time alone would not have told (before a
late deposit came, the past looked different), and what is asked about a transfer on its own is answered when it comes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.engine import AccountsEngine
from rules.intake import Intake, Item
from rules.messages import Alert, Severity
from rules.outcome import Outcome
from rules.panel import JUDGED_AGAIN
from rules.profile import RECENT_TRANSFERS, Profile
from rules.seen import Seen, fingerprint
from rules.stories import Stories
from rules.transfer import AccountFacts, Kind, Transfer
from streams.rulefiles import load_rules

T0 = 1_773_576_000_000
HOUR = 3_600_000
RULESET = load_rules()
COINS = [("USDT", "ethereum"), ("USDT", "tron"), ("BTC", "other"), ("XMR", "other")]
KNOWN, LOOKALIKE = f"0x1111{'a' * 32}2222", f"0x1111{'b' * 32}2222"


class Entry(NamedTuple):
    """A transfer of the account: when (quarters of an hour), which way, US dollars, with whom, as what."""

    quarter: int
    inflow: bool
    value: float
    who: str
    coin: int = 0


# values around the thresholds, times dense enough for windows of hours and days, one sender known and many new
strategy = st.builds(
    Entry,
    st.integers(0, 8 * 24 * 4),
    st.booleans(),
    st.sampled_from([0.5, 50, 900, 2_800, 2_950, 4_000, 9_100, 9_500, 9_900, 12_000, 30_000, 110_000]),
    st.sampled_from(["known", "lookalike", "other", ""]),
    st.sampled_from([0, 0, 0, 1, 2, 3]),
)
entries = st.lists(strategy, min_size=2, max_size=JUDGED_AGAIN, unique_by=lambda one: one.quarter)


def item(entry: Entry, number: int | None = None) -> Item:
    """`number` tells transfers of the same moment apart."""
    quarter, inflow, value, who, coin = entry
    number = quarter if number is None else number
    occurred = T0 + quarter * HOUR // 4
    asset, network = COINS[coin]
    addresses = {"known": (KNOWN,), "lookalike": (LOOKALIKE,), "": ()}.get(who, (f"0x{number + 2:040x}",))
    transfer = Transfer(
        event_id=f"event-{number}",
        kind=Kind.DEPOSIT if inflow else Kind.WITHDRAWAL,
        account_id="account",
        asset=asset,
        network=network,
        amount=str(value),
        value_usd=str(value),
        addresses=addresses,
        occurred_at=occurred,
        account=AccountFacts(opened_at=T0 - 24 * HOUR, type="business" if coin == 1 else None),
    )
    micros = int(value * 1_000_000)
    return (
        occurred,
        "deposits" if inflow else "withdrawals",
        number,
        micros,
        transfer,
        b"",
        T0 - 24 * HOUR,
        fingerprint(transfer),
    )


def judged(batches: Iterable[Sequence[Item]]) -> tuple[Profile, list[Outcome]]:
    engine, profiles, seen = AccountsEngine(RULESET), {"account": Profile()}, Seen()
    outcomes = [engine.judge(Intake(list(batch), []), 0, profiles, seen, T0) for batch in batches]
    assert not any(outcome.tally.raised for outcome in outcomes)
    return profiles["account"], outcomes


def alerts(batches: Iterable[Sequence[Entry]]) -> list[Alert]:
    _, outcomes = judged([item(entry) for entry in batch] for batch in batches)
    return [alert for outcome in outcomes for alert in outcome.alerts]


def told(batches: Iterable[Sequence[Entry]]) -> Counter[tuple[str, str]]:
    """How often each alert was sent, or told with another."""
    return Counter((one.rule_id, one.alert_id) for alert in alerts(batches) for one in (alert, *alert.related))


def stories(batches: Iterable[Sequence[Entry]]) -> dict[tuple[str, str], int]:
    """How severe each story has become, with its updates."""
    found: dict[tuple[str, str], int] = {}
    for alert in alerts(batches):
        for one, first in ((alert, alert.refers_to or alert.alert_id), *((one, one.alert_id) for one in alert.related)):
            key = (one.rule_id, first)
            found[key] = max(found.get(key, 0), list(Severity).index(one.severity))
    return found


def same_type(history: Iterable[Entry]) -> list[Entry]:
    """Thresholds by account type are those of the type known at the time: here it does not change."""
    return [entry if entry.coin != 1 else entry._replace(coin=0) for entry in history]


@settings(max_examples=200, deadline=None)
@given(entries, st.randoms(use_true_random=False))
@example([Entry(0, True, 9_500, "other"), Entry(8, False, 9_100, "other")], Random(1))
def test_no_story_of_event_time_is_missed_in_another_order_of_arrival(history: list[Entry], shuffle: Random) -> None:
    history = same_type(history)
    shuffled = list(history)
    shuffle.shuffle(shuffled)
    in_order, other = stories([sorted(history)]), stories([entry] for entry in shuffled)
    assert all(other.get(story, -1) >= severity for story, severity in in_order.items())
    assert max(told([entry] for entry in shuffled).values(), default=1) == 1


@settings(max_examples=60, deadline=None)
@given(entries, st.integers(1, 16))
def test_how_event_time_is_cut_into_batches_changes_nothing(history: list[Entry], size: int) -> None:
    ordered = sorted(history)
    cut = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    assert told(cut) == told([ordered])


def test_a_pass_through_is_told_when_its_deposit_comes_late() -> None:
    deposit, withdrawal = Entry(0, True, 9_500, "other"), Entry(8, False, 9_100, "other")
    late = told([[withdrawal], [deposit]])
    assert late == told([[deposit, withdrawal]])
    assert {rule_id for rule_id, _ in late} == {"laundering.pass_through", "laundering.new_account_drained"}


def interleaved(topics: Sequence[Sequence[Item]], turns: Sequence[bool], cuts: Sequence[int]) -> list[list[Item]]:
    """The records of two topics, each in its own order, as they come: batches of the given sizes."""
    waiting = [list(topic) for topic in topics]
    arrival = []
    for deposit_first in turns:
        topic = waiting[0] if deposit_first and waiting[0] else waiting[1] or waiting[0]
        arrival.append(topic.pop(0))
    arrival += waiting[0] + waiting[1]
    batches, start = [], 0
    for size in cuts:
        batches.append(arrival[start : start + size])
        start += size
    return [*batches, arrival[start:]]


arrivals = st.tuples(
    st.lists(st.booleans(), max_size=40),
    st.lists(st.integers(0, 7), max_size=8),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(strategy, max_size=40), arrivals, arrivals)
def test_two_interleavings_of_the_two_topics_give_the_same_state(
    history: list[Entry], first: tuple[list[bool], list[int]], second: tuple[list[bool], list[int]]
) -> None:
    """Inside a topic transfers may be late, and any number may be of the same moment."""
    assert len(history) <= RECENT_TRANSFERS
    numbered = [item(entry, number) for number, entry in enumerate(history)]
    topics = [[one for one in numbered if one[1] == name] for name in ("deposits", "withdrawals")]
    results = []
    for turns, cuts in (first, second):
        profile, outcomes = judged(interleaved(topics, turns[: len(history)], cuts))
        folded = Profile()
        for outcome in outcomes:
            for _, movement in outcome.movements:
                folded.apply(movement)
        assert folded == profile
        results.append((comparable(profile), facts(outcomes)))
    assert results[0] == results[1]


def comparable(profile: Profile) -> list[object]:
    """All of a profile but the stories told, which may be more in one order than in the other."""
    left_out = ("stories", "contacts")
    return [set(profile.contacts), *(getattr(profile, name) for name in profile.__struct_fields__ if name not in left_out)]


def facts(outcomes: Iterable[Outcome]) -> list[object]:
    """What is said of the transfers, whichever order they came in: a verdict on each withdrawal, a contact only once."""
    met = sorted((flow.address, flow.account_id) for one in outcomes for flow in one.flows if flow.first)
    verdicts = sorted(verdict.event_id for one in outcomes for verdict in one.verdicts)
    return [met, verdicts]


def test_a_story_that_only_the_order_of_arrival_tells_is_the_documented_difference() -> None:
    """Before its own deposit is known, a withdrawal looks like one that passes on another deposit."""
    own, other = Entry(4, True, 30_000, "other"), Entry(0, True, 10_000, "other")
    out = Entry(8, False, 9_500, "other")
    assert told([[other, own, out]]) != told([[other], [out], [own]])
    assert set(told([[other, own, out]])) <= set(told([[other], [out], [own]]))


def test_stories_are_not_part_of_what_must_agree() -> None:
    profile = Profile()
    profile.stories = Stories({"a": 1}, 0)
    assert comparable(profile) == comparable(Profile())
