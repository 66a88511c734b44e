"""Bitcoin and the chains that descend from it: base58check, segwit and cashaddr spellings.

Bitcoin, Bitcoin Cash, Bitcoin SV and eCash share the version bytes of their legacy addresses, and a key or script hash
is held by the same owner on all of them. Their canonical form is therefore the legacy base58 spelling, which needs no
network to be read: a listed cashaddr is hit by its legacy form and the other way round. Litecoin first used Bitcoin's
`3...` for scripts and later `M...`: its canonical form is `M...`.
"""

from __future__ import annotations

from .base58check import decode_check, encode_check
from .bech32 import BECH32M, cash_payload, checksum, one_case, plain, segwit, to_bytes
from .errors import MalformedAddress
from .networks import Family

# Version bytes of (public key hash, script hash) addresses, from each project's chain parameters.
_VERSIONS: dict[Family, tuple[bytes, ...]] = {
    Family.BITCOIN: (b"\x00", b"\x05"),
    Family.BITCOIN_CASH: (b"\x00", b"\x05"),
    Family.BITCOIN_SV: (b"\x00", b"\x05"),
    Family.BITCOIN_GOLD: (b"\x26", b"\x17"),
    Family.LITECOIN: (b"\x30", b"\x32", b"\x05"),
    Family.DOGECOIN: (b"\x1e", b"\x16"),
    Family.DASH: (b"\x4c", b"\x10"),
    Family.ZCASH: (b"\x1c\xb8", b"\x1c\xbd"),
    Family.VERGE: (b"\x1e", b"\x21"),
}
_SEGWIT = {Family.BITCOIN: "bc", Family.LITECOIN: "ltc", Family.BITCOIN_GOLD: "btg", Family.VERGE: "vg"}
_LEGACY_OF_TYPE = {0: b"\x00", 1: b"\x05", 2: b"\x00", 3: b"\x05"}  # cashaddr types; 2 and 3 accept tokens
_CASH_PREFIXES = ("bitcoincash", "simpleledger", "ecash")


def base58(address: str, family: Family) -> str:
    """The canonical form of a base58check address of one of these networks. Raises MalformedAddress."""
    payload = decode_check(address, family)
    version, rest = payload[:-20], payload[-20:]
    if version not in _VERSIONS[family]:
        raise MalformedAddress(family, "wrong length or an address of another network")
    if family is Family.LITECOIN and version == b"\x05":
        return encode_check(b"\x32" + rest)
    return address


def litecoin_script(address: str) -> str:
    """The Litecoin spelling (M...) of a valid script address that starts with 3."""
    return encode_check(b"\x32" + decode_check(address, Family.LITECOIN)[1:])


def native(address: str, family: Family) -> str:
    """The canonical form of any spelling in use on a network of this kind. Raises MalformedAddress."""
    hrp = _SEGWIT.get(family)
    if hrp is not None and address[: len(hrp) + 1].lower() == hrp + "1":
        return segwit(address, hrp, family)
    if family is Family.LITECOIN and address[:8].lower() == "ltcmweb1":
        return plain(address, family)
    if family in (Family.BITCOIN_CASH, Family.BITCOIN_SV) and (len(address) > 35 or ":" in address):
        return cash(address)
    if family is Family.ZCASH and address[0] not in "tT":
        return shielded(address)
    if family is Family.ZCASH and address[:4].lower() == "tex1":
        return tex(address)
    return base58(address, family)


def cash(address: str) -> str:
    """The legacy form of a cashaddr with or without its prefix; 32-byte script hashes stay cashaddr.

    Raises MalformedAddress.
    """
    kind = Family.BITCOIN_CASH
    prefix, _, data = one_case(address, kind).rpartition(":")
    if prefix and prefix not in _CASH_PREFIXES:
        raise MalformedAddress(kind, "unknown prefix")
    payload = next(
        (found for name in ((prefix,) if prefix else _CASH_PREFIXES) if (found := cash_payload(name, data))), None
    )
    if payload is None:
        raise MalformedAddress(kind, "wrong checksum")
    version, rest = payload[0], payload[1:]
    if version >> 3 in _LEGACY_OF_TYPE and version & 7 == 0 and len(rest) == 20:
        return encode_check(_LEGACY_OF_TYPE[version >> 3] + rest)
    if version >> 3 in (1, 3) and version & 7 == 3 and len(rest) == 32:
        return data
    raise MalformedAddress(kind, "wrong length or type")


def shielded(address: str) -> str:
    """The lower-case spelling of a Zcash Sapling (zs1) or unified (u1) address. Raises MalformedAddress."""
    if address[:3].lower() not in ("zs1",) and address[:2].lower() != "u1":
        raise MalformedAddress(Family.ZCASH, "unknown kind")
    return plain(address, Family.ZCASH)


def tex(address: str) -> str:
    """The transparent address (t1) that a Zcash TEX address spells (ZIP 320). Raises MalformedAddress."""
    data = one_case(address, Family.ZCASH)[4:]
    if checksum("tex", data) != BECH32M:
        raise MalformedAddress(Family.ZCASH, "wrong checksum")
    key_hash = to_bytes(data[:-6], Family.ZCASH)
    if len(key_hash) != 20:
        raise MalformedAddress(Family.ZCASH, "wrong length")
    return encode_check(b"\x1c\xb8" + key_hash)
