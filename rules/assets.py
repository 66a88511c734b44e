"""What kind of asset a ticker is: the classes by which rule files may set thresholds of their own.

The tables are judgement, reviewed 2026-11: tickers by which exchanges trade these assets, not a statement about quality or
legality. A ticker that stands in none of them is `other`: no rule becomes milder because an asset is unknown.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Final


class AssetClass(StrEnum):
    """`native` is the coin of a chain of its own; `privacy` one that hides amounts or parties, native or not."""

    STABLECOIN = "stablecoin"
    NATIVE = "native"
    PRIVACY = "privacy"
    OTHER = "other"


_TICKERS: Final = {
    AssetClass.STABLECOIN: (
        "USDT USDC USDC.E USDT0 DAI TUSD FDUSD BUSD USDP PAX GUSD PYUSD USDD USDE USDS USD1 RLUSD USDG LUSD FRAX CRVUSD GHO "
        "SUSD EURC EURT EURS EURI EURCV AEUR XSGD BRZ BIDR TRYB GYEN"
    ),
    AssetClass.PRIVACY: "XMR ZEC DASH XVG ZEN BEAM GRIN SCRT DCR FIRO ARRR PIRATE DERO XHV ROSE OXEN ZANO WOW",
    AssetClass.NATIVE: (
        "BTC XBT ETH ETC BNB SOL XRP LTC BCH BSV BTG DOGE TRX ADA DOT AVAX MATIC POL ATOM NEAR ALGO XLM XTZ EOS HBAR ICP "
        "FIL TON APT SUI FTM S SEI KAS CELO EGLD FLOW INJ KAVA KSM MINA QTUM RUNE STX VET XDC XEM ONE WAXP"
    ),
}
_CLASSES: Final = {ticker: kind for kind, tickers in _TICKERS.items() for ticker in tickers.split()}


@lru_cache(maxsize=4096)
def class_of(asset: str) -> AssetClass:
    """The class of a ticker in any case; `other` for one that is not known."""
    return _CLASSES.get(asset.strip().upper(), AssetClass.OTHER)
