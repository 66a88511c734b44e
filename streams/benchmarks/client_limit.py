"""Contestant: what a Python Kafka client can take in at all. It fetches and parses every transfer, and that is all.

No framework, no state, no output; one process, with the fetch sizes of Lockgate's worker.
"""

import argparse
import asyncio
import time
from pathlib import Path
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer

from rules.transfer import Transfer
from streams.benchmarks.progress import ProgressFile, note
from streams.benchmarks.stand import SOURCES

_POLL_RECORDS: Final = 20_000
_NOTE_SECONDS: Final = 0.2


async def parse_all(kafka: str, progress: Path) -> None:
    """Fetch and parse both topics from beginning to end, again and again until the process is ended."""
    consumer = AIOKafkaConsumer(
        *SOURCES,
        bootstrap_servers=kafka,
        group_id="bench-client-limit",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    decode = msgspec.json.Decoder(Transfer).decode
    await consumer.seek_to_beginning()
    total = sum((await consumer.end_offsets(consumer.assignment())).values())
    done = this_pass = 0
    with ProgressFile(progress).writer() as file:
        noted = time.monotonic()
        while True:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=_POLL_RECORDS)).values():
                for record in records:
                    decode(record.value)
                this_pass += len(records)
                done += len(records)
            if this_pass >= total:
                this_pass = 0
                await consumer.seek_to_beginning()
            if time.monotonic() - noted >= _NOTE_SECONDS:
                noted = time.monotonic()
                note(file, done)


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kafka")
    parser.add_argument("progress", type=Path)
    options = parser.parse_args()
    asyncio.run(parse_all(options.kafka, options.progress))


if __name__ == "__main__":
    main()
