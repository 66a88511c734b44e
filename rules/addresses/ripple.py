"""XRP Ledger: classic addresses (r...) and X-addresses, which pack a classic address and a destination tag."""

from __future__ import annotations

from .base58check import RIPPLE, decode_check, encode_check
from .errors import MalformedAddress

_KIND = "xrp"
_MAIN = b"\x05\x44"  # X-address format, main network
_TEST = b"\x04\x93"


def classic(address: str) -> str:
    """The classic address of a classic or X-address; the tag is dropped. Raises MalformedAddress."""
    if address[:1] == "r":
        payload = decode_check(address, _KIND, RIPPLE)
        if len(payload) != 21 or payload[0] != 0:
            raise MalformedAddress(_KIND, "wrong length or version")
        return address
    return encode_check(b"\0" + _unpacked(address)[2:22], RIPPLE)


def destination_tag(address: str) -> int | None:
    """The destination tag inside an X-address, None for one without a tag and for a classic address.

    Raises MalformedAddress on anything else.
    """
    address = address.strip()
    if address[:1] == "r":
        classic(address)
        return None
    payload = _unpacked(address)
    return int.from_bytes(payload[23:27], "little") if payload[22] else None


def _unpacked(address: str) -> bytes:
    payload = decode_check(address, _KIND, RIPPLE)
    if len(payload) != 31:
        raise MalformedAddress(_KIND, "wrong length")
    if payload[:2] == _TEST:
        raise MalformedAddress(_KIND, "an address of the test network")
    if payload[:2] != _MAIN:
        raise MalformedAddress(_KIND, "unknown prefix")
    if payload[22] > 1 or any(payload[27:]) or (payload[22] == 0 and any(payload[23:27])):
        raise MalformedAddress(_KIND, "unknown kind of tag")
    return payload
