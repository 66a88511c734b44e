"""The report of a backtest as one HTML page that needs no other file."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape
from importlib import resources
from typing import Any, Final

from streams.backtest.compare import in_words
from streams.backtest.plots import bar, by_day

_READ: Final = ("critical", "high", "medium")
_EXAMPLE: Final = ("rule", "day", "severity", "account", "#transfers", "#USD", "facts", "alert")
_STYLE: Final = resources.files("streams.backtest").joinpath("page.css").read_text("utf-8")

_Cells = Sequence[str]


def page(facts: Mapping[str, Any]) -> str:
    """The page of the facts of `streams.backtest.facts`."""
    sections = [
        _head(facts),
        _figures(facts),
        _diff(facts["diff"]) if "diff" in facts else "",
        _days(facts),
        _score(facts["score"]) if facts["score"] else "",
        _rules(facts["rules"]),
        _accounts(facts["top_accounts"]),
        _speed(facts),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Backtest of {escape(facts['source'])}</title><style>{_STYLE}</style></head>\n"
        f"<body>{''.join(sections)}</body></html>\n"
    )


def _head(facts: Mapping[str, Any]) -> str:
    period = f"{facts['first'][:10]} to {facts['last'][:10]}" if facts["first"] else "no transfers"
    lists = ", ".join(facts["lists"]["names"]) or "no list"
    return (
        f"<h1>Backtest of {escape(facts['source'])}</h1>"
        f'<p class="soft">{period} · rule set <code>{escape(facts["ruleset"])}</code> · {escape(lists)} '
        f"<code>{escape(facts['lists']['hash'][:12])}</code></p>"
    )


def _figures(facts: Mapping[str, Any]) -> str:
    records, severities, score = facts["records"], facts["by_severity"], facts["score"]
    to_read = sum(severities.get(severity, 0) for severity in _READ)
    figures = [
        (f"{records['deposits'] + records['withdrawals']:,}", "transfers judged"),
        (f"{to_read:,}", "alerts for a person to read"),
        (f"{records['alerts'] - to_read:,}", "alerts of low severity"),
    ]
    figures += [(f"{count:,}", f"withdrawals: {decision}") for decision, count in facts["decisions"].items()]
    figures += [(f"{records[name]:,}", name) for name in ("duplicates", "deadletters") if records[name]]
    if score:
        figures += [(_share(score["recall"]), "recall"), (_share(score["precision"]), "precision")]
    cells = (f'<div class="figure"><b>{value}</b><span>{escape(name)}</span></div>' for value, name in figures)
    return f'<div class="figures">{"".join(cells)}</div>'


def _days(facts: Mapping[str, Any]) -> str:
    if not facts["by_day"]:
        return "<h2>Alerts by day</h2><p>None.</p>"
    return f"<h2>Alerts by day</h2>{by_day(facts['by_day'], facts['first'], facts['last'])}"


def _score(score: Mapping[str, Any]) -> str:
    types = [
        (escape(kind), f"{one['met']:,} of {one['of']:,}", bar(one["met"], one["of"]))
        for kind, one in score["by_type"].items()
    ]
    rules = [
        (escape(rule), f"{one['right']:,} of {one['alerts']:,}", bar(one["right"], one["alerts"]))
        for rule, one in score["by_rule"].items()
    ]
    return (
        "<h2>Against the labels</h2>"
        f"<p>Found {score['found']:,} of {score['patterns']:,} patterns. Of {score['alerts']:,} alerts of medium severity "
        f"or above {score['right']:,} are right: half of their evidence or more is one pattern.</p>"
        "<h3>Patterns found, and look-alikes (benign) that drew an alert</h3>"
        f"{_table(('type', '#found or drawn', 'share'), types)}"
        f"<h3>Right alerts by rule</h3>{_table(('rule', '#right', 'share'), rules)}"
    )


def _rules(rules: Mapping[str, Mapping[str, Any]]) -> str:
    most = max((rule["alerts"] + rule["shadowed"] for rule in rules.values()), default=0)
    rows = []
    for name, rule in sorted(rules.items(), key=lambda item: (-item[1]["alerts"] - item[1]["shadowed"], item[0])):
        raised = f'<span class="bad">{rule["raised"]:,}</span>' if rule["raised"] else "0"
        rows.append(
            (
                f"<code>{escape(name)}</code>",
                f"{escape(rule['version'])}, {escape(rule['status'])}",
                f"{rule['alerts']:,}",
                bar(rule["alerts"] + rule["shadowed"], most),
                f"{sum(rule['by_severity'].get(one, 0) for one in _READ):,}",
                f"{rule['suppressed']:,}",
                f"{rule['shadowed']:,}",
                f"{rule['excepted']:,}",
                f"{rule['not_evaluated']:,}",
                raised,
            )
        )
    names = (
        "rule",
        "version",
        "#alerts",
        "",
        "#to read",
        "#suppressed",
        "#shadow",
        "#excepted",
        "#not evaluated",
        "#raised",
    )
    return f"<h2>Rules</h2>{_table(names, rows)}"


def _accounts(accounts: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        (
            f"<code>{escape(one['account_id'])}</code>",
            f"{one['to_read']:,}",
            f"{one['alerts']:,}",
            escape(one["worst"]),
            escape(", ".join(one["rules"])),
        )
        for one in accounts
    ]
    return f"<h2>Accounts with most alerts</h2>{_table(('account', '#to read', '#alerts', 'worst', 'rules'), rows)}"


def _speed(facts: Mapping[str, Any]) -> str:
    speed, rules = facts["speed"], facts["rules"]
    slowest = max((rule["microseconds_per_transfer"] for rule in rules.values()), default=0.0)
    order = sorted(rules, key=lambda name: -rules[name]["microseconds_per_transfer"])
    rows = [
        (
            f"<code>{escape(name)}</code>",
            f"{rules[name]['microseconds_per_transfer']:.2f}",
            bar(rules[name]["microseconds_per_transfer"], slowest),
        )
        for name in order
        if rules[name]["microseconds_per_transfer"]
    ]
    return (
        "<h2>Time</h2>"
        f"<p>{speed['seconds']:.1f} s with {speed['processes']} processes, {speed['cpu_seconds']:.1f} s of processor time: "
        f"{speed['transfers_per_core_second']:,} transfers a second and core. The most expensive rules: "
        f"{escape(', '.join(speed['most_expensive']))}.</p>{_table(('rule', '#µs a transfer', ''), rows)}"
    )


def _diff(diff: Mapping[str, Any]) -> str:
    before = diff["before"]
    parts = [
        "<h2>Compared with the other rule set</h2>",
        f'<p class="soft">rule set <code>{escape(before["ruleset"])}</code>: {before["records"]["alerts"]:,} alerts; '
        f"{diff['kept']:,} are the same here.</p>",
    ]
    kinds = ("gained", "lost", "changed")
    rules = sorted({rule for kind in kinds for rule in diff[kind]["by_rule"]})
    counts = [
        (f"<code>{escape(rule)}</code>", *(f"{diff[kind]['by_rule'].get(rule, 0):,}" for kind in kinds)) for rule in rules
    ]
    total = ("all", *(f"{diff[kind]['alerts']:,}" for kind in kinds))
    parts.append(_table(("rule", "#gained", "#lost", "#changed"), [*counts, total]))
    for kind in kinds:
        examples = [_example(one) for shown in diff[kind]["examples"].values() for one in shown]
        if examples:
            parts.append(f"<h3>Examples: {kind}</h3>")
            parts.append(_table(_EXAMPLE, examples))
    return "".join(parts)


def _example(one: Mapping[str, Any]) -> _Cells:
    severity, transfers = escape(one["severity"]), f"{one['transfers']:,}"
    if one.get("severity_before", one["severity"]) != one["severity"]:
        severity = f"{escape(one['severity_before'])} → {severity}"
    if one.get("transfers_before", one["transfers"]) != one["transfers"]:
        transfers = f"{one['transfers_before']:,} → {transfers}"
    return (
        f"<code>{escape(one['rule_id'])}</code>",
        escape(one["day"]),
        severity,
        f"<code>{escape(one['account_id'])}</code>",
        transfers,
        f"{Decimal(one['value_usd']):,.2f}",
        escape(in_words(one)),
        f"<code>{escape(one['alert_id'])}</code>",
    )


def _table(names: _Cells, rows: Iterable[_Cells]) -> str:
    """A table; columns whose names begin with # hold numbers. Cells are HTML."""
    numbers = [name.startswith("#") for name in names]

    def line(tag: str, cells: Iterable[str]) -> str:
        marked = zip(cells, numbers, strict=True)
        return "".join(f"<{tag}{_class(tag, cell, number)}>{cell}</{tag}>" for cell, number in marked)

    head = line("th", (name.removeprefix("#") for name in names))
    body = "".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _class(tag: str, cell: str, number: bool) -> str:
    if number:
        return ' class="n"'
    return ' class="bars"' if tag == "td" and cell.startswith("<svg") else ""


def _share(value: float | None) -> str:
    return "none" if value is None else f"{100 * value:.1f} %"
