"""The console's memory, who it lets in, and what its server answers; the pages are tests/browser's business."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from rules.messages import Action, Alert, AlertStatus, Severity, Source
from streams.console.auth import Doorkeeper
from streams.console.disposition import Disposition, Outcome
from streams.console.server import Pages
from streams.console.store import Store
from streams.errors import SettingsError, Unreachable
from streams.rulefiles import load_rules
from streams.settings import ALERTS, DISPOSITIONS, VERDICTS, Settings

AT = datetime(2026, 11, 23, tzinfo=UTC)


def alert(name: str, **changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "alert_id": name,
        "rule_id": "laundering.velocity",
        "rule_version": "1.0.0",
        "ruleset": "0",
        "severity": Severity.MEDIUM,
        "title": "title",
        "typology": (),
        "account_id": f"account of {name}",
        "counterparty": "address",
        "evidence": (),
        "facts": {},
        "list": None,
        "source": Source("t", 0, 1),
        "occurred_at": AT,
        "detected_at": AT,
        "retroactive": False,
        "action": Action.REVIEW,
    }
    return Alert(**{**fields, **changes})


def take(store: Store, topic: str, *messages: Any) -> None:
    store.take(topic, [(msgspec.json.encode(one), 1_000) for one in messages])


def said(alert_id: str, outcome: Outcome, at: datetime = AT) -> Disposition:
    return Disposition(alert_id=alert_id, outcome=outcome, note="n", author="ada", at=at)


def test_updates_join_their_story_and_the_severity_never_falls() -> None:
    store = Store(10)
    take(store, ALERTS, alert("a", severity=Severity.HIGH))
    take(store, ALERTS, alert("b", refers_to="a", status=AlertStatus.CLOSED, severity=Severity.LOW))
    take(store, ALERTS, alert("b", refers_to="a", status=AlertStatus.CLOSED))  # sent again
    [row] = store.rows()
    assert (row[0], row[1], row[6], row[9]) == ("a", "high", "closed", 2)
    assert store.stories.get("b") == store.stories.get("a")


def test_memory_is_bounded_and_forgets_every_trace_of_the_oldest_story() -> None:
    store = Store(3)
    take(store, ALERTS, *(alert(str(number)) for number in range(10)))
    assert [row[0] for row in store.rows()] == ["7", "8", "9"]
    assert store.stories.dropped == 7
    assert store.stories.get("0") is None
    assert store.stories.of_account("account of 0") == []
    assert len(store.stories.of_counterparty("address")) == 3


def test_a_story_that_went_from_account_to_account_is_forgotten_at_all_of_them() -> None:
    store = Store(1)
    for number in range(60):  # more than are kept of one story
        told = alert("a") if number == 0 else alert(f"a{number}", refers_to="a", status=AlertStatus.UPDATE)
        take(store, ALERTS, msgspec.structs.replace(told, account_id=f"acct-{number}", counterparty=f"address {number}"))
    assert [one.last.alert_id for one in store.stories.of_account("acct-7")] == ["a59"]
    take(store, ALERTS, alert("b"))
    for number in range(60):
        assert store.stories.of_account(f"acct-{number}") == []
        assert store.stories.of_counterparty(f"address {number}") == []
        assert store.stories.get(f"a{number}") is None


def test_what_was_said_before_the_alert_was_read_is_kept_for_it() -> None:
    store = Store(3)
    take(store, DISPOSITIONS, said("a", Outcome.ESCALATED, AT + timedelta(1)), said("a", Outcome.OPEN))
    take(store, ALERTS, alert("a"))
    assert store.rows()[0][7] == Outcome.ESCALATED


def test_changes_are_told_once_each_and_those_too_old_not_at_all() -> None:
    store = Store(100_000)
    take(store, ALERTS, alert("a"), alert("b"))
    seq = store.seq
    take(store, DISPOSITIONS, said("a", Outcome.OPEN), said("a", Outcome.CONFIRMED))
    changed = store.since(seq)
    assert changed is not None
    assert [(row[0], row[7]) for row in changed] == [("a", "confirmed")]
    assert store.since(store.seq) == []
    take(store, ALERTS, *(alert(f"many {number}") for number in range(20_001)))
    assert store.since(seq) is None


def test_what_cannot_be_read_is_counted() -> None:
    store = Store(3)
    for topic in (ALERTS, VERDICTS, DISPOSITIONS):
        store.take(topic, [(b"\xff", 1), (b"{}", 1)])
        assert (store.fresh[topic].messages, store.fresh[topic].unreadable) == (2, 2)


class Client:
    """Asks the application as a browser at 10.0.0.9 would, cookies and all."""

    def __init__(self, app: Any, host: str) -> None:
        self._app = app
        self._host = host
        self._cookies = httpx.Cookies()

    def get(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, options))

    def post(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, options))

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app, client=("10.0.0.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{self._host}", cookies=self._cookies) as asking:
            answer = await asking.request(method, path, **options)
        self._cookies.update(answer.cookies)
        return answer


def client(store: Store, door: Doorkeeper, write: Any = None, host: str = "localhost") -> Client:
    async def nowhere(_: Disposition) -> None:
        raise Unreachable("Kafka does not answer")

    async def nothing(_: str) -> None:
        return None

    app = Pages(store, load_rules(), door, write or nowhere, nothing).app()
    return Client(app, host)


@pytest.fixture
def users(tmp_path: Path) -> str:
    file = tmp_path / "users"
    file.write_text(f"ada:{hashlib.sha256(b'secret').hexdigest()}\n")
    return str(file)


@pytest.mark.parametrize("address", ["0.0.0.0:9466", "[::]:9466", "10.0.0.1:9466", "console.example:9466"])
def test_without_a_doorkeeper_it_serves_this_machine_only(address: str, users: str) -> None:
    with pytest.raises(SettingsError, match="console_users or console_user_header"):
        Doorkeeper(Settings(console=address))
    Doorkeeper(Settings(console=address, console_users=users))
    for loopback in ("127.0.0.1:9466", "[::1]:9466", "localhost:9466"):
        assert Doorkeeper(Settings(console=loopback)).open


def test_an_open_console_answers_under_no_other_host_name() -> None:
    door = Doorkeeper(Settings())
    assert client(Store(1), door).get("/api/queue").json()["who"] == "local"
    assert client(Store(1), door, host="rebound.example").get("/api/queue").status_code == 401


def test_every_page_but_the_login_needs_a_name(users: str) -> None:
    ask = client(Store(1), Doorkeeper(Settings(console_users=users)))
    for path in ("queue", "stream", "rules", "system", "alert/a", "account/a"):
        assert ask.get(f"/api/{path}").status_code == 401
    assert ask.get("/").headers["location"] == "/login"
    assert ask.get("/api/queue", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert ask.get("/api/queue", headers={"authorization": "Bearer secret"}).json()["who"] == "ada"


def test_the_proxy_s_header_is_believed_from_the_proxy_only() -> None:
    named = {"x-user": "ada"}
    near = Doorkeeper(Settings(console_user_header="X-User", console_proxies="10.0.0.9"))
    far = Doorkeeper(Settings(console_user_header="X-User", console_proxies="10.0.0.8"))
    assert client(Store(1), near).get("/api/queue", headers=named).json()["who"] == "ada"
    assert client(Store(1), near).get("/api/queue").status_code == 401
    assert client(Store(1), far).get("/api/queue", headers=named).status_code == 401


def test_a_session_ends_after_a_shift(users: str) -> None:
    now = [0.0]
    door = Doorkeeper(Settings(console_users=users), clock=lambda: now[0])
    ask = client(Store(1), door)
    assert ask.post("/login", json={"token": "secret"}).status_code == 200
    assert ask.get("/api/queue").json()["who"] == "ada"
    now[0] = 12 * 3600.0
    assert ask.get("/api/queue").status_code == 401


def test_other_sites_cannot_write_and_what_is_written_bears_the_asker_s_name() -> None:
    store, written = Store(3), list[Disposition]()

    async def write(one: Disposition) -> None:
        written.append(one)

    take(store, ALERTS, alert("a"), alert("b", refers_to="a", status=AlertStatus.UPDATE))
    ask = client(store, Doorkeeper(Settings()), write)
    body = {"alert_id": "b", "outcome": "confirmed", "note": " seen "}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://evil.example"}):
        assert ask.post("/api/dispositions", json=body, headers=headers).status_code == 403
    assert ask.post("/api/dispositions", content=msgspec.json.encode(body)).status_code == 400
    assert ask.post("/api/dispositions", json={**body, "author": "eve"}).status_code == 400
    assert ask.post("/api/dispositions", json={**body, "outcome": "maybe"}).status_code == 400
    assert ask.post("/api/dispositions", json={**body, "alert_id": "other"}).status_code == 404
    assert written == []
    assert ask.post("/api/dispositions", json=body).status_code == 200
    assert [(one.alert_id, one.author, one.note) for one in written] == [("a", "local", "seen")]


def test_a_decision_that_kafka_does_not_take_is_not_said_to_be_saved() -> None:
    store = Store(3)
    take(store, ALERTS, alert("a"))
    answer = client(store, Doorkeeper(Settings())).post("/api/dispositions", json={"alert_id": "a", "outcome": "open"})
    assert (answer.status_code, answer.text) == (503, "Kafka does not answer\n")


def test_every_answer_carries_the_strict_policy() -> None:
    ask = client(Store(1), Doorkeeper(Settings()))
    for path in ("/", "/login", "/static/app.js", "/static/no.js", "/api/queue", "/api/alert/none"):
        policy = ask.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy


@pytest.mark.parametrize("text", ["", "ada", "ada:short", "ada:" + "G" * 64])
def test_a_file_of_users_that_lets_nobody_in_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "users"
    file.write_text(text)
    with pytest.raises(SettingsError, match="console_users"):
        Doorkeeper(Settings(console_users=str(file)))
