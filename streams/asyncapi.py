"""The AsyncAPI 3.0 document: every topic, who sends and receives on it, its messages, keys and delivery guarantees."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from streams.kafka_topics import DEFAULT_PARTITIONS, topic_specs
from streams.schemas import DEPOSIT_EXAMPLE, VERSION, WITHDRAWAL_EXAMPLE, Schema, components
from streams.settings import (
    ALERTS,
    DEADLETTERS,
    DEPOSITS,
    DISPOSITIONS,
    FLOWS,
    JOURNAL_ACCOUNTS,
    JOURNAL_COUNTERPARTIES,
    LISTS,
    VERDICTS,
    WITHDRAWALS,
    Settings,
)

_BINDING: Final = "0.5.0"  # version of AsyncAPI's Kafka binding
_EXACTLY_ONCE: Final = (
    "Exactly once: each is written in the Kafka transaction that records its batch in the journal, so that a consumer with "
    "isolation.level=read_committed sees it once, whatever fails. On a broker without transactions it may repeat."
)
_ACCOUNT_KEY: Final = "The account_id, in UTF-8."


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of message. One with a `schema` is JSON of that contract; the others are internal, packed as msgpack."""

    summary: str
    schema: str | None = None
    key: str | None = None
    examples: tuple[Mapping[str, Any], ...] = ()


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A topic: what is on it, and whether Lockgate receives, sends, or both."""

    topic: str
    title: str
    message: str
    actions: tuple[str, ...]
    about: str


_MESSAGES: Final[Mapping[str, Message]] = {
    "deposit": Message(
        summary="A deposit as the exchange reports it.", schema="Transfer", key=_ACCOUNT_KEY, examples=(DEPOSIT_EXAMPLE,)
    ),
    "withdrawal": Message(
        summary="A withdrawal that waits for its verdict.",
        schema="Transfer",
        key=_ACCOUNT_KEY,
        examples=(WITHDRAWAL_EXAMPLE,),
    ),
    "alert": Message(summary="One story about one account or address.", schema="Alert", key=_ACCOUNT_KEY),
    "verdict": Message(summary="Release, hold or reject one withdrawal.", schema="Verdict", key=_ACCOUNT_KEY),
    "deadletter": Message(
        summary="A message that could not be judged, and why.", schema="DeadLetter", key="The field at fault, in UTF-8."
    ),
    "disposition": Message(
        summary="What an analyst says about a story: a note, a decision, or both.",
        schema="Disposition",
        key="The alert_id, in UTF-8.",
    ),
    "flows": Message(summary="Internal: a bundle of flows between accounts and addresses."),
    "listDelta": Message(summary="Internal: what changed on a sanctions list."),
    "journalRecord": Message(summary="Internal: one batch of a partition, or one change of its owner, chained by hashes."),
}

_CHANNELS: Final[Mapping[str, Channel]] = {
    "deposits": Channel(
        topic=DEPOSITS,
        title="Deposits",
        message="deposit",
        actions=("receive",),
        about="The exchange sends, Lockgate receives. At least once is enough: a repeated event_id with the same content is "
        "counted as a duplicate and judged once. Co-partitioned with exchange.withdrawals: the same key has to lie in the "
        "same partition number of both.",
    ),
    "withdrawals": Channel(
        topic=WITHDRAWALS,
        title="Withdrawals",
        message="withdrawal",
        actions=("receive",),
        about="The exchange sends before it broadcasts, Lockgate receives and answers each withdrawal with one verdict. At "
        "least once is enough, as for deposits.",
    ),
    "alerts": Channel(
        topic=ALERTS,
        title="Alerts",
        message="alert",
        actions=("send",),
        about=f"Lockgate sends; case management, SIEM and people receive. {_EXACTLY_ONCE} A story is told once.",
    ),
    "verdicts": Channel(
        topic=VERDICTS,
        title="Verdicts",
        message="verdict",
        actions=("send",),
        about=f"Lockgate sends one for each withdrawal; the exchange receives. No verdict means hold. {_EXACTLY_ONCE}",
    ),
    "deadletters": Channel(
        topic=DEADLETTERS,
        title="Dead letters",
        message="deadletter",
        actions=("send",),
        about=f"Lockgate sends one for each message that is no transfer; whoever owns the feed receives. {_EXACTLY_ONCE} "
        "A withdrawal that became a dead letter has no verdict: it stays on hold.",
    ),
    "dispositions": Channel(
        topic=DISPOSITIONS,
        title="Dispositions",
        message="disposition",
        actions=("send", "receive"),
        about="The console sends what analysts say, and receives what was said before; case management may do both. Nothing "
        "is ever changed: of the decisions about a story the last one counts. Workers neither read nor write it.",
    ),
    "flows": Channel(
        topic=FLOWS,
        title="Flows",
        message="flows",
        actions=("send", "receive"),
        about=f"Internal: from the accounts agent to the counterparties agent, partitioned by address. {_EXACTLY_ONCE}",
    ),
    "lists": Channel(
        topic=LISTS,
        title="List changes",
        message="listDelta",
        actions=("send", "receive"),
        about="Internal: announcements of sanctions lists, for all workers. One partition, kept without limit, never "
        "compacted: every version can be rebuilt from it (docs/lists.md).",
    ),
    "accountsJournal": Channel(
        topic=JOURNAL_ACCOUNTS,
        title="Journal of the accounts agent",
        message="journalRecord",
        actions=("send", "receive"),
        about="Internal: the record of what was judged in which order. Kept without limit, never compacted. "
        + _EXACTLY_ONCE,
    ),
    "counterpartiesJournal": Channel(
        topic=JOURNAL_COUNTERPARTIES,
        title="Journal of the counterparties agent",
        message="journalRecord",
        actions=("send", "receive"),
        about="Internal: the record of what was judged in which order. Kept without limit, never compacted. "
        + _EXACTLY_ONCE,
    ),
}


def document() -> dict[str, Any]:
    """The whole document. Actions are Lockgate's: it receives transfers and sends verdicts."""
    defaults = Settings()
    operations: dict[str, Any] = {}
    for name, channel in _CHANNELS.items():
        for action in channel.actions:
            operations[f"{action}{name[0].upper()}{name[1:]}"] = _operation(name, channel, action, defaults)
    return {
        "asyncapi": "3.0.0",
        "id": "urn:lockgate",
        "info": {
            "title": "Lockgate",
            "version": f"{VERSION}.0.0",
            "description": "Streaming transaction monitoring for crypto exchanges: deposits and withdrawals in; alerts, "
            "verdicts on withdrawals and dead letters out. Fields may be added to any message within a version: ignore what "
            "you do not know.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": defaults.kafka,
                "protocol": "kafka",
                "description": "Your own Kafka cluster; LOCKGATE_KAFKA names it.",
            }
        },
        "channels": {name: _channel(channel) for name, channel in _CHANNELS.items()},
        "operations": operations,
        "components": {
            "messages": {name: _message(name, message) for name, message in _MESSAGES.items()},
            "schemas": components("#/components/schemas/{name}"),
        },
    }


