"""Looking back in a large store: a change of fifty addresses is answered within two seconds, whatever is remembered."""

import asyncio
import time
from typing import Any

import pytest
import redis
from test_retroactive import BASE, RULESET, T0, World, address, flow, listing

from rules.network import CounterpartiesEngine
from streams import compact, stored_address
from streams.components import Redis
from streams.counterparties import CounterpartiesStage
from streams.delivery.stage import Work, Writes
from streams.security import RedisAccess
from streams.store import Keys, Store
from streams.stored_address import KeptAddress

pytestmark = pytest.mark.integration

STORED = 50_000
STORED_IN_A_STORM = 1_000_000  # the size of a large exchange
CHANGED = 50
SECONDS = 2.0
KEYS = Keys("group", "counterparties", 0)


def fill(url: str, count: int) -> None:
    """Dealings of `count` accounts with `count` addresses, as the stage stores them."""
    with redis.Redis.from_url(url) as client:
        for first in range(0, count, 10_000):
            pipeline = client.pipeline(transaction=False)
            for number in range(first, min(first + 10_000, count)):
                one = flow(number, f"acct-{number}", address(number), own=address(10_000_000 + number))
                dealt, own = KeptAddress(), KeptAddress(owner=one.account_id)
                dealt.deal(one)
                pipeline.set(f"{KEYS.states}{one.address}", stored_address.stored(dealt, T0))
                met = compact.alone(one.own_address, own=True) + compact.alone(one.address)
                pipeline.set(f"{KEYS.states}met {one.account_id}", met)
                pipeline.set(f"{KEYS.states}{one.own_address}", stored_address.stored(own, T0))
            pipeline.execute()


async def answer(url: str, seen: bytes, records: list[bytes]) -> tuple[float, int]:
    """The seconds it takes to load, follow and judge a change, and how many alerts that gives."""
    store, stage = Store(RedisAccess(url)), CounterpartiesStage(CounterpartiesEngine(RULESET))
    states: dict[str, Any] = {"lists seen": stage.load_state("lists seen", seen)}

    async def load(keys: set[str]) -> None:
        absent = sorted(keys - states.keys())
        (found,) = await store.load([(KEYS.states, absent)]) if absent else ([],)
        for key, packed in zip(absent, found, strict=True):
            states[key] = stage.load_state(key, packed) if packed else stage.fresh_state(key)

    started = time.perf_counter()
    work: Work = stage.decode(0, [[], [(n, None, record) for n, record in enumerate(records)]])
    await load(work.keys)
    while more := stage.follow(work, states) - work.keys:
        work.keys |= more
        await load(more)
    judged = stage.judge(work, 0, states, stage.open_memory({}), 1)
    took = time.perf_counter() - started
    await store.close()
    assert isinstance(judged.writes, Writes)
    return took, len(judged.outputs.messages)


def test_a_change_is_answered_within_two_seconds(redis_server: Redis, storm: bool) -> None:
    redis_server.flush()
    count = STORED_IN_A_STORM if storm else STORED
    fill(redis_server.url, count)
    world = World()
    world.batch(lists=world.announcement(listing(BASE)))
    records = world.announcement(listing([*BASE, *range(count // 2, count // 2 + CHANGED)]))
    took, alerts = asyncio.run(answer(redis_server.url, world.store["lists seen"], records))
    print(f"{CHANGED} of {count:,} addresses: {took:.3f} s")
    assert alerts == CHANGED
    assert took < SECONDS
