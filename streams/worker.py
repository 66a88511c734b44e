"""The composition root of a worker: everything is made here, in the order in which it is needed."""

import asyncio
import gc
import logging
import signal
import sys
import time
from calendar import timegm
from collections.abc import Callable, Coroutine
from threading import Lock
from types import FrameType
from typing import Any, Final, TypeVar

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, UnknownError

from rules.engine import AccountsEngine
from rules.exceptions import Exceptions
from rules.knowledge import Knowledge
from rules.label_log import NO_LABELS, Labels
from rules.lists import Watchlist, merge
from rules.network import CounterpartiesEngine
from rules.reference import Reference
from rules.ruleset import Ruleset
from streams import metrics, tracing
from streams.accounts import AccountsStage
from streams.app import LockgateApp, answers, make_app, worker_name
from streams.archive import Archive, NotArchived
from streams.counterparties import CounterpartiesStage
from streams.errors import SettingsError
from streams.http import Health, serve
from streams.kafka_access import refusal
from streams.kafka_topics import TOPICS
from streams.list_keeping import ListKeeping
from streams.lists_in_force import ListsInForce
from streams.reference_keeping import SOURCE, ReferenceKeeping
from streams.refreshing import ListSources
from streams.rule_watching import RuleWatch
from streams.security import KafkaAccess
from streams.settings import LISTS, Settings
from streams.store import Store

log = logging.getLogger(__name__)

_Engine = TypeVar("_Engine")

_ASK_AGAIN_SECONDS: Final = 1.0
_TRANSACTIONS: Final = {27, 65}  # API keys WriteTxnMarkers, DescribeTransactions: a broker with either has transactions


class _Judging:
    """What the stages judge with; other lists, rules and exceptions come in between two rounds."""

    def __init__(self, settings: Settings, ruleset: Ruleset, knowledge: Knowledge) -> None:
        self._max_list_age = settings.max_list_age_seconds()
        self._ruleset = ruleset
        self._archive = Archive(settings.archive_folder())
        self._changing = Lock()  # lists and rules are each put into force in a thread of their own
        self.knowledge = knowledge
        self.labels = NO_LABELS  # what the labels in force here tell of the past

    def begin(self, watchlist: Watchlist) -> tuple[AccountsStage, CounterpartiesStage]:
        """Make the stages, with the lists in force."""
        self._learn(watchlist=watchlist)
        self._accounts = AccountsStage(
            self._accounts_engine(self._ruleset, self.knowledge),
            lambda lists, rules: self._earlier(self._accounts_engine, lists, rules),
        )
        self._network = CounterpartiesStage(
            CounterpartiesEngine(self._ruleset, self.knowledge),
            lambda lists, rules: self._earlier(CounterpartiesEngine, lists, rules),
        )
        return self._accounts, self._network

    def install(self, **lists: Watchlist | Reference) -> None:
        """Judge by another `watchlist` or `reference` from the next round on. Called in a thread: it takes its time."""
        with self._changing:
            self._learn(**lists)
            self._put()

    def install_rules(self, ruleset: Ruleset, exceptions: Exceptions) -> None:
        """Judge by other rules and exceptions from the next round on. Called in a thread."""
        with self._changing:
            self._ruleset = ruleset
            self.knowledge = msgspec.structs.replace(self.knowledge, exceptions=exceptions)
            self._archive.keep(ruleset, self.knowledge)
            self._put()

    def _put(self) -> None:
        self._accounts.put(self._accounts_engine(self._ruleset, self.knowledge))
        self._network.put(CounterpartiesEngine(self._ruleset, self.knowledge))

    def _learn(self, **lists: Watchlist | Reference) -> None:
        self.knowledge = msgspec.structs.replace(self.knowledge, **lists)
        self._archive.keep(self._ruleset, self.knowledge)
        self.labels = Labels.of(self.knowledge)
        _ = self.knowledge.names  # compiled now: it takes seconds, and the first transfer shall not wait for it
        metrics.forget_lists()
        _announce_lists(self.knowledge)

    def _accounts_engine(self, ruleset: Ruleset, knowledge: Knowledge) -> AccountsEngine:
        return AccountsEngine(ruleset, knowledge, max_list_age_seconds=self._max_list_age)

    def _earlier(self, make: Callable[[Ruleset, Knowledge], _Engine], lists: str, rules: str) -> _Engine | None:
        """An engine with lists and rules that were in force before, None when they are not archived."""
        try:
            knowledge = self._archive.knowledge(lists)
            ruleset = self._ruleset if rules == self._ruleset.hash else self._archive.rules(rules)
        except NotArchived as error:
            log.warning("what was in force is not archived", extra={"reason": str(error)})
            return None
        return make(ruleset, knowledge)


