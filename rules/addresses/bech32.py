"""Checksums of bech32, bech32m (BIP 173, BIP 350) and cashaddr addresses, and the segwit rules.

Both codes are linear over GF(2): the checksum of a text is the exclusive-or of what each character contributes at its
place. The contributions are tabled once, which makes checking an address several times faster than the shift register.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from .errors import MalformedAddress

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32 = 1
BECH32M = 0x2BC830A3  # BIP 350
# Zcash unified addresses are the longest seen, about 250 characters with every receiver (ZIP 316).
MAX_LENGTH = 512

_VALUES = bytes(CHARSET.index(chr(code)) if chr(code) in CHARSET else 255 for code in range(256))
_BASE32 = str.maketrans(CHARSET, "0123456789abcdefghijklmnopqrstuv")
_DATA = re.compile(f"[{CHARSET}]*").fullmatch


class Code:
    """A BCH code over 5-bit symbols: contributions of each symbol value at each place from the end."""

    __slots__ = ("_generators", "_mask", "_shift", "_table")

    def __init__(self, checksum_symbols: int, generators: Sequence[int]) -> None:
        self._shift = 5 * (checksum_symbols - 1)
        self._mask = (1 << self._shift) - 1
        self._generators = generators
        self._table: list[list[int]] = [list(range(32))]
        while len(self._table) < MAX_LENGTH + 2:
            self._table.append([self._times_x(value) for value in self._table[-1]])

    def _times_x(self, state: int) -> int:
        top = state >> self._shift
        state = (state & self._mask) << 5
        for bit, generator in enumerate(self._generators):
            if top >> bit & 1:
                state ^= generator
        return state

    def residue(self, symbols: bytes, start: int = 0) -> int:
        """What `symbols` contribute when they end `start` places before the end of the text."""
        result = 0
        table = self._table
        for place, symbol in enumerate(reversed(symbols), start):
            result ^= table[place][symbol]
        return result

    def first(self, length: int) -> int:
        """What the initial state of 1 contributes to a text of `length` symbols."""
        return self._table[length][1]


_BCH = Code(6, (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3))  # BIP 173
_CASH = Code(8, (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470))  # cashaddr specification


@lru_cache(maxsize=4096)
def _bech32_prefix(hrp: str, length: int) -> int:
    expanded = bytes([ord(char) >> 5 for char in hrp] + [0] + [ord(char) & 31 for char in hrp])
    return _BCH.residue(expanded, length) ^ _BCH.first(length + len(expanded))


@lru_cache(maxsize=1024)
def _cash_prefix(prefix: str, length: int) -> int:
    expanded = bytes([ord(char) & 31 for char in prefix] + [0])
    return _CASH.residue(expanded, length) ^ _CASH.first(length + len(expanded))


def one_case(text: str, kind: str) -> str:
    """The lower-case spelling; raises MalformedAddress when upper and lower case are mixed."""
    lower = text.lower()
    if text != lower and text != text.upper():
        raise MalformedAddress(kind, "upper and lower case mixed")
    return lower


def checksum(hrp: str, data: str) -> int:
    """The bech32 checksum constant of a text (BECH32 or BECH32M when it is valid); `data` in lower case."""
    symbols = data.encode("ascii").translate(_VALUES)
    if b"\xff" in symbols or len(hrp) * 2 + len(data) + 1 > MAX_LENGTH:
        return -1
    return _BCH.residue(symbols) ^ _bech32_prefix(hrp, len(symbols))


def to_bytes(data: str, kind: str) -> bytes:
    """The bytes packed in 5-bit characters (no checksum). Raises MalformedAddress on wrong padding."""
    spare = len(data) * 5 % 8
    number = int(data.translate(_BASE32), 32) if data else 0
    if spare >= 5 or number & ((1 << spare) - 1):
        raise MalformedAddress(kind, "wrong padding")
    return (number >> spare).to_bytes(len(data) * 5 // 8, "big")


def segwit(text: str, hrp: str, kind: str) -> str:
    """The lower-case spelling of a segwit address (BIP 173, BIP 350). Raises MalformedAddress."""
    lower = one_case(text, kind)
    data = lower[len(hrp) + 1 :]
    if not lower.startswith(hrp + "1") or not 8 <= len(data) <= 71 or not _DATA(data):
        raise MalformedAddress(kind, "not a bech32 text of this network")
    version = CHARSET.index(data[0])
    if checksum(hrp, data) != (BECH32M if version else BECH32):
        raise MalformedAddress(kind, "wrong checksum")
    size = len(to_bytes(data[1:-6], kind))
    if version > 16 or not 2 <= size <= 40 or (version == 0 and size not in (20, 32)):
        raise MalformedAddress(kind, "wrong length or version")
    return lower


def plain(text: str, kind: str, *, size: int | None = None) -> str:
    """The lower-case spelling of any bech32 or bech32m text, of `size` payload bytes where given.

    Raises MalformedAddress when case is mixed, the checksum is wrong or the payload has another size.
    """
    lower = one_case(text, kind)
    hrp, _, data = lower.rpartition("1")
    if not hrp or len(data) < 6 or checksum(hrp, data) not in (BECH32, BECH32M):
        raise MalformedAddress(kind, "wrong checksum")
    if size is not None and len(to_bytes(data[:-6], kind)) != size:
        raise MalformedAddress(kind, "wrong length")
    return lower


def cash_payload(prefix: str, data: str) -> bytes | None:
    """Version byte and hash of a cashaddr text in lower case, or None when the checksum is not that of `prefix`."""
    symbols = data.encode("ascii").translate(_VALUES)
    if b"\xff" in symbols or not 8 < len(symbols) <= 112:
        return None
    if _CASH.residue(symbols) ^ _cash_prefix(prefix, len(symbols)) != 1:
        return None
    return to_bytes(data[:-8], "bitcoin cash")
