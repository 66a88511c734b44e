"""State in Redis: for each partition of a stage a position, a hash, the last outputs and the states of its subjects.

Everything of one partition lives under one hash tag, so that the commit script is atomic on a Redis Cluster, too.
All writes are scripts that check the owner first: who lost a partition can change nothing of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from struct import Struct
from typing import Any, Final

import msgspec
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisClusterException, RedisError

from streams.delivery.journal import STATE_VERSION
from streams.delivery.stage import FORGOTTEN_DAYS, MemoryChanges, Writes, framed
from streams.errors import Lost
from streams.security import RedisAccess

_CLAIM: Final = """
local generation = tonumber(redis.call('HGET', KEYS[1], 'generation') or '0')
if generation > tonumber(ARGV[2]) and ARGV[3] == '0' then return {'STALE'} end
local held = redis.call('HMGET', KEYS[1], 'txid', 'n', 'h', 'before', 'position', 'journal_n', 'journal_at', 'outbox',
                        'epoch', 'segments')
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'generation', ARGV[2])
return {'OK', held[1] or '', held[2] or '0', held[3] or '', held[4] or '', held[5] or '', held[6] or '0',
        held[7] or '0', held[8] or '', held[9] or '0', held[10] or ''}
"""
# Everything is parsed before anything is written: a script that fails half-way is not undone by Redis. States are
# strings. Large ones grow by APPEND, because that is what reaches the append-only file, and not the whole value; but what
# grows so takes twice its room, so that small ones are set as a whole, which puts off their expiry as well, and segments of
# a memory once they are settled.
_COMMIT: Final = """
local function parsed(packed)
  local flat, count, at = {}, 0, 1
  while at <= #packed do
    count = count + 1
    flat[count], at = struct.unpack('<I4c0', packed, at)
  end
  return flat
end
local held = redis.call('HMGET', KEYS[1], 'owner', 'n', 'h')
if held[1] ~= ARGV[1] then return 'OWNER' end
if held[2] == ARGV[4] and held[3] == ARGV[5] then return 'OK' end
if (held[2] or '0') ~= ARGV[2] or (held[3] or '') ~= ARGV[3] then return 'STATE' end
local replaced, appended = parsed(ARGV[10]), parsed(ARGV[11])
local grown, expired, notes, bounded = parsed(ARGV[12]), parsed(ARGV[13]), parsed(ARGV[20]), parsed(ARGV[21])
local lasting, settled = parsed(ARGV[23]), parsed(ARGV[24])
redis.call('HSET', KEYS[1], 'n', ARGV[4], 'h', ARGV[5], 'before', ARGV[3], 'position', ARGV[6], 'outbox', ARGV[7],
           'journal_n', ARGV[8], 'journal_at', ARGV[9], 'txid', ARGV[14], 'segments', ARGV[15])
local states, segments = ARGV[16], ARGV[17]
local kept = ARGV[22]
for i = 1, #replaced, 2 do redis.call('SET', states .. replaced[i], replaced[i + 1], 'EX', kept) end
for i = 1, #lasting, 2 do redis.call('SET', states .. lasting[i], lasting[i + 1]) end
for i = 1, #appended, 2 do redis.call('APPEND', states .. appended[i], appended[i + 1]) end
for i = 1, #notes, 2 do redis.call('SET', ARGV[18] .. notes[i], notes[i + 1], 'EX', ARGV[19]) end
for i = 1, #grown, 2 do redis.call('APPEND', segments .. grown[i], grown[i + 1]) end
for i = 1, #settled do
  local grew = redis.call('GET', segments .. settled[i])
  if grew then redis.call('SET', segments .. settled[i], grew) end
end
for i = 1, #expired do redis.call('DEL', segments .. expired[i]) end
local full, refreshed = 0, tonumber(kept) - 2592000
for i = 1, #bounded, 3 do
  local key, limit, part = states .. bounded[i], tonumber(bounded[i + 1]), bounded[i + 2]
  local held = redis.call('GETRANGE', key, 0, 2047)
  if #held < 2048 and #held < limit then
    redis.call('SET', key, held .. part, 'EX', kept)
  elseif redis.call('STRLEN', key) < limit then
    redis.call('APPEND', key, part)
    if redis.call('TTL', key) < refreshed then redis.call('EXPIRE', key, kept) end
  else
    full = full + 1
  end
