"""What a report keeps of the alerts of a run: counts, and a short form of each, by its id."""

from collections import Counter, defaultdict
from datetime import date
from typing import Any, Final
from zlib import crc32

import msgspec

from rules.messages import Alert, Severity
from rules.transfer import dollars, value_micros

_ORDER: Final = tuple(Severity)
COMPARED: Final = tuple(name for name in Alert.__struct_fields__ if name not in ("ruleset", "rule_version", "detected_at"))
_TOP: Final = 20
_encode: Final = msgspec.json.Encoder().encode


class Told(msgspec.Struct, frozen=True, gc=False):
    """One alert, as far as a report shows it: `value_usd` is that of its transfers together, `facts` are encoded.

    `content` holds a hash of each field that an analyst sees, in the order of `COMPARED`.
    """

    alert_id: str
    rule_id: str
    severity: Severity
    account_id: str
    counterparty: str
    day: date
    transfers: int
    value_usd: str
    facts: bytes
    content: tuple[int, ...]


class Collected:
    """Hears alerts one by one. An id that comes again is an update of its story."""

    def __init__(self) -> None:
        self.told: dict[str, Told] = {}
        self.by_day: defaultdict[date, Counter[str]] = defaultdict(Counter)
        self.by_severity: Counter[str] = Counter()
        self.by_rule: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._accounts: defaultdict[str, Counter[tuple[str, Severity]]] = defaultdict(Counter)

    def hear(self, alert: Alert) -> None:
        """Count an alert, and remember its short form."""
        day = alert.occurred_at.date()
        self.told[alert.alert_id] = Told(
            alert.alert_id,
            alert.rule_id,
            alert.severity,
            alert.account_id,
            alert.counterparty or "",
            day,
            len(alert.evidence),
            dollars(sum(value_micros(one.value_usd) for one in alert.evidence)),
            _encode(alert.facts),
            tuple(crc32(_encode(getattr(alert, name))) for name in COMPARED),
        )
        self.by_day[day][alert.rule_id] += 1
        self.by_severity[alert.severity] += 1
        self.by_rule[alert.rule_id][alert.severity] += 1
        self._accounts[alert.account_id][alert.rule_id, alert.severity] += 1

    def top_accounts(self) -> list[dict[str, Any]]:
        """The accounts with the most alerts a person reads, then with the most alerts."""
        return sorted(
            (
                {
                    "account_id": account,
                    "alerts": counts.total(),
                    "to_read": sum(number for (_, severity), number in counts.items() if severity in _ORDER[2:]),
                    "worst": max((severity for _, severity in counts), key=_ORDER.index).value,
                    "rules": sorted({rule for rule, _ in counts}),
                }
                for account, counts in self._accounts.items()
            ),
            key=lambda one: (-one["to_read"], -one["alerts"], one["account_id"]),  # type: ignore[operator]
        )[:_TOP]
