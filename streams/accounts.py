"""The accounts stage: deposits and withdrawals in; verdicts, alerts, dead letters and flows out."""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Final

import msgspec

from rules.engine import AccountsEngine
from rules.intake import Gate, Intake, RawRecord
from rules.messages import Alert, DeadLetter, Decision, Verdict
from rules.note import Note
from rules.profile import Movement
from rules.seen import Seen
from rules.transfer import Kind
from streams import stored_profile
from streams.delivery.stage import (
    Judged,
    Memory,
    MemoryChanges,
    Message,
    Outputs,
    Work,
    Writes,
    bundles_of,
)
from streams.settings import ALERTS, COUNTERPARTIES, DEADLETTERS, DEPOSITS, JOURNAL_ACCOUNTS, VERDICTS, WITHDRAWALS
from streams.stored_profile import KeptProfile
from streams.swapping import SwappingStage

_GATES: Final = {DEPOSITS: Gate(Kind.DEPOSIT), WITHDRAWALS: Gate(Kind.WITHDRAWAL)}
_json: Final = msgspec.json.Encoder().encode
_read_note: Final = msgspec.msgpack.Decoder(Note).decode


class AccountsStage(SwappingStage[AccountsEngine]):
    """Judges each transfer with its account's profile."""

    name = "accounts"
    sources = (DEPOSITS, WITHDRAWALS)
    journal = JOURNAL_ACCOUNTS
    noted_by = COUNTERPARTIES

    def decode(self, partition: int, records: Sequence[Sequence[RawRecord]]) -> Work:
        """Transfers, in no order yet, and dead letters."""
        intake = Intake([], [])
        for topic, waiting in zip(self.sources, records, strict=True):
            _GATES[topic].admit(topic, partition, waiting, intake)
        return Work(intake, intake.accounts(), intake.destinations(self._engine.screen))

    def judge(
        self, work: Work, partition: int, states: MutableMapping[str, KeptProfile], memory: "EventMemory", judged_ms: int
    ) -> Judged:
        """Screen, profile and judge; here alerts and verdicts are born."""
        forgotten = [key for key in work.keys if states[key].is_forgotten(judged_ms)]
        states.update((key, KeptProfile()) for key in forgotten)
        notes = {address: _read_note(packed) for address, packed in work.notes.items()}
        outcome = self._engine.judge(work.content, partition, states, memory.seen, judged_ms, notes)
        messages = [verdict_message(verdict) for verdict in outcome.verdicts]
        messages += [alert_message(alert) for alert in outcome.alerts]
        messages += [deadletter_message(letter) for letter in outcome.deadletters]
        counts = outcome.counts
        return Judged(
            Outputs(messages, bundles_of(outcome.flows)),
            _writes(outcome.movements, states, judged_ms),
            (counts.deposits, counts.withdrawals, counts.duplicates, counts.deadletters),
            outcome.tally,
            _decisions(outcome.verdicts),
        )

    def fresh_state(self, key: str) -> KeptProfile:
        """The profile of an account never met; its first write is a whole one."""
        return KeptProfile()

    def load_state(self, key: str, packed: bytes) -> KeptProfile:
        """A profile from its snapshot and the movements since."""
        return stored_profile.load(packed)

    def open_memory(self, segments: Mapping[int, bytes]) -> "EventMemory":
        """Which events of the partition have been judged."""
        return EventMemory(Seen(dict(segments)))


class EventMemory(Memory):
    """The events judged in a partition, as the store keeps them."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen

    def take_changes(self) -> MemoryChanges:
        """What changed since the last call."""
        appended, expired = self.seen.take_changes()
        segments = self.seen.segments
        full = tuple([number for number in appended if number < segments.stop - 1])
        return MemoryChanges(appended, expired, segments, full)


def _writes(movements: Sequence[tuple[str, Movement]], states: Mapping[str, KeptProfile], judged_ms: int) -> Writes:
    """What becomes of the stored profiles."""
    of_account: dict[str, list[Movement]] = {}
    for account_id, movement in movements:
        if (known := of_account.get(account_id)) is None:
            of_account[account_id] = [movement]
        else:
            known.append(movement)
    writes = Writes()
    replaced, appended = writes.replaced, writes.appended
    for account_id, moved in of_account.items():
        packed, whole = stored_profile.add(states[account_id], moved, judged_ms)
        if whole:
            replaced[account_id] = packed
        else:
            appended[account_id] = packed
    return writes


def _decisions(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How often each decision was taken, by its name."""
    counts = {decision.value: 0 for decision in Decision}
    for verdict in verdicts:
        counts[verdict.decision._value_] += 1
    return counts


def verdict_message(verdict: Verdict) -> Message:
    """A verdict for its topic, keyed by account."""
    return Message(VERDICTS, verdict.account_id.encode(), _json(verdict))


def alert_message(alert: Alert) -> Message:
    """An alert for its topic, keyed by account."""
    return Message(ALERTS, alert.account_id.encode(), _json(alert))


def deadletter_message(letter: DeadLetter) -> Message:
    """A dead letter for its topic, keyed by the field at fault."""
    return Message(DEADLETTERS, letter.field.encode(), _json(letter))
