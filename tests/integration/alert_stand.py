"""A small installation on which things go wrong, watched by a Prometheus with the shipped alert rules in a hurry."""

import json
import re
import shutil
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import redis as redis_client
import yaml
from confluent_kafka import Producer
from running import Worker, lockgate, transfer, wait_until

from streams.components import EmbeddedBroker, Kafka, Redis
from streams.components.prometheus import Prometheus

ROOT: Final = Path(__file__).resolve().parents[2]
RULES: Final = ROOT / "deploy/prometheus/alerts.yml"
SCRAPE_SECONDS: Final = 0.5

# How many times shorter things are here: what has to last (`for:`), and how far back an expression looks. The second has
# to leave room for the fault: a few batches, or sessions that fail every five seconds.
_HOLDS: Final = 240
_LOOKS_BACK: Final = 60
_LOOKS_BACK_OF: Final = {
    "LockgateSessionsFailing": 10,
    "LockgateLatencyHigh": 20,
    "LockgateInputSilent": 120,
    "LockgateFindingsStopped": 1_800,
    "LockgateListRefreshFailing": 3_600,
}
DURATION: Final = re.compile(r"(\[|offset )(\d+(?:ms|s|m|h|d))\b")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

NAMESPACE: Final = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML"
TROUBLE: Final = '''"""Does what the asset of a transfer asks for: the ways in which a rule of one's own can be wrong."""

import time

from rules.finding import Answer
from rules.rule import AccountRule, Case


class Trouble(AccountRule):
    """Nothing to keep in production."""

    def judge(self, case: Case) -> Answer:
        match case.transfer.asset if case.transfer is not None else None:
            case "RAISES":
                raise ZeroDivisionError
            case "SLOW":
                time.sleep(0.002)
            case "HANGS":
                time.sleep(3600)
            case "UNTYPED":
                return "found"
        return None
'''
_TROUBLE_TOML: Final = """[rule]
id = "house.trouble"
title = "{title}"
status = "{status}"
severity = "low"
version = "1.0.0"
action = "review"
typology = ["test"]
false_positives = ["All."]
blind_spots = ["All."]
triage = "None."

[[example]]
name = "a word is no answer"
event = {{ kind = "deposit", asset = "UNTYPED" }}
expect = "fires"

[[example]]
name = "an ordinary transfer is let pass"
event = {{ kind = "deposit" }}
expect = "silent"
"""


def duration(text: str, shorter: int) -> str:
    """A duration of Prometheus' so many times shorter, in milliseconds, but not shorter than half a second."""
    return f"{max(500, int(text[:-1]) * _SECONDS[text[-1]] * 1000 // shorter)}ms"


def hurried_rules() -> dict[str, Any]:
    """The shipped rules with every duration shortened, and nothing else changed."""
    shipped: dict[str, Any] = yaml.safe_load(RULES.read_text("utf-8"))
    for rule in (rule for group in shipped["groups"] for rule in group["rules"]):
        back = _LOOKS_BACK_OF.get(rule["alert"], _LOOKS_BACK)
        rule["expr"] = DURATION.sub(lambda found, back=back: found[1] + duration(found[2], back), rule["expr"])
        if "for" in rule:
            rule["for"] = duration(rule["for"], _HOLDS)
    return shipped


def sdn(count: int, published: str, *, addresses: bool = True) -> str:
    """An SDN.XML of so many parties."""
    listed = (
        f"<id><uid>1</uid><idType>Digital Currency Address - ETH</idType><idNumber>0x{number + 2**80:040x}</idNumber></id>"
        if addresses
        else ""
        for number in range(count)
    )
    entries = "".join(
        f"<sdnEntry><uid>{number}</uid><lastName>PARTY {number}</lastName><sdnType>Entity</sdnType><programList/>"
        f"<idList>{ids}</idList></sdnEntry>"
        for number, ids in enumerate(listed)
    )
    info = f"<publshInformation><Publish_Date>{published}</Publish_Date></publshInformation>"
    return f'<?xml version="1.0"?><sdnList xmlns="{NAMESPACE}">{info}{entries}</sdnList>'


