"""CloudEvents 1.0 headers on Kafka records, in binary content mode (Kafka protocol binding 1.0, section 3.2).

The record's value stays what it is; consumers that know CloudEvents read the headers, the others need not know.
"""

from typing import Any, Final

import msgspec

from streams.delivery.stage import Message
from streams.settings import ALERTS, DEADLETTERS, VERDICTS

Headers = list[tuple[str, bytes]]  # a list: aiokafka takes no other sequence
NO_HEADERS: Final[Headers] = []

TYPES: Final = {
    ALERTS: "lockgate.alert.v1",
    VERDICTS: "lockgate.verdict.v1",
    DEADLETTERS: "lockgate.deadletter.v1",
}
_OTHER_TYPES: Final = {"ocsf": "lockgate.alert.ocsf.v1", "ecs": "lockgate.alert.ecs.v1"}


class _Head(msgspec.Struct):
    """The fields of a native message that headers are made of."""

    alert_id: str | None = None
    event_id: str | None = None
    account_id: str | None = None
    detected_at: str | None = None
    source: dict[str, Any] = {}


_read_head: Final = msgspec.json.Decoder(_Head).decode


def headers_of(message: Message, source: str, *, form: str = "native") -> Headers:
    """The headers of a native message, or of another form of it.

    `id` is the alert's, or says where the transfer stands that the message answers: unique within `source` and type, and the
    same however often the message is made.
    """
    head = _read_head(message.value)
    place = "/".join(str(head.source.get(part)) for part in ("topic", "partition", "offset"))
    headers = [
        ("content-type", "application/json"),
        ("ce_specversion", "1.0"),
        ("ce_type", _OTHER_TYPES.get(form, TYPES[message.topic])),
        ("ce_source", source),
        ("ce_id", head.alert_id or place),
    ]
    if head.account_id is not None:
        headers.append(("ce_subject", head.account_id))
    if head.detected_at is not None:
        headers.append(("ce_time", head.detected_at))
    return [(name, value.encode()) for name, value in headers]
