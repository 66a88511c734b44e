"""Every comparison in a rule is held by a worked example: `<` for `<=` and the like, and some example comes out otherwise.

The code of each rule is compiled anew with one comparison changed, and asked all examples of its file.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from copy import deepcopy
from types import ModuleType
from typing import Final

import pytest

from rules.examples import BadExample, answer
from rules.rule import Rule
from rules.ruleset import Example, RuleFile
from streams.rulefiles import load_rules

RULESET = load_rules()
NEIGHBOUR: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
# (rule, comparison as written, position of the operator): why no example can notice the change
_SHORTCUT: Final = "a cheap look first; what follows counts inside the same window, with the same answer"
_EXACTLY: Final = "a sum of logarithms, which is never exactly the threshold"
_CITES: Final = "decides what is cited, which tests/rules/graph holds"
_TYPED: Final = "always so for a rule that does not look back; said for the type checker"
_KNOWN_GOOD: Final = "examples have no known-good pairs and no second entry: tests/rules/test_known_good.py has"
_SHOWN: Final = "decides what an alert shows, not whether there is one"
_CLOSES: Final = "decides which alert is closed: tests/streams/test_retroactive.py"
EXCEPTIONS: Final[dict[tuple[str, str, int], str]] = {
    ("laundering.fan_in", "times[index - self.back] <= times[index] - self.window", 0): _SHORTCUT,
    ("laundering.fan_out", "times[index - self.back] <= times[index] - self.window", 0): _SHORTCUT,
    ("laundering.structuring", "times[recent] <= times[index] - self.window", 0): _SHORTCUT,
    ("sanctions.name_match", "match.entry.entry_id not in cleared", 0): _KNOWN_GOOD,
    ("sanctions.name_match", "match is not best[1]", 0): _KNOWN_GOOD,
    ("sanctions.name_match", "one.role != 'holder'", 0): _SHOWN,
    ("sanctions.newly_named", "named.role != 'holder'", 0): _SHOWN,
    ("sanctions.newly_named", "best[place][0] < percent", 0): _SHOWN,
    ("sanctions.delisted", "first is not None", 0): _CLOSES,
    ("laundering.constant_share", "points >= self.least", 0): _EXACTLY,
    ("laundering.constant_share", "points >= _PROOF", 0): _CITES,
    ("laundering.known_company", "likely >= params.least_percent / 100", 0): _EXACTLY,
    ("laundering.known_company", "likely >= _PROOF", 0): _CITES,
    ("sanctions.unreadable_address", "case.transfer is not None", 0): _TYPED,
}


def source_of(rule: Rule) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[type(rule).__module__]))


def comparisons(tree: ast.AST) -> Iterator[tuple[int, ast.Compare]]:
    """Every comparison of a module with its number."""
    return enumerate(node for node in ast.walk(tree) if isinstance(node, ast.Compare))


def mutant(rule: Rule, file: RuleFile, number: int, position: int) -> Rule:
    """The rule with one operator of its code replaced by its neighbour."""
    tree = deepcopy(source_of(rule))
    compare = next(node for n, node in comparisons(tree) if n == number)
    compare.ops[position] = NEIGHBOUR[type(compare.ops[position])]()
    module = ModuleType(type(rule).__module__)
    exec(compile(ast.fix_missing_locations(tree), "mutant", "exec"), vars(module))  # noqa: S102
    changed: type[Rule] = vars(module)[type(rule).__name__]
    return changed(rule.about, {name: one.value for name, one in file.params.items()})


MUTANTS = [
    pytest.param(
        RULESET[rule_id], file, number, position, ast.unparse(compare), id=f"{rule_id} {ast.unparse(compare)} {position}"
    )
    for rule_id, file in RULESET.files.items()
    for number, compare in comparisons(source_of(RULESET[rule_id]))
    for position in range(len(compare.ops))
]


@pytest.mark.parametrize(("rule", "file", "number", "position", "text"), MUTANTS)
def test_a_changed_comparison_is_noticed_by_an_example(
    rule: Rule, file: RuleFile, number: int, position: int, text: str
) -> None:
    other = mutant(rule, file, number, position)
    found = any(outcome(other, file, example) != answer(rule, file, example) for example in file.example)
    excused = (file.rule.id, text, position) in EXCEPTIONS
    assert found != excused, f"no example notices another operator in: {text}" if not excused else "an idle exception"


def outcome(rule: Rule, file: RuleFile, example: Example) -> object:
    """What a rule answers, or that it breaks."""
    try:
        return answer(rule, file, example)
    except BadExample as error:
        return str(error)


def test_every_exception_is_about_code_that_stands_there() -> None:
    written = {(param.values[1].rule.id, param.values[4], param.values[3]) for param in MUTANTS}  # type: ignore[attr-defined]
    assert set(EXCEPTIONS) <= written
