"""The counterparties stage: flows in, keyed by address; alerts about addresses out."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from rules.address_state import AddressState
from rules.intake import RawRecord
from rules.messages import Flow
from rules.network import CounterpartiesEngine
from streams.accounts import alert_message
from streams.delivery.stage import Judged, NoMemory, Outputs, Stage, Work, Writes
from streams.settings import FLOWS, JOURNAL_COUNTERPARTIES

_read_bundle: Final = msgspec.msgpack.Decoder(list[Flow]).decode
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(AddressState).decode


class CounterpartiesStage(Stage):
    """Judges each flow with what is known of its address."""

    name = "counterparties"
    sources = (FLOWS,)
    journal = JOURNAL_COUNTERPARTIES
    list_hash = ""

    def __init__(self, engine: CounterpartiesEngine) -> None:
        self._engine = engine
        self.ruleset = engine.ruleset.hash

    def decode(self, partition: int, records: Sequence[Sequence[RawRecord]]) -> Work:
        """The flows of all bundles. Bundles are our own: one that cannot be read is a fault of ours, not bad input."""
        flows = [flow for _, _, bundle in records[0] if bundle is not None for flow in _read_bundle(bundle)]
        return Work(flows, {flow.address for flow in flows})

    def judge(
        self, work: Work, partition: int, states: Mapping[str, AddressState], memory: NoMemory, judged_ms: int
    ) -> Judged:
        """Judge flows; here alerts about shared addresses are born."""
        outcome = self._engine.judge(work.content, states, judged_ms)
        return Judged(
            Outputs([alert_message(alert) for alert in outcome.alerts], []),
            Writes(replaced={key: _pack(states[key]) for key in sorted(outcome.addresses)}),
            (len(work.content), 0, 0, 0),
            outcome.tally,
            {},
        )

    def fresh_state(self) -> AddressState:
        """The state of an address never met."""
        return AddressState()

    def load_state(self, packed: bytes) -> AddressState:
        """An address state from msgpack."""
        return _unpack(packed)
