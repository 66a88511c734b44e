"""Every rule set and all lists that were ever in force, by hash: what `lockgate replay` judges again with.

`rules/HASH/FAMILY/NAME.{toml,py}` is a folder like any other of rules; `lists/HASH.gz` holds the rows of all lists. What is
there is never changed. Workers write it when they begin to use something; put it on a volume that outlives them.
"""

import gzip
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from rules.exceptions import Exceptions, Exemption
from rules.knowledge import NOTHING, Knowledge
from rules.lists import LeftOut, ListEntry, SanctionsList, merge
from rules.reference import ListKind, ReferenceList, combine
from rules.reference.listing import Row
from rules.ruleset import Ruleset
from streams.errors import RulesError
from streams.rulefiles import load_exactly

log = logging.getLogger(__name__)

_FAST: Final = 1  # of gzip: a third of the size in a fifth of the time that the best takes


class _Listing(msgspec.Struct, array_like=True):
    name: str
    published: date | None
    entries: tuple[ListEntry, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


class _Referred(msgspec.Struct, array_like=True):
    name: str
    kind: ListKind
    published: date
    rows: msgspec.Raw


class _Lists(msgspec.Struct, array_like=True):
    watched: list[_Listing] | None
    referred: list[_Referred]
    exceptions: tuple[Exemption, ...] = ()


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Lists).decode


class NotArchived(LookupError):
    """A version that the archive does not hold, or holds in a form that this version of Lockgate cannot use."""


class Archive:
    """A folder of rule sets and lists by hash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, ruleset: Ruleset, knowledge: Knowledge) -> bool:
        """Put away what comes into force; False, and an error in the log, when that cannot be done."""
        try:
            self._once(self._folder / "rules" / ruleset.hash, lambda into: _write_rules(ruleset, into))
            if knowledge.identity:
                path = self._folder / "lists" / f"{knowledge.identity}.gz"
                self._once(path, lambda into: into.write_bytes(gzip.compress(_encode(_rows(knowledge)), _FAST)))
        except OSError as error:
            facts = {"folder": str(self._folder), "reason": error.strerror or str(error)}
            log.error("rules and lists cannot be archived: alerts will not be replayed", extra=facts)
            return False
        return True

    def rules(self, digest: str) -> Ruleset:
        """The rule set of that hash. Raises NotArchived."""
        folder = self._folder / "rules" / digest
        if not folder.is_dir():
            raise NotArchived(f"rule set {digest} is not in {self._folder}")
        try:
            ruleset = load_exactly(folder)
        except RulesError as error:
            raise NotArchived(f"rule set {digest} cannot be used by this version: {error}") from None
        if ruleset.hash != digest:
            raise NotArchived(f"{folder} holds rule set {ruleset.hash}: it was changed")
        return ruleset

    def knowledge(self, identity: str) -> Knowledge:
        """The lists of that identity. Raises NotArchived."""
        if not identity:
            return NOTHING
        path = self._folder / "lists" / f"{identity}.gz"
        try:
            knowledge = _knowledge(_decode(gzip.decompress(path.read_bytes())))
        except FileNotFoundError:
            raise NotArchived(f"lists {identity} are not in {self._folder}") from None
        except (OSError, EOFError, ValueError, msgspec.DecodeError) as error:
            raise NotArchived(f"{path} cannot be read: {error}") from None
        if knowledge.identity != identity:
            raise NotArchived(f"{path} holds lists {knowledge.identity}: it was changed")
        return knowledge

    def _once(self, path: Path, write: Callable[[Path], Any]) -> None:
        """Write a file or folder unless it is there, so that nobody ever sees a half of it."""
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(dir=path.parent, prefix=".new-"))
        try:
            write(working / path.name)
            os.replace(working / path.name, path)
        except OSError:
            if not path.exists():  # another worker may have been quicker
                raise
        finally:
            shutil.rmtree(working, ignore_errors=True)


def _write_rules(ruleset: Ruleset, folder: Path) -> None:
    for rule_id, source in ruleset.sources.items():
        file = folder.joinpath(*rule_id.split("."))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.with_suffix(".toml").write_text(source.toml, "utf-8", newline="")
        file.with_suffix(".py").write_text(source.code, "utf-8", newline="")


def _rows(knowledge: Knowledge) -> _Lists:
    watched = knowledge.watchlist
    return _Lists(
        None
        if watched is None
        else [_Listing(one.name, one.published, one.entries, one.left_out, one.notes) for one in watched.lists],
        [_Referred(one.name, one.kind, one.published, msgspec.Raw(_encode(one.rows))) for one in knowledge.reference.lists],
        knowledge.exceptions.exemptions,
    )


def _knowledge(lists: _Lists) -> Knowledge:
    watched = lists.watched
    return Knowledge(
        None
        if watched is None
        else merge(
            SanctionsList.of(one.name, one.entries, published=one.published, left_out=one.left_out, notes=one.notes)
            for one in watched
        ),
        combine(ReferenceList.of(one.name, one.kind, one.published, _rows_of(one)) for one in lists.referred),
        Exceptions(lists.exceptions),
    )


def _rows_of(one: _Referred) -> list[Row]:
    form: Any = list[one.kind.row]  # type: ignore[name-defined]
    return msgspec.msgpack.decode(one.rows, type=form)  # type: ignore[no-any-return]
