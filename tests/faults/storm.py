"""A storm: real Kafka and Redis, workers that are killed and stopped, a steady feed, and what must be true at the end."""

import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer
from recompute import Recomputation
from running import Worker, lockgate
from storm_transfers import Line, Traffic

from streams.components import Kafka, Redis
from streams.knowledge import load_knowledge
from streams.rulefiles import load_rules

SESSION_SECONDS = 6.0


class Feed:
    """Sends lines at a steady rate with an idempotent producer, in a thread."""

    def __init__(self, bootstrap: str, lines: list[Line], rate: float) -> None:
        self.sent = 0
        self.delivered = 0
        self.total = len(lines)
        self.failed: list[str] = []
        self._lines = lines
        self._rate = rate
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                # With more in flight a batch that a new partition refuses at first may be overtaken by the next one, which
                # the broker takes as the producer's first; the refused one then counts as a duplicate and is lost.
                "max.in.flight.requests.per.connection": 1,
                "partitioner": "murmur2",
                "linger.ms": 5,
                "delivery.timeout.ms": 300_000,
                "message.send.max.retries": 2_147_483_647,
                "log_level": 0,
            }
        )
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def fraction(self) -> float:
        return self.sent / self.total

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        for number, line in enumerate(self._lines):
            ahead = number / self._rate - (time.monotonic() - began)
            if ahead > 0.01:
                self._producer.poll(ahead)
            while True:
                try:
                    self._producer.produce(line.topic, line.value, line.key, on_delivery=self._delivered)
                    break
                except BufferError:
                    self._producer.poll(0.1)
            self.sent = number + 1
            self._producer.poll(0)
        self._producer.flush(300)

    def _delivered(self, error: Any, _: Any) -> None:
        if error is None:
            self.delivered += 1
        else:
            self.failed.append(str(error))


class Watcher:
    """What a read_committed consumer sees of verdicts and alerts while the storm goes on."""

    def __init__(self, bootstrap: str) -> None:
        self.verdicts: Counter[str] = Counter()
        self.alerts: Counter[str] = Counter()
        self.alert_rules: dict[str, str] = {}
        self.exposed: set[str] = set()  # event ids in alerts of direct exposure
        self.last = time.monotonic()
        self._stop = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "watcher",
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        self._consumer.subscribe(["lockgate.verdicts", "lockgate.alerts"])
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            for message in self._consumer.consume(5_000, 0.2):
                if message.error() is None:
                    self._take(message.topic(), json.loads(message.value() or b"{}"))

    def _take(self, topic: str | None, message: dict[str, Any]) -> None:
        self.last = time.monotonic()
        if topic == "lockgate.verdicts":
            self.verdicts[message["event_id"]] += 1
            return
        self.alerts[message["alert_id"]] += 1
        self.alert_rules[message["alert_id"]] = message["rule_id"]
        if message["rule_id"] == "sanctions.direct_exposure":
            self.exposed.update(one["event_id"] for one in message["evidence"])


