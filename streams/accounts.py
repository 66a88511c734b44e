"""The accounts stage: deposits and withdrawals in; verdicts, alerts, dead letters and flows out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from rules.engine import AccountsEngine
from rules.intake import Gate, Intake, RawRecord
from rules.messages import Alert, DeadLetter, Verdict
from rules.profile import Profile
from rules.seen import Seen
from rules.transfer import Kind
from streams.delivery.stage import Judged, Message, Outputs, Stage, Work
from streams.settings import ALERTS, DEADLETTERS, DEPOSITS, JOURNAL_ACCOUNTS, VERDICTS, WITHDRAWALS

_GATES: Final = {DEPOSITS: Gate(Kind.DEPOSIT), WITHDRAWALS: Gate(Kind.WITHDRAWAL)}
_json: Final = msgspec.json.Encoder().encode
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Profile).decode


class AccountsStage(Stage):
    """Judges each transfer with its account's profile."""

    name = "accounts"
    sources = (DEPOSITS, WITHDRAWALS)
    journal = JOURNAL_ACCOUNTS

    def __init__(self, engine: AccountsEngine) -> None:
        self._engine = engine
        self.list_hash = engine.watchlist.hash if engine.watchlist else ""
        self.ruleset = engine.ruleset.hash

    def decode(self, partition: int, records: Sequence[Sequence[RawRecord]]) -> Work:
        """Transfers, in no order yet, and dead letters."""
        intake = Intake([], [])
        for topic, waiting in zip(self.sources, records, strict=True):
            _GATES[topic].admit(topic, partition, waiting, intake)
        return Work(intake, intake.accounts())

    def judge(
        self, work: Work, partition: int, states: Mapping[str, Profile], memory: Seen, judged_ms: int
    ) -> Judged:
        """Screen, profile and judge; here alerts and verdicts are born."""
        outcome = self._engine.judge(work.content, partition, states, memory, judged_ms)
        messages = [verdict_message(verdict) for verdict in outcome.verdicts]
        messages += [alert_message(alert) for alert in outcome.alerts]
        messages += [deadletter_message(letter) for letter in outcome.deadletters]
        counts = outcome.counts
        return Judged(
            Outputs(messages, outcome.flows),
            (counts.deposits, counts.withdrawals, counts.duplicates, counts.deadletters),
            outcome.tally,
            Counter(verdict.decision for verdict in outcome.verdicts),
        )

    def fresh_state(self) -> Profile:
        """The profile of an account never met."""
        return Profile()

    def load_state(self, packed: bytes) -> Profile:
        """A profile from msgpack."""
        return _unpack(packed)

    def dump_state(self, state: Profile) -> bytes:
        """A profile as msgpack."""
        return _pack(state)

    def open_memory(self, segments: Mapping[int, bytes]) -> Seen:
        """Which events of the partition have been judged."""
        return Seen(dict(segments))


def verdict_message(verdict: Verdict) -> Message:
    """A verdict for its topic, keyed by account."""
    return Message(VERDICTS, verdict.account_id.encode(), _json(verdict))


def alert_message(alert: Alert) -> Message:
    """An alert for its topic, keyed by account."""
    return Message(ALERTS, alert.account_id.encode(), _json(alert))


def deadletter_message(letter: DeadLetter) -> Message:
    """A dead letter for its topic, keyed by the field at fault."""
    return Message(DEADLETTERS, letter.field.encode(), _json(letter))
