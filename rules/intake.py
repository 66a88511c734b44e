"""From raw records to an ordered batch of checked transfers, with a dead letter for each that is none."""

from collections.abc import Iterable
from typing import Final

import msgspec

from rules.messages import DeadLetter, Source
from rules.screening import Screen
from rules.seen import Fingerprint, fingerprint
from rules.transfer import BadTransfer, Kind, Transfer, read_transfer, time_ms, value_micros

RawRecord = tuple[int, bytes | None, bytes | None]  # offset, key, value

# (occurred_ms, topic, offset, value in micro-dollars, transfer, as it came, when the account was opened if it says so, what
# the event is recognised by): sorts by event time, then topic, then offset
Item = tuple[int, str, int, int, Transfer, bytes, int | None, Fingerprint]

_LARGEST_ORIGINAL: Final = 512 * 1024  # judgement: bytes of a bad message that its dead letter carries


class Intake(msgspec.Struct):
    """One batch after decoding: transfers in the order in which they are judged, and what was no transfer."""

    items: list[Item]
    deadletters: list[DeadLetter]

    def accounts(self) -> set[str]:
        """Whose profiles the batch needs."""
        return {item[4].account_id for item in self.items}

    def destinations(self, screen: Screen) -> set[str]:
        """The canonical addresses that the batch's withdrawals go to, as far as they can be read."""
        found: set[str] = set()
        look_up, withdrawal = screen.look_up, Kind.WITHDRAWAL
        for _, _, _, _, transfer, *_ in self.items:
            if transfer.kind is withdrawal:
                found.update(look_up(transfer.addresses, transfer.network).addresses)
        return found


class Gate:
    """Checks the records of one input topic: contract, key, and that the kind belongs on the topic."""

    def __init__(self, kind: Kind | None = None, *, keyed: bool = True) -> None:
        self._kind = kind  # None: both kinds may come
        self._keyed = keyed  # whether records carry the account as their key, as on Kafka

    def admit(self, topic: str, partition: int, records: Iterable[RawRecord], into: Intake) -> None:
        """Decode and check records, appending each to the batch as an item or as a dead letter."""
        items, kind, keyed = into.items, self._kind, self._keyed
        for offset, key, value in records:
            try:
                if value is None:
                    raise BadTransfer("the message has no value")
                transfer = read_transfer(value)
                if keyed and key != transfer.account_id.encode():
                    raise _bad_key(key)
                if kind is not None and transfer.kind is not kind:
                    raise BadTransfer(f"a {transfer.kind} does not belong on this topic", "kind")
                facts, opened_ms = transfer.account, None
                if facts is not None and facts.opened_at is not None:
                    opened_ms = time_ms(facts.opened_at, "account.opened_at")
                occurred_ms, micros = time_ms(transfer.occurred_at), value_micros(transfer.value_usd)
                items.append((occurred_ms, topic, offset, micros, transfer, value, opened_ms, fingerprint(transfer)))
            except BadTransfer as bad:
                into.deadletters.append(dead_letter(bad, value, Source(topic, partition, offset)))


def dead_letter(bad: BadTransfer, value: bytes | None, source: Source) -> DeadLetter:
    """The dead letter for a message; of a very long one it carries the beginning."""
    return DeadLetter(reason=bad.reason, field=bad.field, original=(value or b"")[:_LARGEST_ORIGINAL], source=source)


def _bad_key(key: bytes | None) -> BadTransfer:
    said = "the message has no key; it must be the account_id" if key is None else "the key is not the account_id"
    return BadTransfer(said, "key")
