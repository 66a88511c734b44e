"""Base58 with a four-byte double SHA-256 checksum, in the Bitcoin and the XRP alphabet."""

from __future__ import annotations

from hashlib import sha256

from .errors import MalformedAddress


class Alphabet:
    """The 58 digits of one flavour of base58, the first of which is zero."""

    __slots__ = ("_values", "digits")

    def __init__(self, digits: str) -> None:
        self.digits = digits
        values = bytearray(b"\xff" * 256)
        for value, digit in enumerate(digits):
            values[ord(digit)] = value
        self._values = bytes(values)

    def values(self, text: str, kind: str) -> bytes:
        """The value of each digit, one byte each; raises MalformedAddress at any other character."""
        try:
            values = text.encode("ascii").translate(self._values)
        except UnicodeEncodeError:
            raise MalformedAddress(kind, "a character outside the base58 alphabet") from None
        if b"\xff" in values:
            raise MalformedAddress(kind, "a character outside the base58 alphabet")
        return values


BITCOIN = Alphabet("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
RIPPLE = Alphabet("rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz")


def _lanes(width: int) -> int:
    """A mask of every second lane of `width` bits, the lowest one included, in 512 bits."""
    return sum(((1 << width) - 1) << at for at in range(0, 512, 2 * width))


# Each step joins neighbouring lanes: 64 digits become 32 numbers below 58**2, then 16 below 58**4, and so on.
_STEPS: tuple[tuple[int, int, int], ...] = tuple((_lanes(8 << step), 8 << step, 58 ** (1 << step)) for step in range(6))
_DIGITS_AT_ONCE = 64
_SIXTY_FOUR_DIGITS: int = 58**64
_PAIRS = {alphabet: tuple(a + b for a in alphabet.digits for b in alphabet.digits) for alphabet in (BITCOIN, RIPPLE)}
_TEN_DIGITS = 58**10  # below 2**60: the arithmetic on each chunk stays in one machine word


def _number(values: bytes) -> int:
    """The number that some base-58 digits spell, with six steps over all of them instead of one step for each."""
    if len(values) > _DIGITS_AT_ONCE:
        return _number(values[:-_DIGITS_AT_ONCE]) * _SIXTY_FOUR_DIGITS + _number(values[-_DIGITS_AT_ONCE:])
    number = int.from_bytes(values, "big")
    for mask, width, base in _STEPS:
        number = (number & mask) + (number >> width & mask) * base
    return number


def decode(text: str, kind: str, alphabet: Alphabet = BITCOIN) -> bytes:
    """The bytes of a base58 text; each leading zero digit is one zero byte. Raises MalformedAddress."""
    values = alphabet.values(text, kind)
    number = _number(values)
    zeros = len(values) - len(values.lstrip(b"\0"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def encode(data: bytes, alphabet: Alphabet = BITCOIN) -> str:
    """The base58 text of some bytes."""
    number = int.from_bytes(data, "big")
    pairs, reversed_pairs = _PAIRS[alphabet], []
    while number:
        number, chunk = divmod(number, _TEN_DIGITS)
        for _ in range(5):
            chunk, pair = divmod(chunk, 3364)
            reversed_pairs.append(pairs[pair])
    zero = alphabet.digits[0]
    text = "".join(reversed(reversed_pairs)).lstrip(zero)
    return zero * (len(data) - len(data.lstrip(b"\0"))) + text


def decode_check(text: str, kind: str, alphabet: Alphabet = BITCOIN) -> bytes:
    """The payload (version and hash) of a base58check text. Raises MalformedAddress on a wrong checksum."""
    data = decode(text, kind, alphabet)
    payload = data[:-4]
    if sha256(sha256(payload).digest()).digest()[:4] != data[-4:]:
        raise MalformedAddress(kind, "wrong checksum")
    return payload


def encode_check(payload: bytes, alphabet: Alphabet = BITCOIN) -> str:
    """The base58check text of a payload (version and hash)."""
    return encode(payload + sha256(sha256(payload).digest()).digest()[:4], alphabet)
