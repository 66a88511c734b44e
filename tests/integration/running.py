"""Running `lockgate` in tests: workers as processes, and what can be asked of them from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from recompute import Reader

from streams.components.network import free_port
from streams.components.process import Process

LOCKGATE = [sys.executable, "-c", "from streams.cli import main; main()"]


def lockgate(
    environment: Mapping[str, str], *arguments: str, command: Sequence[str] = LOCKGATE
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*command, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again and again; an AssertionError when it does not come true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.1)


class Worker:
    """One `lockgate worker`; ending by itself is what it must not do."""

    def __init__(
        self, name: str, folder: Path, environment: Mapping[str, str], *, command: Sequence[str] = LOCKGATE
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.port = free_port()
        self.ended_by_itself = 0
        self._process = Process(
            name,
            [*command, "worker"],
            log=self.log,
            environment={
                "LOCKGATE_ARCHIVE_DIR": str(folder / "archive"),
                **environment,
                "LOCKGATE_HTTP": f"127.0.0.1:{self.port}",
            },
        )
        self._expected = False

    @property
    def running(self) -> bool:
        return self._process.running

    def start(self) -> None:
        self._process.start()
        self._expected = True

    def kill(self) -> None:
        """kill -9, whatever it is doing."""
        self.look()
        self._expected = False
        self._process.kill()

    def stop(self) -> float:
        """SIGTERM; returns the seconds it took to end."""
        self.look()
        self._expected = False
        started = time.monotonic()
        self._process.stop(timeout_seconds=30)
        return time.monotonic() - started

    def freeze(self) -> None:
        self._process.signal(signal.SIGSTOP)

    def signal(self, number: int) -> None:
        self._process.signal(number)

    def wake(self) -> None:
        self._process.signal(signal.SIGCONT)

    def look(self) -> None:
        """Note when it is gone though nobody killed it."""
        if self._expected and not self._process.running:
            self.ended_by_itself += 1
            self._expected = False

    def ask(self, path: str) -> tuple[int, str]:
        """Status and text of an HTTP answer; status 0 when nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()
        except (URLError, OSError):
            return 0, ""

    @property
    def ready(self) -> bool:
        return self.ask("/readyz")[0] == 200

    def metric(self, series: str) -> float:
        """The value of a series, as /metrics spells it; 0 when there is none."""
        for line in self.ask("/metrics")[1].splitlines():
            name, _, value = line.rpartition(" ")
            if name == series:
                return float(value)
        return 0.0

    def logged(self, message: str) -> list[dict[str, Any]]:
        """The log lines with this message."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()
        return [entry for line in lines if line.startswith("{") and (entry := json.loads(line))["message"] == message]


def transfer(number: int, **changes: Any) -> dict[str, Any]:
    """A withdrawal of one of seven accounts; `changes` win."""
    return {
        "event_id": f"event-{number}",
        "kind": "withdrawal",
        "account_id": f"acct-{number % 7}",
        "asset": "USDT",
        "network": "ethereum",
        "amount": "25.5",
        "value_usd": "25.5",
        "addresses": [f"0x{number:040x}"],
        "occurred_at": 1_767_225_600_000 + number * 60_000,
        **changes,
    }


def send(bootstrap: str, messages: Sequence[tuple[str, bytes | None, bytes | None]]) -> None:
    """Send (topic, key, value) and wait for the confirmation of all."""
    failed: list[str] = []

    def delivered(error: Any, _: Any) -> None:
        if error is not None:
            failed.append(str(error))

    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2"})
    for topic, key, value in messages:
        producer.produce(topic, value, key, on_delivery=delivered)
    assert producer.flush(60) == 0
    assert not failed, failed


def send_transfers(bootstrap: str, transfers: Sequence[dict[str, Any]]) -> None:
    """Send transfers where they belong."""
    topics = {"deposit": "exchange.deposits", "withdrawal": "exchange.withdrawals"}
    send(bootstrap, [(topics[one["kind"]], one["account_id"].encode(), json.dumps(one).encode()) for one in transfers])


def committed(bootstrap: str, topic: str) -> list[dict[str, Any]]:
    """Every message of a topic as a read_committed consumer sees it."""
    return [json.loads(message.value() or b"null") for message in messages(bootstrap, topic)]


def messages(bootstrap: str, topic: str) -> list[Message]:
    """The same with keys and headers."""
    reader = Reader(bootstrap)
    try:
        return [one for partition in range(reader.partitions(topic)) for one in reader.messages(topic, partition)]
    finally:
        reader.close()


def backlog(bootstrap: str, group: str = "lockgate") -> dict[str, int]:
    """By source topic, the records beyond the group's offsets, as lag tools count them."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False})
    try:
        waiting = {}
        for topic in ("exchange.deposits", "exchange.withdrawals"):
            numbers = consumer.list_topics(topic, timeout=20).topics[topic].partitions
            reached = consumer.committed([TopicPartition(topic, number) for number in numbers], timeout=20)
            ends = {place.partition: consumer.get_watermark_offsets(place, timeout=20)[1] for place in reached}
            waiting[topic] = sum(ends[place.partition] - max(0, place.offset) for place in reached)
    finally:
        consumer.close()
    return waiting
