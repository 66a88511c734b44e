"""Reads rule files: the built-in ones of the package and those of a folder of the user's.

A folder holds `FAMILY/NAME.toml`. With the id of a built-in rule it replaces that rule's file, and its code as well
when `NAME.py` stands beside it; with a new id it needs a `NAME.py` with one rule class. Such code is imported: trust
the folder.
"""

import re
import sys
from collections.abc import Iterator
from importlib import import_module, resources
from importlib.resources.abc import Traversable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

from rules.rule import Rule
from rules.ruleset import BadRule, Ruleset, RuleSource, build_ruleset
from streams.errors import RulesError

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_BAD_CODE: Final = (ArithmeticError, ImportError, SyntaxError, NameError, AttributeError, TypeError, ValueError, LookupError)


def load_rules(folder: Path | None = None) -> Ruleset:
    """The built-in rules, with those of `folder` in their place or beside them.

    Raises:
        RulesError: with every fault of every file.
    """
    faults: list[str] = []
    sources = {source.rule_id: source for source in _built_in()}
    if folder is not None:
        for family, name, toml in _rule_files(folder, faults):
            rule_id = f"{family}.{name}"
            try:
                sources[rule_id] = _user_source(rule_id, toml, sources.get(rule_id))
            except (OSError, ValueError) as error:
                faults.append(f"{toml}: {error}")
    try:
        ruleset = build_ruleset(sources.values())
    except BadRule as bad:
        raise RulesError([*faults, *bad.faults]) from None
    if faults:
        raise RulesError(faults)
    return ruleset


def load_exactly(folder: Path) -> Ruleset:
    """The rules of a folder that holds the files and the code of all of them, and no others.

    Raises:
        RulesError: with every fault of every file.
    """
    faults: list[str] = []
    sources = []
    for family, name, toml in _rule_files(folder, faults):
        try:
            sources.append(_user_source(f"{family}.{name}", toml, None))
        except (OSError, ValueError) as error:
            faults.append(f"{toml}: {error}")
    if faults:
        raise RulesError(faults)
    try:
        return build_ruleset(sources)
    except BadRule as bad:
        raise RulesError(bad.faults) from None


def _built_in() -> Iterator[RuleSource]:
    for family in _folders(resources.files("rules")):
        for file in sorted(family.iterdir(), key=lambda one: one.name):
            name, dot, ending = file.name.partition(".")
            if dot + ending != ".toml":
                continue
            rule_id = f"{family.name}.{name}"
            yield RuleSource(
                rule_id=rule_id,
                kind=_rule_class(import_module(f"rules.{rule_id}")),
                toml=file.read_text("utf-8"),
                code=family.joinpath(f"{name}.py").read_text("utf-8"),
            )


def _folders(package: Traversable) -> list[Traversable]:
    return sorted((one for one in package.iterdir() if one.is_dir()), key=lambda one: one.name)


def _rule_files(folder: Path, faults: list[str]) -> Iterator[tuple[str, str, Path]]:
    """(family, name, file) of every rule file; what stands in the wrong place becomes a fault."""
    if not folder.is_dir():
        faults.append(f"{folder}: not a folder")
        return
    found = sorted(folder.rglob("*.toml"))
    if not found:
        faults.append(f"{folder}: no rule files (FAMILY/NAME.toml) in it")
    for toml in found:
        parts = toml.relative_to(folder).with_suffix("").parts
        if len(parts) == 2 and all(map(_NAME.fullmatch, parts)):
            yield parts[0], parts[1], toml
        else:
            faults.append(f"{toml}: a rule file is FAMILY/NAME.toml in lower case, digits and _")
    for code in sorted(folder.glob("*/*.py")):
        if not code.name.startswith("_") and not code.with_suffix(".toml").exists():
            faults.append(f"{code}: no {code.stem}.toml beside it")


def _user_source(rule_id: str, toml: Path, built_in: RuleSource | None) -> RuleSource:
    """Raises OSError or ValueError, a UnicodeDecodeError among them."""
    text = toml.read_text("utf-8")
    code = toml.with_suffix(".py")
    if code.exists():
        kind = _rule_class(_import_file(f"lockgate_rules.{rule_id}", code))
        return RuleSource(rule_id=rule_id, kind=kind, toml=text, code=code.read_text("utf-8"))
    if built_in is None:
        raise ValueError(f"no built-in rule {rule_id}, and no {code.name} beside it")
    return RuleSource(rule_id=rule_id, kind=built_in.kind, toml=text, code=built_in.code)


def _import_file(name: str, path: Path) -> ModuleType:
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path.name} cannot be imported")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except _BAD_CODE as error:
        raise ValueError(f"{path.name} cannot be imported: {type(error).__name__}: {error}") from None
    return module


def _rule_class(module: ModuleType) -> type[Rule]:
    """The one rule class that a module defines. Raises ValueError."""
    found = [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Rule) and one.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise ValueError(f"{module.__name__} must define one rule class, not {len(found)}")
    return found[0]
