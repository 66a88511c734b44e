"""Contestant: Faust as its documentation shows it, one event at a time, with state in Redis.

A typed record, one agent over both source topics, five Redis commands for each transfer in one round trip, and a
verdict for each withdrawal with `Topic.send`. No setting of Faust is changed that bears on speed.
"""

import argparse
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any, Final

import faust
from redis.asyncio import Redis

from streams.benchmarks.progress import ProgressFile, note
from streams.benchmarks.stand import ANSWERS, SOURCES

_REMEMBERED: Final = 50  # transfers of an account
_THIRTY_DAYS: Final = 30 * 86_400
_HOLD_CENTS: Final = 50_000_00  # of an account, in all


class Transfer(faust.Record, serializer="json"):
    """What the textbook agent reads of a transfer."""

    event_id: str
    kind: str
    account_id: str
    asset: str
    amount: str
    value_usd: str
    addresses: list[str]
    occurred_at: str


def make_app(kafka: str, redis_url: str, progress: Path) -> Any:
    """The application; it notes its progress twice a second."""
    app: Any = faust.App(
        "bench-textbook",
        broker=f"kafka://{kafka}",
        store="memory://",
        topic_allow_declare=False,  # the stand made them: Faust's requests are too old for Kafka 4
        topic_disable_leader=True,
        web_enabled=False,
    )
    transfers = app.topic(*SOURCES, value_type=Transfer)
    verdicts = app.topic(ANSWERS)
    redis: Any = Redis.from_url(redis_url)
    done = 0

    @app.agent(transfers)  # type: ignore[untyped-decorator]  # Faust's
    async def judge(stream: AsyncIterable[Transfer]) -> None:
        nonlocal done
        async for transfer in stream:
            account = f"textbook:{transfer.account_id}"
            whole, _, cents = transfer.value_usd.partition(".")
            async with redis.pipeline(transaction=False) as pipe:
                pipe.hincrby(account, transfer.kind, int(whole) * 100 + int(cents or 0))
                pipe.lpush(f"{account}:recent", transfer.event_id)
                pipe.ltrim(f"{account}:recent", 0, _REMEMBERED - 1)
                pipe.expire(f"{account}:recent", _THIRTY_DAYS)
                pipe.sismember("textbook:sanctioned", transfer.addresses[0])
                total, _, _, _, listed = await pipe.execute()
            if transfer.kind == "withdrawal":
                decision = "reject" if listed else "hold" if total > _HOLD_CENTS else "release"
                verdict = {"event_id": transfer.event_id, "account_id": transfer.account_id, "decision": decision}
                await verdicts.send(key=transfer.account_id, value=verdict)
            done += 1

    file = ProgressFile(progress).writer()

    @app.timer(0.5)  # type: ignore[untyped-decorator]  # Faust's
    async def report() -> None:
        note(file, done)

    return app


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kafka")
    parser.add_argument("redis")
    parser.add_argument("progress", type=Path)
    options = parser.parse_args()
    app = make_app(options.kafka, options.redis, options.progress)
    worker: Any = faust.Worker(app, loglevel="warning", quiet=True)
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
