"""What `lockgate doctor` asks Kafka: does it answer, what is it, has it transactions, are the topics right."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, UnknownError, UnsupportedVersionError

from streams import doctor_access
from streams.doctor import Check, Level, concern, fault, good
from streams.errors import Unreachable
from streams.kafka_access import connect, kafka_away
from streams.kafka_admin import topic_admin
from streams.kafka_rights import TopicRights, own_rights
from streams.kafka_topics import TOPICS, FoundTopic, remarks
from streams.security import KafkaAccess
from streams.settings import FLOWS, Settings

Versions = Mapping[int, tuple[int, int]]  # API key -> lowest and highest version, as the broker told them

_FETCH, _WRITE_MARKERS, _DESCRIBE_CLUSTER = 1, 27, 60  # API keys, see kafka.apache.org/protocol
_FETCH_LOWEST_OF_4: Final = 4  # Kafka 4.0 dropped older ones (KIP-896)
_BROKERS_TO_LOSE_ONE: Final = 3
_TRANSACTIONAL_ID: Final = "lockgate-doctor"  # opens no transaction; it fences nobody but another doctor


async def check_kafka(settings: Settings, *, timeout_seconds: float) -> list[Check]:
    """All checks of Kafka; only one when it does not answer."""
    kafka = settings.kafka_access()
    try:
        brokers, versions, found_rights = await _ask_broker(kafka, timeout_seconds)
        checks = list(brokers_found(settings.kafka, brokers, versions))
        checks.append(await _transactions(kafka, versions, timeout_seconds))
        async with topic_admin(kafka, timeout_seconds=timeout_seconds) as admin:
            found = await admin.describe((*TOPICS, *settings.side_topics()))
            working = await admin.members_of_groups_on(FLOWS)
        if all(topic in found for topic in TOPICS):  # of what is not there nobody has rights
            checks += doctor_access.rights(found_rights, settings)
        return [*checks, *_topics(found, settings), *doctor_access.groups(working, settings)]
    except Unreachable as away:
        return [
            Check(
                name="kafka",
                level=Level.FAIL,
                found=str(away),
                means="nothing is judged; without a verdict every withdrawal is on hold",
                fix="start Kafka (make up starts one here), or correct LOCKGATE_KAFKA",
                unreachable=True,
            )
        ]


async def _ask_broker(kafka: KafkaAccess, timeout_seconds: float) -> tuple[int, Versions, TopicRights | None]:
    """The number of brokers, the API versions that one of them speaks, and our rights on topics. Raises Unreachable."""
    client = AIOKafkaClient(**kafka.options())
    try:
        await connect(client.bootstrap, kafka, timeout_seconds=timeout_seconds)
        connection = await client._get_conn(client.get_random_node())
        versions = dict((connection and connection._versions) or {})
        return len(client.cluster.brokers()), versions, await own_rights(client)
    except KafkaError:
        raise kafka_away(kafka) from None
    finally:
        await client.close()


def brokers_found(servers: str, count: int, versions: Versions) -> Iterator[Check]:
    """How many brokers there are, and what they are by the protocol versions one of them speaks."""
    if _WRITE_MARKERS not in versions:
        kind = "not Apache Kafka"
    elif versions.get(_FETCH, (0, 0))[0] >= _FETCH_LOWEST_OF_4:
        kind = "Apache Kafka 4.0 or later"
    elif _DESCRIBE_CLUSTER in versions:
        kind = "Apache Kafka 2.8 to 3.9"
    else:
        kind = "older than Kafka 2.8"
    if kind.startswith("older"):
        yield concern("kafka", kind, "Lockgate is not tried with it", "Apache Kafka 3 or 4; 4.1 is what is tested")
    noun = "broker" if count == 1 else "brokers"
    yield good("kafka", f"{count} {noun} at {servers}, {kind}")
    if count < _BROKERS_TO_LOSE_ONE:
        yield concern(
            "kafka",
            f"{count} {noun}",
            "while one is away nothing is judged, and its disk is the only copy of journals and transfers",
            "three brokers, and topics with replication 3",
        )


async def _transactions(kafka: KafkaAccess, versions: Versions, timeout_seconds: float) -> Check:
    """Whether the broker gives a transactional producer its id."""
    producer = AIOKafkaProducer(**kafka.options(), transactional_id=_TRANSACTIONAL_ID)
    try:
        async with asyncio.timeout(timeout_seconds):
            await producer.start()
    except (UnknownError, UnsupportedVersionError):
        reason = "the broker has none"
    except TimeoutError:
        reason = f"none could be opened within {timeout_seconds:g} s"
    except KafkaError as error:
        reason = f"refused: {type(error).__name__}"
    else:
        return good("transactions", "available: every alert and verdict is published exactly once")
    finally:
        await producer.stop()
    fix = (
        "check that every broker is up, and the ACLs of TransactionalId lockgate-*"
        if _WRITE_MARKERS in versions
        else "use Apache Kafka; the embedded broker is for trying things out"
    )
    return fault("transactions", reason, "after a failure alerts and verdicts may come twice", fix)


def _topics(found: Mapping[str, FoundTopic], settings: Settings) -> Iterator[Check]:
    wrong = remarks(found, servers=settings.kafka, side=settings.side_topics())
    alike: defaultdict[tuple[bool, str, str | None], list[str]] = defaultdict(list)
    for remark in wrong:
        alike[remark.fault, remark.problem, remark.remedy].append(remark.topic)
    for (is_fault, problem, remedy), names in alike.items():
        yield Check(
            name="topics" if len(names) > 1 else f"topic {names[0]}",
            level=Level.FAIL if is_fault else Level.WARN,
            found=f"{', '.join(names)}: {problem}" if len(names) > 1 else problem,
            fix=remedy,
        )
    if any("retention.ms" not in topic.settings for topic in found.values()):
        yield concern(
            "topics",
            "the broker does not tell its topics' settings",
            "retention could not be checked",
            "use Apache Kafka, or allow DescribeConfigs",
        )
    if not any(remark.fault for remark in wrong):
        partitions = max(topic.partitions for topic in found.values())
        yield good("topics", f"all {len(found)} are there, {partitions} partitions, as delivery needs them")
