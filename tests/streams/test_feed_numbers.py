"""Numbers as ledgers write them."""

from decimal import Decimal

import pytest

from streams.feed_numbers import Mark, plain_number


@pytest.mark.parametrize(
    ("cell", "mark", "number"),
    [
        ("1250,50", ",", "1250.50"),
        ("1.250,50", ",", "1250.50"),
        ("1\N{NO-BREAK SPACE}250,50", ",", "1250.50"),
        ("1\N{NARROW NO-BREAK SPACE}250\N{NARROW NO-BREAK SPACE}000", ",", "1250000"),
        ("1.250", ",", "1250"),
        ("0,00000001", ",", "0.00000001"),
        ("1,250.50", ".", "1250.50"),
        ("1,250,000", ".", "1250000"),
        ("1'250.50", ".", "1250.50"),
        ("1250.5", ".", "1250.5"),
        ("-4,5", ",", "-4.5"),
    ],
)
def test_grouped_digits_and_decimal_marks(cell: str, mark: Mark, number: str) -> None:
    assert plain_number(cell, mark) == number


@pytest.mark.parametrize(
    ("cell", "mark", "kept"),
    [
        ("1,250", ".", "1,250"),  # 1.25 or 1250
        ("4.5", ",", "4.5 (decimal is ',')"),
        ("1250.50", ",", "1250.50 (decimal is ',')"),
        ("12,5 EUR", ",", "12,5 EUR"),
        ("1.25.500", ",", "1.25.500 (decimal is ',')"),
        ("1e-5", ".", "1e-5"),
        ("\N{ARABIC-INDIC DIGIT FIVE}", ".", "\N{ARABIC-INDIC DIGIT FIVE}"),
    ],
)
def test_what_may_be_another_number_is_kept_for_the_dead_letter(cell: str, mark: Mark, kept: str) -> None:
    assert plain_number(cell, mark) == kept


def test_a_rate_makes_dollars_of_another_currency() -> None:
    assert plain_number("2.462,15", ",", rate=Decimal("1.16")) == "2856.094000"


def test_signs_are_dropped_where_they_say_the_direction() -> None:
    assert plain_number("\N{MINUS SIGN}1 200,5", ",", signed=True) == "1200.5"
    assert plain_number("+3", ".", signed=True) == "3"