end
if full > 0 then return 'FULL ' .. full end
return 'OK'
"""
_WIPE: Final = """
if redis.call('HGET', KEYS[1], 'owner') ~= ARGV[1] then return 'OWNER' end
redis.call('HDEL', KEYS[1], 'n', 'h', 'before', 'position', 'journal_n', 'journal_at', 'outbox', 'txid', 'segments')
return redis.call('HINCRBY', KEYS[1], 'epoch', 1)
"""
# Judges leave out what is older, and forget whom they did not hear of, a month before, whatever the clocks say.
STATES_KEPT_SECONDS: Final = (FORGOTTEN_DAYS + 31) * 86_400
NOTES_KEPT_SECONDS: Final = 365 * 86_400  # judgement: rules look back less far
_length: Final = Struct("<I").pack
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack_position: Final = msgspec.msgpack.Decoder(tuple[int, ...]).decode


class Keys:
    """The Redis keys of one partition of one stage, all under one hash tag.

    `meta` is a hash; a state is the string at `state(key)`, a segment of the event memory the string at `segment(number)`.
    The epoch is part of their names: a wiped partition starts a new one, and what is left of the old is removed at leisure.
    So is the version of the state: workers of two versions side by side each have a view of their own, and none reads bytes
    that it does not know. The names are short, a stage's its first letter, because there are as many as states.
    """

    __slots__ = ("_base", "epoch", "meta")

    def __init__(self, group: str, stage: str, partition: int) -> None:
        self._base = f"lockgate:{{{group}:{stage[0]}{partition}}}:v{STATE_VERSION}"
        self.meta = f"{self._base}:meta"
        self.epoch = 0

    @property
    def states(self) -> str:
        """What the keys of states begin with."""
        return f"{self._base}:s{self.epoch}:"

    @property
    def segments(self) -> str:
        """What the keys of segments begin with."""
        return f"{self._base}:seen:{self.epoch}:"

    @property
    def notes(self) -> str:
        """What the keys of notes begin with. They outlive an epoch: what was found stays true when it is rebuilt."""
        return f"{self._base}:note:"

    def of_epoch(self) -> tuple[str, str]:
        """Patterns that match the keys of this epoch, and no key of another, whatever an account's name holds."""
        return f"{self.states}*", f"{self.segments}*"


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
    epoch: int
    segments: range  # of the event memory


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
    memory: MemoryChanges