def _channel(channel: Channel) -> dict[str, Any]:
    spec = next(spec for spec in topic_specs(DEFAULT_PARTITIONS, side=(DISPOSITIONS,)) if spec.name == channel.topic)
    settings: dict[str, Any] = {
        name: int(value) for name, value in spec.settings.items() if name not in ("cleanup.policy", "min.insync.replicas")
    }
    return {
        "address": channel.topic,
        "title": channel.title,
        "description": channel.about,
        "messages": {channel.message: {"$ref": f"#/components/messages/{channel.message}"}},
        "bindings": {
            "kafka": {
                "topic": channel.topic,
                "topicConfiguration": {"cleanup.policy": [spec.settings["cleanup.policy"]], **settings},
                "bindingVersion": _BINDING,
            }
        },
    }


def _operation(name: str, channel: Channel, action: str, defaults: Settings) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "title": f"{action.capitalize()} {channel.title[0].lower()}{channel.title[1:]}",
        "messages": [{"$ref": f"#/channels/{name}/messages/{channel.message}"}],
    }
    if action == "receive" and channel.topic in (DEPOSITS, WITHDRAWALS, FLOWS):
        group: Schema = {"type": "string", "default": defaults.group}
        operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": _BINDING}}
    return operation


def _message(name: str, message: Message) -> dict[str, Any]:
    out: dict[str, Any] = {"name": name, "title": message.schema or name, "summary": message.summary}
    if message.schema is None:
        return out | {
            "contentType": "application/msgpack",
            "description": "No contract: its form may change with any release. It has no headers.",
        }
    out |= {
        "contentType": "application/json",
        "description": "One JSON object in UTF-8. Headers are not read, and none are sent.",
        "payload": {"$ref": f"#/components/schemas/{message.schema}"},
    }
    if message.key is not None:
        key = {"type": "string", "description": message.key}
        out["bindings"] = {"kafka": {"key": key, "bindingVersion": _BINDING}}
    if message.examples:
        out["examples"] = [{"payload": example} for example in message.examples]
    return out
