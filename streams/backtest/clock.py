"""How much processor time each rule takes: measured in one round of several, told for all."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from rules.rule import NetworkRule, Rule

EVERY: Final = 4  # rounds; judgement: reading the clock twice costs more than a quick rule
_CALIBRATION: Final = 2_000


class RuleClock:
    """Wraps what asks each rule in sampled rounds, and only there.

    The first round stands for itself: names and addresses seen for the first time cost more than ever after.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._first = self._fresh()
        self._later = self._fresh()
        self._rounds = 0
        self._all = self._sampled = 0  # records of the rounds after the first
        self._cost = _cost_of_measuring()

    def _fresh(self) -> dict[str, list[int]]:
        return {rule.about.id: [0, 0] for rule in self._rules}  # nanoseconds, calls

    @contextmanager
    def round(self, size: int) -> Iterator[None]:
        """Judge a round of so many records inside this."""
        self._rounds += 1
        if self._rounds == 1:
            spent = self._first
        else:
            self._all += size
            if self._rounds % EVERY != 2:
                yield
                return
            self._sampled += size
            spent = self._later
        for rule in self._rules:
            for name in _questions(rule):
                vars(rule)[name] = _timed(getattr(rule, name), spent[rule.about.id])
        try:
            yield
        finally:
            for rule in self._rules:
                for name in _questions(rule):
                    del vars(rule)[name]

    def seconds(self) -> dict[str, float]:
        """The time of each rule in all rounds, without what measuring takes."""
        share = self._all / self._sampled if self._sampled else 0.0
        return {
            rule_id: self._net(first) + self._net(later) * share
            for (rule_id, first), later in zip(self._first.items(), self._later.values(), strict=True)
        }

    def _net(self, spent: list[int]) -> float:
        nanoseconds, calls = spent
        return max(0.0, nanoseconds - calls * self._cost) / 1e9


def _questions(rule: Rule) -> tuple[str, ...]:
    """The methods with which a rule is asked."""
    return ("at_edge", "at_node") if isinstance(rule, NetworkRule) else ("judge",)


def _timed(ask: Callable[..., Any], spent: list[int], clock: Callable[[], int] = time.thread_time_ns) -> Callable[..., Any]:
    def timed(*case: Any) -> Any:
        started = clock()
        try:
            answer = ask(*case)
            return list(answer) if isinstance(answer, Iterator) else answer  # a generator works when it is gone through
        finally:
            spent[0] += clock() - started
            spent[1] += 1

    return timed


def _cost_of_measuring() -> float:
    """Nanoseconds that a rule seems to take which does nothing."""
    spent = [0, 0]
    nothing = _timed(lambda: None, spent)
    for _ in range(_CALIBRATION):
        nothing()
    return spent[0] / spent[1]
