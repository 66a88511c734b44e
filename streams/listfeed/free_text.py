"""Digital currency addresses in sentences: the EU, the UN and the UK have no field for them.

A word counts as an address when its checksum is right, or when it has the unmistakable shape of an EVM address. Solana
addresses have neither, so that they count only where the text names Solana. The ticker is the last one named before it.
"""

from __future__ import annotations

import re

from rules.addresses import Family, MalformedAddress, canonical, family_of
from rules.lists import ListedAddress

_WORD = re.compile(r"[A-Za-z0-9:_]{25,120}")
_TICKER = re.compile(
    r"\b(?:bitcoin(?: cash| gold| sv)?|litecoin|dogecoin|dash|zcash|monero|ethereum(?: classic)?|tether|tron|"
    r"ripple|solana|arbitrum|bnb|binance smart chain|X?BTC|XBT|BCH|BSV|BTG|ETC|ETH|LTC|DOGE|DASH|ZEC|XMR|XRP|SOL|TRX|"
    r"USDT|USDC|ARB|BSC|BNB|XVG)\b",
    re.IGNORECASE,
)
_TICKERS = {
    "bitcoin": "XBT", "btc": "XBT", "xbtc": "XBT", "bitcoin cash": "BCH", "bitcoin gold": "BTG", "bitcoin sv": "BSV",
    "litecoin": "LTC", "dogecoin": "DOGE", "zcash": "ZEC", "monero": "XMR", "ethereum": "ETH",
    "ethereum classic": "ETC", "tether": "USDT", "tron": "TRX", "ripple": "XRP", "solana": "SOL", "arbitrum": "ARB",
    "binance smart chain": "BSC",
}  # fmt: skip
_BY_SHAPE = (
    (re.compile(r"0x[0-9a-fA-F]{40}"), Family.EVM, "ETH"),
    (re.compile(r"T[1-9A-HJ-NP-Za-km-z]{33}"), Family.TRON, "TRX"),
    (re.compile(r"(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[0-9a-z]{39,59}|BC1[0-9A-Z]{39,59})"), Family.BITCOIN, "XBT"),
    (re.compile(r"(?:[LM][1-9A-HJ-NP-Za-km-z]{32,33}|ltc1[0-9a-z]{39,59})"), Family.LITECOIN, "LTC"),
    (re.compile(r"D[1-9A-HJ-NP-Za-km-z]{32,33}"), Family.DOGECOIN, "DOGE"),
    (re.compile(r"X[1-9A-HJ-NP-Za-km-z]{33}"), Family.DASH, "DASH"),
    (re.compile(r"t[13][1-9A-HJ-NP-Za-km-z]{33}"), Family.ZCASH, "ZEC"),
    (re.compile(r"G[1-9A-HJ-NP-Za-km-z]{33}"), Family.BITCOIN_GOLD, "BTG"),
    (re.compile(r"bnb1[0-9a-z]{38}"), Family.BNB_BEACON, "BNB"),
    (re.compile(r"r[1-9A-HJ-NP-Za-km-z]{24,34}"), Family.XRP, "XRP"),
    (re.compile(r"[48][1-9A-HJ-NP-Za-km-z]{94,105}"), Family.MONERO, "XMR"),
    (re.compile(r"(?:bitcoincash:)?[qp][0-9a-z]{41}"), Family.BITCOIN_CASH, "BCH"),
)
_SOLANA = re.compile(r"[1-9A-HJ-NP-Za-km-z]{43,44}")


def addresses_in(text: str) -> tuple[ListedAddress, ...]:
    """The digital currency addresses a text names, in its order, each once."""
    found: list[ListedAddress] = []
    for word in _WORD.finditer(text):
        spelled = word[0].strip(":_")
        named = _named_before(text, word.start())
        ticker = _ticker(spelled, named)
        if ticker is None and ":" in spelled:  # "BTC:1abc..."
            scheme, _, spelled = spelled.rpartition(":")
            ticker = _ticker(spelled, _TICKERS.get(scheme.lower(), scheme.upper()))
        if ticker is not None:
            found.append(ListedAddress(currency=ticker, address=spelled))
    return tuple(dict.fromkeys(found))


def _named_before(text: str, end: int) -> str | None:
    named = None
    for match in _TICKER.finditer(text, max(0, end - 200), end):
        named = match[0].lower()
    return None if named is None else _TICKERS.get(named, named.upper())


def _ticker(word: str, named: str | None) -> str | None:
    """The ticker of a word that is an address, None of any other word."""
    for shape, family, ticker in _BY_SHAPE:
        if shape.fullmatch(word) and _valid(word, family.value):
            return named if named is not None and _fits(named, family) else ticker
    if named == "SOL" and _SOLANA.fullmatch(word) and _valid(word, "solana"):
        return named
    return None


def _fits(ticker: str, family: Family) -> bool:
    """Whether a ticker can stand for an address of a family; a token can stand for one of several."""
    named = family_of(ticker)
    return named is None or named is family


def _valid(word: str, network: str) -> bool:
    try:
        canonical(word, network)
    except MalformedAddress:
        return False
    return True