class Stand:
    """Kafka, Redis, workers `main` and `other`, and `lone` on a broker without transactions. Tests break them one by one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kafka = Kafka(folder / "kafka")
        self.redis = Redis(folder / "redis")
        self.embedded = EmbeddedBroker(folder / "embedded")
        rules = folder / "alerts.yml"
        rules.write_text(yaml.safe_dump(hurried_rules()), "utf-8")
        targets = str(folder / "prometheus" / "targets.json")
        job = {"job_name": "lockgate", "file_sd_configs": [{"files": [targets], "refresh_interval": "1s"}]}
        every = f"{int(SCRAPE_SECONDS * 1000)}ms"
        self.prometheus = Prometheus(
            folder / "prometheus",
            {
                "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
                "rule_files": [str(rules)],
                "scrape_configs": [job],
            },
        )
        self.list = folder / "lists" / "sdn.xml"
        self.rules = folder / "rules"
        self.archive = folder / "archive"
        self._write_files()
        self.environment = {
            "LOCKGATE_KAFKA": self.kafka.bootstrap,
            "LOCKGATE_REDIS": self.redis.url,
            "LOCKGATE_SESSION_TIMEOUT": "6",
            "LOCKGATE_LISTS": f"{self.list},{folder / 'undated'},demo",
            "LOCKGATE_LISTS_REFRESH_SECONDS": "1",
            "LOCKGATE_REFERENCE": str(folder / "reference"),
            "LOCKGATE_RULES": str(self.rules),
            "LOCKGATE_ARCHIVE_DIR": str(self.archive),
        }
        self.main = Worker("main", folder, self.environment)
        self.other = Worker("other", folder, self.environment)
        lone = {"LOCKGATE_KAFKA": self.embedded.bootstrap, "LOCKGATE_GROUP": "lone", "LOCKGATE_RULES": str(self.rules)}
        lone |= {"LOCKGATE_REDIS": self.redis.url, "LOCKGATE_LISTS": str(folder / "names"), "LOCKGATE_SESSION_TIMEOUT": "6"}
        self.lone = Worker("lone", folder / "lone", lone)
        self._sent = 0

    def _write_files(self) -> None:
        for name in ("lists", "undated", "names", "reference", "prometheus", "rules/house", "lone"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.publish_list(40, "11/20/2026")
        (self.folder / "undated" / "cons_prim.csv").write_bytes(
            b'9,"EXAMPLE PARTY",-0- ,"NS-PLC"' + b",-0- " * 8 + b"\r\n\x1a"
        )
        (self.folder / "names" / "sdn.xml").write_text(sdn(3, "11/20/2026", addresses=False), "utf-8")
        old = "# published: 2026-01-02\nnetwork,kind\n203.0.113.0/24,vpn\n"
        (self.folder / "reference" / "networks.csv").write_text(old, "utf-8")
        (self.rules / "house" / "trouble.py").write_text(TROUBLE, "utf-8")
        self.write_rule("live")

    def publish_list(self, count: int, published: str) -> None:
        """Put another edition of the main list in place, in one step."""
        fresh = self.folder / "fresh.xml"
        fresh.write_text(sdn(count, published), "utf-8")
        fresh.replace(self.list)

    def write_rule(self, status: str, title: str = "Trouble") -> None:
        """The file of the rule that makes trouble."""
        (self.rules / "house" / "trouble.toml").write_text(_TROUBLE_TOML.format(status=status, title=title), "utf-8")

    def change_rules(self, status: str, title: str = "Trouble") -> None:
        """Change the rule under the running main worker, and wait until it judges by it."""
        changed = 'lockgate_rule_reloads_total{result="changed"}'
        before = self.main.metric(changed)
        self.write_rule(status, title)
        self.main.signal(signal.SIGHUP)
        wait_until(lambda: self.main.metric(changed) > before, 60, "other rules in force")

    def begin(self) -> None:
        """Start everything; the other worker hangs at a transfer from the beginning, which takes a minute to be told."""
        for component in (self.redis, self.embedded, self.kafka, self.prometheus):
            component.start()
        for environment in (self.environment, {"LOCKGATE_KAFKA": self.embedded.bootstrap}):
            created = lockgate(environment, "topics", "create", "--partitions", "2")
            assert created.returncode in (0, 1), created
        ready = 'lockgate_partitions{condition="ready",stage="accounts"}'
        for worker in (self.main, self.other, self.lone):
            worker.start()
        wait_until(lambda: self.main.metric(ready) == self.other.metric(ready) == 1, 90, "a partition for each worker")
        wait_until(lambda: self._partition_of(self.other) is not None, 60, "which partition the other one has")
        self.send(1, asset="HANGS", partition=self._partition_of(self.other), kind="withdrawal")
        wait_until(lambda: self._partition_of(self.main) is not None, 60, "which partition the main one has")
        self._partition = self._partition_of(self.main)
        wait_until(lambda: self.lone.ready, 60, "the lone worker")

    def end(self) -> None:
        """Stop everything."""
        for worker in (self.main, self.other, self.lone):
            worker.kill()
        for component in (self.prometheus, self.kafka, self.embedded, self.redis):
            component.stop()

    def _partition_of(self, worker: Worker) -> int | None:
        """The one partition of withdrawals that a worker judges."""
        found = re.findall(
            r'lockgate_lag_records\{partition="(\d+)",topic="exchange.withdrawals"\}', worker.ask("/metrics")[1]
        )
        return int(found[0]) if len(found) == 1 else None

    def watch(self, *workers: Worker) -> None:
        """Let Prometheus scrape these workers, and only these."""
        self.prometheus.watch(f"127.0.0.1:{worker.port}" for worker in workers)
        wanted = {f"127.0.0.1:{worker.port}" for worker in workers}

        def scraped() -> bool:
            return {one["metric"]["instance"] for one in self.prometheus.query("up")} == wanted

        wait_until(scraped, 60, "Prometheus scrapes who it shall")

    def send(self, count: int, *, partition: int | None = None, kind: str = "deposit", **changes: Any) -> None:
        """Send transfers, of an account each, to the main worker's partition unless told otherwise."""
        lines = [
            transfer(self._sent + n, kind=kind, account_id=f"account-{self._sent + n}", **changes) for n in range(count)
        ]
        self._sent += count
        self.send_raw(kind, ((one["account_id"], json.dumps(one)) for one in lines), partition)

    def send_raw(self, kind: str, messages: Iterable[tuple[str, str]], partition: int | None = None) -> None:
        """Send (key, value)."""
        producer = Producer({"bootstrap.servers": self.kafka.bootstrap, "queue.buffering.max.messages": 100_000})
        for key, value in messages:
            producer.produce(f"exchange.{kind}s", value, key, partition=self._partition if partition is None else partition)
        assert producer.flush(30) == 0

    def judged(self) -> float:
        """Records that the main worker has judged."""
        outcomes = ("deposit", "withdrawal", "deadletter", "duplicate")
        return sum(self.main.metric(f'lockgate_records_total{{outcome="{one}",stage="accounts"}}') for one in outcomes)

    @contextmanager
    def tampering(self) -> Iterator[redis_client.Redis]:
        """Redis, to do harm in."""
        with redis_client.Redis.from_url(self.redis.url) as client:
            yield client

    def forget_the_archive(self) -> None:
        """Lose the rule sets that were in force."""
        shutil.rmtree(self.archive)
