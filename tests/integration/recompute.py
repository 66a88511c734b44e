"""An independent recomputation: from the inputs and the journals alone, with the pure core, everything that Lockgate sent
and everything that it keeps in Redis, compared byte for byte.

It shares no code with the delivery protocol: another Kafka client (librdkafka), a journal read as plain msgpack, its own
hash chain, bundles and stored states. What it shares is the core that judges.
"""

import hashlib
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import confluent_kafka
import msgspec
import redis
from confluent_kafka import Consumer, Message, TopicPartition

from rules.engine import AccountsEngine
from rules.graph.network import Network
from rules.intake import Gate, Intake
from rules.knowledge import Knowledge
from rules.list_log import read
from rules.lists_seen import ListsSeen
from rules.messages import Flow, Source
from rules.name_keys import name_id, name_keys
from rules.network import CounterpartiesEngine
from rules.note import Note
from rules.outcome import Tally
from rules.past import Bearer, Dealing, Past, dealing_of
from rules.profile import Movement
from rules.retroactive import LookingBack
from rules.ruleset import Ruleset
from rules.seen import Seen
from rules.transfer import Kind, moment
from streams import compact, stored_address, stored_profile
from streams.store import Keys
from streams.stored_address import KeptAddress
from streams.stored_profile import KeptProfile

DEPOSITS, WITHDRAWALS = "exchange.deposits", "exchange.withdrawals"
VERDICTS, ALERTS, DEADLETTERS = "lockgate.verdicts", "lockgate.alerts", "lockgate.deadletters"
FLOWS = "lockgate.flows"
LISTS = "lockgate.lists"
JOURNALS = {"accounts": "lockgate.journal.accounts", "counterparties": "lockgate.journal.counterparties"}

FLOWS_IN_BUNDLE = 2_000

Record = tuple[int, bytes | None, bytes | None]
pack = msgspec.msgpack.Encoder().encode
to_json = msgspec.json.Encoder().encode
unpack = msgspec.msgpack.decode
read_note = msgspec.msgpack.Decoder(Note).decode
read_flows = msgspec.msgpack.Decoder(list[Flow]).decode


