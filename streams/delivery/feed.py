"""What the delivery protocol asks of whatever fetches records for it."""

from collections.abc import Iterable, Sequence
from typing import Protocol


class Feed(Protocol):
    """Fetches records of assigned topic partitions and hands them over as chunks. `app.FaustFeed` is the real one."""

    async def seek(self, topics: Sequence[str], partition: int, offsets: Sequence[int]) -> tuple[int, ...]:
        """Go on fetching at `offsets`; returns the counts of seeks that newer chunks will carry."""

    def want(self) -> None:
        """Fetch what there is now. Without being asked it is fetched less often; once the records are here, ask again."""

    def has_more(self, topic: str, partition: int, reached: int) -> bool:
        """Whether records beyond `reached` are on their way, or may be: then something older may come from there."""

    def pause(self, topics: Iterable[str], partition: int) -> None:
        """Fetch nothing more of these."""

    def resume(self, topics: Iterable[str], partition: int) -> None:
        """Fetch them again."""

    def full(self, topics: Iterable[str], partition: int) -> None:
        """Too much waits: stop fetching for a while, but lose nothing that is on its way."""

    def drained(self, topics: Iterable[str], partition: int) -> None:
        """There is room again."""
