"""The Faust application: two agents, and the wiring of everything they need. The only module that makes a Faust app.

The agents hand whole polls to the session of the delivery protocol; `streams.delivery.rounds` is where the work is done.
"""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final

import faust
from faust.auth import OAuthCredentials
from faust.types import TP

from streams import metrics, tracing
from streams.batching import BatchTransport, FaustFeed, PollScheduler
from streams.delivery.inbox import Chunk
from streams.delivery.partition import Condition, Partition
from streams.delivery.session import Session
from streams.delivery.stage import Stage
from streams.formats.outlets import Outlets
from streams.security import KafkaAccess
from streams.settings import FLOWS, Settings
from streams.store import Store

_POLL_RECORDS: Final = 20_000
_SWITCH_SECONDS: Final = 0.001  # fetching has a thread of its own; the default of 5 ms shows in the tail of the latency
_ANNOUNCE_SECONDS: Final = 5.0  # for committing the group's offsets; with the broker away it would take for ever
_GRACE_SECONDS: Final = 3.0  # for the round under way when the worker ends
_FAREWELL_SECONDS: Final = 2.0  # for the last offsets
_SHUTDOWN_SECONDS: Final = 8.0  # with the broker away aiokafka may hang for good; leaving hard costs nothing here


def worker_name() -> str:
    """What this process calls itself in journals and announcements."""
    return f"{socket.gethostname()}-{os.getpid()}"


class LockgateApp(faust.App):
    """Faust with our transport, and the session of the partitions assigned now."""

    def __init__(
        self, settings: Settings, stages: Iterable[Stage], state: Store, *, transactional: bool, **options: Any
    ) -> None:
        self.lockgate_settings = settings
        self.lockgate_kafka = settings.kafka_access()
        self.lockgate_stages = tuple(stages)
        self.lockgate_store = state
        self.lockgate_transactional = transactional
        self.lockgate_session: Session | None = None
        self.lockgate_feed = FaustFeed(self)
        self.lockgate_worker = worker_name()
        super().__init__(settings.group, broker_credentials=faust_credentials(self.lockgate_kafka), **options)

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self)

    async def lockgate_claims_settled(self, timeout_seconds: float) -> None:
        """Wait until every assigned partition is claimed, or has failed to be, but not longer than the time given."""
        if self.lockgate_session is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds):
                    await self.lockgate_session.settled.wait()

    def lockgate_claimed(self) -> set[tuple[str, int]]:
        """Topic partitions that are being judged."""
        session = self.lockgate_session
        if session is None:
            return set()
        return {
            (topic, part.number)
            for part in session.partitions.values()
            if part.condition is Condition.READY
            for topic in part.stage.sources
        }

    async def open_session(self) -> None:
        """A new assignment is complete: claim all of it. Never blocks on Kafka or Redis, never raises."""
        await self.close_session(grace_seconds=1.0)
        assigned: dict[int, set[str]] = {}
        for tp in self.consumer.assignment():
            assigned.setdefault(tp.partition, set()).add(tp.topic)
        settings = self.lockgate_settings
        partitions = [
            Partition(stage, number, settings.group, settings.profile_cache)
            for stage in self.lockgate_stages
            for number, topics in sorted(assigned.items())
            if topics.issuperset(stage.sources)
        ]
        for stage in self.lockgate_stages:
            for number, topics in assigned.items():
                if topics.intersection(stage.sources) and not topics.issuperset(stage.sources):
                    self.log.error("%s[%d]: its topics went to different workers", stage.name, number)
        self.lockgate_session = Session(
            partitions,
            kafka=self.lockgate_kafka,
            store=self.lockgate_store,
            feed=self.lockgate_feed,
            worker=self.lockgate_worker,
            generation=lambda: int(self.consumer_generation_id),
            session_timeout=settings.session_timeout,
            transactional=self.lockgate_transactional,
            outlets=Outlets(settings.outlets(), f"/lockgate/{settings.group}"),
        )
        if partitions:
            self.lockgate_session.start()
        else:
            self.lockgate_session.settled.set()

    async def close_session(self, grace_seconds: float) -> dict[TP, int]:
        """Finish what is in hand, give the partitions up; returns where they ended, as far as that is certain."""
        session, self.lockgate_session = self.lockgate_session, None
        if session is None:
            return {}
        await session.stop(grace_seconds)
        return {TP(topic, number): offset for (topic, number), offset in session.ended_at.items()}

    async def leave(self) -> None:
        """The worker ends: finish what is in hand, and leave the group's offsets where judging ended, for lag tools.

        Without Kafka there is nobody to take leave of, and aiokafka would wait for it: the process ends here and now. That
        costs nothing, since the delivery protocol expects worse.
        """
        asyncio.get_running_loop().call_later(_SHUTDOWN_SECONDS, os._exit, 0)
        there = await answers(self.lockgate_kafka.each())
        ended_at = await self.close_session(_GRACE_SECONDS if there else 0.0)
        await asyncio.to_thread(tracing.trace_with, None)
        if not there or not await self.announce(ended_at, timeout_seconds=_FAREWELL_SECONDS):
            os._exit(0)

    async def announce(self, positions: Mapping[TP, int], *, timeout_seconds: float) -> bool:
        """Commit the group's offsets, for lag tools; returns whether Kafka answered in time."""
        if not positions:
            return True
        consumer: Any = self.consumer  # a BatchConsumer
        try:
            async with asyncio.timeout(timeout_seconds):
                await consumer._thread.announce(positions)
        except TimeoutError:
            return False
        return True

    def put(self, chunks: Iterable[Chunk]) -> None:
        """Hand fetched records to the session; never blocks."""
        if self.lockgate_session is not None:
            for chunk in chunks:
                self.lockgate_session.put(chunk)


