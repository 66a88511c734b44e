"""What the counterparties stage keeps for looking back, under which keys, and which of it a change of lists needs.

First dealings stand with the state of their address (`streams.stored_address`), as far as there is room. All else is only
ever appended to: a flow loads nothing of it. It is read when a list changes, by address; what is known of the accounts
behind the address follows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence, Set
from typing import Any, Final

import msgspec

from rules.change import Change
from rules.illicit import Party, parties_of
from rules.list_log import Record
from rules.lists import ListEntry
from rules.lists_seen import ListsSeen
from rules.messages import Flow, ListMatch, Source
from rules.name_keys import ID_BYTES, name_id, name_keys
from rules.past import (
    FOLLOWED,
    Bearer,
    Dealing,
    Full,
    Past,
    alike,
    dealing_of,
    middlemen,
    sought_for,
)
from rules.retroactive import LookingBack
from streams import compact
from streams.delivery.stage import Writes, framed, parts
from streams.settings import LISTS
from streams.stored_address import KeptAddress

# No canonical address holds a blank, so that these are nobody's.
SEEN: Final = "lists seen"
_DEALT: Final = "dealt "
_CONTACTS: Final = "met "
_NAMED: Final = "named "
_BEARERS: Final = "bearers "

# Bytes beyond which nothing is added, judgement: some 6,000 accounts of an address (one of many more is no party's own),
# what is followed of an account, 1,000 accounts whose transfers name the same name, half a million names with the same word.
_LIMITS: Final = {_DEALT: 1 << 19, _CONTACTS: 1 << 15, _BEARERS: 1 << 18, _NAMED: 1 << 22}

_pack: Final = msgspec.msgpack.Encoder().encode
_read_dealing: Final = msgspec.msgpack.Decoder(Dealing).decode
_read_bearer: Final = msgspec.msgpack.Decoder(Bearer).decode
_read_seen: Final = msgspec.msgpack.Decoder(ListsSeen).decode

ListRecords = Sequence[tuple[int, Record]]  # offset, record
Elsewhere = Callable[[str, ListMatch], bool]  # whether an address is listed by another entry, too


class OfAccount:
    """The addresses of an account: those that it dealt with, in the order in which it met them, and its own."""

    def __init__(self) -> None:
        self.met: list[str] = []
        self.own: list[str] = []

    def append(self, address: tuple[str, bool]) -> None:
        """Take in an address, and whether it is the account's own."""
        text, own = address
        (self.own if own else self.met).append(text)


def is_own(key: str) -> bool:
    """Whether a state is one of these."""
    return key == SEEN or is_read_once(key)


def is_read_once(key: str) -> bool:
    """Whether a state is appended to without being loaded, so that it must not be kept in memory."""
    return key.startswith((_DEALT, _CONTACTS, _NAMED, _BEARERS))


def fresh(key: str) -> Any:
    """A state nothing was written to."""
    return ListsSeen() if key == SEEN else OfAccount() if key.startswith(_CONTACTS) else []


def load(key: str, packed: bytes) -> Any:
    """A state from its stored bytes."""
    if key == SEEN:
        return _read_seen(packed)
    if key.startswith(_DEALT):
        dealings = [_read_dealing(part) for part in parts(packed, _LIMITS[_DEALT])]
        return Full(dealings) if len(packed) >= _LIMITS[_DEALT] else dealings
    if key.startswith(_NAMED):
        return [packed[at : at + ID_BYTES] for at in range(0, min(len(packed), _LIMITS[_NAMED]), ID_BYTES)]
    if key.startswith(_BEARERS):
        return [_read_bearer(part) for part in parts(packed, _LIMITS[_BEARERS])]
    of_account = OfAccount()
    for address in compact.each_alone(packed, _LIMITS[_CONTACTS]):
        of_account.append(address)
    return of_account


def remember(
    flows: Iterable[Flow],
    owned: Sequence[tuple[str, str]],
    seen: ListsSeen,
    states: Mapping[str, Any],
    past: Mapping[str, Any],
    changed: Set[str],
    back: LookingBack,
    writes: Writes,
) -> tuple[set[str], set[str]]:
    """Note the first contacts, and tell of those whose address was listed while they were judged by the lists before.

    `owned` are own addresses with their accounts, of which that was not known, or with nobody's. `past` are the states among
    which is what a change of lists needs of the past, if there is one. `changed` are addresses of which others may have
    changed the contacts, too. Returns the addresses whose states have more dealings now, and those that had no room.
    """
    noted, full = set[str](), set[str]()

    def note(kind: str, of: str, value: Any, part: bytes) -> None:
        key = kind + of
        writes.remember(key, _LIMITS[kind], part)
        if (held := past.get(key)) is not None:
            held.append(value)

    for address, account_id in owned:
        if account_id:
            note(_CONTACTS, account_id, (address, True), compact.alone(address, own=True))
    for flow in flows:
        address = flow.address
        if flow.first:
            for change in seen.missed(address, listed=flow.listed, labelled=flow.labelled):
                back.late(flow, change)
            if states[address].deal(flow):
                noted.add(address)
            else:
                full.add(address)
                dealing = dealing_of(flow, screened=flow.listed, labelled=flow.labelled)
                note(_DEALT, address, dealing, framed(_pack(dealing)))
            note(_CONTACTS, flow.account_id, (address, False), compact.alone(address))
        elif address in changed and states[address].is_plain:
            (noted if states[address].deal(flow) else full).add(address)
        for named in flow.names:
            dealing = dealing_of(flow, screened=flow.listed, labelled=flow.labelled)
            bearer, number = Bearer(named, address, dealing), name_id(named.name)
            note(_BEARERS, number.hex(), bearer, framed(_pack(bearer)))
            for key in name_keys(named.name):
                note(_NAMED, key, number, number)
    return noted, full


