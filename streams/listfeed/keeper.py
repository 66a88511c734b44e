"""Keeps the last good state of every list behind a URL on disk, and lets nothing worse take its place.

A refresh brings the list into a folder beside the kept one, reads it whole, compares it with the kept one, and only then
points `current` at it: whatever fails before leaves the kept list as it is, also when the process is killed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from rules.lists import SanctionsList

from .download import Patience
from .errors import ListError, ListUnreachable
from .guard import Shrunk, check_step
from .remote import bring, snapshot_of
from .sources import load_folder

_CURRENT = "current"
_APPROVED = "approved.jsonl"


class Result(StrEnum):
    """What became of a refresh. All but the first two leave the last good list in force."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    UNREACHABLE = "unreachable"  # no answer, a broken one, or too slow a one
    INVALID = "invalid"  # an answer that is no list, or not a whole one
    REFUSED = "refused"  # a list that lost too much, or is older than the one in force


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """What a refresh of one source came to. `lists` are new ones, when it changed; `refused` are hashes to sign off."""

    source: str
    result: Result
    reason: str = ""
    lists: tuple[SanctionsList, ...] = ()
    refused: tuple[str, ...] = ()


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word that a list which lost much is right, such as after a mass delisting."""

    hash: str
    by: str
    reason: str
    at: datetime


def label_of(source: str) -> str:
    """A source as logs and metrics name it: without user, password and query."""
    parts = urlsplit(source)
    return f"{parts.hostname}{parts.path}" if parts.scheme in ("http", "https") else source


def identities(lists: Iterable[SanctionsList]) -> set[tuple[str, str, date | None]]:
    """What tells lists apart: name, content and date."""
    return {(each.name, each.hash, each.published) for each in lists}


class Keeper:
    """The folder of kept lists."""

    def __init__(self, folder: Path, patience: Patience | None = None) -> None:
        self._folder = folder
        self._patience = patience or Patience()
        self._loaded: dict[str, Path] = {}  # by URL, the folder that our caller has the lists of

    def last_good(self, url: str) -> tuple[SanctionsList, ...]:
        """The kept lists of a URL, empty when none is kept. Raises ListError when what is kept is damaged."""
        kept = self._kept(url)
        return () if kept is None else self._load(url, kept)

    def refresh(self, url: str, held: Sequence[SanctionsList]) -> Refreshed:
        """Ask for a newer state of a URL. `held` are the lists in force, which it must not fall short of. Never raises."""
        source = label_of(url)
        try:
            return self._refresh(url, source, held)
        except ListUnreachable as error:
            return Refreshed(source=source, result=Result.UNREACHABLE, reason=error.reason)
        except ListError as error:
            return Refreshed(source=source, result=Result.INVALID, reason=str(error))
        except OSError as error:
            reason = f"cannot write to {self._folder}: {error.strerror or error}"
            return Refreshed(source=source, result=Result.UNREACHABLE, reason=reason)

    def approve(self, digest: str, by: str, reason: str) -> Approval:
        """Sign off a list by its hash: the next refresh that brings it takes it."""
        approval = Approval(hash=digest, by=by, reason=reason, at=datetime.now(UTC))
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / _APPROVED).open("ab") as file:
            file.write(msgspec.json.encode(approval) + b"\n")
        return approval

    def approval(self, digest: str) -> Approval | None:
        """The sign-off of a list, if there is one."""
        try:
            lines = (self._folder / _APPROVED).read_bytes().splitlines()
        except FileNotFoundError:
            return None
        found = (msgspec.json.decode(line, type=Approval) for line in lines if line.strip())
        return next((each for each in found if each.hash == digest), None)

    def _refresh(self, url: str, source: str, held: Sequence[SanctionsList]) -> Refreshed:
        home = self._home(url)
        home.mkdir(parents=True, exist_ok=True)
        kept = self._kept(url)
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=home))
        try:
            if bring(url, fresh, kept, self._patience) is None:
                if kept is None or self._loaded.get(url) == kept:
                    return Refreshed(source=source, result=Result.UNCHANGED)
                return self._newer(source, held, self._load(url, kept))  # another process has fetched it
            lists = tuple(load_folder(fresh, url))
            try:
                check_step(held, lists, lambda digest: self.approval(digest) is not None)
            except Shrunk as error:
                return Refreshed(source=source, result=Result.REFUSED, reason=str(error), refused=error.hashes)
            self._point(home, fresh)
            self._loaded[url] = fresh
        finally:
            if self._kept(url) != fresh:
                shutil.rmtree(fresh, ignore_errors=True)
        return self._newer(source, held, lists)

    def _load(self, url: str, kept: Path) -> tuple[SanctionsList, ...]:
        lists = tuple(load_folder(kept, url))
        self._loaded[url] = kept
        return lists

    @staticmethod
    def _newer(source: str, held: Sequence[SanctionsList], lists: tuple[SanctionsList, ...]) -> Refreshed:
        result = Result.UNCHANGED if identities(lists) == identities(held) else Result.CHANGED
        return Refreshed(source=source, result=result, lists=lists)

    def _point(self, home: Path, fresh: Path) -> None:
        """Make a folder the kept one, in one step, and forget those before it."""
        pointer = home / f"{fresh.name}.pointer"
        pointer.write_text(fresh.name, "utf-8")
        pointer.replace(home / _CURRENT)
        for each in home.iterdir():
            if each.is_dir() and each != fresh:
                shutil.rmtree(each, ignore_errors=True)

    def _kept(self, url: str) -> Path | None:
        home = self._home(url)
        try:
            folder = home / (home / _CURRENT).read_text("utf-8").strip()
        except OSError:
            return None
        return folder if snapshot_of(folder) is not None else None

    def _home(self, url: str) -> Path:
        return self._folder / sha256(url.encode()).hexdigest()[:16]
