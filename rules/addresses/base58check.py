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


def decode(text: str, kind: str, alphabet: Alphabet = BITCOIN) -> bytes:
    """The bytes of a base58 text; each leading zero digit is one zero byte. Raises MalformedAddress."""
    values = alphabet.values(text, kind)
    number = 0
    for value in values:
        number = number * 58 + value
    zeros = len(values) - len(values.lstrip(b"\0"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def encode(data: bytes, alphabet: Alphabet = BITCOIN) -> str:
    """The base58 text of some bytes."""
    number = int.from_bytes(data, "big")
    digits: list[str] = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(alphabet.digits[digit])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return alphabet.digits[0] * zeros + "".join(reversed(digits))


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