class Reader:
    """Reads whole topic partitions with librdkafka, committed records only."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "recompute",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 10,
                "log_level": 0,
                "auto.offset.reset": "earliest",
            }
        )

    def close(self) -> None:
        self._consumer.close()

    def partitions(self, topic: str) -> int:
        return len(self._consumer.list_topics(topic, timeout=20).topics[topic].partitions)

    def read(self, topic: str, partition: int) -> list[Record]:
        return [(one.offset() or 0, one.key(), one.value()) for one in self.messages(topic, partition)]

    def messages(self, topic: str, partition: int) -> list[Message]:
        """With their headers."""
        self._consumer.assign([TopicPartition(topic, partition, 0)])
        messages: list[Message] = []
        while (message := self._consumer.poll(30.0)) is not None:
            error = message.error()
            if error is None:
                messages.append(message)
            elif error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                return messages
            elif not error.retriable():
                raise RuntimeError(f"{topic}[{partition}]: {error}")
        raise TimeoutError(f"{topic}[{partition}] cannot be read to its end")


class Stored:
    """The strings of one partition as Redis has to hold them."""

    def __init__(self) -> None:
        self.n = 0
        self.h = b""
        self.position: tuple[int, ...] = ()
        self.states: dict[str, bytes] = {}
        self.segments: dict[int, bytes] = {}

    def keep(self, appended: dict[int, bytes], expired: tuple[int, ...]) -> None:
        """What a batch left in the memory of its partition."""
        for number, more in appended.items():
            self.segments[number] = self.segments.get(number, b"") + more
        for number in expired:
            self.segments.pop(number, None)


class Remembered:
    """Everything ever dealt, in memory: what a change of lists is looked up in."""

    def __init__(self) -> None:
        self._seen = ListsSeen()
        self._dealings: defaultdict[str, list[Dealing]] = defaultdict(list)
        self._contacts: defaultdict[str, list[str]] = defaultdict(list)
        self._own: defaultdict[str, list[str]] = defaultdict(list)
        self._owners: dict[str, str] = {}
        self._named: defaultdict[str, list[bytes]] = defaultdict(list)
        self._bearers: defaultdict[str, list[Bearer]] = defaultdict(list)

    def remember(self, flows: Iterable[Flow], back: LookingBack, stored: Stored) -> None:
        flows = list(flows)
        for flow in flows:
            if flow.own_address and self._owners.get(flow.own_address) != flow.account_id:
                shared = flow.own_address in self._owners
                self._owners[flow.own_address] = "" if shared else flow.account_id
                if not shared:
                    self._own[flow.account_id].append(flow.own_address)
                    met = f"met {flow.account_id}"
                    stored.states[met] = stored.states.get(met, b"") + compact.alone(flow.own_address, own=True)
        for flow in flows:
            if not flow.first and not flow.names:
                continue
            dealing = dealing_of(flow, screened=flow.listed, labelled=flow.labelled)
            told = []
            if flow.first:
                for missed in self._seen.missed(flow.address, listed=flow.listed, labelled=flow.labelled):
                    back.late(flow, missed)
                self._dealings[flow.address].append(dealing)
                self._contacts[flow.account_id].append(flow.address)
                met = f"met {flow.account_id}"
                stored.states[met] = stored.states.get(met, b"") + compact.alone(flow.address)
            for named in flow.names:
                bearer, number = Bearer(named, flow.address, dealing), name_id(named.name)
                self._bearers[number.hex()].append(bearer)
                told.append((f"bearers {number.hex()}", pack(bearer)))
                for key in name_keys(named.name):
                    self._named[key].append(number)
                    stored.states[f"named {key}"] = stored.states.get(f"named {key}", b"") + number
            for key, part in told:
                stored.states[key] = stored.states.get(key, b"") + framed(part)

    def change(self, records: Sequence[Record], back: LookingBack, partition: int, stored: Stored) -> None:
        found = Past(self._dealings, self._contacts, self._own, self._owners, self._named, self._bearers)
        for offset, _, value in records:
            record = read(value)
            change = self._seen.take(record, offset) if record is not None else None
            if change is not None:
                back.change(change, found, Source(LISTS, partition, offset))
                self._seen.learn(change)
        if records:
            stored.states["lists seen"] = pack(self._seen)


class Recomputation:
    """Recomputes both stages; `differences` says in words what is not as it should be."""

    def __init__(self, bootstrap: str, ruleset: Ruleset, knowledge: Knowledge) -> None:
        self.differences: list[str] = []
        self.counts: Counter[str] = Counter()
        self.stored: dict[tuple[str, int], Stored] = {}
        self._reader = Reader(bootstrap)
        self._accounts = AccountsEngine(ruleset, knowledge)
        self._network = CounterpartiesEngine(ruleset, knowledge)
        self._rules_and_list = {
            "accounts": (knowledge.identity, ruleset.hash),
            "counterparties": (knowledge.identity, ruleset.hash),
        }
        self._bundles: Counter[tuple[bytes, bytes]] = Counter()
        self._alerts: dict[int, list[list[tuple[bytes, bytes]]]] = defaultdict(list)

    def run(self) -> "Recomputation":
        for partition in range(self._reader.partitions(DEPOSITS)):
            self.recompute_accounts(partition)
        self.recompute_counterparties(0)
        for partition, expected in sorted(self._alerts.items()):
            self._compare_alerts(partition, expected)
        self._reader.close()
        return self

    def recompute_accounts(self, partition: int) -> None:
        stored = self.stored["accounts", partition] = Stored()
        sources = [(topic, self._reader.read(topic, partition)) for topic in (DEPOSITS, WITHDRAWALS)]
        gates = {DEPOSITS: Gate(Kind.DEPOSIT), WITHDRAWALS: Gate(Kind.WITHDRAWAL)}
        profiles: defaultdict[str, KeptProfile] = defaultdict(KeptProfile)
        seen = Seen()
        verdicts: list[tuple[bytes, bytes]] = []
        alerts: list[tuple[bytes, bytes]] = []
        letters: list[tuple[bytes, bytes]] = []
        taken = [0, 0]
        for batch in self._batches("accounts", partition):
            intake = Intake([], [])
            for place, (topic, records) in enumerate(sources):
                held = self._cut(topic, partition, records, taken, place, batch["ranges"][place])
                gates[topic].admit(topic, partition, held, intake)
            notes = {address: read_note(packed) for address, packed in batch["notes"].items()}
            outcome = self._accounts.judge(intake, partition, profiles, seen, batch["judged_ms"], notes)
            sent = [
                *((VERDICTS, one.account_id.encode(), to_json(one)) for one in outcome.verdicts),
                *((ALERTS, one.account_id.encode(), to_json(one)) for one in outcome.alerts),
                *((DEADLETTERS, one.field.encode(), to_json(one)) for one in outcome.deadletters),
            ]
            verdicts += [(key, value) for topic, key, value in sent if topic == VERDICTS]
            alerts += [(key, value) for topic, key, value in sent if topic == ALERTS]
            letters += [(key, value) for topic, key, value in sent if topic == DEADLETTERS]
            counts = outcome.counts
            numbers = [counts.deposits, counts.withdrawals, counts.duplicates, counts.deadletters]
            bundles = [
                pack(outcome.flows[at : at + FLOWS_IN_BUNDLE]) for at in range(0, len(outcome.flows), FLOWS_IN_BUNDLE)
            ]
            self._check_batch("accounts", partition, batch, numbers, pack(sent), bundles, stored)
            self._bundles.update((f"{partition}/{batch['n']}".encode(), bundle) for bundle in bundles)
            self._keep_profiles(outcome.movements, profiles, batch["judged_ms"], stored)
            stored.keep(*seen.take_changes())
        for place, (topic, records) in enumerate(sources):
            if taken[place] != len(records):
                self.differences.append(f"{topic}[{partition}]: {len(records) - taken[place]} records are not judged")
        self._compare_sequence(VERDICTS, partition, verdicts)
        self._compare_sequence(DEADLETTERS, partition, letters)
        self._alerts[partition].append(alerts)

    def recompute_counterparties(self, partition: int) -> None:
        stored = self.stored["counterparties", partition] = Stored()
        records = self._reader.read(FLOWS, partition)
        found = Counter((key, value) for _, key, value in records if key is not None and value is not None)
        if found != self._bundles:
            more, less = found - self._bundles, self._bundles - found
            self.differences.append(f"{FLOWS}[{partition}]: {more.total()} bundles too many, {less.total()} missing")
        states: defaultdict[str, KeptAddress] = defaultdict(KeptAddress)
        network = Network()
        alerts: list[tuple[bytes, bytes]] = []
        taken = [0, 0]
        lists = self._reader.read(LISTS, partition)
        past = Remembered()
        for batch in self._batches("counterparties", partition):
            bundles = self._cut(FLOWS, partition, records, taken, 0, batch["ranges"][0])
            changes = self._cut(LISTS, partition, lists, taken, 1, batch["ranges"][1])
            flows = [flow for _, _, bundle in bundles for flow in read_flows(bundle or b"")]
            services = {flow.address for flow in flows if states[flow.address].service}
            outcome = self._network.judge(flows, states, batch["judged_ms"], network)
            stored.keep(*network.take_changes())
            rules = self._network.ruleset
            back = LookingBack(
                rules.lookback_rules,
                self._network.knowledge.exceptions,
                Tally(),
                ruleset_hash=rules.hash,
                detected_at=moment(batch["judged_ms"]),
            )
            past.remember(sorted(flows), back, stored)
            past.change(changes, back, partition, stored)
            sent = [(ALERTS, one.account_id.encode(), to_json(one)) for one in (*outcome.alerts, *back.alerts)]
            alerts += [(key, value) for _, key, value in sent]
            self._check_batch("counterparties", partition, batch, [len(flows), 0, 0, 0], pack(sent), [], stored)
            self._keep_addresses(flows, states, outcome.addresses, services, batch["judged_ms"], stored)
        if taken[0] != len(records):
            self.differences.append(f"{FLOWS}[{partition}]: {len(records) - taken[0]} bundles are not judged")
        self._alerts[partition].append(alerts)

    def _batches(self, stage: str, partition: int) -> Iterable[dict[str, Any]]:
        """The batches of a journal partition; claims are checked on the way."""
        names = ("n", "judged_ms", "ranges", "counts", "bundles", "notes", "list_hash", "ruleset", "version", "owner", "h")
        n, h, reached = 0, b"", None
        for offset, _, value in self._reader.read(JOURNALS[stage], partition):
            tag, *fields = unpack(value or b"")
            where = f"{JOURNALS[stage]}[{partition}] {offset}"
            if tag == "c":
                self.counts["claims"] += 1
                if (fields[0], fields[4]) != (n, h):
                    self.differences.append(f"{where}: a claim after batch {fields[0]}, the last one is {n}")
                continue
            batch = dict(zip(names, fields, strict=True))
            self.counts["batches"] += 1
            if batch["n"] != n + 1:
                self.differences.append(f"{where}: batch {batch['n']} follows {n}")
            if reached is not None and [start for start, _, _ in batch["ranges"]] != reached:
                self.differences.append(f"{where}: ranges {batch['ranges']} after {reached}")
            if (batch["list_hash"], batch["ruleset"]) != self._rules_and_list[stage]:
                self.differences.append(f"{where}: judged with other rules or lists")
            n, h, reached = batch["n"], batch["h"], [end for _, end, _ in batch["ranges"]]
            yield batch

    def _cut(
        self, topic: str, partition: int, records: list[Record], taken: list[int], place: int, span: Sequence[int]
    ) -> list[Record]:
        """The next records below the end of a journalled range."""
        start, end, count = span
        first = taken[place]
        last = first
        while last < len(records) and records[last][0] < end:
            last += 1
        taken[place] = last
        held = records[first:last]
        if len(held) != count or (held and held[0][0] < start):
            self.differences.append(f"{topic}[{partition}]: {len(held)} records in [{start}, {end}), journalled {count}")
        self.counts[topic] += len(held)
        return held

    def _check_batch(
        self,
        stage: str,
        partition: int,
        batch: dict[str, Any],
        counts: list[int],
        messages: bytes,
        bundles: list[bytes],
        stored: Stored,
    ) -> None:
        """Counts and hash of a batch."""
        where = f"{JOURNALS[stage]}[{partition}] batch {batch['n']}"
        if list(batch["counts"]) != counts:
            self.differences.append(f"{where}: counts {batch['counts']}, recomputed {counts}")
        if batch["bundles"] != len(bundles):
            self.differences.append(f"{where}: {batch['bundles']} bundles, recomputed {len(bundles)}")
        signed = [batch[name] for name in ("n", "judged_ms", "ranges", "counts", "bundles", "notes", "list_hash", "ruleset")]
        digests = b"".join(hashlib.blake2b(bundle, digest_size=12).digest() for bundle in bundles)
        covered = stored.h + pack([signed, batch["version"]]) + messages + digests
        digest = hashlib.blake2b(covered, digest_size=12).digest()
        if digest != batch["h"]:
            self.differences.append(f"{where}: another hash")
        stored.n, stored.h = batch["n"], batch["h"]
        stored.position = tuple(end for _, end, _ in batch["ranges"])

    def _keep_profiles(
        self,
        movements: Iterable[tuple[str, Movement]],
        profiles: dict[str, KeptProfile],
        judged_ms: int,
        stored: Stored,
    ) -> None:
        """What is stored of a profile reads back as the profile that no store was needed for."""
        moved: defaultdict[str, list[Movement]] = defaultdict(list)
        for account, movement in movements:
            moved[account].append(movement)
        for account, more in moved.items():
            packed, whole = stored_profile.add(profiles[account], more, judged_ms)
            stored.states[account] = packed if whole else stored.states[account] + packed
            if stored_profile.load(stored.states[account]) != profiles[account]:
                self.differences.append(f"the profile of {account} reads back as another")

    def _keep_addresses(
        self,
        flows: Iterable[Flow],
        states: dict[str, KeptAddress],
        changed: set[str],
        services: set[str],
        judged_ms: int,
        stored: Stored,
    ) -> None:
        """What is stored of an address reads back as the state that no store was needed for."""
        full, written = set[str](), {*changed}
        for flow in sorted(flows):
            if flow.own_address and states[flow.own_address].owner not in (flow.account_id, None):
                known = states[flow.own_address].owner
                states[flow.own_address].owner = None if known else flow.account_id
                written.add(flow.own_address)
            state, alters = states[flow.address], flow.address in changed - services
            if (flow.first or (alters and state.is_plain)) and state.deal(flow):
                written.add(flow.address)
            elif flow.first:
                full.add(flow.address)
                dealt = f"dealt {flow.address}"
                dealing = dealing_of(flow, screened=flow.listed, labelled=flow.labelled)
                stored.states[dealt] = stored.states.get(dealt, b"") + framed(pack(dealing))
            elif alters and state.is_plain:
                full.add(flow.address)
        for key in changed:
            if " " in key or key in full - services:
                states[key].stand_alone()
        for key in written:
            stored.states[key] = stored_address.stored(states[key], judged_ms)
            again = stored_address.load(stored.states[key])
            again.wake()
            if again != states[key]:
                self.differences.append(f"the state of {key} reads back as another")

    def _compare_sequence(self, topic: str, partition: int, expected: list[tuple[bytes, bytes]]) -> None:
        found = [(key, value) for _, key, value in self._reader.read(topic, partition)]
        self.counts[topic] += len(found)
        if found != expected:
            self._explain(topic, partition, found, expected)

    def _compare_alerts(self, partition: int, expected: list[list[tuple[bytes, bytes]]]) -> None:
        """Two stages write to one partition: together they are all of it, and each one's stand in its order."""
        found = [(key, value) for _, key, value in self._reader.read(ALERTS, partition)]
        self.counts[ALERTS] += len(found)
        if Counter(found) != Counter(one for stage in expected for one in stage):
            self._explain(ALERTS, partition, found, [one for stage in expected for one in stage])
            return
        for stage in expected:
            wanted = set(stage)
            if [one for one in found if one in wanted] != stage:
                self.differences.append(f"{ALERTS}[{partition}]: in another order")

    def _explain(self, topic: str, partition: int, found: list[Any], expected: list[Any]) -> None:
        more, less = Counter(found) - Counter(expected), Counter(expected) - Counter(found)
        samples = [*list(more)[:1], *list(less)[:1]] or ["the same in another order"]
        self.differences.append(f"{topic}[{partition}]: {more.total()} too many, {less.total()} missing, such as {samples}")

    def compare_redis(self, url: str, group: str) -> "Recomputation":
        """Redis must hold exactly the recomputed positions, states and event memory."""
        with redis.Redis.from_url(url) as client:
            for (stage, partition), stored in self.stored.items():
                self._compare_partition(client, Keys(group, stage, partition).meta.removesuffix("meta"), stored)
        return self

    def _compare_partition(self, client: Any, base: str, stored: Stored) -> None:
        meta = client.hgetall(f"{base}meta")
        standing = (int(meta.get(b"n", 0)), meta.get(b"h", b""), tuple(unpack(meta.get(b"position", b"\x90"))))
        if standing != (stored.n, stored.h, stored.position):
            self.differences.append(f"{base}meta is {standing}, recomputed {(stored.n, stored.h, stored.position)}")
        epoch = meta.get(b"epoch", b"0").decode()
        expected = {f"{base}s{epoch}:{key}".encode(): value for key, value in stored.states.items()}
        expected |= {f"{base}seen:{epoch}:{key}".encode(): value for key, value in stored.segments.items()}
        keys = {key for kind in ("s", "seen:") for key in client.scan_iter(match=f"{base}{kind}{epoch}:*", count=10_000)}
        if keys != expected.keys():
            self.differences.append(
                f"{base}: {len(keys - expected.keys())} keys too many, {len(expected.keys() - keys)} missing"
            )
        ordered = sorted(keys & expected.keys())
        for first in range(0, len(ordered), 5_000):
            part = ordered[first : first + 5_000]
            wrong = [key for key, value in zip(part, client.mget(part), strict=True) if value != expected[key]]
            if wrong:
                self.differences.append(f"{base}: {len(wrong)} values differ, such as {wrong[0]!r}")
        self.counts["redis values"] += len(ordered)


def framed(part: bytes) -> bytes:
    return struct.pack("<I", len(part)) + part
