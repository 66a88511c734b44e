"""Tron: base58check (T...) and the hexadecimal spellings of the same 21 bytes."""

from __future__ import annotations

import re

from .base58check import decode_check, encode_check
from .errors import MalformedAddress

VERSION = 0x41
_KIND = "tron"
_HEX = re.compile(r"(?:0[xX])?41([0-9a-fA-F]{40})").fullmatch
_HEX_20 = re.compile(r"(?:0[xX])?([0-9a-fA-F]{40})").fullmatch  # as smart contracts and explorers write it


def is_hexadecimal(text: str) -> bool:
    """Whether a text is Tron's own hexadecimal spelling: 41 and 40 more digits, with or without 0x."""
    return _HEX(text) is not None


def base58(address: str) -> str:
    """The base58 spelling of any spelling in use on Tron. Raises MalformedAddress."""
    found = _HEX(address) or _HEX_20(address)
    if found is not None:
        return encode_check(bytes([VERSION]) + bytes.fromhex(found[1]))
    if address[0] != "T" or len(address) != 34:
        raise MalformedAddress(_KIND, "not 34 characters that start with T")
    payload = decode_check(address, _KIND)
    if len(payload) != 21 or payload[0] != VERSION:
        raise MalformedAddress(_KIND, "wrong length or version")
    return address