class Store:
    """Lockgate's state in one Redis, or Redis Cluster. Errors of the connection come as redis.RedisError."""

    def __init__(self, redis: RedisAccess) -> None:
        self._clustered = redis.clustered
        options: dict[str, Any] = {"socket_timeout": 5, "socket_connect_timeout": 3}
        if not redis.clustered:
            # No retries below us: after an outage each pooled connection fails once, and the round retries as a whole.
            options |= {"retry": Retry(NoBackoff(), 0), "max_connections": 64}
        self._redis: Any = redis.client(Redis, RedisCluster, **options)

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()

    async def answers(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(await self._redis.ping())
        except (RedisError, RedisClusterException, OSError):
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
            epoch=int(reply[9]),
            segments=range(*_unpack_position(reply[10])) if reply[10] else range(0),
        )

    async def wipe(self, keys: Keys, owner: str) -> None:
        """Forget the state of a partition. Raises Lost when it belongs to another by now."""
        epoch = await self._eval(_WIPE, (keys.meta,), owner)
        if epoch == b"OWNER":
            raise Lost("another worker claimed the partition")
        patterns, keys.epoch = keys.of_epoch(), int(epoch)
        for pattern in patterns:
            async for key in self._redis.scan_iter(match=pattern, count=10_000):
                await self._redis.unlink(key)

    async def segments(self, keys: Keys, numbers: range) -> dict[int, bytes]:
        """The segments of a memory; empty where nothing was appended: a memory made of them has to know of these, too."""
        if not numbers:
            return {}
        held = await self._redis.mget([f"{keys.segments}{number}" for number in numbers])
        return {number: packed or b"" for number, packed in zip(numbers, held, strict=True)}

    async def load(self, wanted: Sequence[tuple[str, Sequence[str]]]) -> list[list[bytes | None]]:
        """Values by what their keys begin with and their names, in one round trip; None where there is none."""
        return await self._together([("MGET", *[prefix + name for name in names]) for prefix, names in wanted])

    async def state(self, keys: Keys, name: str) -> bytes | None:
        """One state as it stands, for whoever only looks: of an account that is judged meanwhile it may be a batch old."""
        ((epoch,),) = await self._together([("HMGET", keys.meta, "epoch")])
        keys.epoch = int(epoch or 0)
        ((held,),) = await self.load([(keys.states, [name])])
        return held

    async def standing(self, wanted: Sequence[Keys]) -> list[tuple[bytes | None, ...]]:
        """Owner, n and h of several partitions, in one round trip."""
        return await self._together([("HMGET", keys.meta, "owner", "n", "h") for keys in wanted])

    async def commit(self, commits: Sequence[Commit]) -> int:
        """Commit one batch each of several partitions, in one round trip; safe to repeat after a lost reply.

        Returns how many bounded states were full, so that something was not appended.

        Raises:
            Lost: a partition has another owner, or another state than expected. Others may have been committed.
        """
        replies = await self._together([_commit_command(commit) for commit in commits])
        if refused := [reply.decode() for reply in replies if reply != b"OK" and not reply.startswith(b"FULL ")]:
            raise Lost(f"Redis refused a commit: {', '.join(sorted(set(refused)))} changed")
        return sum(int(reply[5:]) for reply in replies if reply.startswith(b"FULL "))

    async def _eval(self, script: str, keys: Sequence[str], *arguments: Any) -> Any:
        (reply,) = await self._together([("EVAL", script, len(keys), *keys, *arguments)])
        return reply

    async def _together(self, commands: Iterable[tuple[Any, ...]]) -> list[Any]:
        if self._clustered:  # a cluster pipeline cannot carry scripts
            try:
                return [await self._redis.execute_command(*command) for command in commands]
            except RedisClusterException as error:  # which is no RedisError
                raise ConnectionError(str(error)) from error
        pipeline = self._redis.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        replies: list[Any] = await pipeline.execute()
        return replies


def _commit_command(commit: Commit) -> tuple[Any, ...]:
    keys, writes, memory = commit.keys, commit.writes, commit.memory
    return (
        "EVAL",
        _COMMIT,
        1,
        keys.meta,
        commit.owner,
        commit.n_before,
        commit.h_before,
        commit.n,
        commit.h,
        _pack(commit.position),
        commit.outbox,
        commit.journal_n,
        commit.journal_at,
        _framed_pairs(writes.replaced),
        _framed_pairs(writes.appended),
        _framed_pairs({str(number): packed for number, packed in memory.appended.items()}),
        _numbers(memory.expired),
        commit.transactional_id,
        _pack((memory.segments.start, memory.segments.stop)),
        keys.states,
        keys.segments,
        keys.notes,
        NOTES_KEPT_SECONDS,
        _framed_pairs(writes.notes),
        b"".join(
            framed(each)
            for key, (limit, part) in writes.bounded.items()
            for each in (key.encode(), str(limit).encode(), part)
        ),
        STATES_KEPT_SECONDS,
        _framed_pairs(writes.lasting),
        _numbers(memory.settled),
    )


def _numbers(numbers: Iterable[int]) -> bytes:
    return b"".join([framed(str(number).encode()) for number in numbers])


def _framed_pairs(values: Mapping[str, bytes]) -> bytes:
    """Key, value, key, value, each with its length before it: what the script parses fastest."""
    parts: list[bytes] = []
    for key, value in values.items():
        name = key.encode()
        parts += (_length(len(name)), name, _length(len(value)), value)
    return b"".join(parts)
