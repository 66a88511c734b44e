"""Answers that are remembered."""

from collections.abc import Callable, Hashable
from typing import TypeVar

_Question = TypeVar("_Question", bound=Hashable)
_Answer = TypeVar("_Answer")


class Memo(dict[_Question, _Answer]):
    """What a pure function of one argument gives, up to `bound` answers; then it begins anew.

    Asked as `memo[question]`. For hot paths: `functools.lru_cache` puts every answer it gives at the end of a linked list,
    which touches memory all over the place.
    """

    def __init__(self, answer: Callable[[_Question], _Answer], bound: int) -> None:
        super().__init__()
        self._answer, self._bound = answer, bound

    def __missing__(self, question: _Question) -> _Answer:
        """Ask the function; it may raise, and then nothing is remembered."""
        answer = self._answer(question)
        if len(self) >= self._bound:
            self.clear()
        self[question] = answer
        return answer
