"""The counterparties stage: flows in, keyed by address; alerts about addresses out."""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Final

import msgspec

from rules import list_log
from rules.address_state import AddressState
from rules.graph.network import Network
from rules.intake import RawRecord, dead_letter
from rules.messages import DeadLetter, Flow, ListMatch, Source
from rules.network import CounterpartiesEngine, keys
from rules.retroactive import LookingBack
from rules.transfer import BadTransfer, moment
from streams import lookback
from streams.accounts import alert_message, deadletter_message
from streams.delivery.stage import Judged, Memory, MemoryChanges, Outputs, Work, Writes
from streams.settings import COUNTERPARTIES, FLOWS, JOURNAL_COUNTERPARTIES, LISTS
from streams.swapping import SwappingStage

_read_bundle: Final = msgspec.msgpack.Decoder(list[Flow]).decode
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(AddressState).decode


class Content(msgspec.Struct, frozen=True):
    """What a batch holds."""

    flows: list[Flow]
    unread: list[DeadLetter]
    lists: list[tuple[int, list_log.Record]]


class CounterpartiesStage(SwappingStage[CounterpartiesEngine]):
    """Judges each flow with what is known of its address."""

    name = COUNTERPARTIES
    sources = (FLOWS, LISTS)
    journal = JOURNAL_COUNTERPARTIES

    def decode(self, partition: int, records: Sequence[Sequence[RawRecord]]) -> Work:
        """The flows of all bundles, and what is new on the topic of lists.

        The topic of flows is ours alone, but one record nobody can read must not stop the rest.
        """
        flows: list[Flow] = []
        unread: list[DeadLetter] = []
        for offset, _, bundle in records[0]:
            try:
                flows += _read_bundle(bundle or b"")
            except msgspec.MsgspecError as error:
                bad = BadTransfer(f"not a bundle of flows: {error}")
                unread.append(dead_letter(bad, bundle, Source(FLOWS, partition, offset)))
        lists = [(offset, record) for offset, _, value in records[1] if (record := list_log.read(value)) is not None]
        needed = {key for flow in flows for key in keys(flow)} | {lookback.SEEN}
        return Work(Content(flows, unread, lists), needed, settled=bool(lists))

    def follow(self, work: Work, states: Mapping[str, Any]) -> set[str]:
        """What a change of lists has to look up."""
        return lookback.wanted(work.content.lists, work.content.flows, states)

    def judge(
        self, work: Work, partition: int, states: MutableMapping[str, Any], memory: "NetworkMemory", judged_ms: int
    ) -> Judged:
        """Judge flows; here alerts about addresses and the network are born, and those about the past when lists change."""
        flows, unread, lists = work.content.flows, work.content.unread, work.content.lists
        owners = _learned(flows, memory.network)
        outcome = self._engine.judge(flows, states, judged_ms, memory.network)
        writes = Writes(
            replaced={key: _pack(states[key]) for key in sorted(outcome.addresses)},
            notes={address: _pack(note) for address, note in outcome.notes.items()},
        )
        rules, exceptions = self._engine.ruleset, self._engine.knowledge.exceptions
        back = LookingBack(
            rules.lookback_rules, exceptions, outcome.tally, ruleset_hash=self.ruleset, detected_at=moment(judged_ms)
        )
        lookback.own(owners, writes)
        lookback.remember(sorted(flows), states[lookback.SEEN], states, back, writes)
        if lists:
            parties = lookback.look_back(lists, partition, states, flows, back, self._listed_elsewhere, writes)
            memory.network.follow(parties)
            lookback.forget(work.keys, states)
        messages = [alert_message(alert) for alert in (*outcome.alerts, *back.alerts)]
        messages += [deadletter_message(letter) for letter in unread]
        return Judged(Outputs(messages), writes, (len(flows), 0, 0, len(unread)), outcome.tally, {})

    def _listed_elsewhere(self, address: str, match: ListMatch) -> bool:
        """Whether another entry lists the address, too, by the lists in force here."""
        watchlist = self._engine.knowledge.watchlist
        found = watchlist.literal(address) if watchlist is not None else None
        met = (found, *found.others) if found is not None else ()
        return any((one.list_name, one.entry_id) != (match.name, match.entry_id) for one in met)

    def fresh_state(self, key: str) -> Any:
        """The state of an address never met, or of what is kept for looking back."""
        return lookback.fresh(key) if lookback.is_own(key) else AddressState()

    def load_state(self, key: str, packed: bytes) -> Any:
        """A state from its stored bytes."""
        return lookback.load(key, packed) if lookback.is_own(key) else _unpack(packed)

    def open_memory(self, segments: Mapping[int, bytes]) -> "NetworkMemory":
        """The network from its stored log."""
        return NetworkMemory(Network(segments))


class NetworkMemory(Memory):
    """The network of first contacts: one partition holds all of it."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def take_changes(self) -> MemoryChanges:
        """What was noted since the last call, and the days forgotten."""
        appended, expired = self.network.take_changes()
        return MemoryChanges(appended, expired, self.network.days)


def _learned(flows: Sequence[Flow], network: Network) -> dict[str, str]:
    """The own addresses that some flows tell and the network has not known yet, with their accounts."""
    owner = network.graph.owner
    told = [(flow.own_address, flow.account_id) for flow in sorted(flows) if flow.own_address]
    return {address: account_id for address, account_id in told if owner(address) != account_id}
