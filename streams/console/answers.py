"""What the console's pages ask: a story, an account, the rules, the system. Plain values, ready to be JSON."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from rules.ruleset import Ruleset
from streams.console.disposition import Outcome
from streams.console.store import Store
from streams.console.stories import RANK, Story
from streams.rule_catalogue import question

_GRAPH_EDGES: Final = 24  # judgement: more cannot be read
_DAYS: Final = 14
_OF_ACCOUNT: Final = 200  # judgement: stories of one account that a page can show


def story(store: Store, alert_id: str) -> dict[str, Any] | None:
    """A story with its alerts, verdicts, what was said of it, and its surroundings; None when it is not in memory."""
    found = store.stories.get(alert_id)
    if found is None:
        return None
    story_id, one = found
    told = one.told_alerts()
    events = dict.fromkeys(evidence["event_id"] for alert in told for evidence in alert["evidence"])
    return {
        "id": story_id,
        "row": one.row(),
        "alerts": told,
        "dispositions": one.dispositions,
        "verdicts": store.verdicts_on(events),
        "graph": _graph(store, one),
        "neighbours": [other.row() for other in _neighbours(store, one)],
    }


def account(store: Store, account_id: str) -> dict[str, Any]:
    """The stories and verdicts of an account, what was said of them, and who else dealt with the same addresses.

    Empty for an account that nothing is known of.
    """
    every = store.stories.of_account(account_id)
    stories = every[-_OF_ACCOUNT:]
    said = [(one, story) for story in stories for one in story.dispositions]
    verdicts = store.verdicts_of(account_id)
    return {
        "id": account_id,
        "story_count": len(every),
        "stories": [one.row() for one in reversed(stories)],
        "verdicts": verdicts,
        "decisions": Counter(one.decision for one in verdicts),
        "dispositions": [
            {"story": story.row(), "said": one} for one, story in sorted(said, key=lambda pair: pair[0].at, reverse=True)
        ],
        "graph": _edges([*stories, *_sharing(store, stories)]),
    }


def rules(store: Store, ruleset: Ruleset) -> list[dict[str, Any]]:
    """Every rule with its words and thresholds, how often it was told, and what analysts made of that."""
    newest_ms = max((fresh.newest_ms or 0 for fresh in store.fresh.values()), default=0)
    newest = datetime.fromtimestamp(newest_ms / 1000, UTC)
    told: dict[str, list[Story]] = {}
    for one in store.stories:
        told.setdefault(one.last.rule_id, []).append(one)
    known = {rule.about.id: _about(rule, ruleset) for rule in ruleset.rules}
    for name in sorted(told.keys() - known.keys()):
        known[name] = {"id": name, "title": told[name][-1].last.title, "unknown": True}
    return [{**about, **_rates(store, told.get(name, []), name, newest)} for name, about in sorted(known.items())]


def system(store: Store, ruleset: Ruleset) -> dict[str, Any]:
    """How much there is, how fresh it is, and what is wrong."""
    newest = store.stories.newest
    return {
        **pulse(store),
        "newest_event_ms": None if newest is None else int(newest.timestamp() * 1000),
        "lists": store.lists,
        "backlog": store.backlog,
        "decisions": store.decisions,
        "not_evaluated": store.not_evaluated,
        "deadletters": list(reversed(store.deadletters)),
        "dropped": store.stories.dropped,
        "limit": store.stories.limit,
        "ruleset": ruleset.hash,
        "rulesets": +store.stories.rulesets,  # those with any
    }


def pulse(store: Store) -> dict[str, Any]:
    """What every page shows at its top."""
    return {
        "stories": len(store.stories),
        "verdicts_per_second": store.verdicts_per_second(),
        "topics": {topic: msgspec.to_builtins(fresh) for topic, fresh in store.fresh.items()},
    }


def _about(rule: Any, ruleset: Ruleset) -> dict[str, Any]:
    about, file = rule.about, ruleset.files[rule.about.id]
    return {
        "id": about.id,
        "title": about.title,
        "question": question(rule),
        "version": about.version,
        "status": about.status,
        "severity": about.severity,
        "action": about.action,
        "typology": about.typology,
        "false_positives": about.false_positives,
        "blind_spots": about.blind_spots,
        "triage": about.triage,
        "references": about.references,
        "params": [
            {"table": table, "name": name, "value": str(parameter.value), "source": parameter.source}
            for table, parameters in file.tables.items()
            for name, parameter in parameters.items()
        ],
    }


def _rates(store: Store, told: list[Story], rule_id: str, newest: datetime) -> dict[str, Any]:
    """Stories by day before the newest message (today is the last), and by outcome."""
    days = [0] * _DAYS
    for one in told:
        ago = (newest - one.last.detected_at).days
        if 0 <= ago < _DAYS:
            days[_DAYS - 1 - ago] += 1
    outcomes = Counter(one.outcome for one in told)
    decided = outcomes[Outcome.CONFIRMED] + outcomes[Outcome.FALSE_POSITIVE]
    return {
        "stories": len(told),
        "days": days,
        "outcomes": outcomes,
        "false_positive_share": outcomes[Outcome.FALSE_POSITIVE] / decided if decided else None,
        "not_evaluated": store.not_evaluated.get(rule_id, 0),
    }


def _neighbours(store: Store, one: Story) -> list[Story]:
    """Other stories of the account or about the address, newest last."""
    others = store.stories.of_account(one.last.account_id)
    if one.last.counterparty:
        others += store.stories.of_counterparty(one.last.counterparty)
    return [other for other in dict.fromkeys(others) if other is not one][-_GRAPH_EDGES:]


def _sharing(store: Store, stories: Iterable[Story]) -> list[Story]:
    """Stories of others about the addresses of these."""
    addresses = dict.fromkeys(one.last.counterparty for one in stories if one.last.counterparty)
    return [other for address in addresses for other in store.stories.of_counterparty(address)]


def _graph(store: Store, one: Story) -> list[dict[str, Any]]:
    return _edges([one, *reversed(_neighbours(store, one))])


def _edges(stories: Iterable[Story]) -> list[dict[str, Any]]:
    """Accounts and addresses that stories join, the first ones where there are too many."""
    edges: dict[tuple[str, str], dict[str, Any]] = {}
    for one in stories:
        if not one.last.counterparty:
            continue
        key = one.last.account_id, one.last.counterparty
        edge = edges.setdefault(key, {"account": key[0], "address": key[1], "stories": 0, "severity": one.severity})
        edge["stories"] += 1
        edge["severity"] = max(edge["severity"], one.severity, key=RANK.__getitem__)
        if len(edges) == _GRAPH_EDGES:
            break
    return list(edges.values())
