"""What the doctor makes of what it is told; the servers themselves are asked in tests/integration/test_doctor.py."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streams.doctor import Level, check_archive, check_exceptions, check_lists, check_rules, check_settings
from streams.doctor_access import groups, rights
from streams.doctor_kafka import brokers_found
from streams.doctor_redis import clock, eviction, memory, persistence, server
from streams.kafka_topics import TOPICS
from streams.rights import Role, kafka_rights
from streams.security import RedisAccess
from streams.settings import VERDICTS, Settings

SDN = b'9,"EXAMPLE PARTY",-0- ,"DPRK3",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\x1a'
NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


def the_list(tmp_path: Path, published: str | None) -> str:
    (tmp_path / "sdn.csv").write_bytes(SDN)
    if published is not None:
        (tmp_path / "published.toml").write_text(f"published = {published}\n", "utf-8")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("published", "limit_hours", "level"),
    [
        ("2026-01-09", None, Level.OK),
        ("2026-01-03", None, Level.OK),
        ("2026-01-02", None, Level.WARN),
        ("2026-01-08", 48.0, Level.OK),
        ("2026-01-07", 48.0, Level.FAIL),
        (None, None, Level.WARN),
        (None, 48.0, Level.FAIL),
    ],
)
def test_the_age_of_a_list(tmp_path: Path, published: str | None, limit_hours: float | None, level: Level) -> None:
    settings = Settings(lists=(the_list(tmp_path, published),), max_list_age_hours=limit_hours)
    [check] = check_lists(settings, NOW)
    assert check.level is level
    assert (check.fix is None) == (level is Level.OK)


def test_the_demo_list_is_not_for_production() -> None:
    assert any("demo" in check.found and check.level is Level.WARN for check in check_lists(Settings(), NOW))


def test_lists_that_cannot_be_loaded_are_all_named() -> None:
    checks = list(check_lists(Settings(lists=("/absent/one", "/absent/two")), NOW))
    assert [check.level for check in checks] == [Level.FAIL, Level.FAIL]


def test_the_built_in_rules_pass_their_examples() -> None:
    [check] = check_rules(Settings())
    assert check.level is Level.OK


def test_a_rule_whose_example_fails_is_named(tmp_path: Path) -> None:
    built_in = Path(__file__).resolve().parents[2] / "rules" / "laundering" / "structuring.toml"
    text = built_in.read_text("utf-8")
    (tmp_path / "laundering").mkdir()
    spoilt = text.replace('expect = "fires"', 'expect = "silent"', 1) + (
        '\n[[example]]\nname = "more"\nevent = { kind = "deposit" }\nexpect = "fires"\n'
    )
    (tmp_path / "laundering" / "structuring.toml").write_text(spoilt, "utf-8")
    checks = list(check_rules(Settings(rules=str(tmp_path))))
    assert {check.level for check in checks} == {Level.FAIL}
    assert len(checks) == 2
    (tmp_path / "laundering" / "structuring.toml").write_text("[rule", "utf-8")
    [broken] = check_rules(Settings(rules=str(tmp_path)))
    assert broken.means == "the worker does not start"


def test_withdrawals_never_held_for_an_old_list_is_a_thing_to_know_of() -> None:
    assert [check.level for check in check_settings(Settings())] == [Level.OK, Level.WARN]
    assert [check.level for check in check_settings(Settings(max_list_age_hours=48))] == [Level.OK]


@pytest.mark.parametrize(
    ("info", "save", "level"),
    [
        ({"aof_enabled": 1, "aof_last_write_status": "ok"}, "", Level.OK),
        ({"aof_enabled": 1, "aof_last_write_status": "err"}, "", Level.FAIL),
        ({"aof_enabled": 0, "rdb_last_bgsave_status": "ok"}, "3600 1", Level.WARN),
        ({"aof_enabled": 0, "rdb_last_bgsave_status": "err"}, "3600 1", Level.FAIL),
        ({"aof_enabled": 0}, "", Level.WARN),
        ({"aof_enabled": 0}, None, Level.WARN),
    ],
)
def test_what_redis_keeps_on_disk(info: dict[str, Any], save: str | None, level: Level) -> None:
    assert persistence("redis", info, save).level is level


@pytest.mark.parametrize(
    ("policy", "limit", "level"),
    [
        ("noeviction", 1, Level.OK),
        ("noeviction", 0, Level.OK),
        ("allkeys-lru", 1, Level.FAIL),
        ("allkeys-lru", 0, Level.WARN),
    ],
)
def test_redis_must_not_drop_keys(policy: str, limit: int, level: Level) -> None:
    assert eviction("redis", {"maxmemory_policy": policy, "maxmemory": limit}).level is level


@pytest.mark.parametrize(
    ("used", "limit", "machine", "level"),
    [
        (75, 100, 0, Level.OK),
        (76, 100, 0, Level.WARN),
        (91, 100, 0, Level.FAIL),
        (80, 0, 100, Level.WARN),
        (9, 0, 0, Level.OK),
    ],
)
def test_room_in_redis(used: int, limit: int, machine: int, level: Level) -> None:
    info = {"used_memory": used, "maxmemory": limit, "total_system_memory": machine}
    assert memory("redis", info).level is level


class Clock:
    """A Redis whose clock is off by so much."""

    def __init__(self, ahead_seconds: float) -> None:
        self._ahead = ahead_seconds

    def time(self) -> tuple[int, int]:
        now = time.time() + self._ahead
        return int(now), int(now % 1 * 1e6)


@pytest.mark.parametrize(("ahead", "level"), [(0.0, Level.OK), (-3.0, Level.WARN), (3.0, Level.WARN), (-90.0, Level.FAIL)])
def test_the_clock_of_redis(ahead: float, level: Level) -> None:
    check = clock("redis", Clock(ahead))
    assert check.level is level
    assert ("ahead of" in check.found) or ahead <= 0


def test_versions_of_servers() -> None:
    assert server("redis", {"redis_version": "7.0.15"}).level is Level.OK
    assert server("redis", {"redis_version": "3.2.0"}).level is Level.FAIL
    assert "Valkey 8.1" in server("redis", {"redis_version": "7.2.4", "valkey_version": "8.1.0"}).found
    words = [
        next(brokers_found("h:1", 3, versions)).found
        for versions in ({27: (1, 1), 1: (4, 18)}, {27: (0, 1), 60: (0, 0)}, {})
    ]
    assert [word.partition(", ")[2] for word in words] == [
        "Apache Kafka 4.0 or later",
        "Apache Kafka 2.8 to 3.9",
        "not Apache Kafka",
    ]


def test_a_single_broker_is_a_thing_to_know_of() -> None:
    levels: dict[int, list[Level]] = {count: [check.level for check in brokers_found("h:1", count, {})] for count in (1, 3)}
    assert levels == {1: [Level.OK, Level.WARN], 3: [Level.OK]}


EVERYTHING = frozenset({"READ", "WRITE", "CREATE", "DELETE", "DESCRIBE", "DESCRIBE_CONFIGS"})


def granted(role: Role) -> dict[str, frozenset[str]]:
    topics: dict[str, set[str]] = {}
    for right in kafka_rights(role, "lockgate"):
        if right.resource_type == "topic":
            topics.setdefault(right.name, set()).add(right.operation)
    return {name: frozenset(operations) for name, operations in topics.items()}


def test_rights_on_topics() -> None:
    [operator] = rights(granted(Role.OPERATOR), Settings(kafka_user="olga"))
    assert (operator.level, operator.found) == (Level.OK, "olga has those of operator, scaler on topics")
    [everybody] = rights(dict.fromkeys(TOPICS, EVERYTHING), Settings())
    assert (everybody.level, "delete the journals" in everybody.found) == (Level.WARN, True)
    [short] = rights({**granted(Role.WORKER), VERDICTS: frozenset({"DESCRIBE"})}, Settings())
    assert (short.level, short.fix) == (Level.FAIL, "lockgate acls kafka --role worker")
    assert short.found.endswith("for worker there lacks WRITE on lockgate.verdicts")
    assert list(rights(None, Settings())) == []


@pytest.mark.parametrize(
    ("working", "level", "words"),
    [
        ({}, Level.OK, "nobody judges"),
        ({"lockgate": 2}, Level.OK, "only lockgate judges these topics, 2 workers of it"),
        ({"lockgate": 2, "blue": 1}, Level.FAIL, "blue (1)"),
        ({"blue": 1}, Level.FAIL, "blue (1)"),
    ],
)
def test_who_else_judges_the_same_topics(working: dict[str, int], level: Level, words: str) -> None:
    [check] = groups(working, Settings())
    assert (check.level, words in check.found) == (level, True)


EXCEPTION = """[[exception]]
rule = "laundering.velocity"
account = "desk-1"
author = "olga"
reason = "own market maker"
expires = {}
"""


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (EXCEPTION.format("2026-01-10"), Level.OK),
        (EXCEPTION.format("2026-01-09"), Level.WARN),
        (EXCEPTION.format("2026-01-10").replace("velocity", "veloicty"), Level.FAIL),
    ],
)
def test_exceptions(tmp_path: Path, text: str, level: Level) -> None:
    path = tmp_path / "exceptions.toml"
    path.write_text(text, "utf-8")
    [check] = check_exceptions(Settings(exceptions=str(path)), NOW)
    assert check.level is level
    assert (check.fix is None) == (level is Level.OK)
    assert list(check_exceptions(Settings(), NOW)) == []


def test_an_archive_that_cannot_be_written_is_a_thing_to_know_of(tmp_path: Path) -> None:
    assert [check.level for check in check_archive(Settings(archive_dir=str(tmp_path / "a" / "b")))] == [Level.OK]
    (tmp_path / "file").write_text("")
    assert [check.level for check in check_archive(Settings(archive_dir=str(tmp_path / "file" / "b")))] == [Level.WARN]


def test_a_password_is_not_shown() -> None:
    assert str(RedisAccess("rediss://user:se:cret@host:6379/0")) == "rediss://host:6379/0"
    assert str(RedisAccess("redis://host")) == "redis://host"
