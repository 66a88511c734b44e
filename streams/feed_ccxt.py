"""CCXT's unified transactions (github.com/ccxt/ccxt, wiki Manual, "Transaction Structure") as transfers.

Exchanges fill the structure differently, and nothing of it may get lost: what the contract has no field for (status, fee,
times of update, the second of two addresses or tags) goes along in an extra object `ccxt`, which rules do not see. Only
`info`, the exchange's raw answer, is left out.

* Ids. Several exchanges number deposits and withdrawals apart, so that both have a 4703879: a deposit's event id is
  `deposit:ID`. A withdrawal keeps its id, by which its verdict is found. Deposits without an id are named by transaction,
  address, tag and amount, since one transaction may pay several of them.
* Sides. `address` is the account's own for a deposit, the recipient's for a withdrawal, unless both ends are named.
* Status. `ok` is booked. `pending` withdrawals are what a verdict is wanted for; feed those or the booked ones, not both:
  a transaction that was pending comes again with a hash, which is other content under the same id.
"""

import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO, Final

import msgspec

from streams.feed_formats import chunked
from streams.ivms101 import counterparty_of, read_payload

_BLOCK_BYTES: Final = 1024 * 1024
_BOOKED: Final = "ok"
_KEPT: Final = ("status", "fee", "fees", "internal", "updated")
_BOTH_ENDS: Final = ("address", "addressFrom", "addressTo", "tag", "tagFrom", "tagTo")

_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode  # a JSON number keeps its digits
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


class CcxtOptions(msgspec.Struct):
    """What CCXT does not say, which statuses are wanted, and what was left out for it."""

    account: str | None = None
    prices: Mapping[str, Decimal] = {}
    statuses: frozenset[str] = frozenset({_BOOKED})
    left_out: int = 0
    without_price: set[str] = msgspec.field(default_factory=set)


def read_ccxt(stream: BinaryIO, options: CcxtOptions) -> Iterator[list[bytes]]:
    """CCXT's unified transaction structures, a JSON array or one a line.

    Those whose status is not wanted are left out and counted in `options`. Raises msgspec.DecodeError for an array that
    is not valid JSON.
    """
    beginning = stream.read(_BLOCK_BYTES)
    if beginning.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        items = _decode(beginning.removeprefix(b"\xef\xbb\xbf") + stream.read())
        yield from chunked(line for item in items if (line := _line(item, options)) is not None)
        return
    rest = b""
    while beginning:
        *lines, rest = (rest + beginning).split(b"\n")
        yield [out for line in lines if (out := _from_line(line, options)) is not None]
        beginning = stream.read(_BLOCK_BYTES)
    if (out := _from_line(rest, options)) is not None:
        yield [out]


def _from_line(line: bytes, options: CcxtOptions) -> bytes | None:
    if not line or line.isspace():
        return None
    try:
        return _line(_decode(line), options)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return line


def _line(item: Any, options: CcxtOptions) -> bytes | None:
    if not isinstance(item, dict) or "event_id" in item:
        return _encode(item)  # a transfer already, or nothing we know
    if (item.get("status") or _BOOKED) not in options.statuses:
        options.left_out += 1
        return None
    return _encode(from_ccxt(item, options))


def from_ccxt(item: Mapping[str, Any], options: CcxtOptions) -> dict[str, Any]:
    """One transaction as a transfer. What is missing or wrong in it is missing or wrong in the transfer, too."""
    incoming = item.get("type") == "deposit"
    theirs = item.get("addressFrom") if incoming else item.get("addressTo") or item.get("address")
    ours = (item.get("addressTo") or item.get("address")) if incoming else item.get("addressFrom")
    # A tag belongs to the address it is used with: of a deposit to ours, where it names the account.
    tag = item.get("tagFrom") if incoming else item.get("tagTo") or item.get("tag")
    amount = number_text(item.get("amount"))
    transfer = {
        "event_id": _event_id(item, incoming),
        "kind": item.get("type"),
        "account_id": item.get("account_id") or item.get("account") or options.account,
        "asset": item.get("currency"),
        "network": item.get("network"),
        "amount": amount,
        "value_usd": number_text(item.get("value_usd")) or value_at(options, item.get("currency"), amount),
        "addresses": [theirs] if theirs else [],
        "own_address": ours,
        "tag": tag,
        "memo": item.get("comment"),
        "tx_hash": item.get("txid"),
        "occurred_at": item.get("timestamp") or item.get("datetime"),
        "counterparty": _counterparty(item, incoming),
        "ccxt": _rest(item, theirs, ours, tag),
    }
    return {name: value for name, value in transfer.items() if value is not None}


def _event_id(item: Mapping[str, Any], incoming: bool) -> str | None:
    given, txid = item.get("id"), item.get("txid")
    if given is not None:
        return f"deposit:{given}" if incoming else str(given)
    if txid is None:
        return None
    named = [item.get(name) for name in ("addressTo", "address", "tagTo", "tag", "currency", "amount")]
    digest = hashlib.blake2b(_encode(named), digest_size=8).hexdigest()
    return f"{item.get('type')}:{str(txid)[:90]}:{digest}"


def _rest(item: Mapping[str, Any], theirs: Any, ours: Any, tag: Any) -> dict[str, Any] | None:
    """What the contract has no field for; the addresses and tags only where they say more than one each."""
    rest = {name: item[name] for name in _KEPT if item.get(name) is not None}
    spoken = {theirs, ours, tag}
    ends = {name: item[name] for name in _BOTH_ENDS if item.get(name) is not None}
    if set(ends.values()) - spoken:
        rest |= ends
    return rest or None


def _counterparty(item: Mapping[str, Any], incoming: bool) -> Any:
    """The party from IVMS101 data that travelled with the transaction; where that cannot be read, what is no party."""
    if (payload := item.get("ivms101")) is None:
        return None
    try:
        party = counterparty_of(read_payload(_encode(payload)), incoming=incoming)
    except msgspec.ValidationError as error:
        return f"unreadable IVMS101 data: {error}"  # a dead letter will say so: never judged as if nobody were named
    return None if party is None else msgspec.to_builtins(party)


def value_at(options: CcxtOptions, asset: Any, amount: str | None) -> str | None:
    """The worth in US dollars at the prices given; None, and the asset noted, where there is none."""
    price = options.prices.get(str(asset).upper())
    if price is None:
        options.without_price.add(str(asset))
        return None
    return None if amount is None else f"{Decimal(amount) * price:.6f}"


def number_text(value: Any) -> str | None:
    """A JSON number or text as the plain decimal text of the contract; None when it is neither."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return f"{Decimal(str(value)):f}"
    except InvalidOperation:
        return None
