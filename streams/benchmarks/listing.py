"""`lockgate bench lists`: what a change of lists costs while transfers flow, in a large store.

When the worker starts, Redis holds a contact of each of a million accounts, each with an address of its own. While it
judges transfers that come at a steady rate, its list, of the size of OFAC's, comes to name some of these addresses. Measured
are the throughput before and from then until a while after the answer, and the time from the announcement to the last
retroactive alert, both as a consumer of committed records sees them.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from random import Random
from typing import Final

import msgspec
import redis
from aiokafka import TopicPartition

from rules.list_log import InForce, read
from rules.messages import Flow
from streams.benchmarks import transfers
from streams.benchmarks.lockgate_worker import JournalWatch
from streams.benchmarks.machine import Machine, this_machine
from streams.benchmarks.progress import BenchmarkFailed, Sample
from streams.benchmarks.report import Ratio
from streams.benchmarks.say import Say
from streams.benchmarks.stand import Stand
from streams.compact import alone
from streams.delivery.journal import committed_consumer
from streams.feeding import feed, open_feeder
from streams.security import KafkaAccess
from streams.settings import ALERTS, COUNTERPARTIES, LISTS, WITHDRAWALS
from streams.store import Keys
from streams.stored_address import KeptAddress, stored

ANSWER_SECONDS: Final = 2.0  # what is asked: at most
THROUGHPUT: Final = 0.8  # at least, of that before
_NAMESPACE: Final = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML"
_DEALT_MS: Final = 1_735_689_600_000  # 2025-01-01
_AT_ONCE: Final = 20_000
_START_SECONDS: Final = 90.0
_FED_SECONDS: Final = 60.0
_FED_AT_ONCE: Final = 100
_SETTLE_SECONDS: Final = 5.0  # the first transfers, which waited while the worker started
_BEFORE_SECONDS: Final = 10.0  # measured before the list appears
_AFTER_SECONDS: Final = 5.0  # and after the answer: the names of the new lists are compiled meanwhile


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to run: contacts in the store, addresses in the change, transfers a second meanwhile, parties on the list."""

    stored: int = 1_000_000
    changed: int = 50
    rate: float = 2_000.0
    accounts: int = 20_000
    partitions: int = 4
    parties: int = 9_000


class ListsReport(msgspec.Struct, frozen=True, kw_only=True):
    """`lockgate bench lists`. Rates are transfers a second; `with_change` from the list's appearance to the end."""

    benchmark: str = "lists"
    stored: int
    changed: int
    alerts: int
    answer_seconds: float
    before: float
    with_change: float
    ratios: list[Ratio]
    parties: int
    machine: Machine


def run_lists(plan: Plan, say: Say) -> ListsReport:
    """Start the servers, fill the store, run a worker, change a list and stop everything.

    Raises:
        ComponentMissing: no Java, Kafka or Redis.
        BenchmarkFailed: the worker ended or stood still, or the alerts are not those expected.
    """
    machine = this_machine()
    say.now("starting Kafka and Redis")
    with Stand(plan.partitions) as stand:
        return asyncio.run(_Lists(plan, stand, say).report(machine))


class _Lists:
    def __init__(self, plan: Plan, stand: Stand, say: Say) -> None:
        self._plan = plan
        self._stand = stand
        self._say = say
        self._list = stand.folder / "lists" / "sdn.xml"
        self._announced: list[float] = []  # when announcements took force, as seen
        self._settled = 0.0
        self._told: list[float] = []  # when retroactive alerts came

    async def report(self, machine: Machine) -> ListsReport:
        plan, stand = self._plan, self._stand
        await stand.renew(sources=True)
        self._say.now("making transfers and contacts")
        lines = list(transfers.lines(int(plan.rate * _FED_SECONDS), plan.accounts))
        fill(stand.redis.url, Keys("bench-1", COUNTERPARTIES, 0), plan.stored)
        self._say(f"stored {plan.stored:,} contacts")
        self._publish(range(0), 1)
        environment = {
            "LOCKGATE_LISTS": str(self._list.parent),
            "LOCKGATE_LISTS_DIR": str(stand.folder / "kept"),
            "LOCKGATE_LISTS_REFRESH_SECONDS": "1",
            "LOCKGATE_ARCHIVE_DIR": str(stand.folder / "archive"),
        }
        watch = JournalWatch(stand.servers, plan.partitions)
        with stand.worker(environment) as process:
            following = [asyncio.create_task(self._look()), asyncio.create_task(watch.follow(1 << 60, _nothing))]
            try:
                await self._feed(lines[:1], None)
                await _until(lambda: watch.judged > 0)
                following.append(asyncio.create_task(self._feed(lines[1:], plan.rate)))
                changed = await self._change()
                await _until(lambda: len(self._told) >= plan.changed)
                await asyncio.sleep(_AFTER_SECONDS)
            except TimeoutError:
                raise BenchmarkFailed("the worker does not answer", process.end_of_log()) from None
            finally:
                for task in following:
                    task.cancel()
                await asyncio.wait(following)
        return self._measured(watch.accounts, changed, machine)

    async def _feed(self, lines: Sequence[list[bytes]], per_second: float | None) -> None:
        """Send transfers, at a steady rate if one is given."""
        chunks = (chunk[at : at + _FED_AT_ONCE] for chunk in lines for at in range(0, len(chunk), _FED_AT_ONCE))
        async with open_feeder(KafkaAccess(self._stand.servers), timeout_seconds=_START_SECONDS) as feeder:
            await feed(feeder, chunks, per_second=per_second)

    async def _change(self) -> float:
        """Let the worker run for a while, then put the list in place; the time of that."""
        await asyncio.sleep(_SETTLE_SECONDS)
        self._settled = time.time()
        await asyncio.sleep(_BEFORE_SECONDS)
        first = self._plan.stored // 2
        self._publish(range(first, first + self._plan.changed), 2)
        return time.time()

    async def _look(self) -> None:
        """Note announcements and retroactive alerts as they are committed."""
        places = [TopicPartition(LISTS, 0), *(TopicPartition(ALERTS, n) for n in range(self._plan.partitions))]
        consumer = committed_consumer(KafkaAccess(self._stand.servers))
        await consumer.start()
        try:
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            while True:
                fetched = await consumer.getmany(timeout_ms=50)
                at = time.time()
                for place, records in fetched.items():
                    for record in records:
                        if place.topic == ALERTS:
                            self._told += [at] if b'"sanctions.newly_listed"' in (record.value or b"") else []
                        elif isinstance(read(record.value), InForce):
                            self._announced.append(at)
        finally:
            await consumer.stop()

    def _publish(self, numbers: range, day: int) -> None:
        """A list with the addresses of these numbers, put in place in one step."""
        self._list.parent.mkdir(exist_ok=True)
        fresh = self._stand.folder / "fresh"
        fresh.write_text(sdn(self._plan.parties, numbers, day), "utf-8")
        fresh.replace(self._list)

    def _measured(self, judged: Sequence[Sample], changed: float, machine: Machine) -> ListsReport:
        before = rate([one for one in judged if self._settled < one.at <= changed])
        after = rate([one for one in judged if one.at > changed])
        answer = self._told[self._plan.changed - 1] - self._announced[1]
        share = after / before
        return ListsReport(
            stored=self._plan.stored,
            changed=self._plan.changed,
            alerts=len(self._told),
            answer_seconds=round(answer, 3),
            before=round(before, 1),
            with_change=round(after, 1),
            ratios=[
                Ratio(
                    name="seconds to the last alert",
                    value=round(answer, 3),
                    bar=ANSWER_SECONDS,
                    met=answer <= ANSWER_SECONDS,
                ),
                Ratio(name="throughput / before", value=round(share, 3), bar=THROUGHPUT, met=share >= THROUGHPUT),
            ],
            parties=self._plan.parties,
            machine=machine,
        )


