"""Contestant: the least a Python process can do between two topics. It sends each withdrawal back as it came.

aiokafka's consumer and producer, no framework, no state, no transactions; both source topics are read, as Lockgate has to.
"""

import argparse
import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from streams.benchmarks.stand import ANSWERS, SOURCES
from streams.settings import WITHDRAWALS


async def echo(kafka: str) -> None:
    """Echo until the process is ended."""
    consumer = AIOKafkaConsumer(
        *SOURCES, bootstrap_servers=kafka, group_id="bench-echo", auto_offset_reset="earliest", enable_auto_commit=True
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=0)
    await producer.start()
    await consumer.start()
    while True:
        for place, records in (await consumer.getmany(timeout_ms=1000)).items():
            if place.topic == WITHDRAWALS:
                for record in records:
                    await producer.send(ANSWERS, record.value, key=record.key, partition=place.partition)


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kafka")
    asyncio.run(echo(parser.parse_args().kafka))


if __name__ == "__main__":
    main()
