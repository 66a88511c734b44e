"""The whole pipeline on a Kafka with TLS, SASL and ACLs and a Redis with TLS and ACL, with the rights of `lockgate acls`."""

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from certificates import Authority
from running import LOCKGATE, Worker, lockgate, transfer, wait_until
from secured import PASSWORD, SecuredKafka, SecuredRedis

from streams.components.network import free_port
from streams.components.process import Process
from streams.rights import _REDIS_COMMANDS, Role, kafka_rights
from streams.scenarios import DEMO_LISTED
from streams.settings import load_settings
from streams.store import Keys, Store

pytestmark = pytest.mark.integration

STRANGER = "stranger"  # known to the servers, without any right


class Fort:
    """Both servers, and the environment of whoever wants in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder / "certificates")
        self.password = folder / "password"
        self.password.write_text(f"{PASSWORD}\n")
        self.kafka = SecuredKafka(folder / "kafka", self.authority)
        rules = [self._printed("redis", role) for role in (Role.WORKER, Role.CONSOLE, Role.AUDITOR, Role.OPERATOR)]
        nothing = f"user {STRANGER} on >x resetkeys resetchannels -@all +ping"
        self.redis = SecuredRedis(folder / "redis", self.authority, [*rules, nothing])

    def _printed(self, kind: str, role: Role, *options: str) -> str:
        secret = {"LOCKGATE_REDIS_PASSWORD_FILE": str(self.password)} if kind == "redis" else {}
        done = lockgate(secret, "acls", kind, "--role", role, *options)
        assert done.returncode == 0, done
        return done.stdout.strip()

    def admit(self) -> None:
        """Users, and the rights as printed."""
        self.kafka.add_users([*(f"lockgate-{role}" for role in Role), STRANGER])
        for role in Role:
            self.kafka.allow(self._printed("kafka", role, "--json"))

    def as_user(self, name: str, **changes: str) -> dict[str, str]:
        certificate, key = self.authority.issue(f"{name}-redis")
        return {
            "LOCKGATE_KAFKA": self.kafka.sasl,
            "LOCKGATE_KAFKA_SECURITY": "sasl_ssl",
            "LOCKGATE_KAFKA_CA": str(self.authority.ca),
            "LOCKGATE_KAFKA_SASL": "scram-sha-512",
            "LOCKGATE_KAFKA_USER": name,
            "LOCKGATE_KAFKA_PASSWORD_FILE": str(self.password),
            "LOCKGATE_REDIS": self.redis.url,
            "LOCKGATE_REDIS_CA": str(self.authority.ca),
            "LOCKGATE_REDIS_CERTIFICATE": str(certificate),
            "LOCKGATE_REDIS_KEY": str(key),
            "LOCKGATE_REDIS_USER": name,
            "LOCKGATE_REDIS_PASSWORD_FILE": str(self.password),
            "LOCKGATE_SESSION_TIMEOUT": "6",
            **changes,
        }

    def by_certificate(self, name: str) -> dict[str, str]:
        certificate, key = self.authority.issue(name)
        return {
            "LOCKGATE_KAFKA": self.kafka.mutual,
            "LOCKGATE_KAFKA_SECURITY": "ssl",
            "LOCKGATE_KAFKA_CA": str(self.authority.ca),
            "LOCKGATE_KAFKA_CERTIFICATE": str(certificate),
            "LOCKGATE_KAFKA_KEY": str(key),
        }

    def by_token(self, name: str) -> dict[str, str]:
        def part(content: dict[str, object]) -> str:
            return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

        claims = {"sub": name, "iat": 1_700_000_000, "exp": 4_000_000_000}
        token = self.folder / f"{name}.token"
        token.write_text(f"{part({'alg': 'none'})}.{part(claims)}.\n")
        return {
            "LOCKGATE_KAFKA": self.kafka.sasl,
            "LOCKGATE_KAFKA_SECURITY": "sasl_ssl",
            "LOCKGATE_KAFKA_CA": str(self.authority.ca),
            "LOCKGATE_KAFKA_SASL": "oauthbearer",
            "LOCKGATE_KAFKA_OAUTH_TOKEN_FILE": str(token),
        }


@pytest.fixture(scope="module")
def fort(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fort]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KAFKA_AUTHORIZER_LOG_LEVEL", "debug")
        made = Fort(tmp_path_factory.mktemp("fort"))
        with made.kafka.kafka, made.redis.redis:
            made.admit()
            created = lockgate(made.as_user("lockgate-operator"), "topics", "create", "--partitions", "2")
            assert created.returncode == 0, created
            yield made


@pytest.fixture(scope="module")
def judged(fort: Fort) -> Fort:
    """The fort after a worker judged deposits, withdrawals, a listed address and a line that is no transfer."""
    worker = Worker("worker", fort.folder, fort.as_user("lockgate-worker"))
    worker.start()
    try:
        wait_until(lambda: worker.ready, 60, "a ready worker")
        own = "0x" + "ab" * 20  # the last address that acct-1 sends to is acct-2's own
        lines = [
            transfer(1),
            transfer(2, kind="deposit", own_address=own),
            transfer(8, addresses=[DEMO_LISTED]),
            transfer(15, addresses=[own]),
        ]
        path = fort.folder / "transfers.jsonl"
        path.write_text("\n".join([*map(json.dumps, lines), '{"kind": "withdrawal", "account_id": "acct-1"}', ""]))
        fed = lockgate(fort.as_user("lockgate-exchange"), "feed", str(path), "--json")
        assert fed.returncode == 0, fed
        options = ("--from-beginning", "--limit", "3", "--idle-exit", "60", "--json")
        verdicts = lockgate(fort.as_user("lockgate-analyst"), "verdicts", *options)
        assert verdicts.stdout.count("\n") == 3, verdicts
        wait_until(lambda: worker.metric('lockgate_records_total{outcome="flow",stage="counterparties"}') > 0, 30, "flows")
    finally:
        assert worker.stop() < 10
    assert worker.ended_by_itself == 0
    return fort


def test_the_audit_finds_everything_in_order(judged: Fort) -> None:
    audit = lockgate(judged.as_user("lockgate-auditor"), "audit", "--json")
    summary = json.loads(audit.stdout.splitlines()[-1])
    assert audit.returncode == 0, audit
    assert summary["clean"]
    assert summary["redis_checked"]


def test_doctor_finds_nothing_wrong_as_the_operator(judged: Fort) -> None:
    done = lockgate(judged.as_user("lockgate-operator"), "doctor", "--json")
    levels = {(one["name"], one["level"]) for one in map(json.loads, done.stdout.splitlines()) if "level" in one}
    assert [name for name, level in levels if level == "fail"] == [], done
    assert {("transactions", "ok"), ("redis persistence", "ok"), ("rights", "ok"), ("groups", "ok")} <= levels


def test_the_console_shows_all_it_has_and_takes_a_note(judged: Fort) -> None:
    address = f"127.0.0.1:{free_port()}"
    environment = {**judged.as_user("lockgate-console"), "LOCKGATE_CONSOLE": address}
    console = Process("console", [*LOCKGATE, "console"], log=judged.folder / "console.log", environment=environment)
    asking = httpx.Client(base_url=f"http://{address}", timeout=30)
    console.start()
    try:
        wait_until(lambda: console_system(asking).get("stories", 0) > 0, 60, "a story in the console")
        wait_until(lambda: console_system(asking)["backlog"]["trouble"] is None, 30, "the workers' backlog")
        [row] = [row for row in asking.get("/api/queue").json()["rows"] if row[2] == "sanctions.direct_exposure"]
        account = asking.get(f"/api/account/{row[4]}").json()
        assert account["profile_trouble"] is None
        assert account["profile"]["transfers"]
        body = {"alert_id": row[0], "outcome": "investigating"}
        assert asking.post("/api/dispositions", json=body).status_code == 200
        wait_until(lambda: asking.get(f"/api/alert/{row[0]}").json()["dispositions"] != [], 30, "the decision back")
        nothing = {"exchange.deposits": 0, "exchange.withdrawals": 0}
        wait_until(lambda: console_system(asking)["backlog"]["waiting"] == nothing, 30, "a backlog of nothing")
        system = console_system(asking)
        assert not [one for one in system["topics"].values() if one["trouble"]]
    finally:
        asking.close()
        console.stop(timeout_seconds=30)


def console_system(asking: httpx.Client) -> dict[str, Any]:
    """The system page's answer; empty while there is none."""
    try:
        return asking.get("/api/system").json()
    except httpx.HTTPError:
        return {}


