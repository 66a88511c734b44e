"""Topics on a live broker: create what is missing, describe what is there."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    KafkaError,
    for_code,
)

from streams.errors import LockgateError
from streams.kafka_access import connect, kafka_away
from streams.kafka_topics import USUAL_REPLICATION, FoundTopic, TopicSpec
from streams.security import KafkaAccess

_REQUEST_TIMEOUT_MS: Final = 30_000
_KNOWN_SECONDS: Final = 10.0
_KNOWN_RETRY_SECONDS: Final = 0.1
_ALREADY_EXISTS: Final = 36  # error code of the Kafka protocol


class TopicNotCreated(LockgateError):
    """The broker refused to create a topic."""


class TopicAdmin:
    """Creates and describes topics through an open admin client."""

    def __init__(self, client: AIOKafkaAdminClient, kafka: KafkaAccess) -> None:
        self._client = client
        self._kafka = kafka

    async def usual_replication(self) -> int:
        """Three copies, or as many as there are brokers."""
        cluster = await self._ask(self._client.describe_cluster())
        return min(USUAL_REPLICATION, max(1, len(cluster["brokers"])))

    async def create(self, specs: Iterable[TopicSpec]) -> list[str]:
        """Create the topics that are absent and return their names; those that exist stay as they are.

        Raises:
            TopicNotCreated: the broker refused one; the others are created all the same.
        """
        existing = set(await self._ask(self._client.list_topics()))
        missing = [spec for spec in specs if spec.name not in existing]
        if not missing:
            return []
        new = [NewTopic(spec.name, spec.partitions, spec.replication, topic_configs=spec.settings) for spec in missing]
        reply = await self._ask(self._client.create_topics(new, timeout_ms=_REQUEST_TIMEOUT_MS))
        created, refused = [], []
        for name, code, message in reply.topic_errors:
            if code == 0:
                created.append(name)
            elif code != _ALREADY_EXISTS:
                refused.append(f"{name}: {message or for_code(code).__name__}")
        await self.describe(created, present=created)
        if refused:
            raise TopicNotCreated("the broker refused to create " + "; ".join(refused))
        return created

    async def describe(self, names: Iterable[str], *, present: Iterable[str] = ()) -> dict[str, FoundTopic]:
        """Those of the topics that exist. Asks for no topic by name: some brokers create what they are asked about.

        `present` are known to exist: a broker learns of a new topic a moment after it was created, and is waited for.
        """
        wanted, sure = set(names), set(present)
        deadline = asyncio.get_running_loop().time() + _KNOWN_SECONDS
        while True:
            every = await self._ask(self._client.describe_topics())
            topics = [topic for topic in every if topic["topic"] in wanted]
            if sure <= {topic["topic"] for topic in topics} or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(_KNOWN_RETRY_SECONDS)
        settings = await self._settings([topic["topic"] for topic in topics])
        return {
            topic["topic"]: FoundTopic(
                partitions=len(topic["partitions"]),
                replication=min((len(partition["replicas"]) for partition in topic["partitions"]), default=0),
                settings=settings.get(topic["topic"], {}),
            )
            for topic in topics
        }

    async def members_of_groups_on(self, topic: str) -> dict[str, int]:
        """The number of members of each consumer group that has some and has read the topic, of those we may see."""
        counted = {}
        for name, *_ in await self._ask(self._client.list_consumer_groups()):
            with suppress(GroupAuthorizationFailedError):
                if topic in {place.topic for place in await self._ask(self._client.list_consumer_group_offsets(name))}:
                    [described] = await self._ask(self._client.describe_consumer_groups([name]))
                    counted[name] = len(described.groups[0][5])
        return {name: members for name, members in counted.items() if members}

    async def _settings(self, names: list[str]) -> dict[str, dict[str, str]]:
        """Each topic's settings by name; nothing from a broker that cannot tell them."""
        if not names:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        try:
            replies = await self._client.describe_configs(resources)
        except (IncompatibleBrokerVersion, KafkaConnectionError):
            return {}  # the embedded broker hangs up on what it does not know; a dead one fails the next request
        return {
            name: {entry[0]: entry[1] for entry in entries if entry[1] is not None}
            for reply in replies
            for code, _, _, name, entries in reply.resources
            if code == 0
        }

    async def _ask(self, request: Any) -> Any:
        try:
            return await request
        except GroupAuthorizationFailedError:
            raise
        except (KafkaError, OSError, TimeoutError):
            raise kafka_away(self._kafka) from None


@asynccontextmanager
async def topic_admin(kafka: KafkaAccess, *, timeout_seconds: float) -> AsyncIterator[TopicAdmin]:
    """An open `TopicAdmin`. Raises Unreachable when Kafka does not answer in time."""
    client = AIOKafkaAdminClient(**kafka.options(), request_timeout_ms=_REQUEST_TIMEOUT_MS)
    try:
        await connect(client.start, kafka, timeout_seconds=timeout_seconds)
        yield TopicAdmin(client, kafka)
    finally:
        await client.close()
