"""How much processor time each rule takes: measured in one round of several, told for all."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from rules.rule import Rule

EVERY: Final = 8  # rounds; judgement: reading the clock twice costs more than a quick rule
_CALIBRATION: Final = 2_000


class RuleClock:
    """Wraps the `judge` of each rule in sampled rounds, and only there."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._spent: dict[str, list[int]] = {rule.about.id: [0, 0] for rule in self._rules}  # nanoseconds, calls
        self._rounds = 0
        self._all = self._sampled = 0
        self._cost = _cost_of_measuring()

    @contextmanager
    def round(self, size: int) -> Iterator[None]:
        """Judge a round of so many records inside this."""
        self._all += size
        self._rounds += 1
        if self._rounds % EVERY != 1:
            yield
            return
        self._sampled += size
        for rule in self._rules:
            vars(rule)["judge"] = _timed(getattr(rule, "judge"), self._spent[rule.about.id])  # noqa: B009  # of a subclass
        try:
            yield
        finally:
            for rule in self._rules:
                del vars(rule)["judge"]

    def seconds(self) -> dict[str, float]:
        """The time of each rule in all rounds, without what measuring takes."""
        share = self._all / self._sampled if self._sampled else 0.0
        return {
            rule_id: max(0.0, (spent - calls * self._cost) * share / 1e9) for rule_id, (spent, calls) in self._spent.items()
        }


def _timed(
    judge: Callable[..., Any], spent: list[int], clock: Callable[[], int] = time.thread_time_ns
) -> Callable[..., Any]:
    def timed(*case: Any) -> Any:
        started = clock()
        try:
            return judge(*case)
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
