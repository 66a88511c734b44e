"""Getting hold of Kafka from a command: connect within a time limit, one clear error when it is away or refuses us."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from streams.errors import Unreachable
from streams.security import KafkaAccess

_RETRY_SECONDS: Final = 0.5  # judgement: a restarting broker is met soon, and one that is away costs nothing
_REFUSALS: Final = (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    ssl.SSLError,
)


async def connect(start: Callable[[], Awaitable[Any]], kafka: KafkaAccess, *, timeout_seconds: float) -> None:
    """Await `start` of a client (producer, consumer or admin), trying again until the time is up.

    Raises:
        Unreachable: nobody answered, or a broker did and refuses us. The caller still has to stop the client.
    """
    deadline = asyncio.get_running_loop().time() + timeout_seconds
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                await start()
            return
        except (KafkaError, OSError, TimeoutError):
            if (reason := await refusal(kafka)) is not None:
                raise Unreachable(f"Kafka at {kafka} refuses us: {reason} (see the settings kafka_security ff.)") from None
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise kafka_away(kafka) from None
            await asyncio.sleep(min(_RETRY_SECONDS, left))


async def refusal(kafka: KafkaAccess, *, timeout_seconds: float = 3.0) -> str | None:
    """Why a broker that answers lets us not in: its certificate or ours, or the credentials. None: that is not it.

    Clients of aiokafka only say that they could not connect.
    """
    for server in kafka.each():
        host, _, port = server.rpartition(":")
        options = {"request_timeout_ms": int(timeout_seconds * 1000), **kafka.login()}
        try:
            async with asyncio.timeout(timeout_seconds):
                connection = await create_conn(host.strip("[]"), int(port), **options)
        except _REFUSALS as error:
            return f"{type(error).__name__}: {error}"
        except (KafkaError, OSError, TimeoutError):
            continue
        connection.close()
    return None


async def partition_counts(client: AIOKafkaClient, kafka: KafkaAccess) -> dict[str, int]:
    """The number of partitions of every topic there is and we may see. Raises Unreachable.

    Asks for no topic by name: some brokers create what they are asked about.
    """
    try:
        cluster = await client.fetch_all_metadata()
    except (KafkaError, OSError, TimeoutError):
        raise kafka_away(kafka) from None
    return {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in cluster.topics()}


def kafka_away(kafka: KafkaAccess) -> Unreachable:
    """The error that says Kafka does not answer, and where it was looked for."""
    return Unreachable(f"Kafka does not answer at {kafka} (set LOCKGATE_KAFKA or --kafka)")


def silence_client_log() -> None:
    """Keep aiokafka's log off the terminal of a command: what matters reaches the user as an error or a count."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
