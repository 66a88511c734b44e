"""The composition root of a worker: everything is made here, in the order in which it is needed."""

import asyncio
import gc
import logging
import time
from calendar import timegm
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, UnknownError

from rules.engine import AccountsEngine
from rules.knowledge import Knowledge
from rules.lists import merge
from rules.network import CounterpartiesEngine
from rules.ruleset import Ruleset
from streams import metrics
from streams.accounts import AccountsStage
from streams.app import LockgateApp, answers, make_app
from streams.archive import Archive
from streams.counterparties import CounterpartiesStage
from streams.errors import SettingsError
from streams.http import Health, serve
from streams.kafka_access import refusal
from streams.kafka_topics import ACCOUNT_TOPICS, COUNTERPARTY_TOPICS
from streams.security import KafkaAccess
from streams.settings import Settings
from streams.store import Store

log = logging.getLogger(__name__)

_ASK_AGAIN_SECONDS: Final = 1.0
_TRANSACTIONS: Final = {27, 65}  # API keys WriteTxnMarkers, DescribeTransactions: a broker with either has transactions


def run_worker(settings: Settings, ruleset: Ruleset, knowledge: Knowledge) -> None:
    """Run until SIGTERM or SIGINT; ends the process.

    Raises:
        SettingsError: the HTTP port is taken.
    """
    health = Health()
    try:
        serve(*settings.http_address(), health)
    except OSError as error:
        raise SettingsError([f"http: cannot serve on {settings.http}: {error.strerror}"]) from None
    metrics.expect_rules(rule.about.id for rule in ruleset.rules)
    _announce_lists(knowledge)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    health.waiting_for = lambda: "waiting for Kafka and its topics"
    transactional = loop.run_until_complete(wait_for_kafka(settings, health))
    metrics.TRANSACTIONAL.set(transactional)
    Archive(settings.archive_folder()).keep(ruleset, knowledge)
    engine = AccountsEngine(ruleset, knowledge, max_list_age_seconds=settings.max_list_age_seconds())
    stages = (AccountsStage(engine), CounterpartiesStage(CounterpartiesEngine(ruleset, knowledge)))
    app = make_app(settings, stages, Store(settings.redis_access()), transactional=transactional)
    health.waiting_for = lambda: _not_ready(app)

    @app.timer(1.0)  # type: ignore[untyped-decorator]  # Faust's
    async def beat() -> None:
        health.beat()
        metrics.HEARTBEAT.set_to_current_time()
        _age_lists(knowledge)

    worker: Any = app.Worker(loop=loop, override_logging=False, redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it would write to stdout
    log.info(
        "worker starting",
        extra={
            "group": settings.group,
            "ruleset": ruleset.hash,
            "rules": len(ruleset.rules),
            "list_hash": knowledge.hash,
            "transactional": transactional,
        },
    )
    calm_garbage_collection()
    worker.execute_from_commandline()


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
                missing, transactional = await _probe(kafka)
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


async def _probe(kafka: KafkaAccess) -> tuple[list[str], bool]:
    """The topics that are missing, and whether the broker has transactions."""
    producer = AIOKafkaProducer(**kafka.options(), request_timeout_ms=5_000)
    await asyncio.wait_for(producer.start(), 10)
    try:
        known = await producer.client.fetch_all_metadata()
        missing = sorted({*ACCOUNT_TOPICS, *COUNTERPARTY_TOPICS} - known.topics())
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