CHECKED = [Role.WORKER, Role.EXCHANGE, Role.CONSOLE, Role.ANALYST, Role.AUDITOR, Role.OPERATOR]


@pytest.mark.parametrize("role", CHECKED)
def test_no_role_asked_for_more_than_it_has(judged: Fort, role: Role) -> None:
    assert judged.kafka.decisions(f"User:lockgate-{role}", "Denied") == set()
    denied = [(entry[b"username"].decode(), entry[b"object"].decode()) for entry in judged.redis.ask("ACL", "LOG")]
    assert [command for who, command in denied if who == f"lockgate-{role}"] == []


@pytest.mark.parametrize("role", [Role.WORKER, Role.CONSOLE])
def test_it_has_no_right_in_kafka_that_it_does_not_use(judged: Fort, role: Role) -> None:
    used = judged.kafka.decisions(f"User:lockgate-{role}", "Allowed")
    for right in kafka_rights(role, "lockgate"):
        kind = right.resource_type.replace("_", "")
        assert any(
            (kind, right.operation) == (on.lower(), operation)
            and (name.startswith(right.name) if right.prefixed else name == right.name)
            for on, name, operation in used
        ), right


def test_the_worker_has_no_right_in_redis_that_it_does_not_use(judged: Fort) -> None:
    settings = load_settings(environ=judged.as_user("lockgate-worker"))

    async def wipe() -> None:
        store = Store(settings.redis_access())
        keys = Keys("lockgate", "test", 0)
        await store.claim(keys, "me", 1)
        await store.wipe(keys, "me")
        await store.close()

    asyncio.run(wipe())
    stats = judged.redis.ask("INFO", "commandstats")
    rare = {"unlink", "del", "strlen", "ttl", "expire"}  # old segments, an address of a hundred accounts
    assert {f"cmdstat_{name}" for name in _REDIS_COMMANDS[Role.WORKER] if name not in rare} <= set(stats)


