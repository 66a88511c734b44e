"""Precision and recall against labels: `{pattern id: {type, events, accounts}}`, benign look-alikes under `benign:` types.

An alert is right when at least half of its evidence belongs to one laundering pattern; a pattern counts as found when a
right alert names one of its accounts. Alerts below medium severity are counted apart. Of look-alikes it is told how many
drew an alert with one cited event.
"""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

import msgspec

from rules.messages import Alert, Severity
from streams.errors import SettingsError

_QUIET: Final = (Severity.INFO, Severity.LOW)
_BENIGN: Final = "benign:"


class Pattern(msgspec.Struct, frozen=True):
    """What happened, in which events, to whom."""

    type: str
    events: frozenset[str]
    accounts: frozenset[str]


class RuleScore(msgspec.Struct):
    """Alerts of medium severity or above of a rule, and how many of them were right."""

    alerts: int = 0
    right: int = 0


class Scorer:
    """Hears alerts one by one."""

    def __init__(self, labels: dict[str, Pattern]) -> None:
        self._labels = labels
        self._benign = {name for name, pattern in labels.items() if pattern.type.startswith(_BENIGN)}
        self._of_event: defaultdict[str, list[str]] = defaultdict(list)
        for name, pattern in labels.items():
            for event in pattern.events:
                self._of_event[event].append(name)
        self._found: set[str] = set()
        self._drew: set[str] = set()
        self._by_rule: defaultdict[str, RuleScore] = defaultdict(RuleScore)
        self._low = self._cited = 0

    def hear(self, alert: Alert) -> None:
        """Judge an alert by the events it cites."""
        if alert.severity in _QUIET:
            self._low += 1
            return
        met = Counter(name for one in alert.evidence for name in self._of_event.get(one.event_id, ()))
        about = {name for name, count in met.items() if name not in self._benign and 2 * count >= len(alert.evidence)}
        rule = self._by_rule[alert.rule_id]
        rule.alerts += 1
        rule.right += bool(about)
        self._cited += len(alert.evidence)
        self._found |= {name for name in about if alert.account_id in self._labels[name].accounts}
        self._drew |= met.keys() & self._benign

    def facts(self) -> dict[str, Any]:
        """The figures, for a report."""
        alerts = sum(rule.alerts for rule in self._by_rule.values())
        right = sum(rule.right for rule in self._by_rule.values())
        patterns = len(self._labels) - len(self._benign)
        by_type: defaultdict[str, list[bool]] = defaultdict(list)
        for name, pattern in self._labels.items():
            by_type[pattern.type].append(name in (self._drew if name in self._benign else self._found))
        return {
            "patterns": patterns,
            "found": len(self._found),
            "recall": _share(len(self._found), patterns),
            "alerts": alerts,
            "right": right,
            "precision": _share(right, alerts),
            "alerts_low": self._low,
            "alerts_per_pattern": _share(alerts, patterns),
            "evidence_per_alert": _share(self._cited, alerts),
            "by_type": {kind: {"met": sum(each), "of": len(each)} for kind, each in sorted(by_type.items())},
            "by_rule": {rule: msgspec.structs.asdict(one) for rule, one in sorted(self._by_rule.items())},
        }


def read_labels(path: Path) -> dict[str, Pattern]:
    """Raises SettingsError when the file holds no labels."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Pattern])
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError([f"{path}: no labels of the form {{pattern: {{type, events, accounts}}}}: {error}"]) from None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
