"""What the rules make of a scenario: `python -m streams.scenarios.scoring dprk --seeds 20` prints the table of the docs.

Everything is judged as `lockgate screen` does, with the built-in rules and the demo list.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain
from typing import Final

import click
import msgspec

from rules.engine import AccountsEngine
from rules.knowledge import Knowledge
from rules.messages import Alert, Severity
from streams.rulefiles import load_rules
from streams.scenarios.scenario import SCENARIOS, Label, scenario
from streams.screening import BATCH_LINES, Screening
from streams.watchlists import load_watchlist

_JUDGED_MS: Final = 1_790_000_000_000
_TELLING: Final = frozenset({Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL})


Judged = tuple[list[Alert], dict[str, Label]]


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """`accounts` are, by the type of their label, those named by an alert of the family, and all; `others` bear no label.

    `telling` counts the alerts of medium severity or more by rule, of every family.
    """

    accounts: Mapping[str, tuple[int, int]]
    others: int
    telling: Mapping[str, int]


@lru_cache(maxsize=4)
def alerts_of(name: str, *, seed: int, accounts: int | None = None, days: int | None = None) -> Judged:
    """The alerts that a scenario draws, and its labels."""
    made, found = scenario(name, seed=seed, accounts=accounts, days=days), list[Alert]()
    screening = Screening(AccountsEngine(load_rules(), Knowledge(load_watchlist(["demo"]))), name)
    lines = [msgspec.json.encode(transfer) for transfer in made.transfers()]
    for start in range(0, len(lines), BATCH_LINES):
        records = [(start + number, None, line) for number, line in enumerate(lines[start : start + BATCH_LINES])]
        found += screening.judge(records, _JUDGED_MS).alerts
    return found, made.labels


def score(name: str, *, seed: int, accounts: int | None = None, days: int | None = None, family: str = "dprk.") -> Score:
    """Who is named by the rules of a family."""
    alerts, labels = alerts_of(name, seed=seed, accounts=accounts, days=days)
    named = {alert.account_id for alert in alerts if alert.rule_id.startswith(family)}
    by_type: dict[str, set[str]] = defaultdict(set)
    for label in labels.values():
        by_type[label.type].update(label.accounts)
    return Score(
        accounts={kind: (len(ids & named), len(ids)) for kind, ids in sorted(by_type.items())},
        others=len(named.difference(*by_type.values())),
        telling=Counter(alert.rule_id for alert in alerts if alert.severity in _TELLING),
    )


def table(scores: Iterable[Score]) -> list[str]:
    """The sums over several scenarios as a Markdown table."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for kind, counts in chain.from_iterable(one.accounts.items() for one in scores):
        sums[kind] = [total + count for total, count in zip(sums[kind], counts, strict=True)]
    rows = [f"| {kind} | {total:,} | {named:,} | {named / total:.1%} |" for kind, (named, total) in sorted(sums.items())]
    return ["| accounts | all | named | share |", "| --- | ---: | ---: | ---: |", *rows]


@click.command()
@click.argument("name", type=click.Choice(list(SCENARIOS)))
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="So many, from --first on.")
@click.option("--first", type=int, default=1, show_default=True)
@click.option("--accounts", type=click.IntRange(min=1))
@click.option("--days", type=click.IntRange(min=1))
@click.option("--family", default="dprk.", show_default=True, help="Beginning of the ids of the rules that count.")
def main(name: str, seeds: int, first: int, accounts: int | None, days: int | None, family: str) -> None:
    """Who is named in a scenario, over several seeds, by kind of account."""
    scores = [score(name, seed=first + number, accounts=accounts, days=days, family=family) for number in range(seeds)]
    for line in table(scores):
        click.echo(line)
    telling = sum((Counter(one.telling) for one in scores), Counter[str]())
    click.echo(f"\nnamed without a label: {sum(one.others for one in scores)}")
    click.echo(f"alerts of medium severity or more: {dict(sorted(telling.items()))}")


if __name__ == "__main__":
    main()
