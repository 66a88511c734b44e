"""Answers that are remembered: each question is asked once, until there are too many answers."""

import pytest

from rules.memo import Memo


def test_each_question_is_asked_once_until_there_is_no_room() -> None:
    asked: list[int] = []

    def double(number: int) -> int:
        asked.append(number)
        return 2 * number

    memo = Memo(double, 2)
    assert [memo[1], memo[2], memo[1], memo[2]] == [2, 4, 2, 4]
    assert (asked, len(memo)) == ([1, 2], 2)
    assert [memo[3], memo[1]] == [6, 2]
    assert asked == [1, 2, 3, 1]


def test_a_question_that_cannot_be_answered_is_asked_again() -> None:
    memo = Memo(int, 2)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            memo["no number"]
    assert not memo
