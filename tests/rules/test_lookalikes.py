"""What of an address a person looks at, and which known address another one imitates."""

import pytest

from rules.lookalikes import alike, ends, imitated, places


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("0x1234567890abcdef", ("0x1234", "cdef")),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", ("bc1qw508", "f3t4")),
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", ("TR7NH", "Lj6t")),
        ("someone.near", ("some", "near")),
    ],
)
def test_the_ends_leave_out_what_every_address_of_the_chain_begins_with(address: str, expected: tuple[str, str]) -> None:
    assert ends(address, 4, 4) == expected


def test_an_address_imitates_those_with_the_same_ends_and_not_itself() -> None:
    known = ["0x1111aa2222", "0x1111bb2222", "0x1112aa2222", "0x1111aa2223", ""]
    assert imitated("0x1111bb2222", known, 4, 4) == [0]
    assert imitated("0x1111cc2222", known, 4, 4) == [0, 1]
    assert imitated("0x9999cc2222", known, 4, 4) == []


def test_places_are_all_of_the_address_itself() -> None:
    assert list(places("a", ["b", "a", "c", "a"])) == [1, 3]
    assert list(places("a", [])) == []


def test_alike_are_those_that_end_the_same() -> None:
    assert alike("0xaa22", ["0xbb22"], 2)
    assert not alike("0xaa22", ["0xbb22", "0x22cc"], 3)
    assert not alike("0xaa22", ["0x2", "2", "0xa223"], 2)
    assert not alike("0xaa22", [], 2)
