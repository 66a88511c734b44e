"""Addresses made to be taken for another: the same first and last characters, something else between them."""

from collections.abc import Iterator, Sequence
from typing import Final

# What every address of a kind begins with tells nothing; longer prefixes first.
_PREFIXES: Final = ("bitcoincash:", "ltc1q", "ltc1p", "bc1q", "bc1p", "addr1", "cosmos1", "bnb1", "0x", "T", "r", "1", "3")


def ends(address: str, first: int, last: int) -> tuple[str, str]:
    """What a person looks at: the first characters after the prefix of the chain, with it, and the last ones."""
    for prefix in _PREFIXES:
        if address.startswith(prefix):
            return address[: len(prefix) + first], address[-last:]
    return address[:first], address[-last:]


def alike(address: str, known: Sequence[str], last: int) -> bool:
    """Whether any of `known`, itself included, ends as the address does: seen faster than one by one."""
    return f"{address[-last:]}\n" in "\n".join([*known, ""])


def imitated(address: str, known: Sequence[str], first: int, last: int) -> list[int]:
    """Where in `known` there is another address with the same ends; `address` must not be empty."""
    head, tail = ends(address, first, last)
    return [i for i, other in enumerate(known) if other.endswith(tail) and other.startswith(head) and other != address]


def places(address: str, known: Sequence[str]) -> Iterator[int]:
    """Where in `known` the address itself stands."""
    start = -1
    try:
        while True:
            start = known.index(address, start + 1)
            yield start
    except ValueError:
        return
