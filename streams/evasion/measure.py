"""Plants patterns among ordinary customers, disguises them, and counts what the worker's engines find of them."""

import multiprocessing
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final

import msgspec

from rules.engine import AccountsEngine
from rules.messages import Alert, Severity
from streams.evasion.mutations import MUTATIONS, STRENGTHS, Transfer
from streams.scenarios.cells import CELLS
from streams.scenarios.layers import LAYERS
from streams.scenarios.onward import ONWARD
from streams.scenarios.scenario import DEFAULT_START, DEMO_LISTED, PATTERNS, Recipe, Scenario, scenario
from streams.scenarios.typologies import TYPOLOGIES
from streams.screening import BATCH_LINES, Screening

ACCOUNTS: Final = 120  # ordinary customers around the patterns
DAYS: Final = 90
EACH: Final = 5  # patterns of each typology

_LEFT_OUT: Final = ("worker_cell",)  # the cells tell the same in more ways
_QUIET: Final = (Severity.INFO, Severity.LOW)
_encode: Final = msgspec.json.Encoder().encode


class Found(msgspec.Struct):
    """What was found of the patterns of one typology under one disguise. `read`: by an alert of medium severity or above."""

    planted: int
    read: int = 0
    told: int = 0
    by_rule: dict[str, int] = msgspec.field(default_factory=dict)  # patterns that a rule found, in whatever severity


class Quiet(msgspec.Struct):
    """Alerts on ordinary customers without any crime, by rule: those of medium severity or above, and all of them."""

    accounts: int
    days: int
    read: dict[str, int] = {}
    told: dict[str, int] = {}


Cell = tuple[str, int]  # disguise, strength; ("", 0): none
Measured = dict[Cell, dict[str, Found]]


class Stage:
    """One scenario, cut into ordinary life and patterns."""

    def __init__(self, seed: int, typologies: Sequence[str], each: int, accounts: int, days: int) -> None:
        recipe = Recipe(about="", accounts=accounts, days=days, planted=dict.fromkeys(typologies, each))
        life = Scenario(
            recipe, name="evasion", seed=seed, accounts=accounts, days=days, start=DEFAULT_START, listed=(DEMO_LISTED,)
        )
        transfers = list(life.transfers())
        self.seed = seed
        self.accounts = {name: frozenset(label.accounts) for name, label in life.labels.items() if _wicked(label.type)}
        self.types = {name: life.labels[name].type for name in self.accounts}
        of_event = {event: name for name in self.accounts for event in life.labels[name].events}
        self.ordinary = [one for one in transfers if one["event_id"] not in of_event]
        self.patterns: defaultdict[str, list[Transfer]] = defaultdict(list)
        for one in transfers:
            if one["event_id"] in of_event:
                self.patterns[of_event[one["event_id"]]].append(one)

    def disguised(self, cell: Cell) -> dict[str, list[Transfer]]:
        """The patterns' transfers in a disguise, by pattern. What is paid for a pattern's own show is part of it."""
        disguise, strength = cell
        if not strength:
            return dict(self.patterns)
        return {
            name: MUTATIONS[disguise](transfers, strength, random.Random(f"{self.seed} {cell} {name}"))  # noqa: S311
            for name, transfers in self.patterns.items()
        }


def _wicked(kind: str) -> bool:
    return not kind.startswith("benign:")


def typologies() -> tuple[str, ...]:
    """Those that are measured, in the order of the table."""
    return tuple(name for name in (*TYPOLOGIES, *LAYERS, *ONWARD, *CELLS) if name not in _LEFT_OUT and name in PATTERNS)


