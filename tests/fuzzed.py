"""Lines that a broken or hostile sender might send: transfers, damaged in every way we could think of. Deterministic."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

Fields = dict[str, Any]

ADDRESSES = (
    "0x098B716B8Aaf21512996dC57EB0615e2383E2f96",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
    "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
    "bitcoincash:qpm2qsznhks23z7629mms6s3cwef74vcwvy22gdx6a",
    "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H",
)
NETWORKS = (None, "ethereum", "bitcoin", "tron", "xrp", "", "no such network", "\u0000", "ETHEREUM ", "é" * 128)
TEXTS = (
    "",
    " ",
    "\u0000",
    "\u0000a",
    "a\u0000",
    "\ud800",
    "\udfff\ud800",
    "x" * 600,
    "é" * 129,
    "\u202e",
    "\x1b[2J",
    "null",
)
NUMBERS = (
    *("-1", "+1", "1e5", "NaN", "inf", "0x10", " 1", "1 ", "1_000", "1,000", "\u0663", "1.", ".5", "", "0", "00", "0.0"),
    *("9" * 30, "9" * 31, "1." + "9" * 30, "1." + "9" * 31, "100000000000", "100000000000.000001", "1\n", "1\u0000"),
)
MOMENTS = (
    *(-1, 0, 1, 1230940800000, 1230940799999, 4102444800000, 10**15, 10**18, 2**63, 2**64, 10**40, -(10**40), 1.5, 1e300),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59", "2025-02-30T00:00:00Z"),
    *("2025-01-01T24:00:00Z", "2025-01-01T00:00:60Z", "2025-01-01", "2025-01-01T00:00:00", "2025-01-01 00:00:00Z"),
    *("2025-01-01T00:00:00.123456789Z", "2025-01-01T00:00:00+99:99", "-2025-01-01T00:00:00Z", "1735689600000", "now"),
)
WRONG: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e308, "", "x", [], {}, [None], [[]], {"": {}}, ["a"] * 1500, 10**30, -(10**30)),
    *({"name": 1}, {"country": "USA"}, {"date_of_birth": "1.1.1970"}, {"opened_at": "yesterday"}, {"opened_at": 10**40}),
)
IPS = ("203.0.113.7", "2001:db8::1", "::ffff:203.0.113.7", "203.0.113.7:443", "300.1.1.1", "::", "1" * 128, "\u0661.1.1.1")
COUNTRIES = ("KP", "IR", "DE", "kp", "K\u0000", "\u0130\u0131", "  ", "??", "D", "DEU", "\ud83c\udde9")
REGIONS = ("UA-43", "43", "Crimea", "", " ", "\u0000", "-", "\ud83c\udde9", "K\u0130-1", "x" * 128, "x" * 129)
NAMES = (
    "Kim Se Un",
    "\uae40\uc138\uc6b4",
    "\u041a\u0438\u043c \u0421\u0435 \u0423\u043d",
    "\u0643\u064a\u0645",
    "\u0301" * 512,
    "a " * 256,
    "\u202eKim",
    "\U0001f600" * 60,
    "-",
    "'\"",
    "ß" * 512,
)
BIRTHS = (
    "1990",
    "1990-02",
    "1990-02-30",
    "0000",
    "9999-99-99",
    "1990-2-1",
    "1990-02-01T00:00:00Z",
    "\u0661\u0669\u0669\u0660",
)
EXTRAS: dict[str, tuple[Any, ...]] = {
    "own_address": (*ADDRESSES, "", "\u0000", "x" * 512),
    "tag": ("", "0", "4294967296", "-1", "x" * 128),
    "memo": ("", "Consulting 07/2025", "\u0000", "x" * 512),
    "tx_hash": ("0x" + "ab" * 32, "", "0x", "zz"),
    "ip": IPS,
    "ip_country": COUNTRIES,
    "ip_region": REGIONS,
    "device_id": ("phone", "phone", "phone", "", "\u0000", "x" * 128),
    "account.type": ("retail", "business", "service", "", "\u0000", "RETAIL", "x" * 128),
    "account.holder_name": NAMES,
    "account.country": COUNTRIES,
    "account.region": REGIONS,
    "account.opened_at": (1_700_000_000_000, "2024-01-01T00:00:00Z", 1_900_000_000_000),
    "counterparty.name": NAMES,
    "counterparty.type": ("individual", "entity", "Entity", ""),
    "counterparty.country": COUNTRIES,
    "counterparty.region": REGIONS,
    "counterparty.date_of_birth": BIRTHS,
    "counterparty.vasp": ("", "Garantex Europe OU", "549300S4KLFTLO7GSQ80", "\u0000"),
}
IVMS101 = {
    "originator": {
        "originatorPersons": [
            {"naturalPerson": {"name": {"nameIdentifier": [{"primaryIdentifier": "Kim", "nameIdentifierType": "LEGL"}]}}}
        ],
        "accountNumber": ["a\u0000"],
    },
    "beneficiary": {"beneficiaryPersons": [{"legalPerson": None}]},
}
ODD = (
    *(b"", b" ", b"\t", b"\r", b"\x00", b"null", b"true", b"0", b"[]", b"{}", b'""', b"{", b"}", b'{"', b"NaN", b"-"),
    *(b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b"\xff" * 100, b"[" * 50_000, b'{"a":' * 50_000, b"[" * 900 + b"]" * 900),
    *(b"9" * 5_000, b"-" + b"1" * 400, b"1e999999", b'"' + b"\\u0000" * 200 + b'"', b'{"event_id":"x"}' * 2, b"#", b"a,b,c"),
)


def transfer(rng: random.Random, number: int) -> Fields:
    """A transfer as it should be."""
    return {
        "event_id": f"e-{number}",
        "kind": rng.choice(("deposit", "withdrawal")),
        "account_id": f"account-{rng.randrange(200)}",
        "asset": "USDT",
        "network": rng.choice((None, "ethereum", "bitcoin", "tron")),
        "amount": f"{rng.randrange(1, 10**6)}.{rng.randrange(100):02d}",
        "value_usd": f"{rng.randrange(1, 10**5)}.{rng.randrange(100):02d}",
        "addresses": [rng.choice(ADDRESSES) for _ in range(rng.choice((0, 1, 1, 1, 2, 5)))],
        "occurred_at": 1_735_689_600_000 + rng.randrange(60 * 86_400_000),
    }


def put(fields: Fields, path: str, value: Any) -> Fields:
    """The fields with a value at a dotted path."""
    outer, dot, inner = path.partition(".")
    within = fields.get(outer)
    return fields | {outer: put(within if isinstance(within, dict) else {}, inner, value) if dot else value}


def _full(rng: random.Random, number: int) -> Fields:
    """A transfer with many of the optional fields, each with a value that is right or nearly so."""
    fields = transfer(rng, number)
    for path in rng.sample(list(EXTRAS), rng.randrange(1, len(EXTRAS))):
        fields = put(fields, path, rng.choice(EXTRAS[path]))
    return fields


def _extras(rng: random.Random, number: int) -> bytes:
    return dumps(_full(rng, number))


def _wrong_extra(rng: random.Random, number: int) -> bytes:
    """One optional field, or one inside it, with a text or a type that nobody expects; or travel-rule data as it came."""
    path = rng.choice((*EXTRAS, "counterparty", "account", "account.more", "counterparty.more"))
    return dumps(put(_full(rng, number), path, rng.choice((*WRONG, *TEXTS, *MOMENTS, IVMS101))))


def dumps(value: Any) -> bytes:
    """JSON, with unpaired surrogates escaped or as the bytes they would be."""
    return json.dumps(value).encode()


def _cut(rng: random.Random, number: int) -> bytes:
    line = dumps(transfer(rng, number))
    return line[: rng.randrange(len(line))] if rng.random() < 0.7 else line[rng.randrange(1, len(line)) :]


def _flipped(rng: random.Random, number: int) -> bytes:
    line = bytearray(dumps(transfer(rng, number)))
    for _ in range(rng.randrange(1, 6)):
        line[rng.randrange(len(line))] ^= 1 << rng.randrange(8)
    return bytes(line)


def _inserted(rng: random.Random, number: int) -> bytes:
    line = dumps(transfer(rng, number))
    place = rng.randrange(len(line))
    return line[:place] + rng.randbytes(rng.randrange(1, 20)) + line[place:]


def _wrong_type(rng: random.Random, number: int) -> bytes:
    fields = transfer(rng, number)
    optional = ("own_address", "tag", "memo", "tx_hash", "counterparty", "ip", "ip_country", "device_id", "account", "more")
    fields[rng.choice((*fields, *optional))] = rng.choice(WRONG)
    return dumps(fields)


def _missing(rng: random.Random, number: int) -> bytes:
    fields = transfer(rng, number)
    del fields[rng.choice(list(fields))]
    return dumps(fields)


def _number(rng: random.Random, number: int) -> bytes:
    return dumps(transfer(rng, number) | {rng.choice(("amount", "value_usd")): rng.choice(NUMBERS)})


def _moment(rng: random.Random, number: int) -> bytes:
    moment = rng.choice(MOMENTS)
    extra = {"account": {"opened_at": moment}} if rng.random() < 0.3 else {"occurred_at": moment}
    return dumps(transfer(rng, number) | extra)


def _text(rng: random.Random, number: int) -> bytes:
    name = rng.choice(("event_id", "kind", "account_id", "asset", "network"))
    line = dumps(transfer(rng, number) | {name: rng.choice(TEXTS)})
    return line.replace(b"\\ud800", b"\xed\xa0\x80") if rng.random() < 0.5 else line


def _addresses(rng: random.Random, number: int) -> bytes:
    def broken() -> str:
        address = list(rng.choice(ADDRESSES))
        for _ in range(rng.randrange(4)):
            address[rng.randrange(len(address))] = rng.choice("0OIl1aZ9:é \u0000-_.\ud800")
        return "".join(address)[: rng.randrange(1, 120)] + rng.choice(("", " ", "?dt=1", "\u3000", "Z" * 400))

    addresses = [broken() for _ in range(rng.randrange(6))]
    return dumps(transfer(rng, number) | {"addresses": addresses, "network": rng.choice(NETWORKS)})


def _nested(rng: random.Random, number: int) -> bytes:
    depth = rng.choice((10, 500, 2_000, 100_000))
    inner = b"[" * depth + b"]" * depth if rng.random() < 0.5 else b'{"a":' * depth + b"1" + b"}" * depth
    name = rng.choice((b"more", b"counterparty", b"account", b"addresses", b"device_id"))
    return dumps(transfer(rng, number))[:-1] + b', "' + name + b'": ' + inner + b"}"


def _huge_number(rng: random.Random, number: int) -> bytes:
    digits = rng.choice((b"-", b"")) + b"9" * rng.choice((20, 400, 5_000)) + rng.choice((b"", b".5", b"e9", b"e99999"))
    name = rng.choice((b"more", b"occurred_at", b"value_usd", b"event_id"))
    return dumps(transfer(rng, number))[:-1] + b', "' + name + b'": ' + digits + b"}"


def _odd(rng: random.Random, number: int) -> bytes:
    return rng.choice(ODD)


def _other_encoding(rng: random.Random, number: int) -> bytes:
    return dumps(transfer(rng, number)).decode().encode(rng.choice(("utf-16", "utf-32", "utf-8-sig", "cp037")))


def _repeated(rng: random.Random, number: int) -> bytes:
    """An earlier id with other content, often; the same content again is what the caller does."""
    return dumps(transfer(rng, rng.randrange(number + 1)))


DAMAGES: tuple[Callable[[random.Random, int], bytes], ...] = (
    *(_cut, _flipped, _inserted, _wrong_type, _missing, _number, _moment, _text, _addresses, _huge_number, _odd),
    *(_other_encoding, _repeated, _extras, _wrong_extra),
)


def fuzzed_lines(count: int, seed: int = 1) -> Iterator[bytes]:
    """So many lines, none with a line end in it: one in five a good transfer, one in forty one of the last lines again."""
    rng = random.Random(seed)
    last = b""
    for number in range(count):
        draw = rng.random()
        if draw < 0.2:
            line = dumps(transfer(rng, number))
        elif draw < 0.225:
            line = last
        elif draw < 0.23:
            line = _nested(rng, number)
        else:
            line = rng.choice(DAMAGES)(rng, number)
        last = line.replace(b"\n", b" ")
        yield last
