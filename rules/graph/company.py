"""Which accounts structural findings have cited, how often and when; and how much company of theirs is more than chance."""

from collections.abc import Iterable
from math import exp, lgamma, log, log10
from typing import Final

import msgspec

from rules.graph.edges import DAY_MS, LOG_DAYS

CITED_MS: Final = (LOG_DAYS - 1) * DAY_MS  # judgement: how long an account counts as cited
_OCCASION_MS: Final = 5 * DAY_MS  # judgement: citations closer to each other are one occasion
_LEARNED: Final = 0.0005  # judgement: weight of one first contact in the running share, so about the last 2,000 count
_SHARE_RANGE: Final = (0.003, 0.9)
_FACTORIALS: Final = [lgamma(number + 1) for number in range(130)]


class Standing(msgspec.Struct, gc=False):
    """Of a cited account: when last, and on how many separate occasions."""

    last_ms: int
    counted_ms: int
    occasions: int


class Shares(msgspec.Struct, array_like=True, gc=False, tag=4):
    """Of first contacts, the share whose sender is cited, and the share whose receiver is: what chance would give.

    `now_ms` is the event time up to which they were counted.
    """

    sender: float = 0.02
    receiver: float = 0.02
    now_ms: int = 0

    def count(self, sender_cited: bool, receiver_cited: bool) -> None:
        """Take in a first contact."""
        self.sender += (sender_cited - self.sender) * _LEARNED
        self.receiver += (receiver_cited - self.receiver) * _LEARNED


class Company:
    """The cited accounts."""

    def __init__(self) -> None:
        self._standing: dict[str, Standing] = {}

    def cite(self, node: str, occurred_ms: int, anew: bool) -> bool:
        """An account is cited; `anew` with a transfer never told before. True when it was not cited until now."""
        known = self._standing.get(node)
        if known is None or known.last_ms <= occurred_ms - CITED_MS:
            self._standing[node] = Standing(occurred_ms, occurred_ms, 1)
            return True
        known.last_ms = max(known.last_ms, occurred_ms)
        if anew and occurred_ms > known.counted_ms + _OCCASION_MS:
            known.counted_ms = occurred_ms
            known.occasions += 1
        return False

    def standing(self, node: str, now_ms: int) -> Standing | None:
        """What is known of a cited account; None for others."""
        known = self._standing.get(node)
        return known if known is not None and known.last_ms > now_ms - CITED_MS else None

    def cited_among(self, nodes: Iterable[str], now_ms: int) -> int:
        """How many of the nodes are cited."""
        standing, since, count = self._standing, now_ms - CITED_MS, 0
        for node in nodes:
            if node in standing and standing[node].last_ms > since:
                count += 1
        return count

    def all(self, now_ms: int) -> list[str]:
        """Every cited account, in order."""
        return sorted(node for node in self._standing if self.standing(node, now_ms) is not None)


def surprise(count: int, among: int, share: float) -> float:
    """How improbable it is that `count` or more of `among` contacts are cited, when a `share` of all are: -log10."""
    share = min(max(share, _SHARE_RANGE[0]), _SHARE_RANGE[1])
    yes, no = log(share), log(1 - share)
    chance = sum(
        exp(_FACTORIALS[among] - _FACTORIALS[k] - _FACTORIALS[among - k] + k * yes + (among - k) * no)
        for k in range(count, among + 1)
    )
    return -log10(max(chance, 1e-30))
