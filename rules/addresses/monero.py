"""Monero: base58 in blocks of eight bytes, checked with the first four bytes of a Keccak-256 digest."""

from __future__ import annotations

from Crypto.Hash import keccak

from . import base58check
from .errors import MalformedAddress

_KIND = "monero"
_STANDARD, _INTEGRATED, _SUBADDRESS = 18, 19, 42  # network bytes of the main network
_BLOCK_BYTES = {11: 8, 7: 5}  # characters of a whole block and of the last one of an address


def standard(address: str) -> str:
    """A standard address or subaddress as it is; an integrated address without its payment id.

    Raises MalformedAddress.
    """
    if len(address) not in (95, 106):
        raise MalformedAddress(_KIND, "wrong length")
    data = _decode(address)
    payload = data[:-4]
    if _digest(payload) != data[-4:]:
        raise MalformedAddress(_KIND, "wrong checksum")
    if payload[0] == _INTEGRATED and len(payload) == 73:
        keys = bytes([_STANDARD]) + payload[1:65]
        return _encode(keys + _digest(keys))
    if payload[0] not in (_STANDARD, _SUBADDRESS) or len(payload) != 65:
        raise MalformedAddress(_KIND, "not an address of the main network")
    return address


def _digest(payload: bytes) -> bytes:
    digest: bytes = keccak.new(digest_bits=256, data=payload).digest()
    return digest[:4]


def _decode(address: str) -> bytes:
    blocks: list[bytes] = []
    for start in range(0, len(address), 11):
        block = address[start : start + 11]
        number = base58check.number(block, _KIND)
        size = _BLOCK_BYTES[len(block)]
        if number >> 8 * size:
            raise MalformedAddress(_KIND, "a block holds too large a number")
        blocks.append(number.to_bytes(size, "big"))
    return b"".join(blocks)


def _encode(data: bytes) -> str:
    text: list[str] = []
    for start in range(0, len(data), 8):
        block = data[start : start + 8]
        width = 11 if len(block) == 8 else 7
        text.append(base58check.digits(int.from_bytes(block, "big")).rjust(width, "1"))
    return "".join(text)