def fill(url: str, keys: Keys, count: int) -> None:
    """The first contacts of so many accounts, as the counterparties stage remembers them."""
    with redis.Redis.from_url(url) as client:
        for first in range(0, count, _AT_ONCE):
            values: dict[str, bytes] = {}
            for number in range(first, min(first + _AT_ONCE, count)):
                account, own = f"stored-{number}", address(10**9 + number)
                place = (_DEALT_MS + number, WITHDRAWALS, 0, number, address(number), account, False)
                flow = Flow(*place, 25_000_000, f"w-{number}", "25", "USDT", "ethereum", True, own)
                met = KeptAddress()
                met.deal(flow)
                values[f"{keys.states}{address(number)}"] = stored(met, _DEALT_MS)
                values[f"{keys.states}{own}"] = stored(KeptAddress(owner=account), _DEALT_MS)
                values[f"{keys.states}met {account}"] = alone(own, own=True) + alone(address(number))
            client.mset(values)


def address(number: int) -> str:
    """The address of a number, the same one everywhere."""
    return f"0x{0xBE << 152 | number:040x}"


def sdn(parties: int, numbers: range, day: int) -> str:
    """An SDN.XML with so many parties of two names and no address, and one with the address of each number."""
    people = (
        f"<sdnEntry><uid>{number}</uid><lastName>{one}</lastName><sdnType>Individual</sdnType><programList/>"
        f"<akaList><aka><uid>1</uid><type>a.k.a.</type><category>strong</category><lastName>{other}</lastName></aka></akaList>"
        "</sdnEntry>"
        for number, (one, other) in enumerate(pairwise_names(parties), 1)
    )
    listed = (
        f"<sdnEntry><uid>{9_000_000 + number}</uid><lastName>BENCHMARK PARTY {number}</lastName><sdnType>Entity</sdnType>"
        "<programList/><idList><id><uid>1</uid><idType>Digital Currency Address - ETH</idType>"
        f"<idNumber>{address(number)}</idNumber></id></idList></sdnEntry>"
        for number in (10**12, *numbers)
    )
    info = f"<publshInformation><Publish_Date>11/{day:02d}/2026</Publish_Date></publshInformation>"
    return f'<?xml version="1.0"?><sdnList xmlns="{_NAMESPACE}">{info}{"".join((*people, *listed))}</sdnList>'


def pairwise_names(count: int) -> Iterator[tuple[str, str]]:
    """So many pairs of names."""
    names = made_up_names()
    return islice(zip(names, names, strict=False), count)


def made_up_names() -> Iterator[str]:
    """Names of people, each another one; many words, as lists have them."""
    draw = Random(1)  # noqa: S311  # the same names each time
    syllables = [one + two for one in "bdfghklmnrstvz" for two in ("a", "e", "i", "o", "u", "al", "an", "ir")]
    while True:
        yield " ".join("".join(draw.choices(syllables, k=draw.randint(1, 3))).title() for _ in range(3))


def rate(samples: Sequence[Sample]) -> float:
    """Transfers a second between the first sample and the last. Raises BenchmarkFailed."""
    if len(samples) < 2 or samples[-1].at <= samples[0].at:
        raise BenchmarkFailed("too few transfers: give it more of them")
    return (samples[-1].transfers - samples[0].transfers) / (samples[-1].at - samples[0].at)


async def _until(done: Callable[[], bool]) -> None:
    """Look again and again, at what other tasks note. Raises TimeoutError."""
    deadline = time.monotonic() + _START_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.05)


def _nothing(judged: int) -> None:
    """The progress of the worker is looked at elsewhere."""
