"""From any spelling of an address to the keys under which it is listed and stored."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from . import bitcoin, monero, ripple, tron
from .base58check import decode, decode_check
from .bech32 import CHARSET, MAX_LENGTH, plain, segwit
from .errors import MalformedAddress
from .networks import Family, family_of

# One entry takes about 400 bytes; a busy exchange sees the same addresses again within hours.
CACHED_ADDRESSES = 131_072

_EVM = re.compile(r"0[xX][0-9a-fA-F]{40}").fullmatch
_EVM_ANY = re.compile(r"(?:0[xX]|[xX][dD][cC]|[rR][oO][nN][iI][nN]:)?([0-9a-fA-F]{40})").fullmatch
_ACCOUNT_32 = re.compile(r"0[xX]([0-9a-fA-F]{55,64})").fullmatch  # Sui, Aptos and Starknet drop leading zeros
_HEX_32 = re.compile(r"[0-9a-fA-F]{64}").fullmatch
_PRINTABLE = re.compile(r"[!-~]+").fullmatch
_UNKNOWN = re.compile(r"[!-~]{20,128}").fullmatch  # judgement: no known chain address is shorter or longer
_NAMED = re.compile(r"[a-z0-9][a-z0-9._-]{1,127}").fullmatch  # EOS, NEAR, Hive names; Hedera 0.0.1234

# What a text claims to be by its shape alone. A text that claims one of these kinds has to be a valid one.
_CLAIMS_BASE58CHECK = re.compile(r"[13][0-9A-Za-z]{24,33}|[LMDXGT][0-9A-Za-z]{32,33}|t[13][0-9A-Za-z]{33}").fullmatch
_CLAIMS_XRP = re.compile(r"r[0-9A-Za-z]{24,34}|[XT][7V][0-9A-Za-z]{45}").fullmatch
_CLAIMS_MONERO = re.compile(r"[48][0-9A-Za-z]{94}|4[0-9A-Za-z]{105}").fullmatch
_CLAIMS_CASH = re.compile(
    f"[qpzr][0-9a-z]{{41}}|[QPZR][0-9A-Z]{{41}}|[qpzrQPZR][{CHARSET + CHARSET.upper()}]{{41}}"
).fullmatch
_CLAIMS_BECH32_OF = re.compile(r"(bc|ltc|btg|bnb)1[0-9a-z]*", re.IGNORECASE).fullmatch
_CASH_SCHEMES = ("bitcoincash:", "simpleledger:", "ecash:")
# judgement: 38 data characters carry 20 bytes, the shortest account hash in use
_CLAIMS_BECH32 = re.compile(
    f"[a-z][a-z0-9_]{{0,19}}1[{CHARSET}]{{38,}}|[A-Z][A-Z0-9_]{{0,19}}1[{CHARSET.upper()}]{{38,}}"
).fullmatch


def canonical(address: str, network: str | None = None) -> str:
    """The one spelling of an address under which it is stored and compared.

    `network` is the exchange's own name of the network in any case; a name that is unknown, or none, leaves the
    decision to the shape of the address. Raises MalformedAddress.
    """
    return canonical_forms(address, network)[0]


def canonical_forms(address: str, network: str | None = None) -> tuple[str, ...]:
    """Every canonical key an address can stand under, the most likely first; more than one is rare.

    A script address `3...` without a known network can be Bitcoin's or Litecoin's old spelling of `M...`.
    Raises MalformedAddress.
    """
    if len(address) > MAX_LENGTH:  # keeps the cache small, too
        raise MalformedAddress("unknown", "too long")
    return _forms(address, network)


@lru_cache(maxsize=CACHED_ADDRESSES)
def _forms(address: str, network: str | None) -> tuple[str, ...]:
    family = family_of(network)
    if (family is Family.EVM or family is None) and _EVM(address):
        return (address.lower(),)
    text = address.strip()
    if not _PRINTABLE(text):
        raise MalformedAddress(family or "unknown", "empty, or characters that no address has")
    if ":" in text:
        text, family = _without_scheme(text, family)
    if family is None:
        return _by_shape(text)
    return (_READERS[family](text),)


def _without_scheme(text: str, family: Family | None) -> tuple[str, Family | None]:
    """Takes off `bitcoin:`, `eip155:1:` and the like; an unknown scheme is part of an unknown address."""
    scheme, _, rest = text.rpartition(":")
    if rest and family in (Family.EVM, None) and (_EVM(rest) or scheme.lower() == "ronin"):
        return rest, Family.EVM
    named = family_of(scheme)
    if named is None or named is Family.BITCOIN_CASH or not rest:
        return text, family or named
    if family not in (None, named):
        raise MalformedAddress(family, "the prefix names another network")
    return rest, named


def _evm(text: str) -> str:
    found = _EVM_ANY(text)
    if found is None:
        raise MalformedAddress(Family.EVM, "not 40 hexadecimal digits")
    return "0x" + found[1].lower()


def _solana(text: str) -> str:
    if len(text) > 44 or len(decode(text, Family.SOLANA)) != 32:
        raise MalformedAddress(Family.SOLANA, "not 32 bytes")
    return text


def _bnb_beacon(text: str) -> str:
    if text[:4].lower() != "bnb1":
        raise MalformedAddress(Family.BNB_BEACON, "another prefix than bnb1")
    return plain(text, Family.BNB_BEACON, size=20)


def _named(text: str) -> str:
    lower = text.lower()
    if _EVM(text) or _HEX_32(text) or _NAMED(text):
        return lower
    if _UNKNOWN(text):
        return text
    raise MalformedAddress(Family.NAMED, "not an account name")


def _bitcoin_like(family: Family) -> Callable[[str], str]:
    def read(text: str) -> str:
        return bitcoin.native(text, family)

    return read


_READERS: dict[Family, Callable[[str], str]] = {
    **{
        family: _bitcoin_like(family)
        for family in (
            Family.BITCOIN,
            Family.BITCOIN_CASH,
            Family.BITCOIN_SV,
            Family.BITCOIN_GOLD,
            Family.LITECOIN,
            Family.DOGECOIN,
            Family.DASH,
            Family.ZCASH,
            Family.VERGE,
        )
    },
    Family.EVM: _evm,
    Family.TRON: tron.base58,
    Family.XRP: ripple.classic,
    Family.MONERO: monero.standard,
    Family.SOLANA: _solana,
    Family.BNB_BEACON: _bnb_beacon,
    Family.NAMED: _named,
}


def _by_shape(text: str) -> tuple[str, ...]:
    """Reads an address of an unknown network; one that claims a known kind has to be a valid one of it."""
    if _CLAIMS_BASE58CHECK(text):
        return _base58_by_shape(text)
    if text[0] == "0" and text[1:2] in ("x", "X"):
        return (_hexadecimal(text),)
    if _EVM_ANY(text):
        return (_evm(text),)
    if _HEX_32(text):
        return (text.lower(),)
    known = _known_bech32(text)  # after the digits: bc1 is hexadecimal, too
    if known is not None:
        return (known,)
    if tron.is_hexadecimal(text):
        return (tron.base58(text),)
    if text.lower().startswith(_CASH_SCHEMES) or (_CLAIMS_CASH(text) and not _is_solana(text)):
        return (bitcoin.cash(text),)
    if _CLAIMS_XRP(text):
        return (ripple.classic(text),)
    if _CLAIMS_MONERO(text):
        return (monero.standard(text),)
    return (_bech32_or_unknown(text),)


def _base58_by_shape(text: str) -> tuple[str, ...]:
    try:
        payload = decode_check(text, "base58check")
    except MalformedAddress:
        if len(text) >= 32 and _is_solana(text):
            return (text,)
        raise
    if text[0] == "3" and payload[0] == 5 and len(payload) == 21:
        return text, bitcoin.litecoin_script(text)
    if text[0] == "T" and (payload[0] != tron.VERSION or len(payload) != 21):
        raise MalformedAddress(Family.TRON, "wrong length or version")
    return (text,)


def _is_solana(text: str) -> bool:
    try:
        return bool(_solana(text))
    except MalformedAddress:
        return False


def _hexadecimal(text: str) -> str:
    if _EVM(text):
        return text.lower()
    if tron.is_hexadecimal(text):
        return tron.base58(text)
    account = _ACCOUNT_32(text)
    if account is None:
        raise MalformedAddress(Family.EVM, "not 40 hexadecimal digits")
    return "0x" + account[1].lower().zfill(64)


def _known_bech32(text: str) -> str | None:
    """Reads a text that starts with the prefix of a known bech32 network, None for any other text."""
    known = _CLAIMS_BECH32_OF(text)
    if known is None or (not text.islower() and not text.isupper() and _is_solana(text)):
        return None
    hrp = known[1].lower()
    return _bnb_beacon(text) if hrp == "bnb" else segwit(text, hrp, hrp)


def _bech32_or_unknown(text: str) -> str:
    if _CLAIMS_BECH32(text):
        lower = plain(text, "bech32")
        return bitcoin.tex(lower) if lower.startswith("tex1") else lower
    if _UNKNOWN(text):
        return text
    raise MalformedAddress("unknown", "too short or too long for any address")
