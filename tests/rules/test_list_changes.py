"""What changed between two states of the lists."""

from datetime import date

from rules.list_changes import compare, describe
from rules.lists import Alias, ListedAddress, ListEntry, SanctionsList


def entry(entry_id: str, name: str, *, addresses: tuple[str, ...] = (), aliases: tuple[str, ...] = ()) -> ListEntry:
    return ListEntry(
        entry_id=entry_id,
        name=name,
        source="TEST",
        addresses=tuple(ListedAddress(currency="ETH", address=each) for each in addresses),
        aliases=tuple(Alias(name=each) for each in aliases),
    )


def listing(*entries: ListEntry, name: str = "TEST", published: date | None = None) -> SanctionsList:
    return SanctionsList.of(name, entries, published=published)


def test_equal_lists_have_no_changes() -> None:
    assert compare([listing(entry("1", "A"))], [listing(entry("1", "A"))]) == []


def test_listed_delisted_and_changed_parties_are_told_apart() -> None:
    before = listing(entry("1", "A"), entry("2", "B", addresses=("x",)), entry("3", "C"))
    after = listing(entry("2", "B", addresses=("y",), aliases=("BB",)), entry("3", "C"), entry("4", "D", addresses=("z",)))
    (change,) = compare([before], [after])
    told = [
        (each.change, each.entry_id, each.names_added, each.addresses_added, each.addresses_removed)
        for each in describe(change)
    ]
    assert told == [
        ("listed", "4", ("D",), ("ETH z",), ()),
        ("delisted", "1", (), (), ()),
        ("changed", "2", ("BB",), ("ETH y",), ("ETH x",)),
    ]


def test_new_date_alone_is_a_change_without_parties() -> None:
    before, after = listing(entry("1", "A")), listing(entry("1", "A"), published=date(2026, 8, 20))
    (change,) = compare([before], [after])
    assert (change.hash_before, list(describe(change))) == (change.hash_after, [])


def test_lists_that_come_and_go_are_changes_of_all_their_parties() -> None:
    old, new = listing(entry("1", "A"), name="OLD"), listing(entry("1", "A"), name="NEW")
    came, went = compare([old], [new])
    assert (came.name, came.hash_before, len(came.added)) == ("NEW", "", 1)
    assert (went.name, went.hash_after, len(went.removed)) == ("OLD", "", 1)


def test_two_lists_of_one_name_are_compared_by_age() -> None:
    old, newer = listing(entry("1", "A"), published=date(2020, 1, 1)), listing(entry("2", "B"), published=date(2021, 1, 1))
    newest = listing(entry("2", "B"), entry("3", "C"), published=date(2021, 1, 1))
    (change,) = compare([newer, old], [old, newest])
    assert [each.entry_id for each in change.added] == ["3"]
