"""Events that came before are recognised: within bounds, across restarts, by id and content."""

from collections import defaultdict
from typing import Any

import pytest

from rules.seen import REMEMBERED, SEGMENT, Fingerprint, Meeting, Seen, fingerprint
from rules.transfer import Kind, Transfer

SMALLEST: dict[str, Any] = {
    "kind": Kind.DEPOSIT,
    "account_id": "a",
    "asset": "USDT",
    "amount": "1",
    "value_usd": "1",
    "addresses": (),
    "occurred_at": 1_735_689_600_000,
}


def transfer(event_id: str, **changes: Any) -> Fingerprint:
    return fingerprint(Transfer(**{**SMALLEST, "event_id": event_id, **changes}))


class Stored:
    """What the store does with changes: appends to segments, drops segments."""

    def __init__(self) -> None:
        self.segments: defaultdict[int, bytes] = defaultdict(bytes)

    def commit(self, seen: Seen) -> None:
        appended, expired = seen.take_changes()
        for number, packed in appended.items():
            self.segments[number] += packed
        for number in expired:
            self.segments.pop(number, None)


def test_an_event_is_new_once_and_repeated_from_then_on() -> None:
    seen = Seen()
    assert [seen.meet(transfer("e")) for _ in range(3)] == [Meeting.NEW, Meeting.REPEATED, Meeting.REPEATED]
    assert seen.meet(transfer("f")) is Meeting.NEW


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "1.0"},
        {"value_usd": "2"},
        {"account_id": "b"},
        {"kind": Kind.WITHDRAWAL},
        {"addresses": ("x",)},
        {"occurred_at": 1_735_689_600_001},
        {"memo": "x"},
        {"device_id": "d"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_same_id_with_other_content_conflicts(change: dict[str, Any]) -> None:
    seen = Seen()
    seen.meet(transfer("e"))
    assert seen.meet(transfer("e", **change)) is Meeting.CONFLICTING


def test_a_conflicting_event_does_not_replace_the_one_that_was_judged() -> None:
    seen = Seen()
    seen.meet(transfer("e"))
    seen.meet(transfer("e", amount="2"))
    assert seen.meet(transfer("e")) is Meeting.REPEATED
    assert seen.meet(transfer("e", amount="2")) is Meeting.CONFLICTING


def test_the_last_events_are_remembered_and_the_memory_is_bounded() -> None:
    seen = Seen()
    total = REMEMBERED + 4 * SEGMENT
    for number in range(total):
        assert seen.meet(transfer(f"e{number}")) is Meeting.NEW
    assert seen.meet(transfer(f"e{total - REMEMBERED}")) is Meeting.REPEATED
    assert seen.meet(transfer("e0")) is Meeting.NEW
    assert len(seen.segments) * SEGMENT <= REMEMBERED + 2 * SEGMENT


@pytest.mark.parametrize("every", [1_000, SEGMENT, 3 * SEGMENT + 1])
def test_a_memory_brought_back_from_the_store_is_the_one_that_was_committed(every: int) -> None:
    seen, stored = Seen(), Stored()
    total = REMEMBERED + 3 * SEGMENT + 17
    for number in range(total):
        seen.meet(transfer(f"e{number}"))
        if number % every == every - 1:
            stored.commit(seen)
    stored.commit(seen)
    back = Seen(dict(stored.segments))
    assert back.segments == seen.segments
    probes = [0, 1, total - REMEMBERED - 3 * SEGMENT, total - REMEMBERED, total - SEGMENT, total - 1, total, total + 1]
    for probe in probes:
        assert back.meet(transfer(f"e{probe}")) is seen.meet(transfer(f"e{probe}"))
    assert back.meet(transfer(f"e{total - 1}", amount="2")) is Meeting.CONFLICTING
    assert back.take_changes() == seen.take_changes()


def test_changes_are_handed_over_once_and_hold_sixteen_bytes_an_event() -> None:
    seen = Seen()
    for name in ("a", "b", "b"):
        seen.meet(transfer(name))
    appended, expired = seen.take_changes()
    assert {number: len(packed) for number, packed in appended.items()} == {0: 32}
    assert expired == ()
    assert seen.take_changes() == ({}, ())


def test_a_segment_that_came_and_went_between_two_commits_leaves_nothing_in_the_store() -> None:
    seen, stored = Seen(), Stored()
    for number in range(REMEMBERED + 6 * SEGMENT):
        seen.meet(transfer(f"e{number}"))
    stored.commit(seen)
    assert sorted(stored.segments) == list(seen.segments)
