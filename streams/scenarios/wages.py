"""Wages: several payers, each with its own rhythm and sum, more or less regular."""

import random
from collections.abc import Iterator, Sequence
from typing import Final

from streams.scenarios.people import Party

_MONTH: Final = 30
_RHYTHMS: Final = (7, 14, 15, _MONTH)
_BONUS_PERCENT: Final = 4


class Wages:
    """What somebody earns in a month, and how regularly it comes.

    `jitter_days`: how much later than usual a payer may be; `jitter_percent`: how far a sum may lie from the usual one;
    `missed_percent`: how many payments do not come.
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        monthly_cents: int,
        jitter_days: float = 1.0,
        jitter_percent: int = 2,
        missed_percent: int = 2,
        rhythms: Sequence[int] = _RHYTHMS,
    ) -> None:
        self._rng = rng
        self._monthly_cents = monthly_cents
        self._jitter_days = jitter_days
        self._jitter_percent = jitter_percent
        self._missed_percent = missed_percent
        self._rhythms = rhythms

    def paid(self, payers: Sequence[Party], first: float, last: float) -> Iterator[tuple[float, int, Party]]:
        """Day, sum and payer of each payment between two days; each payer keeps to one rhythm and one usual sum."""
        rng = self._rng
        for payer in payers:
            period = rng.choice(self._rhythms)
            usual = self._monthly_cents * period // _MONTH // len(payers)
            due = first + rng.uniform(0, period)
            while due < last:
                day = due + rng.uniform(0, self._jitter_days)
                due += period
                if rng.randrange(100) >= self._missed_percent and day < last:
                    yield day, self._sum(usual), payer

    def _sum(self, usual: int) -> int:
        rng, spread = self._rng, self._jitter_percent
        cents = usual * (100 + rng.randrange(-spread, spread + 1)) // 100
        if rng.randrange(100) < _BONUS_PERCENT:
            cents = cents * rng.randrange(120, 220) // 100
        return cents // 10_00 * 10_00 if rng.random() < 0.5 else cents
