"""A worker's reference lists: the files are looked at again now and then, and taken over when they changed."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from rules.reference import Reference
from streams import metrics
from streams.errors import ListsError
from streams.listfeed.keeper import Result
from streams.referencefeed import load_reference

log = logging.getLogger(__name__)

SOURCE: Final = "reference"  # of the refreshes, on the metric that the sanctions lists have, too
# Judgement: lists of networks and labels grow and change, none of them halves from one day to the next.
_LEAST_PERCENT: Final = 50


class ReferenceKeeping:
    """Keeps the reference lists of one worker. `install` is called in a thread with lists other than those in force."""

    def __init__(
        self, sources: Sequence[str], reference: Reference, install: Callable[[Reference], None], *, refresh_seconds: float
    ) -> None:
        self._sources = sources
        self._reference = reference
        self._install = install
        self._refresh_seconds = refresh_seconds
        self._now = asyncio.Event()

    def look_now(self) -> None:
        """Another worker has taken over other lists: ours may have changed, too."""
        self._now.set()

    async def run(self) -> None:
        """Look again at every refresh, until cancelled. Never raises."""
        while self._refresh_seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._now.wait(), self._refresh_seconds)
            self._now.clear()
            try:
                await asyncio.to_thread(self.refresh)
            except Exception:  # a fault of ours must not end the worker: it goes on with the lists it has
                log.exception("reference lists are not kept for an unknown reason")

    def refresh(self) -> Result:
        """Look once; what cannot be used, lost much, or is older than what is in force is not taken."""
        try:
            found = load_reference(self._sources)
        except ListsError as error:
            log.error("the last good reference lists stay in force", extra={"reason": str(error)})
            return self._count(Result.INVALID)
        if found.hash == self._reference.hash:
            return self._count(Result.UNCHANGED)
        if (why_not := doubt(self._reference, found)) is not None:
            log.error("the last good reference lists stay in force", extra={"reason": why_not})
            return self._count(Result.REFUSED)
        self._install(found)
        self._reference = found
        log.info("reference lists in force", extra={"reference_hash": found.hash})
        return self._count(Result.CHANGED)

    @staticmethod
    def _count(result: Result) -> Result:
        metrics.count_list_refresh(SOURCE, result.value, current=result in (Result.CHANGED, Result.UNCHANGED))
        return result


def doubt(before: Reference, after: Reference) -> str | None:
    """Why a person should look at lists before they come into force, or None. A restart of the worker takes them."""
    found = {(each.kind, each.name): each for each in after.lists}
    for old in before.lists:
        new = found.get((old.kind, old.name))
        if new is None:
            return f"{old.name} ({old.kind}) is gone"
        if len(new.rows) * 100 < len(old.rows) * _LEAST_PERCENT:
            return f"{old.name} ({old.kind}) has {len(new.rows):,} rows instead of {len(old.rows):,}"
        if new.published < old.published:
            return f"{old.name} ({old.kind}) is of {new.published}, older than that of {old.published}"
    return None
