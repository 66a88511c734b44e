"""State in Redis: for each partition of a stage a position, a hash, the last outputs and the states of its subjects.

Everything of one partition lives under one hash tag, so that the commit script is atomic on a Redis Cluster, too.
All writes are scripts that check the owner first: who lost a partition can change nothing of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from streams.delivery.stage import Writes
from streams.errors import Lost

_CLAIM: Final = """
local generation = tonumber(redis.call('HGET', KEYS[1], 'generation') or '0')
if generation > tonumber(ARGV[2]) and ARGV[3] == '0' then return {'STALE'} end
local held = redis.call('HMGET', KEYS[1], 'txid', 'n', 'h', 'before', 'position', 'journal_n', 'journal_at', 'outbox')
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'generation', ARGV[2])
return {'OK', held[1] or '', held[2] or '0', held[3] or '', held[4] or '', held[5] or '', held[6] or '0',
        held[7] or '0', held[8] or ''}
"""
_COMMIT: Final = """
local held = redis.call('HMGET', KEYS[1], 'owner', 'n', 'h')
if held[1] ~= ARGV[1] then return 'OWNER' end
if held[2] == ARGV[4] and held[3] == ARGV[5] then return 'OK' end
if (held[2] or '0') ~= ARGV[2] or (held[3] or '') ~= ARGV[3] then return 'STATE' end
redis.call('HSET', KEYS[1], 'n', ARGV[4], 'h', ARGV[5], 'before', ARGV[3], 'position', ARGV[6], 'outbox', ARGV[7],
           'journal_n', ARGV[8], 'journal_at', ARGV[9], 'txid', ARGV[13])
