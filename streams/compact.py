"""How stored states save room: short lengths, EVM addresses as their bytes, ids and frequent names as numbers, whole cents.

The numbers of names are part of what is stored: names are added at the end, never moved.
"""

from array import array
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate
from operator import sub
from struct import Struct
from typing import Any, Final

_LONG: Final = 255
_LENGTH: Final = Struct("<I")
_SHORT: Final = [bytes((length,)) for length in range(_LONG)]
_BYTES: Final = b"\0"
_TEXT: Final = b"\1"
_OWN_BYTES: Final = b"\2"
_OWN_TEXT: Final = b"\3"
_HEX: Final = 42  # characters of an EVM address
_PACKED: Final = 20  # its bytes
_NAMES: Final = (
    *("", "USDT", "USDC", "BTC", "ETH", "TRX", "XRP", "SOL", "BNB", "LTC", "DOGE", "ADA", "XMR", "BCH", "DAI", "TON"),
    *("ethereum", "tron", "bitcoin", "solana", "bsc", "polygon", "arbitrum", "optimism", "base", "avalanche", "ripple"),
    *("litecoin", "dogecoin", "cardano", "monero", "bitcoin-cash", "dash", "zcash"),
    *("dprk.wages_swept", "dprk.gathers", "rhythm", "firm"),
)
_NUMBERS: Final = {name: number for number, name in enumerate(_NAMES)}

_CENT: Final = 10_000  # micro-dollars
_DIGITS: Final = "0123456789"
_LEAST_DIGITS: Final = 3  # with fewer, ids that are no numbers would be taken for such
_MOST_DIGITS: Final = 17  # with more, a number and its form have more than 64 bits
_BEFORE: Final = 12  # characters: what is longer is hardly common to many ids
_PLACE_BITS: Final = 3
_UUID: Final = 36  # characters
_DASHES: Final = "----"

Name = int | str
Address = Any  # bytes or str, which msgspec cannot tell apart in a type
Identifier = Any  # likewise, or a number
Form = tuple[str, int]  # what stands before a number, and how many digits it is filled up to


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
    """A name of an asset, network or signal as it is stored."""
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


def value(micros: int) -> int:
    """A value of micro-dollars as it is stored: cents where it is whole ones, else as it is, told apart by the sign."""
    cents, rest = divmod(micros, _CENT)
    return ~micros if rest else cents


def value_of(stored: int) -> int:
    """The value that was stored."""
    return stored * _CENT if stored >= 0 else ~stored


def identifier(text: str, forms: list[Form], *, learns: bool = True) -> Identifier:
    """The id of an event or account as it is stored: a number of a known form, a UUID as sixteen bytes, or as it is.

    `forms` are those known; a new one is added while there is room, if it `learns`.
    """
    before = text.rstrip(_DIGITS)
    digits = text[len(before) :]
    if _LEAST_DIGITS <= len(digits) <= _MOST_DIGITS and len(before) <= _BEFORE:
        form = (before, len(digits) if digits[0] == "0" else 0)
        if form in forms:
            return int(digits) << _PLACE_BITS | forms.index(form)
        if learns and len(forms) < 1 << _PLACE_BITS:
            forms.append(form)
            return int(digits) << _PLACE_BITS | len(forms) - 1
    elif len(text) == _UUID and text[8:24:5] == _DASHES:
        try:
            packed = bytes.fromhex(text.replace("-", ""))
        except ValueError:
            return text
        return packed if _uuid(packed) == text else text
    return text


def identifier_of(stored: Identifier, forms: Sequence[Form]) -> str:
    """The id that was stored."""
    if isinstance(stored, int):
        before, width = forms[stored & (1 << _PLACE_BITS) - 1]
        return before + str(stored >> _PLACE_BITS).zfill(width)
    return stored if isinstance(stored, str) else _uuid(stored)


def _uuid(packed: bytes) -> str:
    digits = packed.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def steps(times: Sequence[int]) -> bytes | list[int]:
    """How far each of some ascending times is from the one before: four bytes each, up to 49 days."""
    try:
        return array("I", map(sub, times[1:], times)).tobytes()
    except OverflowError:
        return list(map(sub, times[1:], times))


def times_of(stored: bytes | list[int], first: int) -> list[int]:
    """The times that were stored, of which the first is known."""
    return list(accumulate(array("I", stored) if isinstance(stored, bytes) else stored, initial=first))


def alone(text: str, *, own: bool = False) -> bytes:
    """An address to stand behind others: one that an account dealt with, or its own."""
    packed = address(text)
    if isinstance(packed, bytes):
        return (_OWN_BYTES if own else _BYTES) + packed
    return (_OWN_TEXT if own else _TEXT) + part(text.encode())


def each_alone(stored: bytes, limit: int) -> Iterator[tuple[str, bool]]:
    """The addresses that were stored, and whether each is the account's own; those that begin below the limit."""
    at, end = 0, min(len(stored), limit)
    while at < end:
        kind = stored[at : at + 1]
        at += 1
        if kind in (_BYTES, _OWN_BYTES):
            text, after = address_of(stored[at : at + _PACKED]), at + _PACKED
        else:
            packed = next(parts(stored[at:]))
            text, after = packed.decode(), at + len(part(packed))
        yield text, kind in (_OWN_BYTES, _OWN_TEXT)
        at = after


def days(numbers: Collection[int]) -> bytes | list[int]:
    """Numbers of days, two bytes each as long as they lie between 1970 and 2149."""
    try:
        return array("H", numbers).tobytes()
    except OverflowError:
        return list(numbers)


def days_of(stored: bytes | list[int]) -> list[int]:
    """The numbers that were stored."""
    return array("H", stored).tolist() if isinstance(stored, bytes) else stored
