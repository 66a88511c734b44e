"""An alert as a document of the Elastic Common Schema 9.4. What the schema has no field for stands under `lockgate`.

Index by `lockgate.story` (as the document's `_id`, say) to have one document a story, or by `event.id` for one an alert.
"""

from typing import Any, Final

import msgspec

from rules.messages import Alert, Severity
from streams.formats.ocsf import story_of

ECS_VERSION: Final = "9.4.0"
_SEVERITY: Final = {
    Severity.INFO: 1,
    Severity.LOW: 2,
    Severity.MEDIUM: 3,
    Severity.HIGH: 4,
    Severity.CRITICAL: 5,
}


def ecs_document(alert: Alert) -> dict[str, Any]:
    """The document, ready for JSON. Nothing in it depends on more than the alert."""
    moments = [one.occurred_at for one in alert.evidence] or [alert.occurred_at]
    document: dict[str, Any] = {
        "@timestamp": alert.detected_at,
        "message": f"{alert.title}: account {alert.account_id}",
        "tags": list(alert.typology),
        "ecs": {"version": ECS_VERSION},
        "event": {
            "kind": "alert",
            "category": ["threat"],
            "type": ["indicator"],
            "action": alert.status,
            "id": alert.alert_id,
            "code": alert.rule_id,
            "severity": _SEVERITY[alert.severity],
            "created": alert.detected_at,
            "start": min(moments),
            "end": max(moments),
            "provider": "lockgate",
            "module": "lockgate",
            "dataset": "lockgate.alerts",
        },
        "observer": {"vendor": "Lockgate", "product": "Lockgate", "type": "transaction-monitor"},
        "related": {"user": [alert.account_id]},
        "rule": {
            "id": alert.rule_id,
            "name": alert.title,
            "version": alert.rule_version,
            "ruleset": alert.ruleset,
        },
        "user": {"id": alert.account_id},
        "lockgate": {
            "story": story_of(alert),
            "status": alert.status,
            "severity": alert.severity,
            "action": alert.action,
            "counterparty": alert.counterparty,
            "facts": alert.facts,
            "evidence": alert.evidence,
            "list": alert.list,
            "related": alert.related,
            "retroactive": alert.retroactive,
            "occurred_at": alert.occurred_at,
            "source": alert.source,
        },
    }
    plain: dict[str, Any] = msgspec.to_builtins(document)
    return plain
