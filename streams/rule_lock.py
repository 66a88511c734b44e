"""The version lock: one line for each rule, with its version and a hash of what the version stands for.

A *released* version is fixed for good: a rule that differs from it needs a higher version. Until it is released a version
may change freely, but the lock has to be written anew, so that no change of a rule goes unseen. Hashed are the rule's code
and its TOML file; the worked examples are tests, and the version itself stands beside the hash. What rules share (engines,
profiles) is versioned by the state version of the journal.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from rules.ruleset import Ruleset, RuleSource
from streams.errors import RulesError

NAME: Final = "versions.lock"
_HEAD: Final = (
    "# Written by `lockgate rules lock`; do not edit. Released versions are fixed: a change needs a higher version.\n"
)
_BUMP: Final = "patch for wording, minor for a threshold, major for logic"


class Locked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule in the lock."""

    version: str
    hash: str
    released: bool = False


class Breach(msgspec.Struct, frozen=True):
    """A rule that the lock does not allow as it stands. `fixed` says that writing the lock anew is all it takes."""

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


def own_sources(ruleset: Ruleset, folder: Path | None) -> tuple[RuleSource, ...]:
    """The rules that a folder itself brings; without one all of them."""
    return tuple(
        source
        for rule_id, source in ruleset.sources.items()
        if folder is None or folder.joinpath(*rule_id.split(".")).with_suffix(".toml").is_file()
    )


def write_lock(entries: Mapping[str, Locked]) -> str:
    """The text of a lock file, one line a rule, in order."""
    lines = (
        f'"{rule_id}" = {{ version = "{one.version}", hash = "{one.hash}", released = {str(one.released).lower()} }}\n'
        for rule_id, one in sorted(entries.items())
    )
    return _HEAD + "".join(lines)


def _locked(source: RuleSource) -> Locked:
    """A rule as it is: hashed are its code and its TOML file without examples and version."""
    table: dict[str, Any] = tomllib.loads(source.toml)
    table.pop("example", None)
    version = table["rule"].pop("version")
    digest = hashlib.blake2b(msgspec.json.encode(table, order="deterministic"), digest_size=12)
    digest.update(source.code.encode())
    return Locked(version, digest.hexdigest())


def lock_of(sources: Iterable[RuleSource], known: Mapping[str, Locked], *, release: bool = False) -> dict[str, Locked]:
    """What the lock should say of some rules. What was released stays in it."""
    entries = {rule_id: one for rule_id, one in known.items() if one.released}
    for source in sources:
        now, before = _locked(source), entries.get(source.rule_id)
        released = release or (before is not None and before.version == now.version)
        entries[source.rule_id] = msgspec.structs.replace(now, released=released)
    return entries


def breaches(sources: Iterable[RuleSource], known: Mapping[str, Locked]) -> Iterator[Breach]:
    """Everything in which some rules and their lock disagree, with what to do about it."""
    left = dict(known)
    for source in sources:
        now, before = _locked(source), left.pop(source.rule_id, None)
        if before is None:
            yield Breach(source.rule_id, "is not in the lock: run `lockgate rules lock`", True)
        elif _order(now.version) < _order(before.version):
            says = f"version {now.version} is below {before.version} of the lock: raise it"
            yield Breach(source.rule_id, says, not before.released)
        elif now.version != before.version:
            says = f"is at {now.version}, the lock at {before.version}: run `lockgate rules lock`"
            yield Breach(source.rule_id, says, True)
        elif now.hash != before.hash and before.released:
            says = (
                f"differs from released version {now.version}: raise its version ({_BUMP}), then run `lockgate rules lock`"
            )
            yield Breach(source.rule_id, says, False)
        elif now.hash != before.hash:
            says = f"changed since the lock was written, {now.version} is not released yet: run `lockgate rules lock`"
            yield Breach(source.rule_id, says, True)
    for rule_id, before in left.items():
        says = "is gone: keep its files, with status retired" if before.released else "is gone: run `lockgate rules lock`"
        yield Breach(rule_id, says, not before.released)


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
