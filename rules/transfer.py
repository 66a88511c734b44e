"""A transfer as the exchange reports it: the input contract, version 1.

One JSON object per deposit or withdrawal. `read_transfer` turns the bytes of one into a checked `Transfer` or raises
`BadTransfer`, which names the field and the reason: the stuff of a dead letter.
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

MICRO: Final = 1_000_000  # value_usd is judged in millionths of a dollar
MAX_VALUE_USD: Final = 10**11  # judgement: above every transfer ever made; keeps sums inside 64 bits
EARLIEST: Final = datetime(2009, 1, 3, tzinfo=UTC)  # the Bitcoin genesis block; no transfer is older
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)  # judgement: beyond it a date is a mistake of units

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_DAY_MS: Final = 86_400_000
_EARLIEST_MS: Final = (EARLIEST - _EPOCH) // _MILLISECOND
_LATEST_MS: Final = (LATEST - _EPOCH) // _MILLISECOND

_DECIMAL_PATTERN: Final = r"^[0-9]{1,30}(\.[0-9]{1,30})?$"
_is_decimal: Final = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII).fullmatch
_ID_PATTERN: Final = r"^[^\u0000-\u001F\u007F-\u009F]*$"
_control: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]").search

# Bounds on text keep a message, and the state made from it, of predictable size (judgement).
Identifier = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        extra_json_schema={"pattern": _ID_PATTERN},
    ),
]
ShortText = Annotated[str, Meta(max_length=128)]
Text = Annotated[str, Meta(max_length=512)]
Country = Annotated[str, Meta(min_length=2, max_length=2, description="ISO 3166-1 alpha-2")]
Region = Annotated[
    str,
    Meta(max_length=128, description="ISO 3166-2 such as UA-43, its part after the country, or the region's name in words"),
]
DecimalText = Annotated[
    str,
    Meta(
        max_length=61,
        description="A non-negative decimal number as text, such as 1250.5: money is never a float.",
        extra_json_schema={"pattern": _DECIMAL_PATTERN},
    ),
]


class Kind(StrEnum):
    """Which way the money moves, seen from the account."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


class PartyType(StrEnum):
    """Natural or legal person, as IVMS101 tells them apart."""

    INDIVIDUAL = "individual"
    ENTITY = "entity"


