"""Fetching goes on when records are wanted, and is never held back for long."""

import asyncio
from typing import Any

from streams.batching import when_wanted


class Broker:
    """Counts the fetches that reach it."""

    def __init__(self) -> None:
        self.asked = 0

    async def fetch(self, *request: Any) -> bool:
        self.asked += 1
        return True


def test_a_fetch_is_held_until_records_are_wanted() -> None:
    async def story() -> None:
        broker, wanted = Broker(), asyncio.Event()
        fetching = asyncio.ensure_future(when_wanted(broker.fetch, wanted, patience_seconds=600)("request"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert broker.asked == 0
        wanted.set()
        assert await fetching
        assert broker.asked == 1

    asyncio.run(story())


def test_a_fetch_that_nobody_asks_for_is_sent_all_the_same() -> None:
    async def story() -> None:
        broker = Broker()
        assert await when_wanted(broker.fetch, asyncio.Event(), patience_seconds=0)("request")

    asyncio.run(story())


def test_a_fetch_cancelled_while_it_is_held_brings_nothing_and_raises_nothing() -> None:
    async def story() -> None:
        broker = Broker()
        fetching = asyncio.ensure_future(when_wanted(broker.fetch, asyncio.Event(), patience_seconds=600)("request"))
        await asyncio.sleep(0)
        fetching.cancel()
        assert await fetching is False
        assert broker.asked == 0

    asyncio.run(story())
