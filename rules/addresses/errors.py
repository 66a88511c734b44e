"""The one error of this package."""

from __future__ import annotations


class MalformedAddress(ValueError):
    """A text that cannot be an address of the network it is said to belong to.

    The message never quotes the address: it goes to logs and dead letters, which carry the original elsewhere.
    `kind` names what the text was read as (`bitcoin`, `evm`, ...), `reason` says in words what is wrong.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"malformed {kind} address: {reason}")
        self.kind = kind
        self.reason = reason

    def __reduce__(self) -> tuple[type[MalformedAddress], tuple[str, str]]:
        return type(self), (self.kind, self.reason)
