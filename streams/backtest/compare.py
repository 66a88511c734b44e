"""Two runs over the same transfers: which alerts one rule set gives and the other does not, and which look different."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from streams.backtest.collected import COMPARED, Told

EXAMPLES: Final = 5  # of each kind and rule
_FACTS: Final = 3  # named of an example

_Examples = dict[str, list[dict[str, Any]]]


def compare(before: dict[str, Told], after: dict[str, Told]) -> dict[str, Any]:
    """Alerts gained, lost and changed, by rule, with examples. An alert is the same when its id is."""
    gained = [one for name, one in after.items() if name not in before]
    lost = [one for name, one in before.items() if name not in after]
    changed = [one for name, one in after.items() if name in before and before[name].content != one.content]
    facts: dict[str, Any] = {"kept": len(after) - len(gained) - len(changed)}
    for kind, found in (("gained", gained), ("lost", lost), ("changed", changed)):
        facts[kind] = {
            "alerts": len(found),
            "by_rule": dict(sorted(Counter(one.rule_id for one in found).items())),
            "examples": _examples(found, before if kind == "changed" else {}),
        }
    return facts


def _examples(found: Iterable[Told], before: dict[str, Told]) -> _Examples:
    """The first of each rule by day; what changed says in which fields, and names the severity and size it had."""
    examples: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in sorted(found, key=lambda told: (told.rule_id, told.day, told.alert_id)):
        if len(examples[one.rule_id]) < EXAMPLES:
            examples[one.rule_id].append(_shown(one) | _changes(one, before.get(one.alert_id)))
    return dict(examples)


def _shown(one: Told) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(one)
    del shown["content"]
    return shown | {"facts": msgspec.json.decode(one.facts)}


def _changes(one: Told, before: Told | None) -> dict[str, Any]:
    if before is None:
        return {}
    pairs = zip(COMPARED, before.content, one.content, strict=True)
    return {
        "changed": [name for name, old, new in pairs if old != new],
        "severity_before": before.severity.value,
        "transfers_before": before.transfers,
        "facts_before": msgspec.json.decode(before.facts),
    }


def in_words(one: Mapping[str, Any]) -> str:
    """What an example rests on: some facts, or what of it changed."""
    facts = {name: value for name, value in one["facts"].items() if isinstance(value, str | int | float)}
    if "changed" not in one:
        return ", ".join(f"{name} {value}" for name, value in list(facts.items())[:_FACTS])
    before = one["facts_before"]
    moved = [f"{name} {before[name]} → {value}" for name, value in facts.items() if before.get(name, value) != value]
    others = [name for name in one["changed"] if name != "facts" or not moved]
    return ", ".join([*moved[:_FACTS], *others])
