"""The counterparties stage: flows in, keyed by address; alerts about addresses out."""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Final

import msgspec

from rules import list_log
from rules.graph.network import Network
from rules.intake import RawRecord, dead_letter
from rules.messages import DeadLetter, Flow, ListMatch, Source
from rules.network import CounterpartiesEngine, keys
from rules.profile import DAY_MS
from rules.retroactive import LookingBack
from rules.transfer import BadTransfer, moment
from streams import lookback, stored_address
from streams.accounts import alert_message, deadletter_message
from streams.delivery.stage import FORGOTTEN_DAYS, REFRESHED_DAYS, Judged, Memory, MemoryChanges, Outputs, Work, Writes
from streams.settings import COUNTERPARTIES, FLOWS, JOURNAL_COUNTERPARTIES, LISTS
from streams.stored_address import KeptAddress
from streams.swapping import SwappingStage

_LATE_DAYS: Final = 2  # judgement: the days of the network's log that something may still be noted on

_read_bundle: Final = msgspec.msgpack.Decoder(list[Flow]).decode
_pack: Final = msgspec.msgpack.Encoder().encode


class Content(msgspec.Struct, frozen=True):
    """What a batch holds; `judged` are the keys of the states that judging the flows needs, `own` those of own addresses."""

    flows: list[Flow]
    judged: set[str]
    own: set[str]
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
        judged = {key for flow in flows for key in keys(flow)}
        own = {flow.own_address for flow in flows if flow.own_address}
        return Work(Content(flows, judged, own, unread, lists), {lookback.SEEN} | judged | own, settled=bool(lists))

    def follow(self, work: Work, states: Mapping[str, Any]) -> set[str]:
        """What a change of lists has to look up."""
        return lookback.wanted(work.content.lists, work.content.flows, states)

    def judge(
        self, work: Work, partition: int, states: MutableMapping[str, Any], memory: "NetworkMemory", judged_ms: int
    ) -> Judged:
        """Judge flows; here alerts about addresses and the network are born, and those about the past when lists change."""
        flows, unread, lists = sorted(work.content.flows), work.content.unread, work.content.lists
        services, due = _made_ready(work, states, judged_ms)
        owned = _learned(flows, states)
        outcome = self._engine.judge(flows, states, judged_ms, memory.network)
        writes = Writes(notes={address: _pack(note) for address, note in outcome.notes.items()})
        rules, exceptions = self._engine.ruleset, self._engine.knowledge.exceptions
        back = LookingBack(
            rules.lookback_rules, exceptions, outcome.tally, ruleset_hash=self.ruleset, detected_at=moment(judged_ms)
        )
        changed = outcome.addresses - services
        past = states if lists else {}
        noted, full = lookback.remember(flows, owned, states[lookback.SEEN], states, past, changed, back, writes)
        full -= services
        for key in outcome.addresses:
            if " " in key or key in full:
                states[key].stand_alone()
        for key in sorted(outcome.addresses | noted | {address for address, _ in owned} | due):
            writes.replaced[key] = stored_address.stored(states[key], judged_ms)
        if lists:
            parties = lookback.look_back(lists, partition, states, back, self._listed_elsewhere, writes)
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
        return lookback.fresh(key) if lookback.is_own(key) else KeptAddress()

    def load_state(self, key: str, packed: bytes) -> Any:
        """A state from its stored bytes."""
        return lookback.load(key, packed) if lookback.is_own(key) else stored_address.load(packed)

    def open_memory(self, segments: Mapping[int, bytes]) -> "NetworkMemory":
        """The network from its stored log."""
        return NetworkMemory(Network(segments))


class NetworkMemory(Memory):
    """The network of first contacts: one partition holds all of it."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._settled = network.days.stop - _LATE_DAYS

    def take_changes(self) -> MemoryChanges:
        """What was noted since the last call, and the days forgotten."""
        appended, expired = self.network.take_changes()
        days = self.network.days
        settled = tuple(range(max(days.start, self._settled), days.stop - _LATE_DAYS))
        self._settled = max(self._settled, days.stop - _LATE_DAYS)
        return MemoryChanges(appended, expired, days, settled)


def _learned(flows: Sequence[Flow], states: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Note whose the own addresses are that some flows tell; those of whom that is new, with their accounts.

    With nobody's when one turns out to be shared, and so it stays.
    """
    learned: list[tuple[str, str]] = []
    for flow in flows:
        if not flow.own_address:
            continue
        state = states[flow.own_address]
        if state.owner == "":
            state.owner = flow.account_id
            learned.append((flow.own_address, flow.account_id))
        elif state.owner is not None and state.owner != flow.account_id:
            state.owner = None
            learned.append((flow.own_address, ""))
    return learned


def _made_ready(work: Work, states: MutableMapping[str, Any], judged_ms: int) -> tuple[set[str], set[str]]:
    """Forget of whom nothing was heard for years, and let states be judged.

    Returns the addresses that are services already, and the states whose expiry has to be put off.
    """
    today = judged_ms // DAY_MS
    for key in work.keys:
        state = states[key]
        if isinstance(state, KeptAddress) and 0 < state.kept_day < today - FORGOTTEN_DAYS:
            states[key] = KeptAddress()
    content: Content = work.content
    for key in content.judged:
        if states[key].is_waiting:
            states[key].wake()
    services = {key for key in {flow.address for flow in content.flows} if states[key].service}
    due = {key for key in content.judged | content.own if 0 < states[key].kept_day <= today - REFRESHED_DAYS}
    return services, due
