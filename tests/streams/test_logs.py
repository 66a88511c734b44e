"""Logs are JSON lines, and a library that repeats itself is cut short."""

import json
import logging

from streams.logs import JsonLines, RateLimit


def record(name: str, message: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": name, "msg": message, "levelname": "WARNING", "created": 1_767_225_600.25})
    made.msecs = 250
    vars(made).update(extra)
    return made


def test_a_line_is_one_json_object_with_its_fields() -> None:
    line = JsonLines().format(record("streams.app", "claimed", partition="accounts[1]", position=[1, 2]))
    assert json.loads(line) == {
        "at": "2026-01-01T00:00:00.250Z",
        "level": "warning",
        "logger": "streams.app",
        "message": "claimed",
        "partition": "accounts[1]",
        "position": [1, 2],
    }


def test_a_library_is_heard_five_times_in_ten_seconds_and_we_always() -> None:
    limit = RateLimit()
    assert [limit.filter(record("aiokafka", "broker away")) for _ in range(8)] == [True] * 5 + [False] * 3
    assert all(limit.filter(record("streams.app", "broker away")) for _ in range(8))
    later = record("aiokafka", "broker away")
    later.created += 11
    assert limit.filter(later)
