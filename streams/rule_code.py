"""Whose code is whose in `rules/`: that of one rule, what some rules bring along, and the engine that all of them share."""

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

_PACKAGE: Final = "rules"
_ENTRANCES: Final = ("rules.engine", "rules.network")  # what these need is the engine, whoever else needs it


class RuleCode:
    """The modules of the package, by their names with dots, and which of them are rules."""

    def __init__(self, modules: Mapping[str, str], rules: Iterable[str]) -> None:
        self._modules = modules
        self._rules = frozenset(rules)
        self._shared = self._reached(_ENTRANCES)

    def brought_by(self, code: str) -> dict[str, str]:
        """The modules that a rule's code imports, and those that these import, but neither other rules nor the engine."""
        return self._texts(self._reached(self._imports(code)) - self._shared - self._rules)

    def engine(self) -> dict[str, str]:
        """Every module but the rules and what only rules bring along."""
        brought = self._reached(self._rules) - self._shared
        return self._texts(self._modules.keys() - brought - self._rules)

    def _texts(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self._modules[name] for name in sorted(names)}

    def _reached(self, names: Iterable[str]) -> frozenset[str]:
        """These modules and all that they import, directly or not."""
        left, reached = [name for name in names if name in self._modules], set[str]()
        while left:
            name = left.pop()
            if name not in reached:
                reached.add(name)
                left += self._imports(self._modules[name])
        return frozenset(reached)

    def _imports(self, code: str) -> set[str]:
        return {name for name in _imported(code) if name in self._modules}


@cache
def _imported(code: str) -> frozenset[str]:
    """Everything that a text imports; of `from a import b` both a and a.b, since b may be a module."""
    found = set[str]()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


@cache
def built_in_modules() -> Mapping[str, str]:
    """The text of every module of the package `rules`."""
    return dict(_modules(resources.files(_PACKAGE), _PACKAGE))


def _modules(folder: Traversable, package: str) -> Iterable[tuple[str, str]]:
    for file in folder.iterdir():
        if file.is_dir():
            yield from _modules(file, f"{package}.{file.name}")
        elif file.name == "__init__.py":
            yield package, file.read_text("utf-8")
        elif file.name.endswith(".py"):
            yield f"{package}.{file.name.removesuffix('.py')}", file.read_text("utf-8")
