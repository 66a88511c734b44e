"""What a broker lets us do with topics, as it says itself (KIP-430: Metadata with authorized operations)."""

from collections.abc import Mapping
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

TopicRights = Mapping[str, frozenset[str]]  # topic -> operations, by Kafka's names

_METADATA: Final = 3  # API key
_WITH_RIGHTS: Final = 8  # its first version that tells them; from version 9 on it is encoded otherwise
_UNKNOWN: Final = -(1 << 31)
# Bits by the numbers of org.apache.kafka.common.acl.AclOperation.
_OPERATIONS: Final = {3: "READ", 4: "WRITE", 5: "CREATE", 6: "DELETE", 7: "ALTER", 8: "DESCRIBE", 10: "DESCRIBE_CONFIGS"}


class _MetadataResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = _METADATA
    API_VERSION = _WITH_RIGHTS
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node", Int32), ("host", String("utf-8")), ("port", Int32), ("rack", String("utf-8")))),
        ("cluster_id", String("utf-8")),
        ("controller", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("name", String("utf-8")),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("in_sync", Array(Int32)),
                        ("offline", Array(Int32)),
                    ),
                ),
                ("operations", Int32),
            ),
        ),
        ("cluster_operations", Int32),
    )


class _MetadataRequestStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = _METADATA
    API_VERSION = _WITH_RIGHTS
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _MetadataRequest(Request[_MetadataRequestStruct]):  # type: ignore[misc]
    API_KEY = _METADATA

    def build(self, request_struct_class: type[_MetadataRequestStruct]) -> _MetadataRequestStruct:
        return request_struct_class(None, False, False, True)


async def own_rights(client: AIOKafkaClient) -> TopicRights | None:
    """What this user may do, by topic, of those it sees at all; None from a broker that does not tell.

    `client` is connected.

    Raises:
        KafkaError: it went away.
    """
    node: Any = client.get_random_node()
    connection = await client._get_conn(node)
    lowest, highest = ((connection and connection._versions) or {}).get(_METADATA, (0, 0))
    if not lowest <= _WITH_RIGHTS <= highest:
        return None
    answer = await client.send(node, _MetadataRequest())
    topics = {name: bits for code, name, _, _, bits in answer.topics if code == 0}
    if any(bits == _UNKNOWN for bits in topics.values()):
        return None
    return {
        name: frozenset(operation for bit, operation in _OPERATIONS.items() if bits >> bit & 1)
        for name, bits in topics.items()
    }
