"""Coins and valid addresses: what generated transfers move, and where it goes.

Every address carries the checksum of its chain, so that nothing downstream meets one it cannot read. Nobody holds
the keys: each is made of random bytes.
"""

import random
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import base58
import bech32
import msgspec
from Crypto.Hash import keccak


def evm_address(rng: random.Random) -> str:
    """Twenty random bytes, half of the time in the checksummed spelling of EIP-55."""
    digits = rng.randbytes(20).hex()
    if rng.random() < 0.5:
        return "0x" + digits
    digest = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    return "0x" + "".join(char.upper() if int(mark, 16) >= 8 else char for char, mark in zip(digits, digest, strict=False))


def bitcoin_address(rng: random.Random) -> str:
    """A native segwit, script or public key hash address of Bitcoin."""
    return _segwit_or_base58(rng, "bc", b"\x00", b"\x05")


def litecoin_address(rng: random.Random) -> str:
    """A native segwit, script (M...) or public key hash (L...) address of Litecoin."""
    return _segwit_or_base58(rng, "ltc", b"\x30", b"\x32")


def tron_address(rng: random.Random) -> str:
    """A base58 address of Tron."""
    return base58.b58encode_check(b"\x41" + rng.randbytes(20)).decode()


def xrp_address(rng: random.Random) -> str:
    """A classic address of the XRP Ledger."""
    return base58.b58encode_check(b"\x00" + rng.randbytes(20), alphabet=base58.RIPPLE_ALPHABET).decode()


def solana_address(rng: random.Random) -> str:
    """Thirty-two random bytes in base58."""
    return base58.b58encode(rng.randbytes(32)).decode()


def _segwit_or_base58(rng: random.Random, prefix: str, key_version: bytes, script_version: bytes) -> str:
    draw = rng.random()
    if draw < 0.3:
        text = bech32.encode(prefix, 0, rng.randbytes(20))
        if text is None:
            raise AssertionError("twenty bytes always make a segwit address")
        return text
    version = key_version if draw < 0.65 else script_version
    return base58.b58encode_check(version + rng.randbytes(20)).decode()


_MAKERS: Final[dict[str, Callable[[random.Random], str]]] = {
    "evm": evm_address,
    "bitcoin": bitcoin_address,
    "litecoin": litecoin_address,
    "tron": tron_address,
    "xrp": xrp_address,
    "solana": solana_address,
}


class Coin(msgspec.Struct, frozen=True, kw_only=True):
    """An asset on a network. `cents` is about what one unit cost in 2025, `decimals` how finely it is divided."""

    asset: str
    network: str
    family: str
    cents: int
    decimals: int
    weight: int = 1

    def address(self, rng: random.Random) -> str:
        """A fresh valid address."""
        return _MAKERS[self.family](rng)

    def amount(self, cents: int, per_mille: int) -> str:
        """So many US cents in units of the asset, as decimal text; `per_mille` is today's price against the usual."""
        if self.cents == 100:
            return f"{cents // 100}.{cents % 100:02d}"
        scale = 10**self.decimals
        units = cents * scale * 1000 // (self.cents * per_mille)
        return f"{units // scale}.{units % scale:0{self.decimals}d}"


USDT_TRON: Final = Coin(asset="USDT", network="tron", family="tron", cents=100, decimals=2, weight=26)
USDT_ETHEREUM: Final = Coin(asset="USDT", network="ethereum", family="evm", cents=100, decimals=2, weight=18)
USDC_ETHEREUM: Final = Coin(asset="USDC", network="ethereum", family="evm", cents=100, decimals=2, weight=10)
BITCOIN: Final = Coin(asset="BTC", network="bitcoin", family="bitcoin", cents=95_000_00, decimals=8, weight=12)
ETHER: Final = Coin(asset="ETH", network="ethereum", family="evm", cents=3_000_00, decimals=8, weight=14)
SOL: Final = Coin(asset="SOL", network="solana", family="solana", cents=170_00, decimals=8, weight=5)
XRP: Final = Coin(asset="XRP", network="xrp", family="xrp", cents=2_20, decimals=6, weight=4)
LITECOIN: Final = Coin(asset="LTC", network="litecoin", family="litecoin", cents=90_00, decimals=8, weight=3)
POLYGON: Final = Coin(asset="USDC", network="polygon", family="evm", cents=100, decimals=2, weight=5)
BSC: Final = Coin(asset="USDT", network="bsc", family="evm", cents=100, decimals=2, weight=3)

COINS: Final = (USDT_TRON, USDT_ETHEREUM, USDC_ETHEREUM, BITCOIN, ETHER, SOL, XRP, LITECOIN, POLYGON, BSC)
STABLECOINS: Final = (USDT_TRON, USDT_ETHEREUM, USDC_ETHEREUM)
WEIGHTS: Final = [coin.weight for coin in COINS]  # judgement: shares of transfers at a mid-size exchange


def coin_of(address: str) -> Coin:
    """A coin that lives where the address does, as its shape tells."""
    if address[:2].lower() == "0x":
        return ETHER
    if address[:1] == "T":
        return USDT_TRON
    if address[:1] == "r":
        return XRP
    if address[:4].lower() == "ltc1" or address[:1] in "LM":
        return LITECOIN
    if address[:3].lower() == "bc1" or (address[:1] in "13" and len(address) <= 35):
        return BITCOIN
    return SOL


def short_hash(text: str) -> str:
    """Six hex digits that tell one text from another."""
    return sha256(text.encode()).hexdigest()[:6]
