"""Real servers as child processes: Apache Kafka, Redis, and an embedded broker for the demo.

All are synchronous context managers. They listen on the loopback address, keep port and data over `stop` or
`kill` and `start`, write their messages to a file that errors quote, and end with the process that started
them.

    with Kafka(folder / "kafka") as kafka, Redis(folder / "redis") as redis:
        print(kafka.bootstrap, redis.url)
"""

from streams.components.embedded import EmbeddedBroker
from streams.components.kafka import Broker, Kafka
from streams.components.process import ComponentError, ComponentFailed, ComponentMissing
from streams.components.redis_server import Redis
from streams.components.server import Component, Server

__all__ = [
    "Broker",
    "Component",
    "ComponentError",
    "ComponentFailed",
    "ComponentMissing",
    "EmbeddedBroker",
    "Kafka",
    "Redis",
    "Server",
]
