"""The contracts as JSON Schema (2020-12), generated from the types that decode and encode the messages.

What the types cannot say is added here: what each field means, the format of times, and an example of each input.
"""

from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any, Final

import msgspec

from rules.messages import Alert, DeadLetter, Verdict
from rules.transfer import EARLIEST, LATEST, MAX_VALUE_USD, Transfer
from streams.console.disposition import Disposition

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
VERSION: Final = 1
CONTRACTS: Final[Mapping[str, type]] = {
    "transfer": Transfer,
    "alert": Alert,
    "verdict": Verdict,
    "deadletter": DeadLetter,
    "disposition": Disposition,
}

_TIMES: Final = {"occurred_at", "detected_at", "opened_at", "at"}
_DATES: Final = {"published"}
_MILLISECONDS: Final = {
    "minimum": int(EARLIEST.timestamp()) * 1000,
    "exclusiveMaximum": int(LATEST.timestamp()) * 1000,
}
_MEANINGS: Final[Mapping[str, str]] = {
    "Transfer.event_id": (
        "Unique per exchange, no control characters. Sent again it is a duplicate; with other content it is a dead letter."
    ),
    "Transfer.kind": "Decides the topic: exchange.deposits or exchange.withdrawals.",
    "Transfer.account_id": "The account at the exchange, no control characters; the key of the Kafka message.",
    "Transfer.asset": "Ticker of what is moved, such as USDT.",
    "Transfer.network": "The chain, such as ethereum or tron. Where it is missing the shape of the addresses decides.",
    "Transfer.amount": "In units of the asset, as decimal text: money is never a float.",
    "Transfer.value_usd": f"The exchange's own valuation, as decimal text, at most {MAX_VALUE_USD}.",
    "Transfer.addresses": "The counterparty's side, in any spelling; a UTXO deposit has several. Empty when there is none.",
    "Transfer.own_address": "The account's own deposit address: it links accounts to addresses. None if it is shared.",
    "Transfer.tag": "Destination tag of chains that have one.",
    "Transfer.memo": "Memo of chains that have one.",
    "Transfer.tx_hash": "The transaction on the chain, where it is known.",
    "Transfer.counterparty": "Who is on the other side, as far as the travel rule brought it.",
    "Transfer.ip": "Address from which the customer asked for the transfer.",
    "Transfer.ip_country": "ISO 3166-1 alpha-2, as the exchange located the IP address.",
    "Transfer.ip_region": "Region of the IP address: ISO 3166-2 such as UA-43, its part after the country, or a name.",
    "Transfer.device_id": "The exchange's own name for the device.",
    "Transfer.account": "What the exchange knows about the account's holder; the latest word counts.",
    "Party.name": "As the travel rule message spells it.",
    "Party.type": "Natural or legal person.",
    "Party.country": "ISO 3166-1 alpha-2.",
    "Party.region": "Region in that country: ISO 3166-2 such as UA-43, its part after the country, or a name.",
    "Party.date_of_birth": "YYYY, YYYY-MM or YYYY-MM-DD.",
    "Party.vasp": "The virtual asset service provider on the other side.",
    "AccountFacts.opened_at": "When the account was opened: RFC 3339 with an offset, or milliseconds since the epoch.",
    "AccountFacts.holder_name": "Name of the account's holder.",
    "AccountFacts.country": "ISO 3166-1 alpha-2, residence of the holder.",
    "AccountFacts.region": "Region in that country: ISO 3166-2 such as UA-43, its part after the country, or a name.",
    "AccountFacts.type": "The exchange's own kind of account, such as retail.",
    "Alert.alert_id": "Hash of rule, subject and story: the same story has the same id in every run.",
    "Alert.rule_id": "FAMILY.NAME; `lockgate rules show` explains it.",
    "Alert.rule_version": "Version of the rule that fired.",
    "Alert.severity": "Medium and above is for a person to read today.",
    "Alert.title": "The rule's title.",
    "Alert.typology": "Publications that describe the pattern.",
    "Alert.account_id": "The account it is about; the key of the Kafka message.",
    "Alert.evidence": "The transfers that make the story, oldest first.",
    "Alert.facts": "Measured values beside the thresholds they were compared with; which ones depends on the rule.",
    "Alert.list": "The sanctions list entry that was met, or null.",
    "Alert.source": "The message whose judging raised the alert.",
    "Alert.occurred_at": "Event time of the last transfer of the evidence, UTC.",
    "Alert.detected_at": "Time of judging, UTC.",
    "Alert.retroactive": "Whether it was found in stored history after a list had changed.",
    "Alert.action": "What is recommended. Reject and hold decide the verdict of the withdrawal they fire on.",
    "Alert.status": "new, update (the story grew), or closed (it is void, since what it rests on was taken back).",
    "Alert.related": "What other rules found at the same transfer; told here and by no alert of their own.",
    "Related.alert_id": "The id under which verdicts name this finding.",
    "Related.rule_id": "The rule.",
    "Related.rule_version": "Its version.",
    "Related.severity": "How serious the finding is by itself.",
    "Related.title": "What the rule found, in words.",
    "Related.facts": "Measured values beside their thresholds.",
    "Evidence.event_id": "The transfer.",
    "Evidence.amount": "In units of the asset, as decimal text.",
    "Evidence.asset": "Ticker.",
    "Evidence.value_usd": "In US dollars, as decimal text.",
    "Evidence.occurred_at": "Event time, UTC.",
    "Evidence.shows": "What this transfer shows.",
    "ListMatch.name": "Name of the list.",
    "ListMatch.hash": "Content hash of the list.",
    "ListMatch.published": "Publication date of the list, null when it is not known.",
    "ListMatch.entry_id": "The publisher's id of the entry.",
    "ListMatch.entry_name": "The publisher's name of the party.",
    "ListMatch.matched": "What was met, in the spelling of the list.",
    "Source.topic": "Kafka topic, or the name of a screened file.",
    "Source.partition": "Partition, 0 for a file.",
    "Source.offset": "Offset in the partition, or number of the line, from 0.",
    "Verdict.event_id": "The withdrawal.",
    "Verdict.account_id": "Its account; the key of the Kafka message.",
    "Verdict.decision": "What to do with the withdrawal. No verdict means hold.",
    "Verdict.alert_ids": "Alerts behind the decision, those of stories told before among them.",
    "Verdict.rules_run": "Rules that answered.",
    "Verdict.rules_not_evaluated": "Rules that could not answer: never the same as a clean answer.",
    "Verdict.list_hash": "Hash of all lists it was judged by, sanctions and reference together; null when there were none.",
    "Verdict.list_age_seconds": "Age of the oldest of the lists, null when its date is not known.",
    "Verdict.source": "Where the withdrawal stands.",
    "Excepted.rule_id": "The rule, or FAMILY.* for all of a family, that the exception is about.",
    "Excepted.author": "Who decided it.",
    "Excepted.reason": "Why.",
    "Excepted.expires": "The last day on which it acts, by event time.",
    "Verdict.exceptions": "Exceptions that acted: findings that somebody decided not to be told.",
    "NotEvaluated.rule_id": "The rule.",
    "NotEvaluated.reason": "Why it could not answer.",
    "DeadLetter.reason": "Why the message could not be judged.",
    "DeadLetter.field": "The field at fault as a dotted path, $ for the whole message, key for the Kafka key.",
    "DeadLetter.original": "The message as it came, in base64; of a very long one the beginning.",
    "DeadLetter.source": "Where the message stands.",
    "Disposition.alert_id": "The first alert of the story it is about; the key of the Kafka message.",
    "Disposition.outcome": "Where the work on the story stands from then on.",
    "Disposition.note": "What the analyst wrote; may be empty.",
    "Disposition.author": "Who said it, as the console knows the analyst.",
    "Disposition.at": "When, UTC, by the console's clock.",
}

