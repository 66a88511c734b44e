"""Alerts put together as stories, in bounded memory: the first alert with its updates and what analysts said of it."""

import zlib
from collections import Counter, OrderedDict
from datetime import datetime
from sys import intern
from typing import Any, Final

import msgspec

from rules.messages import Alert, AlertStatus, Severity, Source
from streams.console.disposition import Disposition, Outcome

RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}
_ALERTS_KEPT: Final = 50  # judgement: of one story; the first and the newest
_DISPOSITIONS_KEPT: Final = 200  # of one story
_FAST: Final = 1  # zlib level: a third of the size at a tenth of the time of the best

_NOWHERE: Final = Source("", 0, 0)
_read_alert: Final = msgspec.json.Decoder(Alert).decode


class Story:
    """One story: its newest word, and the alerts that told it as they came, compressed."""

    __slots__ = ("accounts", "alerts", "also", "counterparties", "dispositions", "last", "severity", "told")

    def __init__(self, alert: Alert) -> None:
        self.last = alert
        self.severity = alert.severity
        self.told: list[str] = []
        self.also: set[str] = set()  # ids of related findings, by which verdicts name the story, and of alerts not kept
        self.alerts: list[bytes] = []
        self.dispositions: list[Disposition] = []
        self.accounts: list[str] = []  # a story may go on at another account, or with another address
        self.counterparties: list[str] = []

    def take(self, alert: Alert, raw: bytes) -> None:
        """Add an alert. The severity never falls: a closing is seen in the status."""
        self.severity = max(self.severity, alert.severity, key=RANK.__getitem__)
        self.told.append(alert.alert_id)
        if alert.account_id not in self.accounts:
            self.accounts.append(alert.account_id)
        if alert.counterparty and alert.counterparty not in self.counterparties:
            self.counterparties.append(alert.counterparty)
        self.also.update(one.alert_id for one in alert.related)
        self.alerts.append(zlib.compress(raw, _FAST))
        if len(self.alerts) > _ALERTS_KEPT:
            self.also.add(self.told.pop(1))
            del self.alerts[1]
        self.last = msgspec.structs.replace(
            alert,
            rule_id=intern(alert.rule_id),  # the same in thousands of stories
            ruleset=intern(alert.ruleset),
            title=intern(alert.title),
            source=_NOWHERE,
            evidence=(),
            facts={},
            related=(),
            typology=(),
        )

    @property
    def outcome(self) -> Outcome:
        """The last decision of an analyst."""
        return self.dispositions[-1].outcome if self.dispositions else Outcome.OPEN

    def row(self) -> list[Any]:
        """The story as the queue shows it; streams/console/static/queue.js names the columns in the same order."""
        last = self.last
        return [
            last.refers_to or last.alert_id,
            self.severity,
            last.rule_id,
            last.title,
            last.account_id,
            last.counterparty,
            last.status,
            self.outcome,
            _milliseconds(last.detected_at),
            len(self.told),
            last.list.entry_name if last.list else None,
            sum(1 for one in self.dispositions if one.note),
        ]

    def told_alerts(self) -> list[dict[str, Any]]:
        """The alerts as they were sent, oldest first."""
        return [msgspec.json.decode(zlib.decompress(one)) for one in self.alerts]


class Stories:
    """The newest stories, at most `limit`, with indexes by account, counterparty and the ids of their alerts."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.dropped = 0
        self.newest: datetime | None = None  # event time
        self.rulesets: Counter[str] = Counter()  # behind the newest word of each story
        self._stories: OrderedDict[str, Story] = OrderedDict()
        self._names: dict[str, str] = {}
        self._by_account: dict[str, dict[str, None]] = {}
        self._by_counterparty: dict[str, dict[str, None]] = {}
        self._early: OrderedDict[str, list[Disposition]] = OrderedDict()  # of stories that are not here (yet)

    def __len__(self) -> int:
        return len(self._stories)

    def __iter__(self) -> Any:
        return iter(self._stories.values())

    def get(self, alert_id: str) -> tuple[str, Story] | None:
        """The story that an alert, an update or a related finding belongs to, with its id."""
        story_id = self._names.get(alert_id)
        return None if story_id is None else (story_id, self._stories[story_id])

    def of_account(self, account_id: str) -> list[Story]:
        """Stories about an account, oldest first."""
        return [self._stories[one] for one in self._by_account.get(account_id, ())]

    def of_counterparty(self, address: str) -> list[Story]:
        """Stories about an address, oldest first."""
        return [self._stories[one] for one in self._by_counterparty.get(address, ())]

    def take(self, raw: bytes) -> tuple[str, Story] | None:
        """Add an alert; None when it is here already. Raises msgspec.MsgspecError for what is no alert."""
        alert = _read_alert(raw)
        story_id = alert.refers_to or alert.alert_id
        story = self._stories.get(story_id)
        if story is None:
            story = self._stories[story_id] = Story(alert)
            story.dispositions = self._early.pop(story_id, [])
            self._names[story_id] = story_id
        elif alert.alert_id in story.told:
            return None
        else:
            self.rulesets[story.last.ruleset] -= 1
        story.take(alert, raw)
        self.rulesets[story.last.ruleset] += 1
        self.newest = max(self.newest or alert.occurred_at, alert.occurred_at)
        for name in (alert.alert_id, *(one.alert_id for one in alert.related)):
            self._names.setdefault(name, story_id)
        self._by_account.setdefault(alert.account_id, {})[story_id] = None
        if alert.counterparty:
            self._by_counterparty.setdefault(alert.counterparty, {})[story_id] = None
        if alert.status is not AlertStatus.CLOSED:
            self._stories.move_to_end(story_id)
        self._forget()
        return story_id, story

    def decide(self, said: Disposition) -> tuple[str, Story] | None:
        """Add a disposition; None when its story is not here, or not yet: it is kept for then."""
        found = self.get(said.alert_id)
        kept = found[1].dispositions if found else self._early.setdefault(said.alert_id, [])
        if said not in kept:
            kept.append(said)
            kept.sort(key=lambda one: one.at)
            del kept[:-_DISPOSITIONS_KEPT]
        while len(self._early) > self.limit:
            self._early.popitem(last=False)
        return found

    def _forget(self) -> None:
        while len(self._stories) > self.limit:
            story_id, story = self._stories.popitem(last=False)
            self.dropped += 1
            self.rulesets[story.last.ruleset] -= 1
            for name in (story_id, *story.told, *story.also):
                if self._names.get(name) == story_id:
                    del self._names[name]
            for account in story.accounts:
                _remove(self._by_account, account, story_id)
            for address in story.counterparties:
                _remove(self._by_counterparty, address, story_id)


def _remove(index: dict[str, dict[str, None]], key: str, story_id: str) -> None:
    entries = index.get(key, {})
    entries.pop(story_id, None)
    if not entries:
        index.pop(key, None)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
