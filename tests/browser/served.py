"""A console in this process, filled with alerts of the test's own: what the pages show needs no broker."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import uvicorn

from rules.messages import Action, Alert, AlertStatus, Evidence, ListMatch, Related, Severity, Source
from rules.profile import Profile
from streams.console.auth import Doorkeeper
from streams.console.disposition import Disposition
from streams.console.profiles import told
from streams.console.server import Pages
from streams.console.server import Profile as ReadProfile
from streams.console.store import Store
from streams.errors import Unreachable
from streams.rulefiles import load_rules
from streams.settings import DISPOSITIONS, Settings

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SEVERITIES = list(Severity)
RULES = ("laundering.pass_through", "laundering.fan_out", "sanctions.direct_exposure", "laundering.structuring")


def alert(number: int, **changes: Any) -> Alert:
    """One of many alerts; `changes` win."""
    at = NOW - timedelta(seconds=number)
    evidence = tuple(
        Evidence(
            event_id=f"event-{number}-{step}",
            amount="1500.25",
            asset="USDT",
            value_usd=str(1500.25 + 400 * step),
            occurred_at=at - timedelta(minutes=50 - 20 * step),
            shows=("value comes in", "most of it leaves")[step],
        )
        for step in range(2)
    )
    fields = {
        "alert_id": f"alert-{number:06d}",
        "rule_id": RULES[number % len(RULES)],
        "rule_version": "1.0.0",
        "ruleset": "0" * 64,
        "severity": SEVERITIES[number % len(SEVERITIES)],
        "title": "Deposits leave within hours at near-equal value",
        "typology": ("FATF 2020: transaction patterns",),
        "account_id": f"acct-{number % 5000:05d}",
        "counterparty": f"0x{number % 3000:040x}",
        "evidence": evidence,
        "facts": {"share_out": "0.95", "minimum_share": "0.9", "accounts": ["acct-1", "acct-2"]},
        "list": None,
        "source": Source("exchange.withdrawals", 0, number),
        "occurred_at": at,
        "detected_at": at,
        "retroactive": False,
        "action": Action.REVIEW,
    }
    return Alert(**{**fields, **changes})


def full_story(text: str = "plain words") -> list[Alert]:
    """A story with everything an alert can have, `text` in every field that others write."""
    first = alert(
        1,
        alert_id="full",
        rule_id="sanctions.direct_exposure",
        severity=Severity.CRITICAL,
        title=f"Listed address {text}",
        account_id=f"account {text}",
        counterparty=f"address {text}",
        facts={"matched": text, text: ["x", {"deep": text}]},
        list=ListMatch(
            name=f"list {text}", hash="1" * 64, published="2026-11-01", entry_id=text, entry_name=text, matched=text
        ),
        related=(
            Related(
                alert_id="related",
                rule_id="laundering.pass_through",
                rule_version="1.0.0",
                severity=Severity.HIGH,
                title=text,
                facts={"memo": text},
            ),
        ),
    )
    shown = tuple(
        msgspec.structs.replace(one, shows=text, asset=text[:20], event_id=f"{text} {n}")
        for n, one in enumerate(first.evidence)
    )
    grown = msgspec.structs.replace(
        first,
        alert_id="full-2",
        refers_to="full",
        status=AlertStatus.UPDATE,
        evidence=shown,
        detected_at=NOW + timedelta(minutes=5),
    )
    return [msgspec.structs.replace(first, evidence=shown[:1]), grown]


def take(store: Store, topic: str, *messages: Any) -> None:
    """Put messages into a store as its reader would."""
    store.take(topic, [(msgspec.json.encode(one), int(time.time() * 1000)) for one in messages])


def profile(text: str = "plain words") -> Profile:
    """Three weeks of an account, with `text` where others write."""
    made = Profile(account_type=text, ip_country="SG")
    for number in range(30):
        at_ms = int((NOW - timedelta(hours=17 * number)).timestamp() * 1000)
        detail = (f"{text} {number}", "1.5", text[:20], "ethereum")
        made.add(at_ms, number % 3 == 0, 1_000_000 * (90 + number), f"0x{number % 7:040x} {text}", detail)
    return made


async def _no_profile(_: str) -> dict[str, Any] | None:
    raise Unreachable("Redis does not answer")


def known(profiles: dict[str, Profile]) -> ReadProfile:
    """What reads these profiles in place of Redis."""

    async def read(account_id: str) -> dict[str, Any] | None:
        return told(profiles[account_id]) if account_id in profiles else None

    return read


@contextmanager
def serving(store: Store, read_profile: ReadProfile = _no_profile, **settings: Any) -> Iterator[str]:
    """The console on a free port; what analysts say goes straight back into the store. Yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        async def write(said: Disposition) -> None:
            take(store, DISPOSITIONS, said)

        door = Doorkeeper(Settings(console=f"127.0.0.1:{port}", **settings))
        pages = Pages(store, load_rules(), door, write, read_profile)
        server = uvicorn.Server(uvicorn.Config(pages.app(), log_config=None, timeout_graceful_shutdown=1))
        pages.closing = lambda: server.should_exit
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()