DEPOSIT_EXAMPLE: Final[Mapping[str, Any]] = {
    "event_id": "dep-1029384",
    "kind": "deposit",
    "account_id": "acc-771",
    "asset": "USDT",
    "network": "ethereum",
    "amount": "2500.00",
    "value_usd": "2499.80",
    "addresses": ["0x52908400098527886E0F7030069857D2E4169EE7"],
    "own_address": "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "tx_hash": "0x9fc76417374aa880d4449a1f7f31ec597f00b1f6f3dd2d66f4c9c6c445836d8b",
    "occurred_at": "2026-01-05T10:00:00Z",
    "counterparty": {"name": "Jane Example", "type": "individual", "country": "DE", "vasp": "Example Exchange"},
    "account": {"opened_at": "2025-11-02T08:30:00Z", "holder_name": "John Sample", "country": "SG", "type": "retail"},
}
WITHDRAWAL_EXAMPLE: Final[Mapping[str, Any]] = {
    "event_id": "wd-5550123",
    "kind": "withdrawal",
    "account_id": "acc-771",
    "asset": "BTC",
    "network": "bitcoin",
    "amount": "0.0215",
    "value_usd": "2042.50",
    "addresses": ["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"],
    "occurred_at": 1767609000000,
    "ip": "203.0.113.7",
    "ip_country": "SG",
    "device_id": "dev-42",
}


