"""A counterparty address as the store keeps it: whose it is, who dealt with it first, and its state, as one value.

As long as there is room the dealings that changed its contacts are kept, which are what is left when those are taken in one
after the other. Otherwise the contacts stand beside the first dealings. So they do for devices and accounts.
"""

from typing import Final

import msgspec

from rules.address_state import AddressState, Contact
from rules.circles import Circle, Member
from rules.messages import Flow
from rules.past import Dealing
from rules.profile import DAY_MS
from rules.stories import Stories
from streams import compact
from streams.compact import Form, Identifier, Name, part, parts

# Judgement: twice the contacts that make an address a service. Dealings beyond them are kept elsewhere.
DEALINGS: Final = 64
_INFLOW: Final = 1
_SCREENED: Final = 2
_AGAIN: Final = 4  # no first dealing: it takes the place of a contact's transfer

_pack: Final = msgspec.msgpack.Encoder().encode


class KeptAddress(AddressState, gc=False):
    """An address state, and what else the store has of the address: whose own it is, and its first dealings.

    `owner`: None when several accounts called it their own, as where customers share an address and are told apart by a tag.
    `is_plain`: the contacts are what the dealings leave; `is_waiting`: they have not been taken in. `kept_day`: when it
    was written last.
    """

    owner: str | None = ""
    dealt: bytes = b""
    dealings: int = 0
    base_ms: int = 0
    forms: list[Form] = msgspec.field(default_factory=list)
    is_plain: bool = True
    is_waiting: bool = False
    kept_day: int = 0

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
        always: tuple[object, ...] = (
            compact.identifier(flow.account_id, self.forms),
            flow.occurred_ms - self.base_ms,
            flags,
            compact.value(flow.value),
            compact.identifier(flow.event_id, self.forms),
            compact.name(flow.asset),
        )
        amount = compact.amount(flow.amount, flow.value)
        if flow.labelled:
            always = (*always, amount, flow.labelled)
        elif amount:
            always = (*always, amount)
        self.dealt += part(_pack(always))
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
                self.add(_flow(_read_dealing(one), self.base_ms, self.forms))

    def first_dealings(self) -> list[Dealing]:
        """Who dealt with the address first, as far as there was room here."""
        every = map(_read_dealing, parts(self.dealt))
        return [_dealing(one, self.base_ms, self.forms) for one in every if not one.flags & _AGAIN]


class _Member(msgspec.Struct, frozen=True, array_like=True, gc=False):
    account_id: Identifier
    after_ms: int
    before_ms: int  # how long before that the first transfer was
    value: int
    event_id: Identifier
    asset: Name
    signals: list[Name]
    amount: str = ""
    devices: tuple[str, ...] = ()


class _Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    kept_day: int
    base_ms: int
    dealings: int
    forms: list[Form] = []
    owner: Identifier = ""
    members: list[_Member] = []
    contacts: tuple[Contact, ...] | None = None  # None: what the dealings leave
    service: bool = False
    stories: Stories | None = None


class _Dealing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    account_id: Identifier
    after_ms: int
    flags: int
    value: int
    event_id: Identifier
    asset: Name
    amount: str = ""
    labelled: int = 0


_read_head: Final = msgspec.msgpack.Decoder(_Head).decode
_read_dealing: Final = msgspec.msgpack.Decoder(_Dealing).decode


def stored(state: KeptAddress, judged_ms: int) -> bytes:
    """What the store keeps of an address. Depends on nothing but the batches, so that a replay leaves the same bytes."""
    state.kept_day = judged_ms // DAY_MS
    stories = state.stories
    forms = state.forms
    members = [_stored_member(one, state.base_ms, forms) for one in state.circle.members]
    owner = state.owner and compact.identifier(state.owner, forms)
    head: tuple[object, ...] = (state.kept_day, state.base_ms, state.dealings, forms)
    if not state.is_plain:
        head = (*head, owner, members, state.contacts, state.service, stories)
    elif stories is not None:  # whether it is a service the dealings tell, and it may not have been asked
        head = (*head, owner, members, None, False, stories)
    elif members:
        head = (*head, owner, members)
    elif owner != "":
        head = (*head, owner)
    return part(_pack(head)) + state.dealt


def load(packed: bytes) -> KeptAddress:
    """An address state from what `stored` has left, to be woken before it is judged."""
    first = next(parts(packed))
    head = _read_head(first)
    state = KeptAddress(
        stories=head.stories,
        circle=Circle(tuple([_member(one, head.base_ms, head.forms) for one in head.members])),
        owner=None if head.owner is None else compact.identifier_of(head.owner, head.forms),
        dealt=packed[len(part(first)) :],
        dealings=head.dealings,
        base_ms=head.base_ms,
        forms=head.forms,
        is_waiting=head.contacts is None,
        is_plain=head.contacts is None,
        kept_day=head.kept_day,
    )
    if head.contacts is not None:
        state.contacts, state.service = head.contacts, head.service
    return state


def _stored_member(one: Member, base_ms: int, forms: list[Form]) -> tuple[object, ...]:
    always = (
        compact.identifier(one.account_id, forms),
        one.occurred_ms - base_ms,
        one.occurred_ms - one.since_ms,
        compact.value(one.value),
        compact.identifier(one.event_id, forms),
        compact.name(one.asset),
        [compact.name(signal) for signal in one.signals],
    )
    amount = compact.amount(one.amount, one.value)
    return (*always, amount, one.devices) if amount or one.devices else always


def _member(one: _Member, base_ms: int, forms: list[Form]) -> Member:
    occurred_ms, value = base_ms + one.after_ms, compact.value_of(one.value)
    return Member(
        compact.identifier_of(one.account_id, forms),
        occurred_ms,
        compact.identifier_of(one.event_id, forms),
        compact.amount_of(one.amount, value),
        compact.name_of(one.asset),
        value,
        tuple([compact.name_of(signal) for signal in one.signals]),
        one.devices,
        occurred_ms - one.before_ms,
    )


def _flow(one: _Dealing, base_ms: int, forms: list[Form]) -> Flow:
    """A flow as far as an address state takes it in."""
    asset, value = compact.name_of(one.asset), compact.value_of(one.value)
    account_id, event_id = compact.identifier_of(one.account_id, forms), compact.identifier_of(one.event_id, forms)
    place = (base_ms + one.after_ms, "", 0, 0, "", account_id, bool(one.flags & _INFLOW))
    return Flow(*place, value, event_id, compact.amount_of(one.amount, value), asset, "", True)


def _dealing(one: _Dealing, base_ms: int, forms: list[Form]) -> Dealing:
    value = compact.value_of(one.value)
    return Dealing(
        compact.identifier_of(one.account_id, forms),
        bool(one.flags & _INFLOW),
        base_ms + one.after_ms,
        value,
        compact.identifier_of(one.event_id, forms),
        compact.amount_of(one.amount, value),
        compact.name_of(one.asset),
        bool(one.flags & _SCREENED),
        one.labelled,
    )
