"""Addresses of every kind with all their spellings, made with encoders of their own or from other libraries."""

from collections.abc import Callable
from dataclasses import dataclass

import base58
import bech32
from Crypto.Hash import keccak
from hypothesis import strategies as st

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@dataclass(frozen=True)
class Spelled:
    """One address: its canonical form, its network, all spellings on that network, and those that need no network."""

    kind: str
    network: str | None
    canonical: str
    spellings: tuple[str, ...]
    by_shape: tuple[str, ...] = ()
    checksummed: bool = True


def check(version: bytes, rest: bytes) -> str:
    return base58.b58encode_check(version + rest).decode()


def segwit(hrp: str, version: int, program: bytes) -> str:
    data = [version, *bech32.convertbits(program, 8, 5)]
    values = bech32.bech32_hrp_expand(hrp) + data
    polymod = bech32.bech32_polymod(values + [0] * 6) ^ (0x2BC830A3 if version else 1)
    return hrp + "1" + "".join(CHARSET[each] for each in data + [polymod >> 5 * (5 - i) & 31 for i in range(6)])


def plain(hrp: str, data: bytes) -> str:
    encoded: str = bech32.bech32_encode(hrp, bech32.convertbits(data, 8, 5))
    return encoded


def cashaddr(version: int, rest: bytes, prefix: str = "bitcoincash") -> str:
    """The data part of a cashaddr, by the shift register of its specification."""
    data = bech32.convertbits(bytes([version]) + rest, 8, 5)
    state = 1
    for value in [ord(char) & 31 for char in prefix] + [0, *data] + [0] * 8:
        top, state = state >> 35, (state & 0x07FFFFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)):
            state ^= generator if top >> bit & 1 else 0
    state ^= 1
    return "".join(CHARSET[each] for each in data + [state >> 5 * (7 - i) & 31 for i in range(8)])


def monero(network: int, rest: bytes) -> str:
    payload = bytes([network]) + rest
    data = payload + keccak.new(digest_bits=256, data=payload).digest()[:4]
    text = ""
    for start in range(0, len(data), 8):
        block = data[start : start + 8]
        digits = base58.b58encode_int(int.from_bytes(block, "big"), default_one=False).decode()
        text += digits.rjust(11 if len(block) == 8 else 7, "1")
    return text


def classic_xrp(account: bytes) -> str:
    return base58.b58encode_check(b"\0" + account, alphabet=base58.RIPPLE_ALPHABET).decode()


def x_address(account: bytes, tag: int | None, prefix: bytes = b"\x05\x44") -> str:
    flag = b"\0" if tag is None else b"\1"
    packed = prefix + account + flag + (tag or 0).to_bytes(8, "little")
    return base58.b58encode_check(packed, alphabet=base58.RIPPLE_ALPHABET).decode()


def evm(raw: bytes) -> Spelled:
    digits = raw.hex()
    mixed = "".join(char.upper() if i % 3 else char for i, char in enumerate(digits))
    bare = (digits, digits.upper(), f"xdc{mixed}", f"ronin:{digits}")
    forms = (f"0x{digits}", f"0X{digits.upper()}", f"0x{mixed}", f"eip155:1:0x{mixed}", f" 0x{mixed}\n", *bare)
    return Spelled("evm", "erc20", f"0x{digits}", forms, forms, checksummed=False)


def bitcoin(raw: bytes) -> Spelled:
    legacy = check(b"\0", raw)
    return Spelled("bitcoin", "BTC", legacy, (legacy, f"bitcoin:{legacy}"), (legacy, f" {legacy} "))


def bitcoin_script(raw: bytes) -> Spelled:
    legacy = check(b"\5", raw)
    return Spelled("bitcoin script", "bitcoin", legacy, (legacy,), (legacy,))


def bitcoin_segwit(raw: bytes) -> Spelled:
    form = segwit("bc", 0, raw)
    return Spelled("bitcoin segwit", "bitcoin", form, (form, form.upper()), (form, form.upper()))


def taproot(raw: bytes) -> Spelled:
    form = segwit("bc", 1, raw + raw[:12])
    return Spelled("bitcoin taproot", "xbt", form, (form, form.upper()), (form, form.upper()))


def bitcoin_cash(raw: bytes) -> Spelled:
    legacy, data, token = check(b"\0", raw), cashaddr(0, raw), cashaddr(16, raw)
    forms = (data, data.upper(), f"bitcoincash:{data}", f"BITCOINCASH:{data.upper()}", token, legacy)
    return Spelled("bitcoin cash", "bch", legacy, forms, forms)


def bitcoin_cash_script(raw: bytes) -> Spelled:
    legacy, data = check(b"\5", raw), cashaddr(8, raw)
    forms = (data, data.upper(), f"bitcoincash:{data}", cashaddr(24, raw), legacy)
    return Spelled("bitcoin cash script", "Bitcoin-Cash", legacy, forms, forms)


def litecoin(raw: bytes) -> Spelled:
    form = check(b"\x30", raw)
    return Spelled("litecoin", "ltc", form, (form,), (form,))


