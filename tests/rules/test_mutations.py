"""Every threshold is held by a worked example: one step up or down, and some example comes out otherwise.

A step is the smallest change of a parameter's type: one of a count, a cent of an amount, one unit of a time as it is written
(24h to 23h or 25h). The tables by account type and asset class are mutated like the base.
"""

import inspect
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Final, get_args

import msgspec
import pytest

from rules.examples import answer
from rules.rule import Rule, Usd, Window
from rules.ruleset import Parameter, RuleFile
from streams.rulefiles import load_rules

RULESET = load_rules()
MUTATED = [
    pytest.param(RULESET[rule_id], file, table, name, id=f"{rule_id} {table}.{name}")
    for rule_id, file in RULESET.files.items()
    for table, parameters in file.tables.items()
    for name in parameters
]
# (rule, table, parameter, value): why no example can notice this step
EXCEPTIONS: Final[dict[tuple[str, str, str, Any], str]] = {
    ("dprk.worker_cell", "params", "linked_minimum", 3): "three with devices in common have them with each other",
}


def steps(kind: type, value: Any) -> Iterator[Any]:
    """The value one step lower and one step higher, as a rule file writes it."""
    if kind is Window:
        number, unit = int(value[:-1]), value[-1]
        yield from (f"{one}{unit}" for one in (number - 1, number + 1) if one)
    elif kind is Usd:
        cents = round(float(value) * 100)
        yield from (f"{one / 100:.2f}" for one in (cents - 1, cents + 1) if one >= 0)
    elif kind is bool:
        yield not value
    elif kind is int:
        yield from (value - 1, value + 1)
    elif kind in (tuple, list, frozenset, set):
        yield []
    else:
        raise TypeError(f"this test knows no step of {kind}")


def bare(annotation: Any) -> type:
    """The type of a parameter without its bounds, or without its None."""
    if isinstance(annotation, type):
        return annotation
    if isinstance(annotation, UnionType):
        return bare(next(one for one in get_args(annotation) if one is not NoneType))
    origin = annotation.__origin__
    return origin if isinstance(origin, type) else bare(origin)


def with_value(file: RuleFile, table: str, name: str, value: Any) -> RuleFile:
    """The file with one parameter of one table changed."""
    head, _, key = table.partition(".")
    changed = file.tables[table] | {name: Parameter(value=value, source="mutated")}
    tables = getattr(file, head)
    return msgspec.structs.replace(file, **{head: tables | {key: changed} if key else changed})


def noticed(rule: Rule, file: RuleFile, other: RuleFile) -> bool:
    return any(answer(rule, other, example) != answer(rule, file, example) for example in file.example)


@pytest.mark.parametrize(("rule", "file", "table", "name"), MUTATED)
def test_a_step_of_a_threshold_is_noticed_by_an_example(rule: Rule, file: RuleFile, table: str, name: str) -> None:
    kinds: dict[str, Any] = inspect.get_annotations(type(rule).Parameters)
    for value in steps(bare(kinds[name]), file.tables[table][name].value):
        excused = (file.rule.id, table, name, value) in EXCEPTIONS
        try:
            found = noticed(rule, file, with_value(file, table, name, value))
        except ValueError:
            continue  # the parameter's type forbids this side
        assert found != excused, f"no example notices {table}.{name} = {value}" if not excused else "an idle exception"


def test_steps_are_the_smallest_of_each_type() -> None:
    assert list(steps(Window, "24h")) == ["23h", "25h"]
    assert list(steps(Window, "1d")) == ["2d"]
    assert list(steps(Usd, "3000")) == ["2999.99", "3000.01"]
    assert list(steps(Usd, "0")) == ["0.01"]
    assert list(steps(int, 5)) == [4, 6]
    with pytest.raises(TypeError):
        list(steps(dict, {}))
