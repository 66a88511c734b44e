"""The lists of a worker, kept up to date from their sources: each source on its own, none ever worse than it was."""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rules.lists import SanctionsList, Watchlist, merge
from streams import metrics
from streams.errors import ListsError
from streams.listfeed import ListError, ListUnreachable, load_list
from streams.listfeed.guard import Shrunk, check_step
from streams.listfeed.keeper import Keeper, Refreshed, Result, identities, label_of
from streams.listfeed.sources import is_url

log = logging.getLogger(__name__)

_Signature = tuple[tuple[str, int, int], ...]  # path, size and time of each file of a source

CURRENT: Final = (Result.CHANGED, Result.UNCHANGED)


class ListSources:
    """The sources that the settings name, and the last good lists of each."""

    def __init__(self, sources: Sequence[str], keeper: Keeper) -> None:
        self.keeper = keeper
        self._held: dict[str, tuple[SanctionsList, ...]] = dict.fromkeys(sources, ())
        self._signatures: dict[str, _Signature] = {}

    @property
    def watchlist(self) -> Watchlist:
        """The last good lists of all sources together."""
        return merge(listing for lists in self._held.values() for listing in lists)

    def start(self) -> Watchlist:
        """Load every source; a URL from what is kept of it on disk, so that a start needs no network.

        Raises:
            ListsError: naming each source of which nothing can be used.
        """
        faults = []
        for source in self._held:
            metrics.expect_list_source(label_of(source))
            try:
                if is_url(source):
                    self._held[source] = self.keeper.last_good(source)
                else:
                    self._held[source] = self._read(source)
                    metrics.LIST_CURRENT.labels(label_of(source)).set_to_current_time()
            except ListError as error:
                log.warning("a list cannot be used", extra={"source": label_of(source), "reason": str(error)})
                if not is_url(source):
                    faults.append(f"lists: {error}")
            if is_url(source) and not self._held[source]:
                done = self._refresh(source)
                if not self._held[source]:
                    faults.append(f"lists: {done.source}: {done.reason}")
        if faults:
            raise ListsError(faults)
        return self.watchlist

    def refresh(self) -> list[Refreshed]:
        """Look at every source again. Blocks for as long as the servers take; one that fails holds up no other's list."""
        return [self._refresh(source) for source in self._held]

    def _refresh(self, source: str) -> Refreshed:
        held = self._held[source]
        done = self.keeper.refresh(source, held) if is_url(source) else self._look_again(source, held)
        if done.result is Result.CHANGED or not held:
            self._held[source] = done.lists
        metrics.count_list_refresh(done.source, done.result.value, current=done.result in CURRENT)
        if done.result in CURRENT:
            log.info("list refreshed", extra={"source": done.source, "result": done.result.value})
        else:
            facts = {"source": done.source, "result": done.result.value, "reason": done.reason}
            log.error("the last good list stays in force" if held else "there is no list of this source yet", extra=facts)
        return done

    def _look_again(self, source: str, held: Sequence[SanctionsList]) -> Refreshed:
        """A file or folder: read again when its files look different."""
        label = label_of(source)
        signature = _signature(source)
        try:
            if held and signature == self._signatures.get(source):
                return Refreshed(source=label, result=Result.UNCHANGED)
            lists = tuple(load_list(source))
            check_step(held, lists, lambda digest: self.keeper.approval(digest) is not None)
        except Shrunk as error:
            return Refreshed(source=label, result=Result.REFUSED, reason=str(error), refused=error.hashes)
        except ListUnreachable as error:
            return Refreshed(source=label, result=Result.UNREACHABLE, reason=str(error))
        except (ListError, OSError) as error:
            return Refreshed(source=label, result=Result.INVALID, reason=str(error))
        self._signatures[source] = signature
        result = Result.UNCHANGED if identities(lists) == identities(held) else Result.CHANGED
        return Refreshed(source=label, result=result, lists=lists)

    def _read(self, source: str) -> tuple[SanctionsList, ...]:
        signature = _signature(source)
        lists = tuple(load_list(source))
        self._signatures[source] = signature
        return lists


def _signature(source: str) -> _Signature:
    """What changes when somebody changes a file of a source; empty for a source that is no file."""
    path = Path(source).expanduser()
    try:
        files = [path] if path.is_file() else sorted(each for each in path.glob("**/*") if each.is_file())
        stats = [(str(each), each.stat()) for each in files]
    except OSError:  # a file that goes while we look: the next look sees what became of it
        return ()
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)


def keeper_in(folder: Path) -> Keeper:
    """A keeper of lists in a folder, or, where nobody may write there, in one that lasts as long as this machine runs."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Keeper(folder)
    except OSError as error:
        other = Path(tempfile.mkdtemp(prefix="lockgate-lists-"))
        facts = {"folder": str(folder), "reason": error.strerror or str(error), "instead": str(other)}
        log.warning("fetched lists cannot be kept where the settings say", extra=facts)
        return Keeper(other)
