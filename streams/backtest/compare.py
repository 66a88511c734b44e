"""Two runs over the same transfers: which alerts one rule set gives and the other does not, and which look different."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from streams.backtest.collected import Told

EXAMPLES: Final = 5  # of each kind and rule

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
    """The first of each rule, the most severe rules' names in order; what changed names the severity it had."""
    examples: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in sorted(found, key=lambda told: (told.rule_id, told.day, told.alert_id)):
        if len(examples[one.rule_id]) < EXAMPLES:
            shown = msgspec.to_builtins(one)
            del shown["content"]
            if one.alert_id in before:
                shown["severity_before"] = before[one.alert_id].severity.value
                shown["transfers_before"] = before[one.alert_id].transfers
            examples[one.rule_id].append(shown)
    return dict(examples)
