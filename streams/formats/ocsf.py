"""An alert as OCSF Detection Finding: class 2004 of the Open Cybersecurity Schema Framework, version 1.8.0.

One story is one finding: `finding_info.uid` stays the same while the story grows (activity Update) and when it is closed, so
that a SIEM upserts by it. `metadata.uid` is the single alert's.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from rules.messages import Action, Alert, AlertStatus, Severity

OCSF_VERSION: Final = "1.8.0"
_CLASS: Final = 2004
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ACTIVITY: Final = {AlertStatus.NEW: (1, "Create"), AlertStatus.UPDATE: (2, "Update"), AlertStatus.CLOSED: (3, "Close")}
_SEVERITY: Final = {
    Severity.INFO: (1, "Informational"),
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
# New and Resolved; an update says nothing of what an analyst has done with the finding meanwhile.
_STATUS: Final = {AlertStatus.NEW: (1, "New"), AlertStatus.CLOSED: (4, "Resolved")}
_ADVICE: Final = {
    Action.REJECT: "Reject the withdrawal and follow the sanctions process.",
    Action.HOLD: "Hold the withdrawal until a person has decided.",
    Action.REVIEW: "Review the account.",
}
_USER_UID, _OTHER = 31, 99  # observable types


def story_of(alert: Alert) -> str:
    """The id of the story: that of its first alert."""
    return alert.refers_to or alert.alert_id


def ocsf_finding(alert: Alert) -> dict[str, Any]:
    """The finding, ready for JSON. Nothing in it depends on more than the alert."""
    activity_id, activity = _ACTIVITY[alert.status]
    severity_id, severity = _SEVERITY[alert.severity]
    story = story_of(alert)
    finding: dict[str, Any] = {
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Detection Finding",
        "type_uid": _CLASS * 100 + activity_id,
        "type_name": f"Detection Finding: {activity}",
        "time": _milliseconds(alert.detected_at),
        "severity_id": severity_id,
        "severity": severity,
        "is_alert": True,
        "message": f"{alert.title}: account {alert.account_id}",
        "metadata": {
            "version": OCSF_VERSION,
            "product": {"name": "Lockgate", "vendor_name": "Lockgate"},
            "uid": alert.alert_id,
            "correlation_uid": story,
            "event_code": alert.rule_id,
            "log_name": "lockgate.alerts",
            "original_time": alert.occurred_at.isoformat(),
        },
        "finding_info": _finding_info(alert, story),
        "evidences": [_evidence(alert, one) for one in msgspec.to_builtins(alert.evidence)],
        "observables": _observables(alert),
        "remediation": {"desc": _ADVICE[alert.action]},
        "unmapped": msgspec.to_builtins(
            {
                "action": alert.action,
                "counterparty": alert.counterparty,
                "facts": alert.facts,
                "list": alert.list,
                "related": alert.related,
                "retroactive": alert.retroactive,
                "ruleset": alert.ruleset,
                "source": alert.source,
            }
        ),
    }
    if alert.status in _STATUS:
        finding["status_id"], finding["status"] = _STATUS[alert.status]
    return finding


def _finding_info(alert: Alert, story: str) -> dict[str, Any]:
    moments = [_milliseconds(one.occurred_at) for one in alert.evidence] or [_milliseconds(alert.occurred_at)]
    detected = _milliseconds(alert.detected_at)
    info: dict[str, Any] = {
        "uid": story,
        "title": alert.title,
        "types": list(alert.typology),
        "analytic": {
            "name": alert.title,
            "uid": alert.rule_id,
            "version": alert.rule_version,
            "type_id": 1,
            "type": "Rule",
        },
        "first_seen_time": min(moments),
        "last_seen_time": max(moments),
        "related_events": [
            {
                "uid": one.event_id,
                "title": f"{one.amount} {one.asset}, {one.value_usd} USD",
                "desc": one.shows,
                "first_seen_time": _milliseconds(one.occurred_at),
            }
            for one in alert.evidence
        ],
        "related_events_count": len(alert.evidence),
    }
    info["created_time" if alert.status is AlertStatus.NEW else "modified_time"] = detected
    return info


def _evidence(alert: Alert, transfer: dict[str, Any]) -> dict[str, Any]:
    return {"name": transfer["shows"], "data": transfer, "user": {"uid": alert.account_id, "type_id": 1, "type": "User"}}


def _observables(alert: Alert) -> list[dict[str, Any]]:
    account = {"name": "evidences[].user.uid", "type_id": _USER_UID, "type": "User Object: uid", "value": alert.account_id}
    if alert.counterparty is None:
        return [account]
    address = {
        "name": "unmapped.counterparty",
        "type_id": _OTHER,
        "type": "Blockchain Address",
        "value": alert.counterparty,
    }
    return [account, address]


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
