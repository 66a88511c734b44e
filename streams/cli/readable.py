"""Alerts, verdicts and dead letters as a person reads them on a terminal."""

import base64
import binascii
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec
from rich.text import Text

_LIFE: Final = {"update": "Grown: ", "closed": "Closed: "}
_STYLES: Final = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "yellow",
    "low": "cyan",
    "info": "dim",
    "reject": "bold white on red",
    "hold": "yellow",
    "release": "green",
}
_ORIGINAL_CHARS: Final = 100  # of a dead letter's original message

_decode: Final = msgspec.json.Decoder().decode


def readable(value: bytes, render: Callable[[Mapping[str, Any]], Text]) -> Text:
    """The message as `render` puts it; one that is not of our own format as it is."""
    try:
        message = _decode(value)
        if isinstance(message, dict):
            return render(message)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        pass
    return Text(_plain(value.decode("utf-8", "replace")))


def alert(message: Mapping[str, Any]) -> Text:
    """Severity, rule, account and title; below it the facts, the list entry that was met, and the evidence."""
    severity = str(message["severity"])
    text = Text()
    text.append(f"{severity.upper():<9}", _STYLES.get(severity, ""))
    prefix = _LIFE.get(str(message.get("status")), "")
    text.append(f"{prefix}{_plain(message['title'])}\n", "bold")
    where = f" with {_plain(message['counterparty'])}" if message.get("counterparty") else ""
    again = ", found again in stored history" if message.get("retroactive") else ""
    text.append(f"         {_time(message['occurred_at'])}  account {_plain(message['account_id'])}{where}{again}\n")
    text.append(f"         {_plain(message['rule_id'])} {_plain(message['rule_version'])}")
    text.append(f", recommended: {_plain(message['action'])}, alert {_plain(message['alert_id'])}\n", "dim")
    if met := message.get("list"):
        published = f" of {_plain(met['published'])}" if met.get("published") else ""
        text.append(
            f"         on {_plain(met['name'])}{published}: {_plain(met['entry_name'])} ({_plain(met['entry_id'])})\n"
        )
    if facts := message.get("facts"):
        text.append(f"         {', '.join(f'{_words(name)} {_fact(fact)}' for name, fact in facts.items())}\n")
    for other in message.get("related", ()):
        text.append(
            f"         with it: {_plain(other['title'])} ({_plain(other['rule_id'])}, {_plain(other['severity'])})\n"
        )
    evidence = message["evidence"]
    text.append(f"         evidence: {_count(len(evidence), 'transfer')}, {_dollars(evidence)} USD", "dim")
    return text


def verdict(message: Mapping[str, Any]) -> Text:
    """The decision, the withdrawal, and why it is not released."""
    decision = str(message["decision"])
    text = Text()
    text.append(f"{decision.upper():<9}", _STYLES.get(decision, ""))
    text.append(f"{_plain(message['event_id'])}  account {_plain(message['account_id'])}")
    if alerts := message["alert_ids"]:
        text.append(f"  alerts: {', '.join(_plain(one) for one in alerts)}")
    if skipped := message["rules_not_evaluated"]:
        reasons = sorted({str(rule["reason"]) for rule in skipped})
        text.append(f"  {_count(len(skipped), 'rule')} not evaluated ({_plain('; '.join(reasons))})", "dim")
    if message.get("list_hash") is None:
        text.append("  no sanctions list", "red")
    return text


def deadletter(message: Mapping[str, Any]) -> Text:
    """What is wrong with the message, where it stands, and how it begins."""
    source = message["source"]
    place = source if isinstance(source, list) else [source["topic"], source["partition"], source["offset"]]
    text = Text()
    text.append(f"{_plain(message['field'])}: {_plain(message['reason'])}", "yellow")
    text.append(f"  {_plain(place[0])} {place[1]}/{place[2]}\n", "dim")
    try:
        original = base64.b64decode(message["original"], validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        original = str(message["original"])
    cut = "..." if len(original) > _ORIGINAL_CHARS else ""
    text.append(f"         {_plain(original[:_ORIGINAL_CHARS])}{cut}")
    return text


def _plain(value: Any) -> str:
    """Text that cannot steer the terminal: names and ids come from outside."""
    return "".join(character if character.isprintable() else "?" for character in str(value))


def _time(value: Any) -> str:
    return _plain(value).replace("T", " ")[:19]


def _words(name: str) -> str:
    return _plain(name).replace("_", " ")


def _fact(fact: Any) -> str:
    if isinstance(fact, Mapping):
        first, *rest = map(_fact, fact.values())
        return f"{first} ({', '.join(rest)})" if rest else first
    if isinstance(fact, list):
        return "[" + ", ".join(_fact(part) for part in fact) + "]"
    return f"{fact:g}" if isinstance(fact, float) else _plain(fact)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _dollars(evidence: list[Mapping[str, Any]]) -> str:
    try:
        return f"{sum(Decimal(one['value_usd']) for one in evidence):,.2f}"
    except InvalidOperation:
        return "?"
