"""What a rule about the network finds: transfers that make a shape, and the account or address in the middle of it."""

from typing import Any

import msgspec

from rules.graph.edges import Edge
from rules.messages import Severity


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A rule about the network fired.

    `citing` says that the shape alone is proof enough to cite its accounts: findings about their company build on it.
    """

    subject: str
    edges: tuple[Edge, ...]
    shows: str
    facts: dict[str, Any]
    citing: bool = False
    severity: Severity | None = None