local states = cmsgpack.unpack(ARGV[10])
for first = 1, #states, 4000 do
  redis.call('HSET', KEYS[2], unpack(states, first, math.min(first + 3999, #states)))
end
local added = cmsgpack.unpack(ARGV[14])
for i = 1, #added, 2 do
  redis.call('HSET', KEYS[2], added[i], (redis.call('HGET', KEYS[2], added[i]) or '') .. added[i + 1])
end
local grown = cmsgpack.unpack(ARGV[11])
for i = 1, #grown, 2 do
  redis.call('HSET', KEYS[3], grown[i], (redis.call('HGET', KEYS[3], grown[i]) or '') .. grown[i + 1])
end
local expired = cmsgpack.unpack(ARGV[12])
for i = 1, #expired do redis.call('HDEL', KEYS[3], expired[i]) end
return 'OK'
"""
_WIPE: Final = """
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 'OWNER' end
redis.call('HDEL', KEYS[1], 'n', 'h', 'before', 'position', 'journal_n', 'journal_at', 'outbox', 'txid')
redis.call('DEL', KEYS[2], KEYS[3])
return 'OK'
"""
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack_position: Final = msgspec.msgpack.Decoder(tuple[int, ...]).decode


class Keys:
    """The Redis keys of one partition of one stage."""

    __slots__ = ("meta", "seen", "states")

    def __init__(self, group: str, stage: str, partition: int) -> None:
        tag = f"{{{group}:{stage}:{partition}}}"
        self.meta = f"lockgate:{tag}:meta"
        self.states = f"lockgate:{tag}:states"
        self.seen = f"lockgate:{tag}:seen"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What Redis held of a partition when it was claimed. `n` 0: nothing."""

    transactional_id: str  # of the session that committed batch n
    n: int
    h: bytes
    before: bytes  # hash of batch n - 1
    position: tuple[int, ...]
    journal_n: int  # a batch known to be published, at most n - 1 ...
    journal_at: int  # ... and the offset of its journal record
    outbox: bytes


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One batch for the commit script: what it expects to find, and what it leaves."""

    keys: Keys
    owner: str
    transactional_id: str
    n_before: int
    h_before: bytes
    n: int
    h: bytes
    position: tuple[int, ...]
    outbox: bytes
    journal_n: int
    journal_at: int
    writes: Writes
    grown: dict[int, bytes]  # segments of the event memory and what is appended to them
    expired: tuple[int, ...]  # segments of the event memory to drop


class Store:
    """Lockgate's state in one Redis, or Redis Cluster. Errors of the connection come as redis.RedisError."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._clustered = "+cluster" in url.split(":", 1)[0]
        self._redis: Any = self._connect()

    def _connect(self) -> Any:
        options: dict[str, Any] = {"socket_timeout": 5, "socket_connect_timeout": 3}
        if self._clustered:
            return RedisCluster.from_url(self._url.replace("+cluster", "", 1), **options)
        # No retries below us: after an outage each pooled connection fails once, and the round retries as a whole.
        return Redis.from_url(self._url, retry=Retry(NoBackoff(), 0), max_connections=64, **options)

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()

    async def answers(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError):
            return False

    async def forget_connections(self) -> None:
        """Drop pooled connections that an outage has killed."""
        if not self._clustered:
            await self._redis.connection_pool.disconnect(inuse_connections=False)

    async def claim(self, keys: Keys, owner: str, generation: int, *, force: bool = False) -> Held | None:
        """Become the owner and return what is there; None when a younger generation of the group owns it."""
        reply = await self._eval(_CLAIM, (keys.meta,), owner, generation, int(force))
        if reply[0] == b"STALE":
            return None
        return Held(
            transactional_id=reply[1].decode(),
            n=int(reply[2]),
            h=reply[3],
            before=reply[4],
            position=_unpack_position(reply[5]) if reply[5] else (),
            journal_n=int(reply[6]),
            journal_at=int(reply[7]),
            outbox=reply[8],
        )

    async def wipe(self, keys: Keys, owner: str) -> None:
        """Forget the state of a partition. Raises Lost when it belongs to another by now."""
        if await self._eval(_WIPE, (keys.meta, keys.states, keys.seen), owner) != b"OK":
            raise Lost("another worker claimed the partition")

    async def segments(self, keys: Keys) -> dict[int, bytes]:
        """The segments of the event memory."""
        held = await self._redis.hgetall(keys.seen)
        return {int(number): packed for number, packed in held.items()}

    async def load(self, wanted: Sequence[tuple[Keys, Sequence[str]]]) -> list[list[bytes | None]]:
        """States by key, for several partitions in one round trip; None where there is none yet."""
        return await self._together([("HMGET", keys.states, *names) for keys, names in wanted])

    async def standing(self, wanted: Sequence[Keys]) -> list[tuple[bytes | None, ...]]:
        """Owner, n and h of several partitions, in one round trip."""
        return await self._together([("HMGET", keys.meta, "owner", "n", "h") for keys in wanted])

    async def commit(self, commits: Sequence[Commit]) -> None:
        """Commit one batch each of several partitions, in one round trip; safe to repeat after a lost reply.

        Raises:
            Lost: a partition has another owner, or another state than expected. Others may have been committed.
        """
        replies = await self._together([_commit_command(commit) for commit in commits])
        if refused := [reply.decode() for reply in replies if reply != b"OK"]:
            raise Lost(f"Redis refused a commit: {', '.join(sorted(set(refused)))} changed")

    async def _eval(self, script: str, keys: Sequence[str], *arguments: Any) -> Any:
        return await self._redis.execute_command("EVAL", script, len(keys), *keys, *arguments)

    async def _together(self, commands: Iterable[tuple[Any, ...]]) -> list[Any]:
        if self._clustered:  # a cluster pipeline cannot carry scripts
            return [await self._redis.execute_command(*command) for command in commands]
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        replies: list[Any] = await pipeline.execute()
        return replies


def _commit_command(commit: Commit) -> tuple[Any, ...]:
    keys = commit.keys
    grown = {str(number): packed for number, packed in commit.grown.items()}
    return (
        "EVAL",
        _COMMIT,
        3,
        keys.meta,
        keys.states,
        keys.seen,
        commit.owner,
        commit.n_before,
        commit.h_before,
        commit.n,
        commit.h,
        _pack(commit.position),
        commit.outbox,
        commit.journal_n,
        commit.journal_at,
        _pack(_flat(commit.writes.replaced)),
        _pack(_flat(grown)),
        _pack([str(number) for number in commit.expired]),
        commit.transactional_id,
        _pack(_flat(commit.writes.appended)),
    )


def _flat(values: Mapping[str, bytes]) -> list[str | bytes]:
    """Key, value, key, value: what Lua can walk through."""
    return [part for pair in values.items() for part in pair]
