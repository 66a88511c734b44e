"""Lists that change while transfers flow: announced once, taken over everywhere, no transfer lost or judged twice."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from recompute import Reader
from running import Worker, committed, lockgate, send, wait_until

from rules.knowledge import Knowledge
from rules.list_log import Announced, ListLog, read
from rules.lists import ListedAddress, ListEntry, SanctionsList, merge
from streams.components import Kafka, Redis
from streams.delivery.journal import BatchRecord, decode
from streams.listfeed import load_list
from streams.lists_in_force import ListsInForce
from streams.referencefeed import load_reference
from streams.security import KafkaAccess

pytestmark = pytest.mark.integration

CHANGES = 5
TRANSFERS = 50_000
ACCOUNTS = 500
STEPS = 20  # in which the transfers between two changes are sent
NAMESPACE = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML"


def address(number: int) -> str:
    return f"0x{number:040x}"


def sdn(numbers: range, day: int) -> str:
    """An SDN.XML that lists the addresses with these numbers."""
    entries = "".join(
        f"<sdnEntry><uid>{number}</uid><lastName>PARTY {number}</lastName><sdnType>Entity</sdnType><programList/><idList>"
        f"<id><uid>1</uid><idType>Digital Currency Address - ETH</idType><idNumber>{address(number)}</idNumber></id>"
        "</idList></sdnEntry>"
        for number in numbers
    )
    info = f"<publshInformation><Publish_Date>11/{day:02d}/2026</Publish_Date></publshInformation>"
    return f'<?xml version="1.0"?><sdnList xmlns="{NAMESPACE}">{info}{entries}</sdnList>'


class Setting:
    """Servers, topics, and workers whose list is one file."""

    def __init__(self, folder: Path, kafka: Kafka, redis: Redis) -> None:
        self.folder = folder
        self.redis = redis
        self.bootstrap = kafka.bootstrap
        self.list = folder / "sdn.xml"
        self.environment = {
            "LOCKGATE_KAFKA": kafka.bootstrap,
            "LOCKGATE_REDIS": redis.url,
            "LOCKGATE_SESSION_TIMEOUT": "6",
            "LOCKGATE_LISTS": str(self.list),
            "LOCKGATE_LISTS_DIR": str(folder / "kept"),
            "LOCKGATE_LISTS_REFRESH_SECONDS": "1",
            "LOCKGATE_ARCHIVE_DIR": str(folder / "archive"),
        }
        self.workers: list[Worker] = []
        self.listed: dict[str, int] = {}  # by the hash that verdicts name, how many addresses were listed

    def publish(self, numbers: range, day: int) -> None:
        """Put a list in place, in one step."""
        fresh = self.folder / "fresh"
        fresh.write_text(sdn(numbers, day))
        knowledge = Knowledge(merge(load_list(str(fresh))), load_reference(()))
        self.listed[knowledge.hash] = numbers[-1]
        fresh.replace(self.list)

    def worker(self) -> Worker:
        one = Worker(f"worker-{len(self.workers) + 1}", self.folder, self.environment)
        self.workers.append(one)
        one.start()
        return one


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    with Kafka(tmp_path / "kafka") as kafka, Redis(tmp_path / "redis") as redis:
        made = Setting(tmp_path, kafka, redis)
        created = lockgate(made.environment, "topics", "create", "--partitions", "4")
        assert created.returncode == 0, created
        yield made
        for worker in made.workers:
            worker.kill()


def withdrawals(first: int, count: int) -> list[tuple[str, bytes | None, bytes | None]]:
    """Every hundredth goes to an address that some list will name."""
    messages: list[tuple[str, bytes | None, bytes | None]] = []
    for number in range(first, first + count):
        account = f"acct-{number % ACCOUNTS}"
        transfer = {
            "event_id": f"event-{number}",
            "kind": "withdrawal",
            "account_id": account,
            "asset": "USDT",
            "network": "ethereum",
            "amount": "25.5",
            "value_usd": "25.5",
            "addresses": [address(number // 100 % 60 + 1 if number % 100 == 0 else 1_000 + number % 5_000)],
            "occurred_at": 1_767_225_600_000 + number * 1_000,
        }
        messages.append(("exchange.withdrawals", account.encode(), json.dumps(transfer).encode()))
    return messages


def list_hashes(bootstrap: str) -> set[str]:
    """What the journals of the accounts stage name."""
    reader = Reader(bootstrap)
    try:
        held = [one for part in range(4) for one in reader.read("lockgate.journal.accounts", part)]
    finally:
        reader.close()
    records = [decode(value or b"") for _, _, value in held]
    return {record.list_hash for record in records if isinstance(record, BatchRecord)}


def in_force(bootstrap: str) -> list[Announced]:
    """The announcements that took force: those of a second worker at the same time did not."""
    reader, log = Reader(bootstrap), ListLog()
    try:
        records = [read(value) for _, _, value in reader.read("lockgate.lists", 0)]
    finally:
        reader.close()
    return [done for record in records if record is not None and (done := log.take(record)) is not None]


def test_lists_change_while_transfers_flow_and_workers_are_killed(setting: Setting) -> None:
    setting.publish(range(1, 11), 1)
    for _ in range(2):
        setting.worker()
    wait_until(lambda: all(one.ready for one in setting.workers), 60, "ready workers")
    step = TRANSFERS // (CHANGES + 1) // STEPS
    sent = 0
    for change in range(CHANGES + 1):
        if change:
            setting.publish(range(1, 11 + 10 * change), 1 + change)
        for number in range(STEPS):
            send(setting.bootstrap, withdrawals(sent, step))
            sent += step
            time.sleep(0.1)
            if change in (2, 4) and number == 5:
                next(one for one in setting.workers if one.running).kill()
                setting.worker()
            if number > STEPS // 2:  # the second half waits for the list to be in force, the first one does not
                wait_until(lambda wanted=change + 1: len(in_force(setting.bootstrap)) == wanted, 60, "an announcement")
                if len(list_hashes(setting.bootstrap)) <= change:
                    time.sleep(0.5)
    send(setting.bootstrap, withdrawals(sent, TRANSFERS - sent))
    wait_until(lambda: len(committed(setting.bootstrap, "lockgate.verdicts")) >= TRANSFERS, 120, "a verdict for each")
    verdicts = committed(setting.bootstrap, "lockgate.verdicts")
    assert len(verdicts) == len({one["event_id"] for one in verdicts}) == TRANSFERS
    days = [announced.end.lists[0].published for announced in in_force(setting.bootstrap)]
    assert days == [date(2026, 11, 1 + n) for n in range(CHANGES + 1)]
    assert len({one["list_hash"] for one in verdicts}) == len(list_hashes(setting.bootstrap)) == CHANGES + 1
    _check_each_judged_by_the_list_it_names(verdicts, setting.listed)
    _check_each_first_contact_is_alerted_once(setting, verdicts)
    audit = lockgate(setting.environment, "audit", "--json")
    assert audit.returncode == 0, audit.stdout[-2000:]
    replayed = lockgate(setting.environment, "replay", "--sample", "100", "--json")
    assert replayed.returncode == 0, replayed.stdout[-2000:] + replayed.stderr
    assert any("newly_listed" in line for line in replayed.stdout.splitlines())
    assert all(one.ended_by_itself == 0 for one in setting.workers)
    _rebuilds_every_batch_by_the_list_of_then(setting)


def _check_each_first_contact_is_alerted_once(setting: Setting, verdicts: list[dict[str, object]]) -> None:
    """Retroactively when it was judged by a list without the address, at the transfer when it was judged by one with it."""
    by_event = {str(one["event_id"]): one for one in verdicts}
    firsts: dict[int, int] = {}  # by listed address, the first withdrawal to it
    for number in range(0, TRANSFERS, 100):
        firsts.setdefault(number // 100 % 60 + 1, number)
    expected = {
        (str(by_event[f"event-{number}"]["account_id"]), address(target), f"event-{number}")
        for target, number in firsts.items()
        if target > setting.listed[str(by_event[f"event-{number}"]["list_hash"])]
    }
    assert len(expected) > 20

    def told() -> list[tuple[str, str, str]]:
        alerts = committed(setting.bootstrap, "lockgate.alerts")
        past = [one for one in alerts if one["retroactive"]]
        assert {one["rule_id"] for one in past} <= {"sanctions.newly_listed"}
        return sorted((one["account_id"], one["counterparty"], one["evidence"][0]["event_id"]) for one in past)

    wait_until(lambda: len(told()) >= len(expected), 60, "an alert for each first contact with an address listed later")
    assert told() == sorted(expected)


def _rebuilds_every_batch_by_the_list_of_then(setting: Setting) -> None:
    for worker in setting.workers:
        if worker.running:
            worker.stop()
    setting.redis.flush()
    worker = setting.worker()
    wait_until(lambda: worker.ready, 60, "a worker that has rebuilt Redis")
    for stage in ("accounts", "counterparties"):
        series = f'lockgate_replayed_batches_total{{stage="{stage}",verified="%s"}}'
        assert worker.metric(series % "yes") > CHANGES
        assert worker.metric(series % "no") == 0


def _check_each_judged_by_the_list_it_names(verdicts: list[dict[str, object]], listed: dict[str, int]) -> None:
    """A withdrawal is released exactly when its address is not on the list that its verdict names."""
    for one in verdicts:
        number = int(str(one["event_id"]).partition("-")[2])
        target = number // 100 % 60 + 1 if number % 100 == 0 else 1_000
        assert (one["decision"] == "release") == (target > listed[str(one["list_hash"])]), one


def listing(count: int, day: int) -> SanctionsList:
    entries = [
        ListEntry(entry_id=str(n), name=f"P {n}", source="T", addresses=(ListedAddress(currency="ETH", address=address(n)),))
        for n in range(1, count + 1)
    ]
    return SanctionsList.of("T", entries, published=date(2026, 11, day))


def test_of_workers_that_announce_at_once_one_wins_and_all_agree(kafka_with_topics: str) -> None:
    async def run() -> None:
        access = KafkaAccess(kafka_with_topics)
        sides = [ListsInForce(access, by=str(n), transactional=True) for n in range(3)]
        base = [listing(20, 1)]
        assert await asyncio.gather(*(side.propose(base) for side in sides)) == [None] * 3
        proposals = [[listing(21 + n, 2 + n)] for n in range(3)]
        await asyncio.gather(*(side.propose(one) for side, one in zip(sides, proposals, strict=True)))
        for side in sides:
            await side.catch_up()
        assert {side.version for side in sides} == {sides[0].version}
        assert [len(each.entries) for each in sides[0].lists] == [23]
        assert await sides[1].propose(base) is not None
        assert "instead of" in (await sides[1].propose([listing(2, 9)]) or "")
        assert await sides[1].propose([listing(2, 9)], lambda _: True) is None
        late = ListsInForce(access, by="late", transactional=True)
        await late.catch_up()
        assert [each.hash for each in late.lists] == [listing(2, 9).hash]
        for side in (*sides, late):
            await side.stop()

    asyncio.run(run())


def test_lists_are_announced_on_the_command_line(setting: Setting) -> None:
    def announce(*options: str) -> tuple[int, dict[str, object]]:
        done = lockgate(setting.environment, "lists", "announce", "--json", *options)
        return done.returncode, json.loads(done.stdout or "{}")

    setting.publish(range(1, 41), 1)
    assert announce()[0] == 0
    assert announce()[0] == 0
    setting.publish(range(1, 11), 2)
    code, said = announce()
    assert (code, said["in_force"]) == (1, False)
    assert "10 entries instead of 40" in str(said["reason"])
    assert announce("--accept")[0] == 2
    code, said = announce("--accept", "--reason", "mass delisting", "--by", "officer")
    assert (code, said["in_force"]) == (0, True)
    _, second = in_force(setting.bootstrap)
    assert (second.end.announced_by, second.end.reason, len(second.changes[0].removed)) == ("officer", "mass delisting", 30)


@pytest.fixture
def kafka_with_topics(kafka: Kafka) -> str:
    created = lockgate({"LOCKGATE_KAFKA": kafka.bootstrap}, "topics", "create")
    assert created.returncode == 0, created
    return kafka.bootstrap
