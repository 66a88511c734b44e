"""What the counterparties stage has found about an address: the accounts stage sees it before money goes there."""

import msgspec

from rules.messages import Severity


class Note(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The strongest finding about an address: which rule, how severe, in which alert, and the event time of it.

    `accounts` are those that the alert names.
    """

    rule_id: str
    severity: Severity
    title: str
    alert_id: str
    occurred_ms: int
    accounts: tuple[str, ...] = ()
