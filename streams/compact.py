"""How stored states save room: short lengths, EVM addresses as their twenty bytes, frequent names as numbers.

The numbers of names are part of what is stored: names are added at the end, never moved.
"""

from array import array
from collections.abc import Collection, Iterator
from struct import Struct
from typing import Any, Final

_LONG: Final = 255
_LENGTH: Final = Struct("<I")
_SHORT: Final = [bytes((length,)) for length in range(_LONG)]
_BYTES: Final = b"\0"
_TEXT: Final = b"\1"
_HEX: Final = 42  # characters of an EVM address
_NAMES: Final = (
    *("", "USDT", "USDC", "BTC", "ETH", "TRX", "XRP", "SOL", "BNB", "LTC", "DOGE", "ADA", "XMR", "BCH", "DAI", "TON"),
    *("ethereum", "tron", "bitcoin", "solana", "bsc", "polygon", "arbitrum", "optimism", "base", "avalanche", "ripple"),
    *("litecoin", "dogecoin", "cardano", "monero", "bitcoin-cash", "dash", "zcash"),
)
_NUMBERS: Final = {name: number for number, name in enumerate(_NAMES)}

Name = int | str
Address = Any  # bytes or str, which msgspec cannot tell apart in a type


def part(packed: bytes) -> bytes:
    """A part of a stored state, its length before it, so that parts can stand behind each other."""
    size = len(packed)
    return (_SHORT[size] if size < _LONG else b"\xff" + _LENGTH.pack(size)) + packed


def parts(stored: bytes, limit: int | None = None) -> Iterator[bytes]:
    """The parts in the order in which they were written; of a bounded state those that begin below its limit."""
    at, end = 0, len(stored) if limit is None else min(len(stored), limit)
    while at < end:
        size = stored[at]
        at += 1
        if size == _LONG:
            (size,) = _LENGTH.unpack_from(stored, at)
            at += _LENGTH.size
        yield stored[at : at + size]
        at += size


def name(text: str) -> Name:
    """A name of an asset or network as it is stored."""
    return _NUMBERS.get(text, text)


def name_of(stored: Name) -> str:
    """The name that was stored."""
    return _NAMES[stored] if stored.__class__ is int else stored  # type: ignore[return-value]


def address(text: str) -> Address:
    """An address as it is stored."""
    if len(text) == _HEX and text.startswith("0x"):
        try:
            packed = bytes.fromhex(text[2:])
        except ValueError:
            return text
        if packed.hex() == text[2:]:
            return packed
    return text


def address_of(stored: Address) -> str:
    """The address that was stored."""
    return stored if isinstance(stored, str) else "0x" + stored.hex()


def amount(text: str, value: int) -> str:
    """An amount as it is stored: empty where it is the value, in dollars and cents."""
    return "" if text[-3:-2] == "." and text == "%.2f" % (value / 1e6) else text  # the fastest of its kind


def amount_of(stored: str, value: int) -> str:
    """The amount that was stored."""
    return stored or "%.2f" % (value / 1e6)


def alone(text: str) -> bytes:
    """An address as the part that it is for itself."""
    packed = address(text)
    return part(_BYTES + packed if isinstance(packed, bytes) else _TEXT + text.encode())


def alone_of(stored: bytes) -> str:
    """The address that was stored."""
    return address_of(stored[1:]) if stored[:1] == _BYTES else stored[1:].decode()


def days(numbers: Collection[int]) -> bytes | list[int]:
    """Numbers of days, two bytes each as long as they lie between 1970 and 2149."""
    try:
        return array("H", numbers).tobytes()
    except OverflowError:
        return list(numbers)


def days_of(stored: bytes | list[int]) -> list[int]:
    """The numbers that were stored."""
    return array("H", stored).tolist() if isinstance(stored, bytes) else stored
