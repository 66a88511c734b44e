"""Tasks are ended for good, also one to which a cancellation is lost."""

import asyncio
import contextlib

import pytest

from streams.delivery import ending
from streams.delivery.ending import ended


def test_a_task_that_loses_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_AGAIN_SECONDS", 0.01)

    async def deaf(times: int) -> None:
        for _ in range(times):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def story() -> list[bool]:
        tasks = [asyncio.create_task(deaf(times)) for times in (0, 1, 3)]
        await asyncio.sleep(0)
        await ended(tasks)
        return [task.cancelled() for task in tasks]

    assert asyncio.run(asyncio.wait_for(story(), 10)) == [True, True, True]


def test_how_a_task_has_ended_is_no_matter() -> None:
    async def broken() -> None:
        raise OSError("away")

    async def story() -> None:
        task = asyncio.create_task(broken())
        await asyncio.wait([task])
        await ended([task])
        await ended([])
        assert isinstance(task.exception(), OSError)

    asyncio.run(story())
