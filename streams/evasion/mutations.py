"""Disguises of a planted pattern, each at strengths 1 to 4: from its transfers, as JSON has them, they make others.

A disguise costs its users something (time, accounts, addresses, money moved for show); what it costs is not measured here.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from streams.scenarios.coins import COINS, Coin

STRENGTHS: Final = (1, 2, 3, 4)

Transfer = dict[str, Any]
Mutation = Callable[[Sequence[Transfer], int, random.Random], list[Transfer]]

_COIN_OF: Final[Mapping[tuple[str, str], Coin]] = {(coin.asset, coin.network): coin for coin in COINS}


def split(transfers: Sequence[Transfer], strength: int, rng: random.Random) -> list[Transfer]:
    """Each transfer in 2 to 5 uneven parts, spread over as many hours."""
    made = []
    for one in transfers:
        weights = [rng.uniform(0.5, 1.5) for _ in range(strength + 1)]
        for part, weight in enumerate(weights):
            share = weight / sum(weights)
            made.append(_again(one, f"s{part}", share=share, hours=rng.uniform(0, strength) if part else 0))
    return made


def jitter(transfers: Sequence[Transfer], strength: int, rng: random.Random) -> list[Transfer]:
    """Every amount up to 5, 10, 20 or 40 percent more or less."""
    most = 0.05 * 2 ** (strength - 1)
    return [_again(one, "", share=1 + rng.uniform(-most, most)) for one in transfers]


def delay(transfers: Sequence[Transfer], strength: int, rng: random.Random) -> list[Transfer]:
    """The pattern takes 1.5, 2, 4 or 8 times as long, with some hours of chance."""
    factor = (1.5, 2, 4, 8)[strength - 1]
    first = min(_time(one) for one in transfers)
    return [
        _again(one, "", hours=(_time(one) - first).total_seconds() / 3600 * (factor - 1) + rng.uniform(0, strength))
        for one in transfers
    ]


def extra_hops(transfers: Sequence[Transfer], strength: int, rng: random.Random) -> list[Transfer]:
    """Every withdrawal goes by 1 to 4 more accounts of the exchange, opened for it, each keeping it for some hours."""
    made: list[Transfer] = []
    for one in transfers:
        if one["kind"] == "deposit":
            made.append(one)
            continue
        hours, came_from, target = 0.0, one, one["addresses"]
        for hop in range(strength):
            address, account = _address(one, rng), f"{one['account_id']}-{one['event_id'][-5:]}-hop{hop}"
            opened = {**one["account"], "holder_name": account, "opened_at": _ms(one) - rng.randrange(1, 90) * 86_400_000}
            session = {"account_id": account, "own_address": address, "account": opened, **_session(one, rng)}
            made.append({**came_from, "addresses": (address,)})
            hours += rng.uniform(0.1, 0.5)
            sender = (came_from["own_address"],)
            made.append(_again(one, f"h{hop}i", 0.98**hop, hours, kind="deposit", addresses=sender, **session))
            hours += rng.uniform(1, 8)
            came_from = _again(one, f"h{hop}o", 0.98 ** (hop + 1), hours, addresses=target, **session)
        made.append(came_from)
    return made


def fresh_addresses(transfers: Sequence[Transfer], strength: int, rng: random.Random) -> list[Transfer]:
    """The counterparty's address is a new one in one of four transfers, in two, in three, in all of them."""
    return [
        _again(one, "", addresses=(_address(one, rng),)) if rng.random() < strength / 4 else dict(one) for one in transfers
    ]


def new_devices(transfers: Sequence[Transfer], strength: int, rng: random.Random) -> list[Transfer]:
    """A device and a connection never seen before, in one of four transfers, in two, in three, in all of them."""
    return [{**one, **_session(one, rng)} if rng.random() < strength / 4 else dict(one) for one in transfers]


def ordinary_life(transfers: Sequence[Transfer], strength: int, rng: random.Random) -> list[Transfer]:
    """For each transfer one to four small ones of the same account with the same two friends, days before and after."""
    made = list(transfers)
    friends: dict[tuple[str, str], tuple[str, str]] = {}
    for one in transfers:
        pair = friends.setdefault((one["account_id"], one["network"]), (_address(one, rng), _address(one, rng)))
        for number in range(strength):
            cents = rng.randrange(40_00, 600_00)
            inward = rng.random() < 0.5
            changes = {"kind": "deposit" if inward else "withdrawal", "addresses": (pair[inward],), **_worth(one, cents)}
            made.append(_again(one, f"o{number}", hours=rng.uniform(-96, 96), **changes))
    return made


def everything(transfers: Sequence[Transfer], strength: int, rng: random.Random) -> list[Transfer]:
    """All of it at once, the parts and the hops at half the strength."""
    half = (strength + 1) // 2
    made = jitter(transfers, strength, rng)
    for mutation, each in (
        (split, half),
        (extra_hops, half),
        (delay, strength),
        (new_devices, strength),
        (ordinary_life, half),
    ):
        made = mutation(made, each, rng)
    return fresh_addresses(made, half, rng)


MUTATIONS: Final[Mapping[str, Mutation]] = {
    "split amounts": split,
    "jitter": jitter,
    "delay": delay,
    "extra hops": extra_hops,
    "fresh addresses": fresh_addresses,
    "new devices": new_devices,
    "ordinary life": ordinary_life,
    "everything": everything,
}


def _again(one: Transfer, suffix: str, share: float = 1.0, hours: float = 0.0, **changes: Any) -> Transfer:
    """A transfer like this one; `share` of its worth, so many hours later, under an id of its own when there is a suffix."""
    made = {**one, "event_id": f"{one['event_id']}{suffix}"}
    if share != 1.0:
        made |= _worth(one, max(1, int(_cents(one) * Decimal(share))))
    if hours:
        made["occurred_at"] = (_time(one) + timedelta(hours=hours)).isoformat(timespec="milliseconds")
    return made | changes


def _worth(one: Transfer, cents: int) -> Transfer:
    """Amount and value, at the price of the transfer."""
    smallest = Decimal(1).scaleb(-_COIN_OF[one["asset"], one["network"]].decimals)
    amount = (Decimal(one["amount"]) * cents / _cents(one)).quantize(smallest)
    return {"value_usd": f"{cents // 100}.{cents % 100:02d}", "amount": f"{max(amount, smallest):f}"}


def _cents(one: Transfer) -> Decimal:
    return Decimal(one["value_usd"]) * 100


def _session(one: Transfer, rng: random.Random) -> Transfer:
    ip = f"198.{rng.randrange(18, 20)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
    return {"device_id": f"dev-{rng.getrandbits(48):012x}", "ip": ip}


def _address(one: Transfer, rng: random.Random) -> str:
    return _COIN_OF[one["asset"], one["network"]].address(rng)


def _time(one: Transfer) -> datetime:
    return datetime.fromisoformat(one["occurred_at"])


def _ms(one: Transfer) -> int:
    return int(_time(one).timestamp() * 1000)