class Storm:
    """Servers, workers, feed and watcher of one storm."""

    def __init__(self, folder: Path, kafka: Kafka, redis: Redis, traffic: Traffic, *, workers: int, rate: float) -> None:
        self.folder = folder
        self.kafka = kafka
        self.redis = redis
        self.traffic = traffic
        self.happened: list[str] = []
        self.environment = {
            "LOCKGATE_KAFKA": kafka.bootstrap,
            "LOCKGATE_REDIS": redis.url,
            "LOCKGATE_SESSION_TIMEOUT": f"{SESSION_SECONDS:g}",
            "LOCKGATE_LISTS": "demo",
        }
        self.workers = [Worker(f"worker-{number}", folder, self.environment) for number in range(1, workers + 1)]
        self.feed = Feed(kafka.bootstrap, traffic.lines, rate)
        self.watcher = Watcher(kafka.bootstrap)
        self._began = time.monotonic()

    def say(self, what: str) -> None:
        self.happened.append(f"{time.monotonic() - self._began:6.1f}s {self.feed.fraction:4.0%} {what}")
        print(self.happened[-1], flush=True)

    def lockgate(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        outcome = lockgate(self.environment, *arguments)
        if check and outcome.returncode != 0:
            raise AssertionError(f"lockgate {' '.join(arguments)}: {outcome.returncode}\n{outcome.stdout}{outcome.stderr}")
        return outcome

    def look(self) -> None:
        for worker in self.workers:
            worker.look()

    def wait_until(self, fraction: float, *, quiet_seconds: float) -> None:
        """Wait for the feed to get there, and for something to have been judged lately, or for so long."""
        while self.feed.fraction < fraction and not self.feed.done:
            time.sleep(0.05)
        began = time.monotonic()
        while self.watcher.last < began and time.monotonic() - began < quiet_seconds:
            time.sleep(0.05)
        self.look()

    def settle(self, patience_seconds: float) -> None:
        """Wait until every withdrawal has its verdict; give up when nothing has come for too long."""
        self.feed.join()
        while self.watcher.verdicts.keys() != self.traffic.withdrawals:
            if time.monotonic() - self.watcher.last > patience_seconds:
                self.say(f"{len(self.traffic.withdrawals - self.watcher.verdicts.keys())} verdicts did not come")
                return
            self.look()
            time.sleep(0.2)
        self.say("every withdrawal has its verdict")

    # What can happen

    def kill_worker(self, number: int) -> None:
        self.workers[number].kill()
        self.say(f"worker-{number + 1} killed")
        time.sleep(1)
        self.workers[number].start()

    def freeze_worker(self, number: int, seconds: float = 2 * SESSION_SECONDS) -> None:
        """Stop a worker, in the midst of whatever it is doing; it is woken later, by default long after its takeover."""
        worker = self.workers[number]
        worker.freeze()
        self.say(f"{worker.name} stopped")

        def wake() -> None:
            worker.wake()
            self.say(f"{worker.name} woken")

        threading.Timer(seconds, wake).start()

    def kill_redis(self) -> None:
        self.redis.kill()
        self.say("Redis killed")
        time.sleep(1.5)
        self.redis.start()
        self.say("Redis back")

    def restore_redis(self, backup: Path) -> None:
        self.redis.kill()
        self.redis.restore(backup)
        self.redis.start()
        self.say("Redis back with older data")

    def flush_redis(self) -> None:
        self.redis.flush()
        self.say("Redis emptied")

    def kill_broker(self) -> None:
        self.kafka.kill()
        self.say("broker killed")
        time.sleep(2)
        self.kafka.start()
        self.say("broker back")


@contextmanager
def storming(folder: Path, traffic: Traffic, *, workers: int = 2, rate: float = 1_500.0) -> Iterator[Storm]:
    """Servers with topics, workers that judge, and a feed that has begun."""
    with Kafka(folder / "kafka") as kafka, Redis(folder / "redis") as redis:
        raging = Storm(folder, kafka, redis, traffic, workers=workers, rate=rate)
        raging.lockgate("topics", "create", "--partitions", "4")
        raging.watcher.start()
        for worker in raging.workers:
            worker.start()
        raging.feed.start()
        try:
            yield raging
        finally:
            raging.watcher.stop()
            for worker in raging.workers:
                worker.kill()


def faults_found(raging: Storm) -> list[str]:
    """Everything that is not as it must be after a storm; empty is what the protocol promises."""
    wrong: list[str] = list(raging.feed.failed[:5])
    traffic, watcher, feed = raging.traffic, raging.watcher, raging.feed

    def expect(condition: bool, text: str) -> None:
        if not condition:
            wrong.append(text)

    expect(
        feed.delivered == feed.total, f"Kafka confirmed {feed.delivered} of {feed.total} lines, so the storm proves nothing"
    )
    for worker in raging.workers:
        worker.look()
        expect(not worker.ended_by_itself, f"{worker.name} ended by itself, see {worker.log}")
    twice = [event for event, times in watcher.verdicts.items() if times > 1]
    missing, strange = traffic.withdrawals - watcher.verdicts.keys(), watcher.verdicts.keys() - traffic.withdrawals
    expect(not missing, f"{len(missing)} withdrawals without a verdict, such as {sorted(missing)[:3]}")
    expect(not strange, f"{len(strange)} verdicts without a withdrawal, such as {sorted(strange)[:3]}")
    expect(not twice, f"{len(twice)} verdicts more than once, such as {twice[:3]}")
    unseen = traffic.listed - watcher.exposed
    expect(not unseen, f"{len(unseen)} listed hits without an alert, such as {sorted(unseen)[:3]}")
    again = [alert for alert, times in watcher.alerts.items() if times > 1]
    expect(not again, f"{len(again)} alerts more than once, such as {again[:3]}")
    return wrong


def audit_faults(raging: Storm) -> list[str]:
    """What `lockgate audit` says, when it is not that all is well; flows may still be on their way to the second stage."""
    deadline = time.monotonic() + 60
    while True:
        outcome = raging.lockgate("audit", "--json", check=False)
        summary = json.loads(outcome.stdout.splitlines()[-1]) if outcome.stdout else {}
        if summary.get("lag") == 0 or outcome.returncode != 0 or time.monotonic() > deadline:
            break
        raging.look()
    raging.say(f"audit: {summary}")
    fine = outcome.returncode == 0 and summary.get("lag") == 0 and summary.get("records") == len(raging.traffic.lines)
    return [] if fine else [outcome.stdout[-3000:] + outcome.stderr[-1000:]]


def recompute_faults(raging: Storm) -> list[str]:
    """What an independent recomputation finds different."""
    recomputed = Recomputation(raging.kafka.bootstrap, load_rules(), load_knowledge(("demo",), ())).run()
    recomputed.compare_redis(raging.redis.url, "lockgate")
    raging.say(f"recomputed: {dict(recomputed.counts)}")
    return recomputed.differences


def screen_faults(raging: Storm) -> list[str]:
    """Alert ids against those of `lockgate screen` over the same lines; up to half a percent may differ.

    The file has neither keys nor topics nor partitions, so that order of judging differs where times are equal or late.
    What is bad only because of its topic is left out: in a file it is a good transfer. Nor does a file have stages that work
    at the same time: what only tells that the network stage's alert came later than the withdrawal is no difference.
    """
    file = raging.folder / "transfers.jsonl"
    file.write_bytes(b"".join(line.value + b"\n" for line in raging.traffic.lines if not line.misplaced))
    alerts = [json.loads(line) for line in raging.lockgate("screen", str(file)).stdout.splitlines()]
    screened = {alert["alert_id"]: alert["rule_id"] for alert in alerts}
    found = raging.watcher.alert_rules
    hurried = {
        alert["alert_id"]
        for alert in alerts
        if alert["rule_id"] == "laundering.known_destination" and alert["facts"]["known_by_alert"] in found
    }
    later = (screened.keys() - found.keys()) & hurried
    differ = (screened.keys() ^ found.keys()) - later
    rules = Counter(screened.get(one) or found[one] for one in differ)
    raging.say(
        f"screen: {len(screened)} alerts, {len(found)} here, {len(differ)} differ: {dict(rules)}; "
        f"{len(later)} later than the withdrawal"
    )
    return [f"alert ids differ from screen: {dict(rules)}"] if len(differ) > 0.005 * len(screened) else []


Check = Callable[[Storm], list[str]]
CHECKS: tuple[Check, ...] = (audit_faults, faults_found, recompute_faults, screen_faults)