def litecoin_script(raw: bytes) -> Spelled:
    form = check(b"\x32", raw)
    return Spelled("litecoin script", "litecoin", form, (form, check(b"\5", raw)), (form,))


def litecoin_segwit(raw: bytes) -> Spelled:
    form = segwit("ltc", 0, raw)
    return Spelled("litecoin segwit", "LTC", form, (form, form.upper()), (form, form.upper()))


def tron(raw: bytes) -> Spelled:
    form, digits = check(b"\x41", raw), raw.hex()
    shaped = (form, f"41{digits}", f"41{digits.upper()}", f"0x41{digits}", f"tron:{form}")
    return Spelled("tron", "TRC-20", form, (*shaped, f"0x{digits}", f"0X{digits.upper()}", digits), shaped)


def xrp(raw: bytes) -> Spelled:
    form = classic_xrp(raw)
    forms = (form, x_address(raw, None), x_address(raw, 7), x_address(raw, 2**32 - 1))
    return Spelled("xrp", "ripple", form, forms, forms)


def monero_standard(raw: bytes) -> Spelled:
    keys = (raw * 4)[:64]
    form = monero(18, keys)
    return Spelled("monero", "xmr", form, (form, monero(19, keys + raw[:8])), (form,))


def monero_subaddress(raw: bytes) -> Spelled:
    form = monero(42, (raw * 4)[:64])
    return Spelled("monero subaddress", "monero", form, (form,), (form,))


def solana(raw: bytes) -> Spelled:
    form = base58.b58encode(raw + raw[:12]).decode()
    return Spelled("solana", "SOL", form, (form,), (form,), checksummed=False)


def bnb(raw: bytes) -> Spelled:
    form = plain("bnb", raw)
    return Spelled("bnb beacon", "bep2", form, (form, form.upper()), (form, form.upper()))


def cosmos(raw: bytes) -> Spelled:
    form = plain("cosmos", raw)
    return Spelled("cosmos", "cosmoshub", form, (form, form.upper()), (form, form.upper()))


def versioned(kind: str, network: str, version: bytes) -> Callable[[bytes], Spelled]:
    def make(raw: bytes) -> Spelled:
        form = check(version, raw)
        return Spelled(kind, network, form, (form,), (form,))

    return make


KINDS: tuple[Callable[[bytes], Spelled], ...] = (
    evm, bitcoin, bitcoin_script, bitcoin_segwit, taproot, bitcoin_cash, bitcoin_cash_script, litecoin, litecoin_script,
    litecoin_segwit, tron, xrp, monero_standard, monero_subaddress, solana, bnb, cosmos,
    versioned("dogecoin", "DOGE", b"\x1e"), versioned("dogecoin script", "doge", b"\x16"),
    versioned("dash", "dash", b"\x4c"), versioned("zcash", "zec", b"\x1c\xb8"),
    versioned("zcash script", "Zcash", b"\x1c\xbd"), versioned("bitcoin gold", "btg", b"\x26"),
    versioned("verge", "xvg", b"\x1e"), versioned("bitcoin sv", "BSV", b"\0"),
)  # fmt: skip

RAW = st.binary(min_size=20, max_size=20)
ADDRESSES = st.builds(lambda make, raw: make(raw), st.sampled_from(KINDS), RAW)


def spellings_of(listed: str) -> tuple[tuple[str, str | None], ...]:
    """Every other spelling of a published address, with a network it may be named with."""
    if listed.startswith("0x") and len(listed) == 42:
        made = evm(bytes.fromhex(listed[2:]))
        networks = ("ethereum", "BSC", "Polygon", "arbitrum", "Avalanche C-Chain", "a chain of next year", None)
        return tuple((form, network) for network in networks for form in made.by_shape)
    if listed.startswith(("bc1", "ltc1", "bnb1")):
        return tuple((form, None) for form in (listed, listed.upper()))
    if listed[0] in "qp" and len(listed) == 42:
        values = bech32.convertbits([CHARSET.index(char) for char in listed[:-8]], 5, 8, False)
        made = (bitcoin_cash if values[0] == 0 else bitcoin_cash_script)(bytes(values[1:]))
        return tuple((form, network) for form in made.spellings for network in ("bch", None))
    if len(listed) not in (33, 34):
        return ((listed, None), (f" {listed} ", None))
    if listed[0] == "r":
        raw = base58.b58decode_check(listed, alphabet=base58.RIPPLE_ALPHABET)[1:]
        return tuple((form, network) for form in xrp(raw).spellings for network in ("XRP", None))
    version, raw = base58.b58decode_check(listed)[:1], base58.b58decode_check(listed)[1:]
    if version == b"\x41":
        made = tron(raw)
        return tuple((form, "TRC20") for form in made.spellings) + tuple((form, None) for form in made.by_shape)
    if version == b"\0":
        return tuple((form, network) for form in bitcoin_cash(raw).spellings for network in ("bch", None))
    if version == b"\x32":
        return tuple((form, network) for form in litecoin_script(raw).spellings for network in ("litecoin", None))
    return ((listed, None), (f"{listed}\t", None))