class Party(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is on the other side, as far as the travel rule brought it: a subset of IVMS101."""

    name: Text | None = None
    type: PartyType | None = None
    country: Country | None = None
    region: Region | None = None
    date_of_birth: Annotated[str, Meta(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")] | None = None
    vasp: Text | None = None


class AccountFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the exchange knows about the account's holder."""

    opened_at: datetime | int | None = None
    holder_name: Text | None = None
    country: Country | None = None
    region: Region | None = None
    type: ShortText | None = None


class Transfer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One deposit or withdrawal, keyed by `account_id` on its topic.

    `addresses` is the counterparty's side; a UTXO deposit has several. `own_address` is the account's own deposit address,
    where known: it links accounts to addresses. `occurred_at` is event time. Unknown extra fields are ignored.
    """

    event_id: Identifier
    kind: Kind
    account_id: Identifier
    asset: Annotated[str, Meta(min_length=1, max_length=32)]
    network: ShortText | None = None
    amount: DecimalText
    value_usd: DecimalText
    addresses: Annotated[tuple[Text, ...], Meta(max_length=1000)]
    own_address: Text | None = None
    tag: ShortText | None = None
    memo: Text | None = None
    tx_hash: Text | None = None
    occurred_at: Annotated[
        datetime | int,
        Meta(description="RFC 3339 with an offset, or milliseconds since the epoch. Event time."),
    ]
    counterparty: Party | None = None
    ip: ShortText | None = None
    ip_country: Country | None = None
    ip_region: Region | None = None
    device_id: ShortText | None = None
    account: AccountFacts | None = None


class BadTransfer(ValueError):
    """The bytes are not a transfer.

    `reason` says why in words an engineer at the exchange can act on, `field` where (a dotted path, `$` for the whole
    message).
    """

    def __init__(self, reason: str, field: str = "$") -> None:
        super().__init__(f"{field}: {reason}")
        self.reason = reason
        self.field = field


_decode: Final = msgspec.json.Decoder(Transfer).decode
_PATH: Final = re.compile(r"(?s)^(.*?)(?: - at `(?:key in )?\$\.?(.*)`)?$")
_MISSING: Final = re.compile(r"missing required field `([^`]+)`")


def read_transfer(raw: bytes) -> Transfer:
    """Decode and check one message.

    Raises:
        BadTransfer: empty, not JSON, a field missing or of the wrong type, a number or date beyond reason.
    """
    try:
        transfer = _decode(raw)
    except msgspec.ValidationError as error:
        raise _explain(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if not raw.strip():
            raise BadTransfer("an empty message") from None
        raise BadTransfer(f"not valid JSON: {error}") from None
    except RecursionError:
        raise BadTransfer("nested too deeply") from None
    if not _is_decimal(transfer.amount):
        raise BadTransfer("not a non-negative decimal number as text", "amount")
    if not (transfer.account_id.isprintable() and transfer.event_id.isprintable()):  # quick: nearly always so
        _check_ids(transfer)
    return transfer


def _check_ids(transfer: Transfer) -> None:
    """Control characters would make ids that nobody sees apart, and could pass for keys of Lockgate's own."""
    for field in ("account_id", "event_id"):
        if _control(getattr(transfer, field)):
            raise BadTransfer("a control character in it", field)


def _explain(error: msgspec.ValidationError) -> BadTransfer:
    message, path = _PATH.match(str(error)).groups()  # type: ignore[union-attr]  # matches any text
    if path:
        return BadTransfer(message, path)
    missing = _MISSING.search(message)
    return BadTransfer(message, missing[1] if missing else "$")


def value_micros(text: str, field: str = "value_usd") -> int:
    """US dollars as text to whole micro-dollars; digits beyond the sixth are cut off.

    Raises:
        BadTransfer: not a plain non-negative decimal, or more than `MAX_VALUE_USD`.
    """
    if not _is_decimal(text):
        raise BadTransfer("not a non-negative decimal number as text", field)
    whole, _, fraction = text.partition(".")
    micros = int(whole + fraction[:6].ljust(6, "0")) if fraction else int(whole) * MICRO
    if micros > MAX_VALUE_USD * MICRO:
        raise BadTransfer(f"more than {MAX_VALUE_USD} US dollars", field)
    return micros


def dollars(micros: int) -> str:
    """Micro-dollars as a plain decimal text with at least two decimals, as the contracts carry it."""
    if micros < 0:
        return f"-{dollars(-micros)}"
    whole, fraction = divmod(micros, MICRO)
    cents, rest = divmod(fraction, 10_000)
    return f"{whole}.{fraction:06}".rstrip("0") if rest else f"{whole}.{cents:02}"


def time_ms(moment: datetime | int, field: str = "occurred_at") -> int:
    """Milliseconds since the epoch of a contract time.

    Raises:
        BadTransfer: a time without an offset, or outside `EARLIEST` to `LATEST`.
    """
    if isinstance(moment, int):
        ms = moment
    elif moment.tzinfo is None:
        raise BadTransfer("a time needs an offset, such as Z", field)
    else:
        since = moment - _EPOCH
        ms = since.days * _DAY_MS + since.seconds * 1000 + since.microseconds // 1000
    if not _EARLIEST_MS <= ms < _LATEST_MS:
        raise BadTransfer(f"not between {EARLIEST.date()} and {LATEST.date()}", field)
    return ms


def moment(ms: int) -> datetime:
    """The UTC time of a number of milliseconds since the epoch."""
    return _EPOCH + ms * _MILLISECOND
