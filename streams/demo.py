"""What `lockgate demo` feeds, what has to come of it, and whether it came."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from rules.rule import Status
from rules.ruleset import Ruleset
from rules.transfer import Kind
from streams.delivery.journal import BatchRecord
from streams.delivery.journal import decode as decode_journal
from streams.feeding import FeedCounts, feed, open_feeder
from streams.following import Following, follow
from streams.scenarios import scenario
from streams.security import KafkaAccess
from streams.settings import ALERTS, DEADLETTERS, JOURNAL_ACCOUNTS, VERDICTS

_SCENARIO: Final = "demo"
_LISTED: Final = "direct_exposure"  # the pattern whose withdrawal goes to a listed address
_BROKEN: Final = b'{"event_id": "demo-broken", "kind": "deposit", "account_id": "demo-00001", "amount": 12.5}'
_WATCHED: Final = (ALERTS, VERDICTS, DEADLETTERS, JOURNAL_ACCOUNTS)
_PER_SECOND: Final = 400.0  # judgement: slow enough to see it happen, five seconds in all
_QUIET_SECONDS: Final = 12.0  # judgement: what has not come by then does not come
_TIMEOUT_SECONDS: Final = 10.0

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """A laundering pattern among the transfers, and the rule that has to find it; None where no live rule is about it."""

    pattern: str
    accounts: frozenset[str]
    rule_id: str | None


class Fed(msgspec.Struct, frozen=True, kw_only=True):
    """The lines to feed and what is in them."""

    lines: list[bytes]
    deposits: int
    withdrawals: int
    duplicates: int
    deadletters: int
    to_listed: frozenset[str]  # withdrawals to an address on the sanctions list
    planted: tuple[Planted, ...]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Deposits, withdrawals, duplicates and dead letters, in the order of the journal."""
        return self.deposits, self.withdrawals, self.duplicates, self.deadletters


def demo_transfers(ruleset: Ruleset) -> Fed:
    """The transfers of the demo scenario, then one of them again and one that is none."""
    story = scenario(_SCENARIO)
    transfers = list(story.transfers())
    kinds = Counter(transfer["kind"] for transfer in transfers)
    by_id = {transfer["event_id"]: transfer for transfer in transfers}
    patterns = [label for label in story.labels.values() if ":" not in label.type]
    to_listed = frozenset(
        event
        for label in patterns
        for event in label.events
        if label.type == _LISTED and by_id[event]["kind"] == Kind.WITHDRAWAL
    )
    live = {about.id.rpartition(".")[2]: about.id for about in _abouts(ruleset)}
    return Fed(
        lines=[*map(_encode, transfers), _encode(by_id[min(to_listed)]), _BROKEN],
        deposits=kinds[Kind.DEPOSIT],
        withdrawals=kinds[Kind.WITHDRAWAL],
        duplicates=1,
        deadletters=1,
        to_listed=to_listed,
        planted=tuple(
            Planted(pattern=label.type, accounts=frozenset(label.accounts), rule_id=live.get(label.type))
            for label in patterns
        ),
    )


def _abouts(ruleset: Ruleset) -> Iterator[Any]:
    return (rule.about for rule in ruleset.rules if rule.about.status is Status.LIVE)


class Results:
    """What came out: alerts by id, decisions by withdrawal, dead letters, and the journal's counts."""

    def __init__(self, fed: Fed) -> None:
        self.fed = fed
        self.alerts: dict[str, Mapping[str, Any]] = {}
        self.decisions: dict[str, str] = {}
        self.deadletters: list[Mapping[str, Any]] = []
        self.counts = [0, 0, 0, 0]
        self.repeated = 0  # outputs that came more than once

    def take(self, topic: str, value: bytes) -> Mapping[str, Any] | None:
        """Note a message; returns it when it is one to show, which a journal record is not."""
        if topic == JOURNAL_ACCOUNTS:
            record = decode_journal(value)
            if isinstance(record, BatchRecord):
                self.counts = [sum(pair) for pair in zip(self.counts, record.counts, strict=True)]
            return None
        message = _decode(value)
        if topic == DEADLETTERS:
            self.deadletters.append(message)
        else:
            known: dict[str, Any] = self.alerts if topic == ALERTS else self.decisions
            name = message["alert_id" if topic == ALERTS else "event_id"]
            self.repeated += name in known
            known[name] = message if topic == ALERTS else message["decision"]
        return message

    def found(self, planted: Planted) -> list[Mapping[str, Any]]:
        """The alerts that a planted pattern gave."""
        return [
            alert
            for alert in self.alerts.values()
            if alert["rule_id"] == planted.rule_id and alert["account_id"] in planted.accounts
        ]

    def missing(self) -> list[str]:
        """What has not come out as it must, in words."""
        fed, out = self.fed, []
        names = ("deposits", "withdrawals", "duplicates", "dead letters")
        for name, given, judged in zip(names, fed.counts, self.counts, strict=True):
            if given != judged:
                out.append(f"{given:,} {name} were fed and {judged:,} are in the journal")
        if len(self.decisions) != fed.withdrawals:
            out.append(f"{fed.withdrawals:,} withdrawals were fed and {len(self.decisions):,} have a verdict")
        if len(self.deadletters) != fed.deadletters:
            out.append(f"{fed.deadletters} line was no transfer and {len(self.deadletters)} dead letters came")
        out += [
            f"withdrawal {event} to a listed address: {self.decisions.get(event, 'no verdict')}, not reject"
            for event in sorted(fed.to_listed)
            if self.decisions.get(event) != "reject"
        ]
        out += [
            f"the planted {planted.pattern} gave no alert of {planted.rule_id}"
            for planted in fed.planted
            if planted.rule_id is not None and not self.found(planted)
        ]
        if self.repeated:
            out.append(f"{self.repeated} alerts or verdicts came twice")
        return out


async def run_transfers(
    kafka: KafkaAccess,
    results: Results,
    *,
    show: Callable[[str, Mapping[str, Any]], None],
    progress: Callable[[FeedCounts], None],
) -> None:
    """Feed the transfers and hand what comes out to `show`, until everything has come or nothing comes any more.

    Raises:
        Unreachable, NotFed: the broker is gone.
    """
    stop, came = asyncio.Event(), asyncio.Event()

    def taking(topic: str) -> Callable[[list[bytes]], None]:
        def take(values: Sequence[bytes]) -> None:
            for value in values:
                message = results.take(topic, value)
                if message is not None:
                    show(topic, message)
            came.set()

        return take

    followers = [
        asyncio.create_task(follow(kafka, Following(topic=topic, from_beginning=True), taking(topic), stop=stop))
        for topic in _WATCHED
    ]
    try:
        async with open_feeder(kafka, timeout_seconds=_TIMEOUT_SECONDS) as feeder:
            await feed(feeder, iter([results.fed.lines]), per_second=_PER_SECOND, progress=progress)
        while results.missing():
            came.clear()
            async with asyncio.timeout(_QUIET_SECONDS):
                await came.wait()
    except TimeoutError:
        return  # what is missing is for the caller to say
    finally:
        stop.set()
        await asyncio.gather(*followers, return_exceptions=True)
