"""The rights of each role; that they are enough and not too many is tests/integration/test_access.py's business."""

import asyncio
import hashlib
import json
import time
from pathlib import Path

import pytest
import redis as redis_client
from click.testing import CliRunner

from streams.cli import lockgate
from streams.components import Redis
from streams.kafka_topics import TOPICS
from streams.rights import Role, kafka_rights, redis_rule
from streams.security import RedisAccess
from streams.settings import ALERTS, DEPOSITS, DISPOSITIONS, VERDICTS, WITHDRAWALS
from streams.store import Keys, Store


def allowed(role: Role, operation: str) -> set[str]:
    rights = kafka_rights(role, "lockgate")
    return {right.name for right in rights if right.resource_type == "topic" and right.operation == operation}


def test_only_the_exchange_writes_transfers_and_only_the_worker_writes_verdicts() -> None:
    writers = {role: allowed(role, "WRITE") for role in Role}
    assert [role for role in Role if writers[role] & {DEPOSITS, WITHDRAWALS}] == [Role.EXCHANGE]
    assert [role for role in Role if VERDICTS in writers[role]] == [Role.WORKER]
    assert writers[Role.ANALYST] == writers[Role.AUDITOR] == writers[Role.OPERATOR] == set()


def test_only_the_console_writes_what_analysts_say() -> None:
    assert [role for role in Role if allowed(role, "WRITE") & {DISPOSITIONS}] == [Role.CONSOLE]
    assert allowed(Role.CONSOLE, "WRITE") == {DISPOSITIONS}


def test_the_exchange_sees_no_alert() -> None:
    assert ALERTS not in allowed(Role.EXCHANGE, "READ")


def test_the_operator_may_create_every_topic_and_delete_or_alter_none() -> None:
    assert allowed(Role.OPERATOR, "CREATE") == {*TOPICS, DISPOSITIONS}
    assert {right.operation for right in kafka_rights(Role.OPERATOR, "g")} == {
        *("CREATE", "DESCRIBE", "DESCRIBE_CONFIGS", "WRITE")
    }


@pytest.mark.parametrize("group", ["lockgate", "lockgate-blue", "screening"])
def test_the_transactional_ids_of_any_group_are_covered_once(group: str) -> None:
    prefixes = [one.name for one in kafka_rights(Role.WORKER, group) if one.resource_type == "transactional_id"]
    for needed in ("lockgate-host-1-abc", "lockgate-probe", f"{group}-accounts-0", f"{group}-counterparties-0"):
        assert sum(needed.startswith(prefix) for prefix in prefixes) == 1


def test_the_redis_rule_holds_no_password_and_one_group_s_keys() -> None:
    rule = redis_rule(Role.WORKER, "blue", user="u", password="secret")
    assert rule is not None
    assert f"#{hashlib.sha256(b'secret').hexdigest()}" in rule.split()
    assert "secret" not in rule
    assert [part for part in rule.split() if part.startswith("~")] == ["~lockgate:{blue:*"]
    for looking in (Role.CONSOLE, Role.AUDITOR):
        assert "%R~lockgate:{blue:*" in (redis_rule(looking, "blue", user="u", password=None) or "").split()
    assert redis_rule(Role.ANALYST, "blue", user="u", password=None) is None


def test_the_command_prints_bindings_and_commands() -> None:
    run = CliRunner().invoke
    bindings = [
        json.loads(line) for line in run(lockgate, ["acls", "kafka", "--role", "exchange", "--json"]).output.splitlines()
    ]
    assert {(one["operation"], one["name"]) for one in bindings} == {
        ("WRITE", DEPOSITS),
        ("WRITE", WITHDRAWALS),
        ("READ", VERDICTS),
        ("READ", WITHDRAWALS),
    }
    assert {one["principal"] for one in bindings} == {"User:lockgate-exchange"}
    text = run(lockgate, ["acls", "kafka", "--principal", "User:CN=a b", "--kafka", "h:1"]).output
    assert (
        "kafka-acls.sh --bootstrap-server h:1 --add --allow-principal 'User:CN=a b' "
        "--operation Write --resource-pattern-type prefixed --transactional-id lockgate-"
    ) in text.splitlines()
    assert run(lockgate, ["acls", "redis", "--role", "analyst"]).exit_code == 1


def test_topics_for_other_forms_are_written_by_the_worker_and_read_by_the_analyst() -> None:
    for role, operations in ((Role.WORKER, {"WRITE"}), (Role.ANALYST, {"READ"}), (Role.EXCHANGE, set())):
        rights = kafka_rights(role, "lockgate", ("siem.alerts",))
        assert {one.operation for one in rights if one.name == "siem.alerts"} == operations


def test_a_cluster_lets_the_worker_do_what_it_does_and_nothing_else(tmp_path: Path) -> None:
    rule = redis_rule(Role.WORKER, "group", user="worker", password="secret", clustered=True)
    users = tmp_path / "users.acl"
    users.write_text(f"user default on nopass resetkeys -@all +ping\nuser admin on >x ~* +@all\n{rule}\n")
    with Redis(tmp_path, settings={"cluster-enabled": "yes", "aclfile": str(users)}) as server:
        admin = redis_client.Redis(port=server.port, username="admin", password="x", decode_responses=True)
        admin.execute_command("CLUSTER", "ADDSLOTS", *range(16_384))
        deadline = time.monotonic() + 10
        while "cluster_state:ok" not in str(admin.execute_command("CLUSTER", "INFO")):
            assert time.monotonic() < deadline
            time.sleep(0.05)

        async def work(group: str) -> None:
            store = Store(RedisAccess(f"redis+cluster://127.0.0.1:{server.port}", user="worker", password="secret"))
            try:
                keys = Keys(group, "accounts", 0)
                assert await store.claim(keys, "me", 1) is not None
                await store.load([(keys.states, ["alice"])])
                await store.standing([keys])
                await store.wipe(keys, "me")
            finally:
                await store.close()

        asyncio.run(work("group"))
        assert admin.execute_command("ACL", "LOG") == []
        with pytest.raises(redis_client.exceptions.NoPermissionError):
            asyncio.run(work("another"))
        admin.close()
