"""Network names as exchanges write them, and the family of addresses each one uses."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache


class Family(StrEnum):
    """Networks whose addresses are spelled and verified in the same way."""

    EVM = "evm"
    BITCOIN = "bitcoin"
    BITCOIN_CASH = "bitcoin cash"
    BITCOIN_SV = "bitcoin sv"
    BITCOIN_GOLD = "bitcoin gold"
    LITECOIN = "litecoin"
    DOGECOIN = "dogecoin"
    DASH = "dash"
    ZCASH = "zcash"
    VERGE = "verge"
    TRON = "tron"
    XRP = "xrp"
    MONERO = "monero"
    SOLANA = "solana"
    BNB_BEACON = "bnb beacon chain"
    NAMED = "account name"


# Spellings are compared without case, blanks, hyphens and underscores. A name that is
# used for two kinds of chain (BNB for Beacon and Smart Chain, AVAX for X and C chain, CRO) is left out on purpose:
# the shape of the address decides there, as it does for every network not named here.
_NAMES: dict[Family, str] = {
    Family.EVM: (
        "ethereum eth erc20 ethereummainnet ethereumclassic etc bsc bep20 binancesmartchain bnbsmartchain bnbchain "
        "polygon polygonpos matic polygonzkevm arbitrum arbitrumone arbitrumnova arb arb1 arbone optimism op "
        "opmainnet base basemainnet avalanchec avalanchecchain avaxc avaxcchain cchain fantom ftm opera sonic gnosis "
        "xdai celo cronos moonbeam glmr moonriver movr linea lineaeth scroll scrolleth blast blasteth mantle mnt "
        "zksync zksyncera zksynclite metis aurora boba mode manta taiko zora fraxtal worldchain unichain ink abstract "
        "berachain bera monad hyperevm opbnb ronin ron xdc xinfin kaia klaytn klay heco harmonyevm core coredao "
        "merlin bitlayer bob plasma seievm kavaevm evm canto evmos flare songbird pulsechain sepolia holesky "
        "goerli hoodi"
    ),
    Family.BITCOIN: "bitcoin btc xbt omni segwit nativesegwit taproot bitcoinmainnet btcsegwit",
    Family.BITCOIN_CASH: "bitcoincash bch bcc bchn",
    Family.BITCOIN_SV: "bitcoinsv bsv",
    Family.BITCOIN_GOLD: "bitcoingold btg",
    Family.LITECOIN: "litecoin ltc",
    Family.DOGECOIN: "dogecoin doge",
    Family.DASH: "dash",
    Family.ZCASH: "zcash zec",
    Family.VERGE: "verge xvg",
    Family.TRON: "tron trx trc20 trc10 tronmainnet",
    Family.XRP: "xrp ripple xrpl xrpledger",
    Family.MONERO: "monero xmr",
    Family.SOLANA: "solana sol spl solanamainnet",
    Family.BNB_BEACON: "bep2 binancechain bnbbeaconchain beaconchain",
    # Chains on which an address is an account name or number and may be short.
    Family.NAMED: "eos vaulta wax telos near nearprotocol hedera hbar hive steem proton xpr flow iost waxp",
}
_FAMILIES = {name: family for family, names in _NAMES.items() for name in names.split()}
_IGNORED = str.maketrans("", "", " -_.()/")


@lru_cache(maxsize=4096)
def family_of(network: str | None) -> Family | None:
    """The address family of a network name in any case, or None when the name is unknown or absent.

    CAIP-2 names of EVM chains (`eip155:8453`) are known as well, and two names in one, `TRX(TRC20)` or `BNB Smart Chain
    (BEP20)`, unless they contradict each other.
    """
    if network is None:
        return None
    squeezed = network.lower().translate(_IGNORED)
    if squeezed.startswith("eip155:"):
        return Family.EVM
    if squeezed in _FAMILIES or "(" not in network:
        return _FAMILIES.get(squeezed)
    both = {_FAMILIES.get(part.translate(_IGNORED)) for part in network.lower().split("(")} - {None}
    return both.pop() if len(both) == 1 else None
