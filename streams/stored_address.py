"""A counterparty address as the store keeps it: whose it is, who dealt with it first, and its state, as one value.

As long as there is room the dealings that changed its contacts are kept, which are what is left when those are taken in one
after the other. Otherwise the contacts stand beside the first dealings. So they do for devices and accounts.
"""

from typing import Final

import msgspec

from rules.address_state import AddressState, Contact
from rules.circles import Circle
from rules.messages import Flow
from rules.past import Dealing
from rules.profile import DAY_MS
from rules.stories import Stories
from streams.compact import Address, Name, address, address_of, amount, amount_of, name, name_of, part, parts
from streams.delivery.stage import FORGOTTEN_DAYS

# Judgement: twice the contacts that make an address a service. Dealings beyond them are kept elsewhere.
DEALINGS: Final = 64
_INFLOW: Final = 1
_SCREENED: Final = 2
_AGAIN: Final = 4  # no first dealing: it takes the place of a contact's transfer

_pack: Final = msgspec.msgpack.Encoder().encode


class KeptAddress(AddressState):
    """An address state, and what else the store has of the address: whose own it is, and its first dealings.

    `is_plain`: the contacts are what the dealings leave; `is_waiting`: they have not been taken in. `kept_day`: when it
    was written last.
    """

    owner: str = ""
    dealt: bytes = b""
    dealings: int = 0
    base_ms: int = 0
    is_plain: bool = True
    is_waiting: bool = False
    kept_day: int = 0

    def is_forgotten(self, judged_ms: int) -> bool:
        """Whether nothing was heard of the address for so long that nothing is known of it any more."""
        return 0 < self.kept_day < judged_ms // DAY_MS - FORGOTTEN_DAYS

    def deal(self, flow: Flow) -> bool:
        """Keep a flow that is a first dealing, or changed the contacts; False when there is no room."""
        if self.dealings >= DEALINGS:
            return False
        if not self.dealings:
            self.base_ms = flow.occurred_ms
        flags = _INFLOW if flow.inflow else 0
        if flow.listed:
            flags |= _SCREENED
        if not flow.first:
            flags |= _AGAIN
        always = (
            flow.account_id,
            flow.occurred_ms - self.base_ms,
            flags,
            flow.value,
            flow.event_id,
            amount(flow.amount, flow.value),
            name(flow.asset),
            address(flow.own_address) if flow.first else "",
        )
        self.dealt += part(_pack((*always, flow.labelled) if flow.labelled else always))
        self.dealings += 1
        return True

    def stand_alone(self) -> None:
        """Keep the contacts beside the first dealings from now on."""
        if self.is_plain:
            self.is_plain = False
            first = [one for one in parts(self.dealt) if not _read_dealing(one).flags & _AGAIN]
            self.dealt, self.dealings = b"".join(map(part, first)), len(first)

    def wake(self) -> None:
        """Take in the dealings, so that the state can be judged."""
        if self.is_waiting:
            self.is_waiting = False
            for one in parts(self.dealt):
                if self.service:
                    return
                self.add(_flow(_read_dealing(one), self.base_ms))

    def first_dealings(self) -> list[Dealing]:
        """Who dealt with the address first, as far as there was room here."""
        every = map(_read_dealing, parts(self.dealt))
        return [_dealing(one, self.base_ms) for one in every if not one.flags & _AGAIN]


class _Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    kept_day: int
    base_ms: int
    dealings: int
    owner: str = ""
    stories: Stories = msgspec.field(default_factory=Stories)
    circle: Circle = msgspec.field(default_factory=Circle)
    contacts: list[Contact] | None = None  # None: what the dealings leave
    service: bool = False


class _Dealing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    account_id: str
    after_ms: int
    flags: int
    value: int
    event_id: str
    amount: str
    asset: Name
    own_address: Address
    labelled: int = 0


_read_head: Final = msgspec.msgpack.Decoder(_Head).decode
_read_dealing: Final = msgspec.msgpack.Decoder(_Dealing).decode


def stored(state: KeptAddress, judged_ms: int) -> bytes:
    """What the store keeps of an address. Depends on nothing but the batches, so that a replay leaves the same bytes."""
    state.kept_day = judged_ms // DAY_MS
    head: tuple[object, ...] = (state.kept_day, state.base_ms, state.dealings)
    is_bare = not (state.stories.told or state.stories.floor_ms or state.circle.members)
    if not (is_bare and state.is_plain):
        contacts = None if state.is_plain else state.contacts
        head = (*head, state.owner, state.stories, state.circle, contacts, state.service)
    elif state.owner:
        head = (*head, state.owner)
    return part(_pack(head)) + state.dealt


def load(packed: bytes) -> KeptAddress:
    """An address state from what `stored` has left, to be woken before it is judged."""
    first = next(parts(packed))
    head = _read_head(first)
    state = KeptAddress(
        stories=head.stories,
        circle=head.circle,
        owner=head.owner,
        dealt=packed[len(part(first)) :],
        dealings=head.dealings,
        base_ms=head.base_ms,
        is_waiting=head.contacts is None,
        is_plain=head.contacts is None,
        kept_day=head.kept_day,
    )
    if head.contacts is not None:
        state.contacts, state.service = head.contacts, head.service
    return state


def _flow(one: _Dealing, base_ms: int) -> Flow:
    """A flow as far as an address state takes it in."""
    asset = name_of(one.asset)
    place = (base_ms + one.after_ms, "", 0, 0, "", one.account_id, bool(one.flags & _INFLOW))
    return Flow(*place, one.value, one.event_id, amount_of(one.amount, one.value), asset, "", True)


def _dealing(one: _Dealing, base_ms: int) -> Dealing:
    return Dealing(
        one.account_id,
        bool(one.flags & _INFLOW),
        base_ms + one.after_ms,
        one.value,
        one.event_id,
        amount_of(one.amount, one.value),
        name_of(one.asset),
        address_of(one.own_address),
        bool(one.flags & _SCREENED),
        one.labelled,
    )
