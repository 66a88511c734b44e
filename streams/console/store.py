"""What the console knows: stories, verdicts, dead letters and how fresh they are. Bounded, for one thread."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from rules.messages import Verdict
from streams.console.backlog import Backlog
from streams.console.disposition import Disposition
from streams.console.stories import Stories, Story
from streams.settings import ALERTS, DEADLETTERS, DISPOSITIONS, VERDICTS

TOPICS: Final = (ALERTS, VERDICTS, DEADLETTERS, DISPOSITIONS)

_CHANGES_KEPT: Final = 20_000  # judgement: a page away for longer than these loads the queue anew
_OF_ACCOUNT: Final = 200  # verdicts shown on an account's page
_DEADLETTERS_KEPT: Final = 200
_RATE_SECONDS: Final = 60

_read_verdict: Final = msgspec.json.Decoder(Verdict).decode
_read_disposition: Final = msgspec.json.Decoder(Disposition).decode


class Freshness(msgspec.Struct):
    """How a topic is being read: messages seen, the newest one's time, what is not read yet, and what is wrong."""

    messages: int = 0
    unreadable: int = 0
    newest_ms: int | None = None
    behind: int | None = None
    trouble: str | None = "not read yet"
    partitions: int = 0


class ListSeen(msgspec.Struct, frozen=True):
    """The lists that a verdict named, and the age of the oldest of them then."""

    hash: str | None
    age_seconds: float | None
    at_ms: int


class Judged(msgspec.Struct, frozen=True):
    """A verdict as an account's page shows it; `at_ms` is Kafka's time of the message."""

    event_id: str
    account_id: str
    decision: str
    alert_ids: tuple[str, ...]
    not_evaluated: int
    at_ms: int


class Store:
    """Takes messages of the four topics, and says since any point what changed."""

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.time) -> None:
        self.epoch = str(time.time_ns())  # of this memory: sequence numbers of another one mean nothing
        self.stories = Stories(limit)
        self.fresh = {topic: Freshness() for topic in TOPICS}
        self.deadletters: deque[dict[str, Any]] = deque(maxlen=_DEADLETTERS_KEPT)
        self.decisions: dict[str, int] = {"release": 0, "hold": 0, "reject": 0}
        self.not_evaluated: dict[str, int] = {}
        self.lists: ListSeen | None = None  # by the newest verdict
        self.backlog = Backlog()
        self.seq = 0
        self._limit = limit
        self._clock = clock
        self._changes: deque[tuple[int, Story]] = deque(maxlen=_CHANGES_KEPT)
        self._verdicts: OrderedDict[str, Judged] = OrderedDict()
        self._of_account: dict[str, deque[Judged]] = {}
        self._per_second: OrderedDict[int, int] = OrderedDict()

    def take(self, topic: str, values: Iterable[tuple[bytes, int]]) -> None:
        """Messages of a topic with Kafka's time of each; what cannot be read is counted."""
        fresh = self.fresh[topic]
        take = {ALERTS: self._alert, VERDICTS: self._verdict, DEADLETTERS: self._deadletter, DISPOSITIONS: self._said}[topic]
        for value, at_ms in values:
            fresh.messages += 1
            fresh.newest_ms = max(at_ms, fresh.newest_ms or 0)
            try:
                take(value, at_ms)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                fresh.unreadable += 1

    def since(self, seq: int) -> list[list[Any]] | None:
        """Rows that changed after `seq`, each once; None when that is too long ago to tell."""
        if seq >= self.seq:
            return []
        if not self._changes or self._changes[0][0] > seq + 1:
            return None
        changed: dict[int, Story] = {}
        for number, story in reversed(self._changes):
            if number <= seq:
                break
            changed.setdefault(id(story), story)
        return [story.row() for story in reversed(changed.values())]

    def rows(self) -> list[list[Any]]:
        """The whole queue."""
        return [story.row() for story in self.stories]

    def verdicts_of(self, account_id: str) -> list[Judged]:
        """The last verdicts of an account, newest first."""
        return list(reversed(self._of_account.get(account_id, ())))

    def verdicts_on(self, event_ids: Iterable[str]) -> list[Judged]:
        """The verdicts on some withdrawals, as far as they are in memory."""
        return [self._verdicts[one] for one in event_ids if one in self._verdicts]

    def verdicts_per_second(self) -> float:
        """Over the last minute, by Kafka's times."""
        first = int(self._clock()) - _RATE_SECONDS
        return sum(count for second, count in self._per_second.items() if second > first) / _RATE_SECONDS

    def _alert(self, value: bytes, _: int) -> None:
        self._changed(self.stories.take(value))

    def _said(self, value: bytes, _: int) -> None:
        self._changed(self.stories.decide(_read_disposition(value)))

    def _changed(self, found: tuple[str, Story] | None) -> None:
        if found is not None:
            self.seq += 1
            self._changes.append((self.seq, found[1]))

    def _verdict(self, value: bytes, at_ms: int) -> None:
        verdict = _read_verdict(value)
        if verdict.event_id in self._verdicts:
            return
        missed = verdict.rules_not_evaluated
        if self.lists is None or at_ms >= self.lists.at_ms:
            self.lists = ListSeen(verdict.list_hash, verdict.list_age_seconds, at_ms)
        judged = Judged(verdict.event_id, verdict.account_id, str(verdict.decision), verdict.alert_ids, len(missed), at_ms)
        self.decisions[judged.decision] += 1
        for one in missed:
            self.not_evaluated[one.rule_id] = self.not_evaluated.get(one.rule_id, 0) + 1
        self._verdicts[judged.event_id] = judged
        self._of_account.setdefault(judged.account_id, deque(maxlen=_OF_ACCOUNT)).append(judged)
        second = at_ms // 1000
        self._per_second[second] = self._per_second.get(second, 0) + 1
        while len(self._per_second) > _RATE_SECONDS * 2:
            self._per_second.popitem(last=False)
        if len(self._verdicts) > self._limit:
            _, old = self._verdicts.popitem(last=False)
            self._forget(old)

    def _forget(self, old: Judged) -> None:
        kept = self._of_account.get(old.account_id)
        if kept and kept[0] is old:
            kept.popleft()
        if not kept:
            self._of_account.pop(old.account_id, None)

    def _deadletter(self, value: bytes, at_ms: int) -> None:
        letter = msgspec.json.decode(value, type=dict[str, Any])
        letter["original"] = str(letter.get("original", ""))[:4000]
        self.deadletters.append({**letter, "at_ms": at_ms})
