"""Everything a backtest found out, as plain values: what `--json` prints and what the page shows."""

from typing import Any, Final

from rules.engine import AccountsEngine
from rules.transfer import moment
from streams.backtest.collected import Collected
from streams.backtest.scores import Scorer
from streams.backtest.shard import End

_EXPENSIVE: Final = 5


def facts_of(
    source: str,
    engine: AccountsEngine,
    end: End,
    collected: Collected,
    scorer: Scorer | None,
    *,
    processes: int,
    seconds: float,
) -> dict[str, Any]:
    """The figures of one run. `seconds` is how long it took, by the clock on the wall."""
    totals, watchlist = end.totals, engine.knowledge.watchlist
    judged = totals.deposits + totals.withdrawals
    names = ("lines", "deposits", "withdrawals", "duplicates", "deadletters", "alerts")
    by_rule = {rule.about.id: _rule_facts(rule.about.id, engine, end, collected, judged) for rule in engine.ruleset.rules}
    expensive = sorted(by_rule, key=lambda rule_id: -by_rule[rule_id]["seconds"])[:_EXPENSIVE]
    return {
        "source": source,
        "ruleset": engine.ruleset.hash,
        "lists": {"hash": engine.knowledge.hash, "names": [one.name for one in watchlist.lists] if watchlist else []},
        "first": moment(end.first_ms).isoformat() if judged else None,
        "last": moment(end.last_ms).isoformat() if judged else None,
        "records": {name: getattr(totals, name) for name in names},
        "decisions": dict(sorted(totals.decisions.items())),
        "by_severity": dict(collected.by_severity),
        "rules": by_rule,
        "by_day": {day.isoformat(): dict(sorted(counts.items())) for day, counts in sorted(collected.by_day.items())},
        "top_accounts": collected.top_accounts(),
        "score": scorer.facts() if scorer else None,
        "speed": {
            "processes": processes,
            "seconds": round(seconds, 3),
            "cpu_seconds": round(end.cpu_seconds, 3),
            "transfers_per_second": round(judged / seconds) if seconds else 0,
            "transfers_per_core_second": round(judged / end.cpu_seconds) if end.cpu_seconds else 0,
            "most_expensive": [rule_id for rule_id in expensive if by_rule[rule_id]["seconds"]],
        },
    }


def _rule_facts(rule_id: str, engine: AccountsEngine, end: End, collected: Collected, judged: int) -> dict[str, Any]:
    about = engine.ruleset.files[rule_id].rule
    seconds = end.rule_seconds.get(rule_id, 0.0)
    return {
        "version": about.version,
        "status": about.status.value,
        "alerts": collected.by_rule[rule_id].total(),
        "by_severity": dict(collected.by_rule[rule_id]),
        "suppressed": end.suppressed[rule_id],
        "shadowed": end.shadowed[rule_id],
        "excepted": end.totals.excepted[rule_id],
        "not_evaluated": end.totals.not_evaluated[rule_id],
        "raised": end.totals.raised[rule_id],
        "seconds": round(seconds, 4),
        "microseconds_per_transfer": round(seconds * 1e6 / judged, 3) if judged else 0.0,
    }