@pytest.mark.parametrize("how", ["by_certificate", "by_token"])
def test_certificates_and_tokens_let_in_as_well(judged: Fort, how: str) -> None:
    environment = getattr(judged, how)("lockgate-analyst")
    done = lockgate(environment, "verdicts", "--from-beginning", "--limit", "3", "--idle-exit", "60", "--json")
    assert done.returncode == 0, done
    assert done.stdout.count("\n") == 3
    stranger = getattr(judged, how)(STRANGER)
    refused = lockgate(stranger, "verdicts", "--from-beginning", "--idle-exit", "1", "--timeout", "5")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "not for this user" in refused.stderr


def test_workers_come_in_by_certificate_and_by_token_as_well(judged: Fort) -> None:
    redis = {name: value for name, value in judged.as_user("lockgate-worker").items() if "_KAFKA" not in name}
    workers = [
        Worker(how, judged.folder, {**redis, **getattr(judged, how)("lockgate-worker")})
        for how in ("by_certificate", "by_token")
    ]
    ready = 'lockgate_partitions{condition="ready",stage="accounts"}'
    try:
        for worker in workers:
            worker.start()
        wait_until(lambda: [worker.metric(ready) for worker in workers] == [1, 1], 60, "a partition for each of two workers")
    finally:
        for worker in workers:
            worker.stop()
    assert [worker.ended_by_itself for worker in workers] == [0, 0]


def test_wrong_credentials_are_told_as_such(judged: Fort) -> None:
    wrong = {**judged.as_user("lockgate-analyst"), "LOCKGATE_KAFKA_PASSWORD": "guess"}
    del wrong["LOCKGATE_KAFKA_PASSWORD_FILE"]
    refused = lockgate(wrong, "verdicts", "--timeout", "20")
    assert refused.returncode == 3
    assert "refuses us: " in refused.stderr
    untrusting = judged.as_user("lockgate-analyst")
    del untrusting["LOCKGATE_KAFKA_CA"]
    refused = lockgate(untrusting, "verdicts", "--timeout", "20")
    assert refused.returncode == 3
    assert "CERTIFICATE_VERIFY_FAILED" in refused.stderr


def test_the_analyst_can_send_no_transfer(judged: Fort) -> None:
    path = judged.folder / "forged.jsonl"
    path.write_text(json.dumps(transfer(99)) + "\n")
    refused = lockgate(judged.as_user("lockgate-analyst"), "feed", str(path), "--timeout", "5")
    assert refused.returncode == 1, refused
    assert "no topic exchange." in refused.stderr


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"LOCKGATE_KAFKA_USER": "lockgate-analyst"}, id="another role in Kafka"),
        pytest.param({"LOCKGATE_REDIS_USER": "lockgate-auditor"}, id="another role in Redis"),
    ],
)
def test_a_worker_without_the_rights_is_never_ready(judged: Fort, changes: dict[str, str]) -> None:
    worker = Worker("refused", judged.folder, {**judged.as_user("lockgate-worker"), **changes})
    worker.start()
    try:
        wait_until(lambda: worker.ask("/readyz")[0] == 503, 60, "an answer")
        with pytest.raises(AssertionError, match="ready after all"):
            wait_until(lambda: worker.ready, 4, "ready after all")
    finally:
        worker.stop()
    assert worker.ended_by_itself == 0