def measure(
    engine: AccountsEngine,
    *,
    seed: int = 1,
    each: int = EACH,
    accounts: int = ACCOUNTS,
    days: int = DAYS,
    disguises: Iterable[str] = tuple(MUTATIONS),
    processes: int = 1,
    progress: Callable[[Cell], None] = lambda cell: None,
) -> Measured:
    """What is found of each typology, bare and in every disguise at every strength."""
    stage = Stage(seed, typologies(), each, accounts, days)
    cells: list[Cell] = [("", 0), *((disguise, strength) for disguise in disguises for strength in STRENGTHS)]
    measured: Measured = {}
    context = multiprocessing.get_context("fork")  # the scenario and the engine are made once
    with ProcessPoolExecutor(processes, context, _begin, (stage, engine)) as pool:
        for cell, found in zip(cells, pool.map(_measure, cells), strict=True):
            measured[cell] = found
            progress(cell)
    return measured


_work: list[tuple[Stage, AccountsEngine]] = []  # of a process of `measure`


def _begin(stage: Stage, engine: AccountsEngine) -> None:
    _work[:] = [(stage, engine)]


def _measure(cell: Cell) -> dict[str, Found]:
    ((stage, engine),) = _work
    return measure_cell(stage, engine, cell)


def measure_cell(stage: Stage, engine: AccountsEngine, cell: Cell) -> dict[str, Found]:
    """Judge the scenario with its patterns in one disguise."""
    patterns = stage.disguised(cell)
    of_event = {one["event_id"]: name for name, transfers in patterns.items() for one in transfers}
    everything = [*stage.ordinary, *(one for transfers in patterns.values() for one in transfers)]
    read: set[str] = set()
    by_rule: defaultdict[str, set[str]] = defaultdict(set)
    for alert in _alerts(engine, sorted(everything, key=lambda one: (_when(one), one["event_id"]))):
        for name in _about(alert, of_event):
            accounts = stage.accounts[name] | {one["account_id"] for one in patterns[name]}
            if alert.account_id in accounts:
                for rule in (alert.rule_id, *(one.rule_id for one in alert.related)):
                    by_rule[rule].add(name)
                if alert.severity not in _QUIET:
                    read.add(name)
    return _counted(stage.types, read, by_rule)


def measure_quiet(engine: AccountsEngine, *, seed: int = 1, accounts: int = 1_000, days: int = 90) -> Quiet:
    """What the rules say of ordinary customers, month after month."""
    read: Counter[str] = Counter()
    told: Counter[str] = Counter()
    life = scenario("ordinary", seed=seed, accounts=accounts, days=days)
    for alert in _alerts(engine, list(life.transfers())):
        told[alert.rule_id] += 1
        read[alert.rule_id] += alert.severity not in _QUIET
    return Quiet(accounts, days, dict(sorted((+read).items())), dict(sorted(told.items())))


def _counted(types: Mapping[str, str], read: set[str], by_rule: Mapping[str, set[str]]) -> dict[str, Found]:
    told = set().union(*by_rule.values())
    found = {kind: Found(planted) for kind, planted in Counter(types.values()).items()}
    for name, kind in types.items():
        found[kind].read += name in read
        found[kind].told += name in told
        for rule, names in sorted(by_rule.items()):
            if name in names:
                found[kind].by_rule[rule] = found[kind].by_rule.get(rule, 0) + 1
    return found


def _about(alert: Alert, of_event: Mapping[str, str]) -> Iterator[str]:
    """The pattern to which at least half of an alert's evidence belongs."""
    met = Counter(of_event[one.event_id] for one in alert.evidence if one.event_id in of_event)
    yield from (name for name, count in met.items() if 2 * count >= len(alert.evidence))


def _alerts(engine: AccountsEngine, transfers: Sequence[Transfer]) -> Iterator[Alert]:
    screening = Screening(engine, "evasion")
    judged_ms = time.time_ns() // 1_000_000
    for first in range(0, len(transfers), BATCH_LINES):
        lines: list[tuple[int, Any, bytes]] = [
            (first + number, None, _encode(one)) for number, one in enumerate(transfers[first : first + BATCH_LINES])
        ]
        yield from screening.judge(lines, judged_ms).alerts


def _when(one: Transfer) -> str:
    return str(one["occurred_at"]).replace("Z", "+00:00")
