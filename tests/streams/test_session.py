"""A session outlives whatever its clients let out, until it is stopped."""

import asyncio

from streams.delivery.session import Session
from streams.security import KafkaAccess


class CutShort(Session):
    """Its lives end as if a library had let a cancellation of its own out."""

    def __init__(self) -> None:
        super().__init__(
            [],
            kafka=KafkaAccess("127.0.0.1:1"),
            store=None,
            feed=None,
            worker="test",
            generation=lambda: 1,
            session_timeout=6,
            transactional=True,
        )
        self.lives = 0
        self.twice = asyncio.Event()

    async def _live(self) -> None:
        self.lives += 1
        if self.lives == 2:
            self.twice.set()
        raise asyncio.CancelledError


def test_a_cancellation_from_inside_a_client_does_not_end_the_session() -> None:
    async def story() -> None:
        session = CutShort()
        session.start()
        async with asyncio.timeout(10):
            await session.twice.wait()
        await session.stop(grace_seconds=2)
        assert session._task is not None
        assert session._task.done()

    asyncio.run(story())