def make_app(settings: Settings, stages: tuple[Stage, ...], state: Store, *, transactional: bool) -> LockgateApp:
    """The application with its two agents."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    session = settings.session_timeout
    app = LockgateApp(
        settings,
        stages,
        state,
        transactional=transactional,
        broker=[f"kafka://{server}" for server in settings.kafka_servers()],
        store="memory://",
        ConsumerScheduler=PollScheduler,
        consumer_auto_offset_reset="earliest",
        broker_max_poll_records=_POLL_RECORDS,
        broker_session_timeout=session,
        broker_heartbeat_interval=session / 4,
        broker_request_timeout=max(30.0, session + 1),
        broker_rebalance_timeout=max(10.0, session),
        broker_commit_interval=1.0,
        table_standby_replicas=1,  # with 0 Faust assigns round robin, and deposits and withdrawals part company
        topic_disable_leader=True,
        topic_allow_declare=False,
        stream_wait_empty=False,
        stream_recovery_delay=0,
        web_enabled=False,
        producer_request_timeout=30,
    )
    PollScheduler.agent_of = {topic: stage.name for stage in stages for topic in stage.sources}
    accounts_stage = next(stage for stage in stages if FLOWS not in stage.sources)
    accounts_input = app.topic(*accounts_stage.sources, key_serializer="raw", value_serializer="raw", acks=False)
    network_stage = next(stage for stage in stages if FLOWS in stage.sources)
    flows_input = app.topic(*network_stage.sources, key_serializer="raw", value_serializer="raw", acks=False)

    @app.agent(accounts_input, name="accounts")
    async def accounts(polls: Any) -> None:
        """Deposits and withdrawals, a poll at a time."""
        async for event in polls.events():
            app.put(event.value)

    @app.agent(flows_input, name="counterparties")
    async def counterparties(polls: Any) -> None:
        """Flows from the accounts stage, a poll at a time."""
        async for event in polls.events():
            app.put(event.value)

    @app.on_partitions_revoked.connect(weak=False)
    async def revoked(sender: Any, revoked: Any, **_: Any) -> None:
        await app.close_session(session / 3)

    @app.on_rebalance_complete.connect(weak=False)
    async def assigned(sender: Any, **_: Any) -> None:
        await app.open_session()

    @app.on_before_shutdown.connect(weak=False)
    async def leave(sender: Any, **_: Any) -> None:
        await app.leave()

    @app.timer(1.0)  # type: ignore[untyped-decorator]  # Faust's
    async def observe() -> None:
        try:
            await observe_session(app)
        except Exception:  # a gauge that cannot be read must not end the worker, as an error in a timer would
            app.log.exception("cannot observe the session")

    return app


async def observe_session(app: LockgateApp) -> None:
    """Put the state of the session into the gauges, and its positions into the group's offsets, for lag tools."""
    session = app.lockgate_session
    partitions = list(session.partitions.values()) if session else []
    for stage in app.lockgate_stages:
        mine = [part for part in partitions if part.stage is stage]
        for condition in Condition:
            count = sum(part.condition is condition for part in mine)
            metrics.PARTITIONS.labels(stage.name, condition.value).set(count)
        metrics.WAITING.labels(stage.name).set(sum(part.inbox.waiting for part in mine))
    positions = {}
    lags: dict[tuple[str, str], int] = {}
    consumer: Any = app.consumer  # a BatchConsumer
    thread = consumer._thread
    for part in partitions:
        if part.condition is Condition.READY:
            for topic, offset in zip(part.stage.sources, part.position, strict=True):
                tp = TP(topic, part.number)
                positions[tp] = offset
                unfetched = thread.lag(tp)
                if unfetched is not None:
                    lags[topic, str(part.number)] = unfetched + part.inbox.waiting_of(topic)
    metrics.show_lags(lags)
    metrics.REDIS_UP.set(await app.lockgate_store.answers())
    metrics.KAFKA_UP.set(await answers(app.lockgate_kafka.each()))
    await app.announce(positions, timeout_seconds=_ANNOUNCE_SECONDS)


def faust_credentials(kafka: KafkaAccess) -> Any:
    """What lets a client in, as Faust wants to be told; None when nothing is needed."""
    login = kafka.login()
    context = login["ssl_context"]
    if (mechanism := login.get("sasl_mechanism")) is None:
        return None if context is None else faust.SSLCredentials(context)
    if mechanism == "OAUTHBEARER":
        return OAuthCredentials(oauth_cb=login["sasl_oauth_token_provider"], ssl_context=context)
    user, password = login["sasl_plain_username"], login["sasl_plain_password"]
    return faust.SASLCredentials(username=user, password=password, mechanism=mechanism, ssl_context=context)


async def answers(servers: Iterable[str]) -> bool:
    """Whether one of the brokers takes connections."""
    for server in servers:
        host, _, port = server.rpartition(":")
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(2):
                _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            return True
    return False
