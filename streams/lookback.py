"""What the counterparties stage keeps for looking back, under which keys, and which of it a change of lists needs.

Dealings are only ever appended to: a flow loads nothing of them. They are read when a list changes, by address; what is
known of the accounts behind the address follows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Final

import msgspec

from rules.list_log import Announced, Record
from rules.messages import Flow, ListMatch, Source
from rules.name_keys import name_keys
from rules.retroactive import (
    FOLLOWED,
    Bearer,
    Dealing,
    Difference,
    ListsSeen,
    LookingBack,
    Lookups,
    dealing_of,
    difference_of,
    middlemen,
    own_addresses,
)
from streams.delivery.stage import Writes, framed, parts
from streams.settings import LISTS

# No canonical address holds a blank, so that these are nobody's.
SEEN: Final = "lists seen"
_DEALT: Final = "dealt "
_CONTACTS: Final = "contacts "
_OWNER: Final = "owner "
_NAMED: Final = "named "

_pack: Final = msgspec.msgpack.Encoder().encode
_read_dealing: Final = msgspec.msgpack.Decoder(Dealing).decode
_read_bearer: Final = msgspec.msgpack.Decoder(Bearer).decode
_read_seen: Final = msgspec.msgpack.Decoder(ListsSeen).decode

ListRecords = Sequence[tuple[int, Record]]  # offset, record
Elsewhere = Callable[[str, ListMatch], bool]  # whether an address is listed by another entry, too


def is_own(key: str) -> bool:
    """Whether a state is one of these."""
    return key == SEEN or is_read_once(key)


def is_read_once(key: str) -> bool:
    """Whether a state is appended to without being loaded, so that it must not be kept in memory."""
    return key.startswith((_DEALT, _CONTACTS, _OWNER, _NAMED))


def fresh(key: str) -> Any:
    """A state nothing was written to."""
    return ListsSeen() if key == SEEN else "" if key.startswith(_OWNER) else []


def load(key: str, packed: bytes) -> Any:
    """A state from its stored bytes."""
    if key == SEEN:
        return _read_seen(packed)
    if key.startswith(_OWNER):
        return packed.decode()
    if key.startswith(_DEALT):
        return [_read_dealing(part) for part in parts(packed)]
    if key.startswith(_NAMED):
        return [_read_bearer(part) for part in parts(packed)]
    return [part.decode() for part in parts(packed)]


def remember(flows: Iterable[Flow], seen: ListsSeen, states: Mapping[str, Any], back: LookingBack, writes: Writes) -> None:
    """Note the first contacts, and tell of those whose address was listed while they were judged by the lists before."""
    appended, replaced = writes.appended, writes.replaced
    for flow in flows:
        if not flow.first and not flow.names:
            continue
        match = seen.recent.get(flow.address) if flow.first and not flow.listed else None
        if match is not None:
            back.late(flow, match)
        dealing = dealing_of(flow, screened=flow.listed or match is not None)
        told: list[tuple[str, Any, bytes]] = []
        if flow.first:
            told.append((_DEALT + flow.address, dealing, _pack(dealing)))
            told.append((_CONTACTS + flow.account_id, flow.address, flow.address.encode()))
        for named in flow.names:
            bearer = Bearer(named, flow.address, dealing)
            told += [(_NAMED + key, bearer, _pack(bearer)) for key in name_keys(named.name)]
        for key, value, part in told:
            appended[key] = appended.get(key, b"") + framed(part)
            if (held := states.get(key)) is not None:
                held.append(value)
        if flow.own_address:
            replaced[_OWNER + flow.own_address] = flow.account_id.encode()


def look_back(
    records: ListRecords,
    partition: int,
    states: Mapping[str, Any],
    flows: Iterable[Flow],
    back: LookingBack,
    listed_elsewhere: Elsewhere,
    writes: Writes,
) -> None:
    """Read what has come on the topic of lists, and tell what it says about the past."""
    seen: ListsSeen = states[SEEN]
    owners = {key.removeprefix(_OWNER): value for key, value in states.items() if key.startswith(_OWNER) and value}
    owners |= {flow.own_address: flow.account_id for flow in flows if flow.own_address}
    found = Lookups(_Prefixed(states, _DEALT), _Prefixed(states, _CONTACTS), owners, _Prefixed(states, _NAMED))
    for offset, record in records:
        announced = seen.take(record)
        if announced is None:
            continue
        difference = _told(announced, listed_elsewhere)
        back.change(difference, found, Source(LISTS, partition, offset))
        seen.learn(difference)
    if records:
        writes.replaced[SEEN] = _pack(seen)


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
    for _, record in records:
        announced = trial.take(record)
        if announced is not None:
            difference = difference_of(announced)
            trial.learn(difference)
            keys |= {_NAMED + key for match in difference.named for key in name_keys(match.matched)}
            for address in (*difference.listed, *difference.delisted):
                keys |= _around(address, address in difference.listed, flows, states)
    return keys


def _around(address: str, listed: bool, flows: Sequence[Flow], states: Mapping[str, Any]) -> set[str]:
    """The states of an address, of the accounts that dealt with it, and of what leads one hop on."""
    keys = {_DEALT + address}
    known = states.get(_DEALT + address)
    if known is None or not listed:
        return keys
    now = [dealing_of(flow, screened=False) for flow in flows if flow.first and flow.address == address]
    owned = {flow.own_address for flow in flows}
    for account_id, dealings in middlemen([*known, *now]).items():
        keys |= {_DEALT + own for own in own_addresses(dealings)}
        keys.add(_CONTACTS + account_id)
        contacts = [*(states.get(_CONTACTS + account_id) or [])]
        contacts += [flow.address for flow in flows if flow.first and flow.account_id == account_id]
        keys |= {_OWNER + contact for contact in contacts[:FOLLOWED]}
        keys |= {_DEALT + one for one in contacts[:FOLLOWED] if one in owned or states.get(_OWNER + one)}
    return keys


def _told(announced: Announced, listed_elsewhere: Elsewhere) -> Difference:
    """A delisting of an address that another entry still lists is none."""
    difference = difference_of(announced)
    gone = {key: match for key, match in difference.delisted.items() if not listed_elsewhere(key, match)}
    return Difference(difference.listed, gone, difference.named)


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
