"""What the workers know of an account: its profile, read from Redis and told as plain values. Nothing is written there."""

import asyncio
from collections import Counter
from collections.abc import Callable
from statistics import median_low
from typing import Any, Final

from aiokafka.partitioner import murmur2
from redis.exceptions import RedisClusterException, RedisError

from rules.profile import DAY_MS, Day, Profile
from rules.transfer import Kind, dollars
from streams import stored_profile
from streams.accounts import AccountsStage
from streams.errors import Unreachable
from streams.security import RedisAccess
from streams.store import Keys, Store

_WAIT_SECONDS: Final = 2.0  # a page waits no longer for Redis
_DAYS: Final = 90
_HOUR_MS: Final = 3_600_000
_ADDRESSES: Final = 20  # judgement: of the recent transfers, those with the most value


class Profiles:
    """Reads profiles. `partitions` says how many partitions account topics have, 0 while that is not known."""

    def __init__(self, redis: RedisAccess, group: str, partitions: Callable[[], int]) -> None:
        self._redis = redis
        self._group = group
        self._partitions = partitions
        self._store: Store | None = None

    async def of(self, account_id: str) -> dict[str, Any] | None:
        """The profile of an account; None for one that no worker has met. Raises Unreachable."""
        count = self._partitions()
        if not count:
            raise Unreachable("not known yet in which partition the account lies: the topics are not read")
        partition = (murmur2(account_id.encode()) & 0x7FFFFFFF) % count
        if self._store is None:
            self._store = Store(self._redis)
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                held = await self._store.state(Keys(self._group, AccountsStage.name, partition), account_id)
        except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
            await self.close()
            raise Unreachable(f"Redis at {self._redis} does not tell: {str(error) or type(error).__name__}") from None
        return None if held is None else told(stored_profile.load(held))

    async def close(self) -> None:
        """Let go of Redis."""
        store, self._store = self._store, None
        if store is not None:
            await store.close()


def told(profile: Profile) -> dict[str, Any]:
    """A profile as its page shows it: times in milliseconds, values in dollars, the newest transfer first."""
    return {
        "opened_ms": profile.opened_ms,
        "first_ms": profile.first_ms or None,
        "account_type": profile.account_type,
        "ip_country": profile.ip_country,
        "contacts": len(profile.contacts),
        "usual": {kind: _usual(profile, kind) for kind in Kind},
        "hours": _hours(profile),
        "assets": Counter(f"{asset} on {network}" if network else asset for _, _, asset, network in profile.detail),
        "days": _days(profile),
        "addresses": _addresses(profile),
        "transfers": list(reversed(_transfers(profile))),
        "forgotten_ms": profile.forgotten_ms or None,
    }


def _transfers(profile: Profile) -> list[dict[str, Any]]:
    columns = zip(profile.occurred_ms, profile.inflow, profile.value, profile.address, profile.detail, strict=True)
    return [
        {
            "at_ms": at_ms,
            "kind": Kind.DEPOSIT if inflow else Kind.WITHDRAWAL,
            "value_usd": dollars(value),
            "address": address,
            "event_id": event_id,
            "amount": amount,
            "asset": asset,
            "network": network,
        }
        for at_ms, inflow, value, address, (event_id, amount, asset, network) in columns
    ]


def _usual(profile: Profile, kind: Kind) -> str | None:
    """The middle value of the recent transfers of one kind, in dollars."""
    inflow = kind is Kind.DEPOSIT
    values = [value for value, one in zip(profile.value, profile.inflow, strict=True) if one is inflow]
    return dollars(median_low(values)) if values else None


def _hours(profile: Profile) -> list[int]:
    """Recent transfers by hour of the day, UTC."""
    counts = Counter(at_ms % DAY_MS // _HOUR_MS for at_ms in profile.occurred_ms)
    return [counts[hour] for hour in range(24)]


def _days(profile: Profile) -> list[dict[str, Any]]:
    """The days up to the last one with a transfer, those without any among them."""
    last = max(profile.days, default=0)
    first = max(min(profile.days, default=0), last - _DAYS + 1)
    none = Day()
    return [
        {
            "at_ms": number * DAY_MS,
            "deposits": day.deposits,
            "deposited": dollars(day.deposited),
            "withdrawals": day.withdrawals,
            "withdrawn": dollars(day.withdrawn),
        }
        for number in (range(first, last + 1) if profile.days else ())
        for day in (profile.days.get(number, none),)
    ]


def _addresses(profile: Profile) -> list[dict[str, Any]]:
    """Whom the recent transfers were with, the most value first."""
    sums: dict[str, list[int]] = {}
    for at_ms, inflow, value, address in zip(
        profile.occurred_ms, profile.inflow, profile.value, profile.address, strict=True
    ):
        one = sums.setdefault(address, [0, 0, 0, 0])
        one[0 if inflow else 1] += 1
        one[2 if inflow else 3] += value
        one[4:] = [at_ms]
    most = sorted(sums.items(), key=lambda item: -(item[1][2] + item[1][3]))[:_ADDRESSES]
    return [
        {
            "address": address,
            "deposits": deposits,
            "withdrawals": withdrawals,
            "deposited": dollars(deposited),
            "withdrawn": dollars(withdrawn),
            "last_ms": last_ms,
        }
        for address, (deposits, withdrawals, deposited, withdrawn, last_ms) in most
        if address
    ]
