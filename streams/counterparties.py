"""The counterparties stage: flows in, keyed by address; alerts about addresses out."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from rules.address_state import AddressState
from rules.intake import RawRecord, dead_letter
from rules.messages import DeadLetter, Flow, Source
from rules.network import CounterpartiesEngine, keys
from rules.transfer import BadTransfer
from streams.accounts import alert_message, deadletter_message
from streams.delivery.stage import Judged, NoMemory, Outputs, Work, Writes
from streams.settings import COUNTERPARTIES, FLOWS, JOURNAL_COUNTERPARTIES
from streams.swapping import SwappingStage

_read_bundle: Final = msgspec.msgpack.Decoder(list[Flow]).decode
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(AddressState).decode


class CounterpartiesStage(SwappingStage[CounterpartiesEngine]):
    """Judges each flow with what is known of its address."""

    name = COUNTERPARTIES
    sources = (FLOWS,)
    journal = JOURNAL_COUNTERPARTIES

    def decode(self, partition: int, records: Sequence[Sequence[RawRecord]]) -> Work:
        """The flows of all bundles. The topic is ours alone, but one record nobody can read must not stop the rest."""
        flows: list[Flow] = []
        unread: list[DeadLetter] = []
        for offset, _, bundle in records[0]:
            try:
                flows += _read_bundle(bundle or b"")
            except msgspec.MsgspecError as error:
                bad = BadTransfer(f"not a bundle of flows: {error}")
                unread.append(dead_letter(bad, bundle, Source(FLOWS, partition, offset)))
        return Work((flows, unread), {key for flow in flows for key in keys(flow)})

    def judge(
        self, work: Work, partition: int, states: Mapping[str, AddressState], memory: NoMemory, judged_ms: int
    ) -> Judged:
        """Judge flows; here alerts about shared addresses are born."""
        flows, unread = work.content
        outcome = self._engine.judge(flows, states, judged_ms)
        messages = [alert_message(alert) for alert in outcome.alerts]
        messages += [deadletter_message(letter) for letter in unread]
        return Judged(
            Outputs(messages),
            Writes(
                replaced={key: _pack(states[key]) for key in sorted(outcome.addresses)},
                notes={address: _pack(note) for address, note in outcome.notes.items()},
            ),
            (len(flows), 0, 0, len(unread)),
            outcome.tally,
            {},
        )

    def fresh_state(self) -> AddressState:
        """The state of an address never met."""
        return AddressState()

    def load_state(self, packed: bytes) -> AddressState:
        """An address state from msgpack."""
        return _unpack(packed)