def look_back(
    records: ListRecords,
    partition: int,
    states: Mapping[str, Any],
    back: LookingBack,
    listed_elsewhere: Elsewhere,
    writes: Writes,
) -> dict[str, Party]:
    """Read what has come on the topic of lists, and tell what it says about the past; whose value is followed now."""
    parties: dict[str, Party] = {}
    seen: ListsSeen = states[SEEN]
    of_account = _Prefixed(states, _CONTACTS)
    found = Past(
        _Dealings(states),
        {account_id: known.met for account_id, known in of_account.items()},
        {account_id: known.own for account_id, known in of_account.items()},
        _Owners(states),
        _Prefixed(states, _NAMED),
        _Prefixed(states, _BEARERS),
    )
    for offset, record in records:
        change = seen.take(record, offset)
        if change is None:
            continue
        change = _told(change, listed_elsewhere)
        found.now_ms = change.at_ms
        back.change(change, found, Source(LISTS, partition, offset))
        seen.learn(change)
        parties |= parties_of(change)
    if records:
        writes.lasting[SEEN] = _pack(seen)
    return parties


def forget(keys: Iterable[str], states: MutableMapping[str, Any]) -> None:
    """Let go of what is appended to without being loaded: a copy in memory would grow old."""
    for key in filter(is_read_once, keys):
        states.pop(key, None)


def wanted(records: ListRecords, flows: Sequence[Flow], states: Mapping[str, Any]) -> set[str]:
    """Which states the records need, as far as those already loaded tell: asked again until nothing is new."""
    if SEEN not in states:
        return {SEEN}
    trial = _read_seen(_pack(states[SEEN]))
    keys: set[str] = set()
    for offset, record in records:
        change = trial.take(record, offset)
        if change is not None:
            trial.learn(change)
            for new in change.named:
                keys |= _bearing(new.entries, states)
            followed = {*change.listed, *(address for address, label in change.relabelled.items() if label.leads_on)}
            for address in (*change.listed, *change.delisted, *change.relabelled):
                keys |= _around(address, address in followed, flows, states)
    return keys


def _bearing(entries: Sequence[ListEntry], states: Mapping[str, Any]) -> set[str]:
    """The states of the keys of listed names, and then of those who may bear them."""
    keys = {_NAMED + key for sought in sought_for(entries) for word in sought for key in word.every}
    if keys <= states.keys():
        keys |= {_BEARERS + each for each in alike(entries, _Prefixed(states, _NAMED))}
    return keys


def _around(address: str, followed: bool, flows: Sequence[Flow], states: Mapping[str, Any]) -> set[str]:
    """The states of an address, of the accounts that dealt with it, and of what leads one hop on."""
    keys = {address, _DEALT + address}
    known = _Dealings(states).get(address)
    if known is None or not followed:
        return keys
    now = [dealing_of(flow, screened=False) for flow in flows if flow.first and flow.address == address]
    owned = {flow.own_address for flow in flows}
    for account_id in middlemen([*known, *now]):
        keys.add(_CONTACTS + account_id)
        of_account = states.get(_CONTACTS + account_id) or OfAccount()
        own = {*of_account.own[:FOLLOWED], *(flow.own_address for flow in flows if flow.account_id == account_id)} - {""}
        keys |= {*own, *(_DEALT + one for one in own)}
        contacts = [*of_account.met]
        contacts += [flow.address for flow in flows if flow.first and flow.account_id == account_id]
        keys.update(contacts[:FOLLOWED])
        known_owners = _Owners(states)
        keys |= {_DEALT + one for one in contacts[:FOLLOWED] if one in owned or one in known_owners}
    return keys


def _told(change: Change, listed_elsewhere: Elsewhere) -> Change:
    """A delisting of an address that another entry still lists is none."""
    gone = {key: match for key, match in change.delisted.items() if not listed_elsewhere(key, match)}
    return msgspec.structs.replace(change, delisted=gone)


class _Dealings(Mapping[str, Sequence[Dealing]]):
    """The first dealings by address: those that stand with the state, and those that had no room there."""

    def __init__(self, states: Mapping[str, Any]) -> None:
        self._states = states

    def __getitem__(self, address: str) -> Sequence[Dealing]:
        more = self._states[_DEALT + address]
        dealings = [*self._states[address].first_dealings(), *more]
        return Full(dealings) if isinstance(more, Full) else dealings

    def __iter__(self) -> Iterator[str]:
        return (key.removeprefix(_DEALT) for key in self._states if key.startswith(_DEALT))

    def __len__(self) -> int:
        return sum(key.startswith(_DEALT) for key in self._states)


class _Owners(Mapping[str, str]):
    """The accounts of own addresses."""

    def __init__(self, states: Mapping[str, Any]) -> None:
        self._states = states

    def __getitem__(self, address: str) -> str:
        owner: str | None = self._states[address].owner
        if not owner:
            raise KeyError(address)
        return owner

    def __iter__(self) -> Iterator[str]:
        return (key for key, state in self._states.items() if isinstance(state, KeptAddress) and state.owner)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Prefixed(Mapping[str, Any]):
    """The states of one kind by what follows the prefix."""

    def __init__(self, states: Mapping[str, Any], prefix: str) -> None:
        self._states = states
        self._prefix = prefix

    def __getitem__(self, name: str) -> Any:
        return self._states[self._prefix + name]

    def __iter__(self) -> Iterator[str]:
        return (key.removeprefix(self._prefix) for key in self._states if key.startswith(self._prefix))

    def __len__(self) -> int:
        return sum(key.startswith(self._prefix) for key in self._states)
