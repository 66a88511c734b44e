"""Judges again what led to an alert: the records of the topics, in the journal's batches, by the rules and lists of then.

State is a function of everything before it: a partition is judged from its beginning up to the batch of the alert. Every
batch on the way is compared with the hash it was journalled with, which covers all its outputs.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from rules.engine import AccountsEngine
from rules.intake import RawRecord
from rules.knowledge import Knowledge
from rules.messages import Source
from rules.network import CounterpartiesEngine
from rules.rule import AccountRule
from rules.ruleset import Ruleset
from rules.transfer import moment
from streams.accounts import AccountsStage
from streams.archive import Archive, NotArchived
from streams.auditing.log import Log, pulling
from streams.counterparties import CounterpartiesStage
from streams.delivery.journal import STATE_VERSION, BatchRecord, bundle_digest, chained, decode
from streams.delivery.stage import Judged, Stage, Work, Writes, encode_messages
from streams.settings import ALERTS

_STAGES: Final[tuple[type[Stage], ...]] = (AccountsStage, CounterpartiesStage)
_GONE: Final = "it does not come up when its batch is judged again"


class _Cited(msgspec.Struct, frozen=True):
    event_id: str


class _Head(msgspec.Struct, frozen=True):
    alert_id: str
    rule_id: str
    ruleset: str
    source: Source
    detected_at: datetime
    evidence: tuple[_Cited, ...]
    retroactive: bool = False


class Sent(msgspec.Struct, frozen=True):
    """An alert as it was sent."""

    head: _Head
    value: bytes


class Result(StrEnum):
    """same: to the byte. different: some fields are not. gone: it does not come up again. unknown: that cannot be said."""

    SAME = "same"
    DIFFERENT = "different"
    GONE = "gone"
    UNKNOWN = "unknown"


class Range(msgspec.Struct, frozen=True):
    """Where the records of a batch stand."""

    topic: str
    partition: int
    start: int
    end: int


class Replayed(msgspec.Struct, kw_only=True):
    """What became of one alert when its batch was judged again.

    `batch_same` says whether all outputs of the batch have the journalled hash, None where that cannot be told.
    `inputs` are the transfers or flows that the alert cites, as the stage read them. `differences` are by field: as it was
    sent, and as it comes out now.
    """

    alert_id: str
    rule_id: str
    result: Result
    reason: str = ""
    stage: str = ""
    batch: int = 0
    ranges: tuple[Range, ...] = ()
    ruleset: str = ""
    lists: str = ""
    batch_same: bool | None = None
    inputs: tuple[msgspec.Raw, ...] = ()
    differences: dict[str, tuple[Any, Any]] = {}


class Tally(msgspec.Struct):
    """The batches that were judged again, and how many of them came out with the journalled hash."""

    batches: int = 0
    same: int = 0


class Replay:
    """Replays alerts. `max_list_age_seconds` must be what the workers had: verdicts and thereby hashes depend on it."""

    def __init__(self, log: Log, archive: Archive, *, max_list_age_seconds: int | None) -> None:
        self.tally = Tally()
        self._log = log
        self._archive = archive
        self._max_list_age = max_list_age_seconds
        self._rules: dict[str, Ruleset] = {}
        self._knowledge: dict[str, Knowledge] = {}

    async def sent(self) -> dict[str, Sent]:
        """All alerts on their topic, by id."""
        read = msgspec.json.Decoder(_Head).decode
        found = {}
        for partition in range(self._log.partitions(ALERTS)):
            start, end = await self._log.bounds(ALERTS, partition)
            async with pulling(self._log, ALERTS, partition, start, end) as pull:
                while await pull.head() is not None:
                    value = pull.pop()[2] or b""
                    try:
                        head = read(value)
                    except (msgspec.DecodeError, UnicodeDecodeError):  # `lockgate audit` names what does not belong there
                        continue
                    found[head.alert_id] = Sent(head, value)
        return found

    async def run(self, alerts: Iterable[Sent], advance: Callable[[int], None]) -> list[Replayed]:
        """Replay some alerts, each partition at most once. `advance` hears how many records have been judged."""
        wanted = {one.head.alert_id: one for one in alerts}
        results: dict[str, Replayed] = {}
        for kind in _STAGES:
            for partition in range(self._log.partitions(kind.sources[0])):
                mine = {name: one for name, one in wanted.items() if self._may_be_of(one, kind, partition)}
                walk = _Walk(self, kind, partition, mine)
                async for replayed in walk.run(self._log, advance):
                    if replayed.result in (Result.SAME, Result.DIFFERENT):
                        del wanted[replayed.alert_id]
                    results[replayed.alert_id] = replayed
        for name, one in wanted.items():
            if name not in results:
                reason = "no journalled batch can have sent it"
                results[name] = Replayed(alert_id=name, rule_id=one.head.rule_id, result=Result.UNKNOWN, reason=reason)
        return list(results.values())

    def _may_be_of(self, one: Sent, kind: type[Stage], partition: int) -> bool:
        """Whether the stage and partition may have sent an alert: its rule tells, where the archive knows it.

        What is found when the lists change comes from the counterparties stage, whatever the rule.
        """
        head = one.head
        if head.retroactive:
            return kind is CounterpartiesStage
        try:
            by_account = isinstance(self.rules(head.ruleset)[head.rule_id], AccountRule)
        except (NotArchived, KeyError):
            by_account = head.source.partition == partition
        if kind is AccountsStage:
            return by_account and head.source.partition == partition
        return not by_account

    def rules(self, digest: str) -> Ruleset:
        """A rule set of the archive. Raises NotArchived."""
        if digest not in self._rules:
            self._rules[digest] = self._archive.rules(digest)
        return self._rules[digest]

    def stage(self, kind: type[Stage], record: BatchRecord) -> Stage:
        """The stage as it was when a batch was judged. Raises NotArchived."""
        if record.version != STATE_VERSION:
            raise NotArchived(f"judged with state version {record.version}, this is version {STATE_VERSION}")
        if record.list_hash not in self._knowledge:
            self._knowledge[record.list_hash] = self._archive.knowledge(record.list_hash)
        ruleset, knowledge = self.rules(record.ruleset), self._knowledge[record.list_hash]
        if kind is AccountsStage:
            return AccountsStage(AccountsEngine(ruleset, knowledge, max_list_age_seconds=self._max_list_age))
        return CounterpartiesStage(CounterpartiesEngine(ruleset, knowledge))


class _Walk:
    """One partition of a stage, batch by batch from its beginning, until all wanted alerts have been met."""

    def __init__(self, replay: Replay, kind: type[Stage], partition: int, wanted: dict[str, Sent]) -> None:
        self._replay = replay
        self._kind = kind
        self._partition = partition
        self._wanted = wanted
        self._cited = {one.event_id for sent in wanted.values() for one in sent.head.evidence}
        self._inputs: dict[str, msgspec.Raw] = {}
        self._h: bytes | None = None
        self._stage: Stage | None = None
        self._broken = ""
        self._states: dict[str, Any] = {}
        self._stored: dict[str, bytes] = {}  # of states that are written without being loaded
        self._memory: Any = None

    async def run(self, log: Log, advance: Callable[[int], None]) -> AsyncIterator[Replayed]:
        """What became of each alert, as its batch comes up."""
        kind, number = self._kind, self._partition
        if not self._wanted:
            return
        async with AsyncExitStack() as stack:
            bounds = await log.bounds(kind.journal, number)
            journal = await stack.enter_async_context(pulling(log, kind.journal, number, *bounds))
            sources = []
            for topic in kind.sources:
                bounds = await log.bounds(topic, number)
                sources.append(await stack.enter_async_context(pulling(log, topic, number, *bounds)))
            while self._wanted and await journal.head() is not None:
                record = decode(journal.pop()[2] or b"")
                if isinstance(record, BatchRecord):
                    records = [
                        [one for one in await source.below(end) if one[0] >= start]
                        for source, (start, end, _) in zip(sources, record.ranges, strict=True)
                    ]
                    for replayed in self._batch(record, records):
                        yield replayed
                    advance(sum(count for _, _, count in record.ranges))

    def _batch(self, record: BatchRecord, records: list[list[RawRecord]]) -> Iterator[Replayed]:
        """Judge one batch again, and tell of the wanted alerts in it."""
        judged = self._judge(record, records)
        same = None
        made: dict[str, bytes] = {}
        if judged is not None:
            messages, bundles = judged.outputs.messages, map(bundle_digest, judged.outputs.bundles)
            same = self._h is not None and chained(self._h, record, encode_messages(messages), bundles) == record.h
            self._replay.tally.batches += 1
            self._replay.tally.same += same
            made = {_id_of(message.value): message.value for message in messages if message.topic == ALERTS}
        self._h = record.h
        for name in [name for name, sent in self._wanted.items() if name in made or self._is_of(sent, record)]:
            sent = self._wanted.pop(name)
            yield Replayed(
                alert_id=name,
                rule_id=sent.head.rule_id,
                result=self._result(sent, made.get(name)),
                reason=self._broken or ("" if name in made else _GONE),
                stage=self._kind.name,
                batch=record.n,
                ranges=tuple(
                    Range(topic, self._partition, start, end)
                    for topic, (start, end, _) in zip(self._kind.sources, record.ranges, strict=True)
                ),
                ruleset=record.ruleset,
                lists=record.list_hash,
                batch_same=same,
                inputs=tuple(self._inputs[one.event_id] for one in sent.head.evidence if one.event_id in self._inputs),
                differences=_differences(sent.value, made[name]) if name in made else {},
            )

    def _judge(self, record: BatchRecord, records: list[list[RawRecord]]) -> Judged | None:
        """None, once and for all, when a batch cannot be judged as it was."""
        if self._broken:
            return None
        if self._h is None and record.n == 1:
            self._h = b""
        for topic, held, (start, end, count) in zip(self._kind.sources, records, record.ranges, strict=True):
            if len(held) != count:
                self._broken = f"{topic}[{self._partition}] [{start}, {end}) holds {len(held)} of {count} records"
                return None
        if self._h is None:
            self._broken = f"the journal begins with batch {record.n}"
            return None
        try:
            stage = self._replay.stage(self._kind, record)
        except NotArchived as error:
            self._broken = f"batch {record.n}: {error}"
            return None
        if self._memory is None:
            self._memory = stage.open_memory({})
        work = stage.decode(self._partition, records)
        self._load(stage, work.keys)
        while work.settled and (more := stage.follow(work, self._states) - work.keys):
            work.keys |= more
            self._load(stage, more)
        work.notes = record.notes
        self._keep_inputs(work)
        judged = stage.judge(work, self._partition, self._states, self._memory, record.judged_ms)
        self._keep(judged.writes)
        self._memory.take_changes()
        return judged

    def _load(self, stage: Stage, keys: Iterable[str]) -> None:
        for key in keys:
            if key not in self._states:
                packed = self._stored.get(key)
                self._states[key] = stage.load_state(key, packed) if packed else stage.fresh_state(key)

    def _keep(self, writes: Writes) -> None:
        for key, (limit, part) in writes.bounded.items():
            if key not in self._states and len(known := self._stored.get(key, b"")) < limit:
                self._stored[key] = known + part
        for key, part in writes.appended.items():
            if key not in self._states:
                self._stored[key] = self._stored.get(key, b"") + part
        whole = {**writes.replaced, **writes.lasting}
        self._stored.update({key: value for key, value in whole.items() if key not in self._states})

    def _keep_inputs(self, work: Work) -> None:
        """Of the batch what the wanted alerts cite."""
        if self._kind is AccountsStage:
            for item in work.content.items:
                if item[4].event_id in self._cited:
                    self._inputs.setdefault(item[4].event_id, msgspec.Raw(item[5]))
            return
        for flow in work.content.flows:
            if flow.event_id in self._cited:
                named = {name: getattr(flow, name) for name in flow.__struct_fields__}
                self._inputs.setdefault(flow.event_id, msgspec.Raw(msgspec.json.encode(named)))

    def _is_of(self, sent: Sent, record: BatchRecord) -> bool:
        """Whether an alert was sent by this batch, as far as its own words tell."""
        head = sent.head
        if head.detected_at != moment(record.judged_ms):
            return False
        ranges = dict(zip(self._kind.sources, record.ranges, strict=True))
        if head.source.topic not in ranges:
            return self._kind is CounterpartiesStage
        start, end, _ = ranges[head.source.topic]
        return start <= head.source.offset < end

    def _result(self, sent: Sent, made: bytes | None) -> Result:
        if made is None:
            return Result.UNKNOWN if self._broken else Result.GONE
        return Result.SAME if made == sent.value else Result.DIFFERENT


def _id_of(alert: bytes) -> str:
    return str(msgspec.json.decode(alert)["alert_id"])


def _differences(sent: bytes, made: bytes) -> dict[str, tuple[Any, Any]]:
    then, now = msgspec.json.decode(sent), msgspec.json.decode(made)
    names = sorted({*then, *now})
    return {name: (then.get(name), now.get(name)) for name in names if then.get(name) != now.get(name)}
