"""Transfers for the storms: deterministic, with everything in them that must not be lost or sent twice."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LISTED = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"  # on the demo list
DEPOSITS, WITHDRAWALS = "exchange.deposits", "exchange.withdrawals"
FIRST_MS = 1_767_225_600_000  # 2026-01-01
ACCOUNTS = 5_000


@dataclass
class Line:
    """One message for a source topic; `misplaced` is a good transfer on the topic of the other kind."""

    topic: str
    key: bytes
    value: bytes
    misplaced: bool = False


@dataclass
class Traffic:
    """Lines in the order in which they are sent, and what has to become of them."""

    lines: list[Line] = field(default_factory=list)
    withdrawals: set[str] = field(default_factory=set)  # event ids that must get one verdict
    listed: set[str] = field(default_factory=set)  # event ids that must be alerted
    bad: int = 0
    repeated: int = 0


def traffic(count: int, *, seed: int = 7) -> Traffic:
    """`count` lines: transfers, of which some are late, listed, sent again or no transfers at all."""
    rng = random.Random(seed)
    made = Traffic()
    shared = [f"0x{rng.getrandbits(160):040x}" for _ in range(40)]
    for number, value in enumerate(_transfers(count, rng, shared)):
        kind = value["kind"]
        topic = DEPOSITS if kind == "deposit" else WITHDRAWALS
        line = Line(topic, value["account_id"].encode(), json.dumps(value).encode())
        chance = rng.random()
        if chance < 0.004:
            made.bad += 1
            line = _spoiled(line, value, number)
        elif chance < 0.014 and made.lines:
            made.repeated += 1
            line = rng.choice(made.lines[-2000:])
        else:
            if kind == "withdrawal":
                made.withdrawals.add(value["event_id"])
            if LISTED in value["addresses"]:
                made.listed.add(value["event_id"])
        made.lines.append(line)
    return made


def _transfers(count: int, rng: random.Random, shared: list[str]) -> Iterator[dict[str, Any]]:
    own: dict[str, str] = {}
    for number in range(count):
        account = f"acct-{int(ACCOUNTS * rng.random() ** 2)}"  # some are far busier than others
        address = own.setdefault(account, f"0x{rng.getrandbits(160):040x}")
        chance = rng.random()
        if chance < 0.003:
            address = LISTED
        elif chance < 0.01:
            address = rng.choice(shared)
        amount = f"{rng.lognormvariate(6, 1.5):.2f}"
        late = rng.randrange(3_600_000) if rng.random() < 0.02 else 0
        yield {
            "event_id": f"storm-{number}",
            "kind": "deposit" if rng.random() < 0.5 else "withdrawal",
            "account_id": account,
            "asset": "USDT",
            "network": "ethereum",
            "amount": amount,
            "value_usd": amount,
            "addresses": [address],
            "occurred_at": FIRST_MS + number * 2_000 - late,
        }


def _spoiled(line: Line, value: dict[str, Any], number: int) -> Line:
    """The same message, wrong in one of several ways: all of them dead letters."""
    wrong = {
        0: b"{not json",
        1: json.dumps({**value, "amount": 12.5}).encode(),
        2: json.dumps({**value, "kind": "deposit" if value["kind"] == "withdrawal" else "withdrawal"}).encode(),
        3: json.dumps({name: one for name, one in value.items() if name != "occurred_at"}).encode(),
    }
    return Line(line.topic, line.key, wrong[number % 4], misplaced=number % 4 == 2)
