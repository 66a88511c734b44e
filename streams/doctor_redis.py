"""What `lockgate doctor` asks Redis: does it answer, is it on disk, does it keep what it has, has it room, what time is it.

Redis holds a view that can be rebuilt from Kafka, so that its loss costs time, not truth. Silently dropped keys would
cost truth: hence no eviction.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final

import redis
from redis.exceptions import RedisError

from streams.doctor import Check, Level, concern, fault, good
from streams.security import RedisAccess
from streams.settings import Settings

_OLDEST_MAJOR: Final = 4  # the commit script sets several fields with one HSET, which came with Redis 4.0
_USED_WARN: Final = 0.75  # judgement
_USED_FAIL: Final = 0.90  # judgement
_SKEW_WARN_SECONDS: Final = 1.0  # judgement: it dates alerts and the age of lists
_SKEW_FAIL_SECONDS: Final = 60.0  # judgement: nobody keeps such a clock on purpose


def check_redis(settings: Settings, *, timeout_seconds: float) -> list[Check]:
    """All checks of every primary; only one when none answers."""
    checks: list[Check] = []
    try:
        with closing(_connect(settings.redis_access(), timeout_seconds)) as client:
            for name, node in _nodes(client):
                checks += _check_node(name, node)
    except (RedisError, OSError) as error:
        reason = str(error) or type(error).__name__
        checks.append(
            Check(
                name="redis",
                level=Level.FAIL,
                found=f"does not answer at {settings.redis_access()}: {reason}",
                means="nothing is judged; without a verdict every withdrawal is on hold",
                fix="start Redis (make up starts one here), or correct LOCKGATE_REDIS",
                unreachable=True,
            )
        )
    return checks


def _connect(access: RedisAccess, timeout_seconds: float) -> Any:
    limits = {"socket_timeout": timeout_seconds, "socket_connect_timeout": timeout_seconds}
    return access.client(redis.Redis, redis.RedisCluster, **limits)


def _nodes(client: Any) -> Iterator[tuple[str, Any]]:
    """The server, or every primary of a cluster."""
    if isinstance(client, redis.RedisCluster):
        nodes: list[Any] = client.get_primaries()  # type: ignore[no-untyped-call]
        for node in nodes:
            yield f"redis {node.name}", client.get_redis_connection(node)
    else:
        yield "redis", client


def _check_node(name: str, node: Any) -> Iterator[Check]:
    info: dict[str, Any] = node.info()
    yield server(name, info)
    if info.get("role") == "slave":
        yield fault(name, "this is a replica", "it takes no writes: nothing is judged", "LOCKGATE_REDIS of the primary")
    yield persistence(name, info, _config(node, "save"))
    yield eviction(name, info)
    yield memory(name, info)
    yield clock(name, node)


def _config(node: Any, setting: str) -> str | None:
    """A setting; None where the server does not tell, as hosted ones do not."""
    try:
        return str(node.config_get(setting).get(setting, ""))
    except RedisError:
        return None


def server(name: str, info: Mapping[str, Any]) -> Check:
    """Which product and version, and whether it is recent enough."""
    version = str(info.get("valkey_version") or info.get("redis_version", "?"))
    product = "Valkey" if info.get("valkey_version") else "Redis"
    found = f"{product} {version}, {info.get('redis_mode', 'standalone')}"
    major = version.split(".", 1)[0]
    if major.isdigit() and int(major) < _OLDEST_MAJOR:
        return fault(
            name, found, "the scripts that commit a batch may not run", "Redis 6.2 or later, which is what is tested"
        )
    return good(name, found)


def persistence(name: str, info: Mapping[str, Any], save: str | None) -> Check:
    """What is on disk. `save` is the setting for snapshots, None where it is not told."""
    means = "after a restart state is rebuilt from Kafka: exact, but withdrawals wait meanwhile"
    fix = "appendonly yes, appendfsync everysec"
    if info.get("aof_enabled"):
        if info.get("aof_last_write_status", "ok") != "ok":
            return fault(f"{name} persistence", "the last write to the append-only file failed", means, "look at its disk")
        return good(f"{name} persistence", "append-only file: at most a second is rebuilt after a restart")
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        return fault(
            f"{name} persistence",
            "the last snapshot failed",
            "Redis refuses writes then: nothing is judged",
            "look at its disk",
        )
    if save is None:
        return concern(f"{name} persistence", "no append-only file; snapshots unknown", means, fix)
    if save:
        return concern(f"{name} persistence", f"snapshots only (save {save})", means, fix)
    return concern(f"{name} persistence", "nothing is kept on disk", means, fix)


def eviction(name: str, info: Mapping[str, Any]) -> Check:
    """Whether keys may be dropped when memory is full."""
    policy = str(info.get("maxmemory_policy", "?"))
    if policy == "noeviction":
        return good(f"{name} eviction", "noeviction: a full Redis refuses, and Lockgate waits")
    fix = "maxmemory-policy noeviction"
    if int(info.get("maxmemory", 0)):
        return fault(f"{name} eviction", policy, "profiles vanish when memory is full: laundering is missed unseen", fix)
    return concern(
        f"{name} eviction", f"{policy}, without a limit so far", "once there is a limit profiles vanish unseen", fix
    )


def memory(name: str, info: Mapping[str, Any]) -> Check:
    """How much of its memory is used."""
    used, limit, machine = (int(info.get(key, 0)) for key in ("used_memory", "maxmemory", "total_system_memory"))
    room = limit or machine
    if not room:
        return good(f"{name} memory", f"{_megabytes(used)} used, limit unknown")
    share = used / room
    found = f"{_megabytes(used)} of {_megabytes(room)} used ({share:.0%}{'' if limit else ' of the machine, no limit set'})"
    means = "when it is full writes are refused and withdrawals wait"
    fix = "give Redis more memory, or shard with Redis Cluster"
    if share > _USED_FAIL:
        return fault(f"{name} memory", found, means, fix)
    if share > _USED_WARN:
        return concern(f"{name} memory", found, means, fix)
    return good(f"{name} memory", found)


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"


def clock(name: str, node: Any) -> Check:
    """How far the clock of Redis is from that of this machine."""
    before = time.time()
    seconds, micros = node.time()
    after = time.time()
    skew = seconds + micros / 1e6 - (before + after) / 2
    uncertain = (after - before) / 2
    found = f"{abs(skew):.3f} s {'ahead of' if skew > 0 else 'behind'} this machine (within {uncertain:.3f} s)"
    means = "the times of alerts and the age of lists depend on which machine judges"
    if abs(skew) - uncertain > _SKEW_FAIL_SECONDS:
        return fault(f"{name} clock", found, means, "run chrony or ntpd on both machines")
    if abs(skew) - uncertain > _SKEW_WARN_SECONDS:
        return concern(f"{name} clock", found, means, "run chrony or ntpd on both machines")
    return good(f"{name} clock", found)
