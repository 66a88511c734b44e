"""Ending tasks for good."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

_AGAIN_SECONDS: Final = 1.0


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until the last of them has ended; how, does not matter.

    A cancellation can be lost, as in `asyncio.wait_for` at the moment when what it waits for is done. So it is repeated: a
    task of an earlier session that lived on would change the partitions of the next one.
    """
    living = set(tasks)
    while living:
        for task in living:
            task.cancel()
        _, living = await asyncio.wait(living, timeout=_AGAIN_SECONDS)
