"""What is remembered of a counterparty address: which accounts dealt with it last, bounded, in event time."""

from collections.abc import Sequence
from typing import Final

import msgspec

from rules.circles import Circle
from rules.messages import Evidence, Flow
from rules.stories import Stories

CONTACTS: Final = 32  # judgement: an address with more accounts is a service, which the rules leave alone


class Contact(msgspec.Struct, array_like=True, gc=False):
    """The latest transfer between the address and one account, in one direction; `value` in micro-dollars."""

    account_id: str
    inflow: bool
    occurred_ms: int
    value: int
    event_id: str
    amount: str
    asset: str


class AddressState(msgspec.Struct, array_like=True, gc=False):
    """The latest contact with each account and direction, ordered by event time, and the stories already told.

    An address with too many of them is a service: from then on its contacts are left as they are. `circle` are the accounts
    with signals. The same is kept of devices (the first transfer of each account there) and of accounts
    with signals (their stories).
    """

    contacts: tuple[Contact, ...] = ()
    service: bool = False
    stories: Stories | None = None  # None as long as there are none: most addresses are met once
    circle: Circle = Circle()

    def add(self, flow: Flow) -> bool:
        """Take in a flow: it replaces an older contact of the same account and direction. False when nothing changed."""
        contacts = self.contacts
        account_id, inflow = flow.account_id, flow.inflow
        for place, known in enumerate(contacts):
            if known.account_id == account_id and known.inflow == inflow:
                if (known.occurred_ms, known.event_id) > (flow.occurred_ms, flow.event_id):
                    return False
                contacts = contacts[:place] + contacts[place + 1 :]
                break
        else:
            if len(contacts) >= CONTACTS:
                self.service = True
                return True
        latest = Contact(account_id, inflow, flow.occurred_ms, flow.value, flow.event_id, flow.amount, flow.asset)
        in_order = not contacts or _event_time(contacts[-1]) <= _event_time(latest)
        contacts = (*contacts, latest)
        self.contacts = contacts if in_order else tuple(sorted(contacts, key=_event_time))
        return True

    def evidence(self, contacts: Sequence[Contact], shows: str) -> tuple[Evidence, ...]:
        """The contacts' transfers as evidence; `shows` says what each of them shows."""
        return tuple(
            Evidence.of(contact.event_id, contact.amount, contact.asset, contact.value, contact.occurred_ms, shows)
            for contact in contacts
        )


def _event_time(contact: Contact) -> tuple[int, str]:
    return contact.occurred_ms, contact.event_id
