"""Getting hold of Kafka from a command: connect within a time limit, one clear error when it is away."""

import asyncio
import logging
from typing import Protocol

from aiokafka.errors import KafkaError

from streams.errors import Unreachable

_RETRY_SECONDS = 0.5  # judgement: a broker that restarts is met within a blink, one that is away costs nothing


class Client(Protocol):
    """Any aiokafka client: producer, consumer or admin."""

    async def start(self) -> None:
        """Connect. Raises KafkaError."""


async def connect(client: Client, servers: str, *, timeout_seconds: float) -> None:
    """Start the client, trying again until the time is up.

    Raises:
        Unreachable: nobody answered at `servers`. The caller still has to stop the client.
    """
    deadline = asyncio.get_running_loop().time() + timeout_seconds
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                await client.start()
            return
        except (KafkaError, OSError, TimeoutError):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise kafka_away(servers) from None
            await asyncio.sleep(min(_RETRY_SECONDS, left))


def kafka_away(servers: str) -> Unreachable:
    """The error that says Kafka does not answer, and where it was looked for."""
    return Unreachable(f"Kafka does not answer at {servers} (set LOCKGATE_KAFKA or --kafka)")


def silence_client_log() -> None:
    """Keep aiokafka's log off the terminal of a command: what matters reaches the user as an error or a count."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
