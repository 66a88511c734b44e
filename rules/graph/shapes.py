"""What a rule about the network finds: transfers that make a shape, and the account or address in the middle of it."""

from typing import Any

import msgspec

from rules.graph.edges import Edge
from rules.messages import Severity


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A rule about the network fired.

    `citing` says that the shape alone is proof enough to cite its accounts: findings about their company build on it.
    `context` are transfers that are shown with it and are no part of its story; `address` is a node of an address that the
    finding is about, too.
    """

    subject: str
    edges: tuple[Edge, ...]
    shows: str
    facts: dict[str, Any]
    citing: bool = False
    context: tuple[Edge, ...] = ()
    address: str | None = None
    severity: Severity | None = None
