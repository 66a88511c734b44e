"""Base58 with a four-byte double SHA-256 checksum, in the Bitcoin and the XRP alphabet."""

from __future__ import annotations

from hashlib import sha256

import base58

from .errors import MalformedAddress

Alphabet = bytes

BITCOIN: Alphabet = base58.BITCOIN_ALPHABET
RIPPLE: Alphabet = base58.RIPPLE_ALPHABET


def number(text: str, kind: str) -> int:
    """The number that base58 digits spell, in the Bitcoin alphabet. Raises MalformedAddress."""
    try:
        return base58.b58decode_int(text)
    except ValueError:
        raise MalformedAddress(kind, "a character outside the base58 alphabet") from None


def digits(number: int) -> str:
    """A number in base58 digits of the Bitcoin alphabet, without leading zeros."""
    return base58.b58encode_int(number, default_one=False).decode()


def decode(text: str, kind: str, alphabet: Alphabet = BITCOIN) -> bytes:
    """The bytes of a base58 text; each leading zero digit is one zero byte. Raises MalformedAddress."""
    try:
        return base58.b58decode(text, alphabet=alphabet)
    except ValueError:  # also of characters outside ASCII
        raise MalformedAddress(kind, "a character outside the base58 alphabet") from None


def encode(data: bytes, alphabet: Alphabet = BITCOIN) -> str:
    """The base58 text of some bytes."""
    return base58.b58encode(data, alphabet=alphabet).decode()


def decode_check(text: str, kind: str, alphabet: Alphabet = BITCOIN) -> bytes:
    """The payload (version and hash) of a base58check text. Raises MalformedAddress on a wrong checksum."""
    data = decode(text, kind, alphabet)
    payload = data[:-4]
    if sha256(sha256(payload).digest()).digest()[:4] != data[-4:]:
        raise MalformedAddress(kind, "wrong checksum")
    return payload


def encode_check(payload: bytes, alphabet: Alphabet = BITCOIN) -> str:
    """The base58check text of a payload (version and hash)."""
    return base58.b58encode_check(payload, alphabet=alphabet).decode()