def _end(number: int, frame: FrameType | None) -> None:
    """Told to stop before anything was judged: nothing is under way."""
    sys.exit(0)


async def _while_beating(health: Health, waited_for: Coroutine[Any, Any, Watchlist]) -> Watchlist:
    """Wait for something, and show meanwhile that the event loop turns."""
    task = asyncio.create_task(waited_for)
    while not task.done():
        health.beat()
        metrics.HEARTBEAT.set_to_current_time()
        await asyncio.wait([task], timeout=1)
    return task.result()


def run_worker(settings: Settings, ruleset: Ruleset, knowledge: Knowledge, sources: ListSources) -> None:
    """Run until SIGTERM or SIGINT; ends the process. `knowledge` holds the lists of `sources` as they are now.

    Raises:
        SettingsError: the HTTP port is taken.
    """
    health = Health()
    try:
        serve(*settings.http_address(), health)
    except OSError as error:
        raise SettingsError([f"http: cannot serve on {settings.http}: {error.strerror}"]) from None
    metrics.expect_rules(rule.about.id for rule in ruleset.rules)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the watch over the rules takes it: it must not end a worker
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)  # until Faust takes them
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    health.waiting_for = lambda: "waiting for Kafka and its topics"
    transactional = loop.run_until_complete(wait_for_kafka(settings, health))
    metrics.TRANSACTIONAL.set(transactional)
    judging = _Judging(settings, ruleset, knowledge)
    keeper = sources.keeper
    metrics.expect_list_source(SOURCE)
    reference_keeping = ReferenceKeeping(
        settings.reference,
        knowledge.reference,
        lambda reference: judging.install(reference=reference),
        refresh_seconds=settings.lists_refresh_seconds,
    )
    metrics.expect_list_source(LISTS)
    keeping = ListKeeping(
        sources,
        ListsInForce(settings.kafka_access(), by=worker_name(), transactional=transactional),
        lambda watchlist: judging.install(watchlist=watchlist),
        refresh_seconds=settings.lists_refresh_seconds,
        approved=lambda digest: keeper.approval(digest) is not None,
        labels=lambda: judging.labels,
        labels_changed=reference_keeping.look_now,
    )
    health.waiting_for = lambda: "waiting for the lists in force"
    stages = judging.begin(loop.run_until_complete(_while_beating(health, keeping.begin())))
    app = make_app(settings, stages, Store(settings.redis_access()), transactional=transactional)
    health.waiting_for = lambda: _not_ready(app)

    @app.timer(1.0)  # type: ignore[untyped-decorator]  # Faust's
    async def beat() -> None:
        health.beat()
        metrics.HEARTBEAT.set_to_current_time()
        _age_lists(judging.knowledge)

    @app.task  # type: ignore[untyped-decorator]  # Faust's
    async def keep_lists() -> None:
        await keeping.run()

    watch = RuleWatch(settings.rules_folder(), settings.exceptions_file(), judging.install_rules)
    watch.begin(ruleset, knowledge.exceptions)

    @app.task  # type: ignore[untyped-decorator]  # Faust's
    async def watch_rules() -> None:
        await watch.run()

    @app.task  # type: ignore[untyped-decorator]  # Faust's
    async def keep_reference() -> None:
        await reference_keeping.run()

    worker: Any = app.Worker(loop=loop, override_logging=False, redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it would write to stdout
    log.info(
        "worker starting",
        extra={
            "group": settings.group,
            "ruleset": ruleset.hash,
            "rules": len(ruleset.rules),
            "list_hash": judging.knowledge.hash,
            "transactional": transactional,
        },
    )
    begin_tracing(settings)
    calm_garbage_collection()
    worker.execute_from_commandline()


def begin_tracing(settings: Settings) -> None:
    """Trace rounds, where the settings say so."""
    if settings.traces is not None:
        from streams.otel import tracer_to  # what is not asked for costs nothing, not even its import

        tracing.trace_with(tracer_to(settings.traces, share=settings.traces_share, worker=worker_name()))


def calm_garbage_collection() -> None:
    """Profiles live long and hold no cycles: looking through all of them again and again only costs time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)


async def wait_for_kafka(settings: Settings, health: Health) -> bool:
    """Wait until a broker answers and the topics are there; returns whether the broker has transactions.

    Faust's own start would end when the broker is away; a worker never ends by itself.
    """
    kafka = settings.kafka_access()
    said = 0.0
    while True:
        health.beat()
        metrics.HEARTBEAT.set_to_current_time()
        try:
            up = await answers(kafka.each())
            metrics.KAFKA_UP.set(up)
            if up:
                missing, transactional = await _probe(kafka, settings)
                if not missing:
                    return transactional
                reason = f"topics missing: {', '.join(missing)} (lockgate topics create), or not for this user"
            else:
                reason = f"Kafka does not answer at {settings.kafka}"
        except (KafkaError, OSError, TimeoutError) as error:
            refused = await refusal(kafka)
            reason = f"Kafka at {kafka}: {refused or type(error).__name__}"
        health.waiting_for = lambda reason=reason: reason  # type: ignore[misc]
        if time.monotonic() - said > 10:
            said = time.monotonic()
            log.warning("waiting", extra={"reason": reason})
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


async def _probe(kafka: KafkaAccess, settings: Settings) -> tuple[list[str], bool]:
    """The topics that are missing, and whether the broker has transactions."""
    producer = AIOKafkaProducer(**kafka.options(), request_timeout_ms=5_000)
    await asyncio.wait_for(producer.start(), 10)
    try:
        known = await producer.client.fetch_all_metadata()
        missing = sorted({*TOPICS, *settings.form_topics()} - known.topics())
        transactional = await _has_transactions(producer, kafka)
    finally:
        await producer.stop()
    return missing, transactional


async def _has_transactions(producer: AIOKafkaProducer, kafka: KafkaAccess) -> bool:
    """A broker without transactions says so by what it cannot do; an unknown error alone may be an outage."""
    connection = await producer.client._get_conn(producer.client.get_random_node())
    if connection is None or _TRANSACTIONS & set(connection._versions or ()):
        return True
    candidate = AIOKafkaProducer(**kafka.options(), transactional_id="lockgate-probe")
    try:
        await asyncio.wait_for(candidate.start(), 10)
    except UnknownError:
        log.warning("this broker has no transactions: outputs are published plainly and may repeat after a failure")
        return False
    finally:
        await candidate.stop()
    return True


def _not_ready(app: LockgateApp) -> str | None:
    session = app.lockgate_session
    if session is None:
        return "waiting for partitions"
    if not session.partitions:
        return None  # a spare worker: more workers than partitions
    waiting = [str(part) for part in session.partitions.values() if part.condition.value != "ready"]
    return f"not judged: {', '.join(waiting)}" if waiting else None


def _announce_lists(knowledge: Knowledge) -> None:
    watchlist = knowledge.watchlist or merge([])
    for listing in watchlist.lists:
        metrics.LIST_ENTRIES.labels(listing.name).set(len(listing.entries))
    for currency, count in watchlist.addresses_by_currency.items():
        metrics.LIST_ADDRESSES.labels(currency).set(count)
    for each in knowledge.reference.lists:
        metrics.REFERENCE_ROWS.labels(each.name, each.kind).set(len(each.rows))
    _age_lists(knowledge)


def _age_lists(knowledge: Knowledge) -> None:
    now = time.time()
    for each in knowledge.reference.lists:
        metrics.REFERENCE_AGE.labels(each.name, each.kind).set(now - timegm(each.published.timetuple()))
    for listing in (knowledge.watchlist or merge([])).lists:
        if listing.published is not None:
            metrics.LIST_AGE.labels(listing.name).set(now - timegm(listing.published.timetuple()))
