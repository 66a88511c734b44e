"""Who needs which rights: the least each role gets by with, as Kafka ACLs and as a Redis ACL rule.

That these are enough, and none of the worker's too many, is held by tests/integration/test_access.py from what the broker's
authorizer logs.
"""

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from streams.kafka_topics import TOPICS
from streams.settings import (
    ALERTS,
    DEADLETTERS,
    DEPOSITS,
    DISPOSITIONS,
    FLOWS,
    JOURNAL_ACCOUNTS,
    JOURNAL_COUNTERPARTIES,
    LISTS,
    VERDICTS,
    WITHDRAWALS,
)


class Role(StrEnum):
    """Who talks to Kafka or Redis."""

    WORKER = "worker"
    EXCHANGE = "exchange"
    ANALYST = "analyst"
    CONSOLE = "console"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    SCALER = "scaler"


ABOUT: Final = {
    Role.WORKER: "lockgate worker",
    Role.EXCHANGE: "the exchange's service: sends transfers, waits for verdicts (streams.client, lockgate feed)",
    Role.ANALYST: "lockgate alerts, verdicts, deadletters; forwarders into a SIEM",
    Role.CONSOLE: "lockgate console",
    Role.AUDITOR: "lockgate audit",
    Role.OPERATOR: "lockgate topics, lockgate doctor",
    Role.SCALER: "KEDA and other tools that look at the group's lag",
}


class Right(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One ACL binding of Kafka, without the principal."""

    resource_type: str  # topic | group | transactional_id | cluster
    name: str
    prefixed: bool = False
    operation: str


def kafka_rights(role: Role, group: str, forms: tuple[str, ...] = ()) -> list[Right]:
    """The rights of a role, sorted.

    `group` is the workers' consumer group (LOCKGATE_GROUP), `forms` are the topics for other forms of the alerts
    (LOCKGATE_OUTPUTS).
    """
    on_forms = _on_topics(forms, *_ON_FORMS.get(role, ()))
    return sorted({*_RIGHTS_OF[role](group), *on_forms})


def _on_topics(names: tuple[str, ...], *operations: str) -> Iterator[Right]:
    for name in names:
        for operation in operations:
            yield Right(resource_type="topic", name=name, operation=operation)


def _worker(group: str) -> Iterator[Right]:
    """Kafka takes READ and WRITE for DESCRIBE as well, and WRITE on a topic for idempotent producing."""
    yield from _on_topics((DEPOSITS, WITHDRAWALS), "READ")
    yield from _on_topics((FLOWS, LISTS, JOURNAL_ACCOUNTS, JOURNAL_COUNTERPARTIES), "READ", "WRITE")
    yield from _on_topics((ALERTS, VERDICTS, DEADLETTERS), "WRITE")
    yield Right(resource_type="group", name=group, operation="READ")
    # Every session has a transactional id of its own, and fences that of its predecessor.
    for prefix in sorted({"lockgate-", f"{group}-accounts-", f"{group}-counterparties-"}):
        if prefix == "lockgate-" or not prefix.startswith("lockgate-"):
            yield Right(resource_type="transactional_id", name=prefix, prefixed=True, operation="WRITE")


def _exchange(_: str) -> Iterator[Right]:
    yield from _on_topics((DEPOSITS, WITHDRAWALS), "WRITE")
    # of its own withdrawals it reads the one that an earlier verdict was about, to be sure that it is the same
    yield from _on_topics((VERDICTS, WITHDRAWALS), "READ")


def _analyst(_: str) -> Iterator[Right]:
    yield from _on_topics((ALERTS, VERDICTS, DEADLETTERS), "READ")


def _console(group: str) -> Iterator[Right]:
    yield from _on_topics((ALERTS, VERDICTS, DEADLETTERS, DISPOSITIONS), "READ")
    yield from _on_topics((DISPOSITIONS,), "WRITE")
    # how far the workers are; no transfer is read
    yield from _on_topics((DEPOSITS, WITHDRAWALS), "DESCRIBE")
    yield Right(resource_type="group", name=group, operation="DESCRIBE")


def _auditor(_: str) -> Iterator[Right]:
    outputs = (ALERTS, VERDICTS, DEADLETTERS)
    yield from _on_topics((DEPOSITS, WITHDRAWALS, FLOWS, LISTS, *outputs, JOURNAL_ACCOUNTS, JOURNAL_COUNTERPARTIES), "READ")


def _operator(_: str) -> Iterator[Right]:
    yield from _on_topics((*TOPICS, DISPOSITIONS), "CREATE", "DESCRIBE", "DESCRIBE_CONFIGS")
    yield Right(resource_type="transactional_id", name="lockgate-doctor", operation="WRITE")
    yield Right(resource_type="group", name="*", operation="DESCRIBE")  # whether another group works on our topics


def _scaler(group: str) -> Iterator[Right]:
    yield from _on_topics((DEPOSITS, WITHDRAWALS, FLOWS), "DESCRIBE")
    yield Right(resource_type="group", name=group, operation="DESCRIBE")


_RIGHTS_OF: Final = {
    Role.WORKER: _worker,
    Role.EXCHANGE: _exchange,
    Role.ANALYST: _analyst,
    Role.CONSOLE: _console,
    Role.AUDITOR: _auditor,
    Role.OPERATOR: _operator,
    Role.SCALER: _scaler,
}

_ON_FORMS: Final = {
    Role.WORKER: ("WRITE",),
    Role.ANALYST: ("READ",),
    Role.OPERATOR: ("CREATE", "DESCRIBE", "DESCRIBE_CONFIGS"),
}

# HELLO and AUTH are everybody's. redis-py also sends CLIENT SETINFO and does not mind being refused: Redis 7.2 notes that in
# its ACL LOG, but 7.0 would not take a rule that names it.
_CONNECTING: Final = ("ping", "select")
_IN_A_CLUSTER: Final = ("cluster|slots", "command", "asking")  # the last while slots move from node to node
_REDIS_COMMANDS: Final = {
    # what the scripts of streams.store call counts as called by the user
    Role.WORKER: (
        *(
            "eval",
            "hget",
            "hmget",
            "hset",
            "hdel",
            "hincrby",
            "mget",
            "getrange",
            "set",
            "append",
            "strlen",
            "ttl",
            "expire",
        ),
        *("del", "scan", "unlink"),
    ),
    Role.CONSOLE: ("hmget", "mget"),
    Role.AUDITOR: ("hmget",),
    Role.OPERATOR: ("info", "config|get", "time"),
}


def redis_rule(role: Role, group: str, *, user: str, password: str | None, clustered: bool = False) -> str | None:
    """A line of Redis' ACL file (`user ...`), for Redis 7.0 or later; None for a role that has no business there.

    The password is given as its SHA-256, which is what Redis keeps, or left out: then nobody can log in.
    """
    if role not in _REDIS_COMMANDS:
        return None
    secret = [] if password is None else [f"#{hashlib.sha256(password.encode()).hexdigest()}"]
    commands = (*_CONNECTING, *(_IN_A_CLUSTER if clustered else ()), *_REDIS_COMMANDS[role])
    access = "~" if role is Role.WORKER else "%R~"  # the others only look
    keys = [] if role is Role.OPERATOR else [f"{access}lockgate:{{{group}:*"]
    return " ".join(["user", user, "on", *secret, "resetchannels", *keys, "-@all", *(f"+{one}" for one in commands)])
