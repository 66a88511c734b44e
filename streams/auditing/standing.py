"""Redis against the end of the journal."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisError

from streams.errors import Unreachable
from streams.security import RedisAccess
from streams.store import Keys

_unpack_position: Final = msgspec.msgpack.Decoder(tuple[int, ...]).decode


class Standing(msgspec.Struct, frozen=True):
    """What Redis says about a partition. `n` 0: nothing."""

    n: int
    h: bytes
    before: bytes  # hash of batch n - 1
    position: tuple[int, ...]


class End(msgspec.Struct, frozen=True):
    """The end of a partition's journal; `position` is None when nothing was ever judged."""

    n: int
    h: bytes
    position: tuple[int, ...] | None


def compare(standing: Standing, end: End, known: Sequence[End]) -> tuple[str, bool]:
    """In words how Redis stands to the journal, and whether that is as it should be.

    `known` are the ends that the journal had lately: Redis may have been read a moment before it.
    """
    for one in (end, *known):
        if standing.n == one.n and standing.h == one.h and (one.position is None or standing.position == one.position):
            return "equal", True
    if standing.n == end.n + 1 and standing.before == end.h:
        return "one batch ahead: committed, not published yet", True
    if standing.n == 0:
        return f"empty, the journal ends at batch {end.n}", False
    if standing.n < end.n:
        return f"at batch {standing.n}, the journal ends at {end.n}: it is rebuilt at the next claim", False
    if standing.n == end.n and standing.h == end.h:
        return f"at position {standing.position}, the journal at {end.position}", False
    if standing.n == end.n:
        return f"at another batch {standing.n} than was published", False
    return f"at batch {standing.n}, the journal ends at {end.n}", False


class RedisStandings:
    """Reads what Redis says about partitions."""

    def __init__(self, redis: RedisAccess) -> None:
        self._redis: Any = redis.client(Redis, RedisCluster, socket_timeout=5, socket_connect_timeout=3)

    async def read(self, keys: Keys) -> Standing:
        """The standing of a partition. Raises Unreachable."""
        try:
            n, h, before, position = await self._redis.hmget(keys.meta, "n", "h", "before", "position")
        except (RedisError, OSError):
            raise Unreachable("Redis does not answer (set LOCKGATE_REDIS or --redis)") from None
        return Standing(int(n or 0), h or b"", before or b"", _unpack_position(position) if position else ())

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
