"""The version lock: a line for each rule and one for the engine, with a version and a hash of what the version stands for.

A *released* version is fixed for good: what differs from it needs a higher version. Until it is released a version may
change freely, but the lock has to be written anew, so that no change goes unseen. Of a rule are hashed its TOML file, its
code, and the modules of `rules/` that it brings along: those it imports, directly or not, without the engine. The worked
examples are tests, and the version itself stands beside the hash. The engine is all other code of `rules/`; its version is
that of Lockgate.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final

import msgspec

from rules.ruleset import Ruleset, RuleSource
from streams.errors import RulesError
from streams.rule_code import RuleCode, built_in_modules

NAME: Final = "versions.lock"
_HEAD: Final = (
    "# Written by `lockgate rules lock`; do not edit. Released versions are fixed: a change needs a higher version.\n"
)
ENGINE: Final = "engine"  # no rule's id, which has a dot in it
_BUMP: Final = "patch for wording, minor for a threshold, major for logic"


class Locked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule in the lock, or the engine."""

    version: str
    hash: str
    released: bool = False


class Breach(msgspec.Struct, frozen=True):
    """A rule, or the engine, that the lock does not allow as it stands.

    `fixed` says that writing the lock anew is all it takes.
    """

    rule_id: str
    says: str
    fixed: bool


def read_lock(folder: Path | None) -> dict[str, Locked] | None:
    """The lock of a rule folder, or of the built-in rules; None where there is none.

    Raises:
        RulesError: it cannot be read.
    """
    file = resources.files("rules").joinpath(NAME) if folder is None else folder / NAME
    if not file.is_file():
        return None
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), dict[str, Locked])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RulesError([f"{file}: not a version lock: {error}"]) from None


def in_force(ruleset: Ruleset, folder: Path | None, modules: Mapping[str, str] | None = None) -> dict[str, Locked]:
    """What a lock should say of the rules that a folder itself brings; without one of all of them, and of the engine.

    `modules` are the texts of `rules/`, by default the built-in ones.
    """
    sources = ruleset.sources
    code = RuleCode(modules or built_in_modules(), (f"rules.{rule_id}" for rule_id in sources))
    if folder is None:
        return {ENGINE: _engine(code), **{rule_id: _rule(source, code) for rule_id, source in sources.items()}}
    own = (rule_id for rule_id in sources if folder.joinpath(*rule_id.split(".")).with_suffix(".toml").is_file())
    return {rule_id: _rule(sources[rule_id], code) for rule_id in own}


def write_lock(entries: Mapping[str, Locked]) -> str:
    """The text of a lock file, one line a rule, in order."""
    lines = (
        f'"{rule_id}" = {{ version = "{one.version}", hash = "{one.hash}", released = {str(one.released).lower()} }}\n'
        for rule_id, one in sorted(entries.items())
    )
    return _HEAD + "".join(lines)


def _rule(source: RuleSource, code: RuleCode) -> Locked:
    """A rule as it is: hashed are its TOML file without examples and version, its code, and what it brings along."""
    table: dict[str, Any] = tomllib.loads(source.toml)
    table.pop("example", None)
    version = table["rule"].pop("version")
    digest = hashlib.blake2b(msgspec.json.encode(table, order="deterministic"), digest_size=12)
    digest.update(source.code.encode())
    digest.update(_joined(code.brought_by(source.code)))
    return Locked(version, digest.hexdigest())


def _engine(code: RuleCode) -> Locked:
    digest = hashlib.blake2b(_joined(code.engine()), digest_size=12)
    return Locked(metadata.version("lockgate"), digest.hexdigest())


def _joined(modules: Mapping[str, str]) -> bytes:
    return "".join(f"\0{name}\0{text}" for name, text in modules.items()).encode()


def lock_of(current: Mapping[str, Locked], known: Mapping[str, Locked], *, release: bool = False) -> dict[str, Locked]:
    """What the lock should say, given what it says. What was released stays in it."""
    entries = {name: one for name, one in known.items() if one.released}
    for name, now in current.items():
        before = entries.get(name)
        released = release or (before is not None and before.version == now.version)
        entries[name] = msgspec.structs.replace(now, released=released)
    return entries


def breaches(current: Mapping[str, Locked], known: Mapping[str, Locked]) -> Iterator[Breach]:
    """Everything in which rules and engine as they are and their lock disagree, with what to do about it."""
    left = dict(known)
    for name, now in current.items():
        before = left.pop(name, None)
        if before is None:
            yield Breach(name, "is not in the lock: run `lockgate rules lock`", True)
        elif _order(now.version) < _order(before.version):
            says = f"version {now.version} is below {before.version} of the lock: raise it"
            yield Breach(name, says, not before.released)
        elif now.version != before.version:
            says = f"is at {now.version}, the lock at {before.version}: run `lockgate rules lock`"
            yield Breach(name, says, True)
        elif now.hash != before.hash and before.released:
            how = "raise Lockgate's in pyproject.toml" if name == ENGINE else f"raise its version ({_BUMP})"
            yield Breach(name, f"differs from released version {now.version}: {how}, then run `lockgate rules lock`", False)
        elif now.hash != before.hash:
            says = f"changed since the lock was written, {now.version} is not released yet: run `lockgate rules lock`"
            yield Breach(name, says, True)
    for name, before in left.items():
        says = "is gone: keep its files, with status retired" if before.released else "is gone: run `lockgate rules lock`"
        yield Breach(name, says, not before.released)


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
