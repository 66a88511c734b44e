"""The log of lists: whoever reads it comes to the same lists, and half an announcement never counts."""

import random
from datetime import date

import pytest

from rules import list_log
from rules.list_changes import slots
from rules.list_log import Announced, BrokenLog, InForce, ListLog, announcement, apply, facts_of, read, version_of
from rules.lists import Alias, ListedAddress, ListEntry, SanctionsList


def entry(number: int, name: str = "PARTY", remarks: str = "") -> ListEntry:
    return ListEntry(
        entry_id=str(number),
        name=f"{name} {number}",
        source="TEST",
        addresses=(ListedAddress(currency="ETH", address=f"0x{number:040x}"),),
        aliases=(Alias(name=f"ALIAS {number}"),),
        remarks=remarks,
    )


def listing(numbers: range, *, name: str = "TEST", day: int = 1, party: str = "PARTY") -> SanctionsList:
    return SanctionsList.of(name, [entry(number, party) for number in numbers], published=date(2026, 8, day))


def announce(before: list[SanctionsList], after: list[SanctionsList], name: str = "a") -> list[bytes]:
    return announcement(before, after, name=name, by="test", at_ms=0)


def take(log: ListLog, records: list[bytes]) -> list[Announced]:
    read_records = [read(each) for each in records]
    return [done for each in read_records if each is not None and (done := log.take(each)) is not None]


def test_every_version_can_be_rebuilt_from_the_log() -> None:
    chance = random.Random(5)
    log, held = ListLog(), {}
    lists: list[SanctionsList] = []
    for round_ in range(12):
        start = chance.randrange(50)
        after = [listing(range(start, start + 60), day=1 + round_), listing(range(chance.randrange(5)), name="OTHER", day=2)]
        after = after[: chance.choice((1, 2))]
        (done,) = take(log, announce(lists, after, name=str(round_)))
        held = apply(held, done)
        assert [(each.name, each.hash, each.published) for each in held.values()] == [
            (each.name, each.hash, each.published) for each in slots(after).values()
        ]
        assert log.version == version_of(facts_of(after))
        lists = after


def test_large_changes_come_in_parts_and_unfinished_ones_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_log, "PART_BYTES", 2_000)
    records = announce([], [listing(range(50))])
    assert len(records) > 5
    for missing in range(len(records) - 1):
        log = ListLog()
        assert take(log, records[:missing] + records[missing + 1 :]) == []
        assert log.version == ""
    log = ListLog()
    (done,) = take(log, records)
    assert len(next(iter(apply({}, done).values())).entries) == 50


def test_of_two_announcements_made_at_once_the_first_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_log, "PART_BYTES", 1_000)
    first, second = announce([], [listing(range(30))], "one"), announce([], [listing(range(31))], "two")
    mixed = [each for pair in zip(first, second, strict=False) for each in pair]
    mixed += first[len(second) :] + second[len(first) :]
    log = ListLog()
    (done,) = take(log, mixed)
    ends = [each for each in map(read, mixed) if isinstance(each, InForce)]
    assert done.end == ends[0]
    assert log.version == ends[0].version


def test_announcement_against_another_version_does_not_count() -> None:
    log = ListLog()
    base = [listing(range(3))]
    take(log, announce([], base))
    version = log.version
    assert take(log, announce([listing(range(4))], [listing(range(5))], "b")) == []
    assert log.version == version


def test_new_date_alone_is_announced() -> None:
    log = ListLog()
    base, later = [listing(range(3))], [listing(range(3), day=2)]
    (first,) = take(log, announce([], base))
    (second,) = take(log, announce(base, later, "b"))
    held = apply(apply({}, first), second)
    assert held["TEST", 0].published == date(2026, 8, 2)
    assert log.past == {first.end.version, second.end.version}


def test_what_is_no_record_is_passed_over() -> None:
    assert read(None) is read(b"") is read(b"{}") is read(b"\xff") is read(b'{"type":"other"}') is None


def test_announcement_of_other_content_than_it_names_is_noticed() -> None:
    log = ListLog()
    (done,) = take(log, announce([], [listing(range(3))]))
    other = slots([listing(range(9))])
    with pytest.raises(BrokenLog, match="the announced changes give"):
        apply(other, done)


def test_what_dead_announcers_left_does_not_pile_up() -> None:
    log = ListLog()
    for number in range(100):
        take(log, announce([], [listing(range(3))], str(number))[:-1])
    assert len(log._open) == 16
