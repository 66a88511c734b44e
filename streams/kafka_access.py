"""Getting hold of Kafka from a command: connect within a time limit, one clear error when it is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from streams.errors import Unreachable

_RETRY_SECONDS: Final = 0.5  # judgement: a restarting broker is met soon, and one that is away costs nothing


async def connect(start: Callable[[], Awaitable[Any]], servers: str, *, timeout_seconds: float) -> None:
    """Await `start` of a client (producer, consumer or admin), trying again until the time is up.

    Raises:
        Unreachable: nobody answered at `servers`. The caller still has to stop the client.
    """
    deadline = asyncio.get_running_loop().time() + timeout_seconds
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                await start()
            return
        except (KafkaError, OSError, TimeoutError):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise kafka_away(servers) from None
            await asyncio.sleep(min(_RETRY_SECONDS, left))


async def partition_counts(client: AIOKafkaClient, servers: str) -> dict[str, int]:
    """The number of partitions of every topic there is. Raises Unreachable.

    Asks for no topic by name: some brokers create what they are asked about.
    """
    try:
        cluster = await client.fetch_all_metadata()
    except (KafkaError, OSError, TimeoutError):
        raise kafka_away(servers) from None
    return {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in cluster.topics()}


def kafka_away(servers: str) -> Unreachable:
    """The error that says Kafka does not answer, and where it was looked for."""
    return Unreachable(f"Kafka does not answer at {servers} (set LOCKGATE_KAFKA or --kafka)")


def silence_client_log() -> None:
    """Keep aiokafka's log off the terminal of a command: what matters reaches the user as an error or a count."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
