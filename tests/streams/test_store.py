"""The commit script against real Redis: fenced, all or nothing, safe to repeat."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
import redis

from streams.components import Redis
from streams.delivery.stage import MemoryChanges, Writes, framed, parts
from streams.errors import Lost
from streams.security import RedisAccess
from streams.store import NOTES_KEPT_SECONDS, STATES_KEPT_SECONDS, Commit, Keys, Store


@pytest.fixture
def store_run(redis_server: Redis) -> Callable[[Callable[[Store], Awaitable[Any]]], Any]:
    redis_server.flush()

    def run(story: Callable[[Store], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            store = Store(RedisAccess(redis_server.url))
            try:
                return await story(store)
            finally:
                await store.close()

        return asyncio.run(whole())

    return run


KEYS = Keys("group", "accounts", 3)


def commit(n: int, /, **changes: Any) -> Commit:
    first = Commit(
        keys=KEYS,
        owner="me",
        transactional_id="session-1",
        n_before=n - 1,
        h_before=b"" if n == 1 else b"h%d" % (n - 1),
        n=n,
        h=b"h%d" % n,
        position=(10 * n, 20 * n),
        outbox=b"outbox-%d" % n,
        journal_n=n - 1,
        journal_at=5 * n,
        writes=Writes({"alice": b"\x00\xffsnapshot"} if n == 1 else {}, {"alice": b"+%d" % n} if n > 1 else {}),
        memory=MemoryChanges({0: b"s%d" % n}, (), range(0, 1)),
    )
    return msgspec.structs.replace(first, **changes)


def test_a_commit_leaves_all_that_a_claim_finds(store_run: Any) -> None:
    async def story(store: Store) -> None:
        empty = await store.claim(KEYS, "me", 7)
        assert empty is not None
        assert (empty.n, empty.h, empty.position, empty.outbox) == (0, b"", (), b"")
        await store.commit([commit(1)])
        await store.commit([commit(2)])
        held = await store.claim(KEYS, "you", 8)
        assert held is not None
        assert (held.n, held.h, held.before) == (2, b"h2", b"h1")
        assert (held.position, held.outbox, held.transactional_id) == ((20, 40), b"outbox-2", "session-1")
        assert (held.journal_n, held.journal_at) == (1, 10)
        assert await store.load([(KEYS.states, ["alice", "bob"])]) == [[b"\x00\xffsnapshot+2", None]]
        assert await store.segments(KEYS, held.segments) == {0: b"s1s2"}
        assert await store.standing([KEYS]) == [[b"you", b"2", b"h2"]]

    store_run(story)


def test_a_note_is_there_for_other_stages_outlives_a_wipe_and_expires(store_run: Any, redis_server: Any) -> None:
    async def story(store: Store) -> None:
        assert await store.claim(KEYS, "me", 7) is not None
        await store.commit([commit(1, writes=Writes(notes={"0xa": b"note"}))])
        assert await store.load([(KEYS.notes, ["0xa", "0xb"])]) == [[b"note", None]]
        await store.wipe(Keys("group", "accounts", 3), "me")
        assert await store.load([(KEYS.notes, ["0xa"])]) == [[b"note"]]

    store_run(story)
    with redis.Redis.from_url(redis_server.url) as client:
        left = client.ttl(f"{KEYS.notes}0xa")
        assert NOTES_KEPT_SECONDS - 60 < left <= NOTES_KEPT_SECONDS


def test_changes_of_several_batches_are_those_of_one_after_the_other() -> None:
    first = MemoryChanges({0: b"a", 1: b"b"}, (7,), range(0, 2))
    later = MemoryChanges({1: b"c", 2: b"d"}, (0,), range(1, 3))
    assert first.then(later) == MemoryChanges({1: b"bc", 2: b"d"}, (0, 7), range(1, 3))
    assert MemoryChanges().then(first) == first


def test_repeating_a_commit_after_a_lost_reply_changes_nothing(store_run: Any) -> None:
    async def story(store: Store) -> None:
        await store.claim(KEYS, "me", 7)
        await store.commit([commit(1)])
        await store.commit([commit(2)])
        await store.commit([commit(2)])
        assert await store.load([(KEYS.states, ["alice"])]) == [[b"\x00\xffsnapshot+2"]]
        assert await store.segments(KEYS, range(1)) == {0: b"s1s2"}

    store_run(story)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"owner": "other"}, "OWNER"),
        ({"n_before": 4, "n": 5, "h": b"h5"}, "STATE"),
        ({"h_before": b"another past"}, "STATE"),
    ],
)
def test_a_commit_that_does_not_fit_is_refused_and_leaves_no_trace(
    store_run: Any, changes: dict[str, Any], reason: str
) -> None:
    async def story(store: Store) -> None:
        await store.claim(KEYS, "me", 7)
        await store.commit([commit(1)])
        with pytest.raises(Lost, match=reason):
            await store.commit([commit(2, **changes)])
        assert await store.load([(KEYS.states, ["alice"])]) == [[b"\x00\xffsnapshot"]]
        assert await store.standing([KEYS]) == [[b"me", b"1", b"h1"]]

    store_run(story)


def test_an_older_generation_cannot_claim_unless_it_insists(store_run: Any) -> None:
    async def story(store: Store) -> None:
        await store.claim(KEYS, "young", 8)
        assert await store.claim(KEYS, "zombie", 7) is None
        assert (await store.standing([KEYS]))[0][0] == b"young"
        assert await store.claim(KEYS, "after a new group", 1, force=True) is not None

    store_run(story)


def test_a_wiped_partition_starts_from_nothing_and_leaves_nothing_behind(store_run: Any) -> None:
    async def story(store: Store) -> None:
        await store.claim(KEYS, "me", 7)
        await store.commit([commit(1)])
        other = Keys("group", "accounts", 4)
        await store.claim(other, "me", 7)
        await store.commit([commit(1, keys=other)])
        await store.wipe(KEYS, "me")
        assert await store.load([(KEYS.states, ["alice"])]) == [[None]]
        held = await store.claim(KEYS, "me", 7)
        assert held is not None
        assert (held.n, held.epoch, list(held.segments)) == (0, 1, [])
        assert await store.load([(other.states, ["alice"])]) == [[b"\x00\xffsnapshot"]]
        names = sorted([key async for key in store._redis.scan_iter()])
        assert names == sorted(key.encode() for key in (KEYS.meta, other.meta, f"{other.states}alice", f"{other.segments}0"))
        with pytest.raises(Lost):
            await store.wipe(KEYS, "somebody else")

    store_run(story)
    KEYS.epoch = 0


def test_expired_segments_are_deleted(store_run: Any) -> None:
    async def story(store: Store) -> None:
        await store.claim(KEYS, "me", 7)
        await store.commit([commit(1, memory=MemoryChanges({0: b"a", 1: b"b"}, (), range(2)))])
        await store.commit([commit(2, memory=MemoryChanges({1: b"c"}, (0,), range(1, 2)))])
        held = await store.claim(KEYS, "me", 7)
        assert held is not None
        assert await store.segments(KEYS, held.segments) == {1: b"bc"}
        assert await store.segments(KEYS, range(0, 2)) == {0: b"", 1: b"bc"}

    store_run(story)


def test_large_commits_pass_whole(store_run: Any) -> None:
    async def story(store: Store) -> None:
        await store.claim(KEYS, "me", 7)
        many = {f"account-{number}": bytes([number % 256]) * 300 for number in range(20_000)}
        await store.commit([commit(1, writes=Writes(many, {}))])
        await store.commit([commit(2, writes=Writes({}, many))])
        names = list(many)
        (states,) = await store.load([(KEYS.states, names)])
        assert states == [many[name] * 2 for name in names]

    store_run(story)


def test_the_keys_of_a_partition_share_one_hash_tag() -> None:
    tags = {key.partition("{")[2].partition("}")[0] for key in (KEYS.meta, KEYS.states, KEYS.segments)}
    assert tags == {"group:a3"}


def test_a_bounded_state_grows_to_its_limit_and_expires(store_run: Any, redis_server: Any) -> None:
    async def story(store: Store) -> None:
        full = 0
        assert await store.claim(KEYS, "me", 7) is not None
        for n in range(1, 5):
            writes = Writes()
            writes.remember("many", 8, framed(b"%d" % n))  # five bytes
            full += await store.commit([commit(n, writes=writes)])
        assert full == 2
        [[stored]] = await store.load([(KEYS.states, ["many"])])
        assert list(parts(stored, 8)) == [b"1", b"2"]

    store_run(story)
    with redis.Redis.from_url(redis_server.url) as client:
        assert 0 < client.ttl(f"{KEYS.states}many") <= STATES_KEPT_SECONDS


def test_batches_committed_together_leave_no_more_than_one_by_one(store_run: Any) -> None:
    async def story(store: Store) -> None:
        assert await store.claim(KEYS, "me", 7) is not None
        writes = Writes()
        for n in range(1, 5):
            later = Writes()
            later.remember("many", 8, framed(b"%d" % n))
            writes.then(later)
        await store.commit([commit(1, writes=writes)])
        [[stored]] = await store.load([(KEYS.states, ["many"])])
        assert list(parts(stored, 8)) == [b"1", b"2"]

    store_run(story)