def components(ref_template: str) -> dict[str, Schema]:
    """The schemas of the contracts and of every type in them, by type name."""
    _, found = msgspec.json.schema_components(CONTRACTS.values(), ref_template=ref_template)
    return {name: _completed(name, schema) for name, schema in sorted(found.items())}


def schemas() -> Iterator[tuple[str, Schema]]:
    """Name and schema of each contract; each stands alone."""
    parts = components("#/$defs/{name}")
    for name, kind in CONTRACTS.items():
        schema = parts[kind.__name__]
        needed = {each: parts[each] for each in sorted(_needs(schema, parts))}
        yield (
            name,
            {
                "$schema": DIALECT,
                "$id": f"urn:lockgate:{name}:v{VERSION}",
                **schema,
                **({"$defs": needed} if needed else {}),
            },
        )


def file_name(contract: str) -> str:
    """Under which name a contract's schema is written."""
    return f"{contract}.v{VERSION}.schema.json"


def _needs(schema: Any, parts: Mapping[str, Schema]) -> set[str]:
    """The names of all schemas that one refers to, directly or not."""
    found: set[str] = set()
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(parts[name])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return found


def _completed(name: str, schema: Schema) -> Schema:
    """With meanings, formats and examples."""
    schema = dict(schema)
    if "description" in schema:
        schema["description"] = " ".join(cleandoc(schema["description"]).split())
    if "enum" in schema:
        schema = {"type": "string", **schema}
    for field, about in schema.get("properties", {}).items():
        meaning = _MEANINGS.get(f"{name}.{field}")
        if meaning is not None:
            about = {"description": meaning, **{key: value for key, value in about.items() if key != "description"}}
        if field in _TIMES | _DATES:
            about = _with_format(about, "date-time" if field in _TIMES else "date")
        schema["properties"][field] = about
    if name == Transfer.__name__:
        schema["examples"] = [DEPOSIT_EXAMPLE, WITHDRAWAL_EXAMPLE]
    return schema


def _with_format(schema: Schema, form: str) -> Schema:
    if "anyOf" in schema:
        return schema | {"anyOf": [_with_format(each, form) for each in schema["anyOf"]]}
    if schema.get("type") == "string":
        return schema | {"format": form}
    if schema.get("type") == "integer":
        return schema | _MILLISECONDS
    return schema
