"""A worker's lists: fetched from their sources now and then, announced when they changed, taken over when in force."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from aiokafka.errors import KafkaError

from rules.label_log import Labels
from rules.list_log import BrokenLog
from rules.lists import Watchlist
from streams import metrics
from streams.listfeed.keeper import Refreshed, Result
from streams.lists_in_force import ListsInForce
from streams.refreshing import ListSources
from streams.settings import LISTS

log = logging.getLogger(__name__)

_AWAY: Final = (KafkaError, OSError, TimeoutError)
_POLL_MS: Final = 500
_PAUSE_SECONDS: Final = 2.0
_SAY_AGAIN_SECONDS: Final = 60.0


class ListKeeping:
    """Keeps the lists of one worker. `install` is called in a thread with each watchlist that has come into force.

    What address labels tell of the past is announced, too: `labels` gives it for the lists in force here, and
    `labels_changed` is called when another worker has announced other labels.
    """

    def __init__(
        self,
        sources: ListSources,
        in_force: ListsInForce,
        install: Callable[[Watchlist], None],
        *,
        refresh_seconds: float,
        approved: Callable[[str], bool],
        labels: Callable[[], Labels],
        labels_changed: Callable[[], None],
    ) -> None:
        self._sources = sources
        self._in_force = in_force
        self._install = install
        self._refresh_seconds = refresh_seconds
        self._approved = approved
        self._refreshing: asyncio.Task[list[Refreshed]] | None = None
        self._refreshed = time.monotonic()
        self._said = 0.0
        self._installed = ""
        self._labels = labels
        self._labels_changed = labels_changed
        self._labels_told = ""  # the version of ours that was announced or refused last
        self._labels_seen = ""

    async def begin(self) -> Watchlist:
        """Which lists to begin with: those in force, after ours were announced if they are newer. Waits for Kafka."""
        while True:
            try:
                await self._propose()
                if (watchlist := self._in_force.watchlist) is not None:
                    self._installed = self._in_force.version
                    return watchlist
            except _AWAY as error:
                self._say(f"{type(error).__name__}: {error}")
            except BrokenLog as error:
                self._broken(error)
                return self._sources.watchlist
            await self._pause()

    async def run(self) -> None:
        """Follow what is in force, and refresh the sources, until cancelled. Never raises."""
        while True:
            try:
                await self._turn()
            except _AWAY as error:
                self._say(f"{type(error).__name__}: {error}")
                await self._pause()
            except BrokenLog as error:
                self._broken(error)
            except Exception:  # a fault of ours must not end the worker: it goes on with the lists it has
                log.exception("lists are not kept for an unknown reason")
                await self._pause()

    async def _turn(self) -> None:
        if await self._in_force.poll(_POLL_MS):
            await self._take()
        await self._propose_labels()
        if self._refreshing is not None and self._refreshing.done():
            done, self._refreshing = self._refreshing, None
            done.result()
            await self._propose()
            await self._take()
        elif self._refreshing is None and 0 < self._refresh_seconds <= time.monotonic() - self._refreshed:
            self._refreshed = time.monotonic()
            self._refreshing = asyncio.create_task(asyncio.to_thread(self._sources.refresh))

    async def _propose(self) -> None:
        """Announce our lists unless they are in force; say so when they must not be."""
        lists = self._sources.watchlist.lists
        why_not = await self._in_force.propose(lists, self._approved)
        if why_not is not None:
            metrics.count_list_refresh(LISTS, Result.REFUSED.value, current=False)
            log.error("our lists are not announced", extra={"reason": why_not, "in_force": self._in_force.version})

    async def _propose_labels(self) -> None:
        """Announce what our labels tell unless it is in force; look at our files when another worker has newer ones."""
        labels = self._labels()
        if labels.version != self._labels_told:
            why_not = await self._in_force.propose_labels(labels)
            self._labels_told = labels.version
            if why_not is not None:
                metrics.count_list_refresh(LISTS, Result.REFUSED.value, current=False)
                log.error("our labels are not announced", extra={"reason": why_not})
        if self._in_force.labels_version != self._labels_seen:
            self._labels_seen = self._in_force.labels_version
            if self._labels_seen != labels.version:
                self._labels_changed()

    async def _take(self) -> None:
        watchlist, version = self._in_force.watchlist, self._in_force.version
        if watchlist is not None and version != self._installed:
            await asyncio.to_thread(self._install, watchlist)
            self._installed = version
            log.info("lists in force", extra={"version": version, "list_hash": watchlist.hash})

    async def _pause(self) -> None:
        await self._in_force.stop()
        await asyncio.sleep(_PAUSE_SECONDS)

    def _say(self, reason: str) -> None:
        if time.monotonic() - self._said > _SAY_AGAIN_SECONDS:
            self._said = time.monotonic()
            log.warning("lists cannot be followed", extra={"reason": reason[:300]})

    def _broken(self, error: BrokenLog) -> None:
        metrics.count_list_refresh(LISTS, Result.INVALID.value, current=False)
        log.critical("the log of lists cannot be used: the lists we have stay in force", extra={"reason": str(error)})
