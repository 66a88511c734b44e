"""`lockgate console` between real Kafka, a real worker and a real Chromium."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from running import LOCKGATE, Worker, committed, lockgate, send_transfers, transfer, wait_until

from streams.components import Kafka, Redis
from streams.components.network import free_port
from streams.components.process import Process
from streams.scenarios import DEMO_LISTED

pytestmark = pytest.mark.integration

_SOON_SECONDS = 2.0


class Stand:
    """Servers, a worker and a console."""

    def __init__(self, folder: Path, kafka: Kafka, redis: Redis) -> None:
        self.kafka = kafka
        self.bootstrap = kafka.bootstrap
        self.url = f"http://127.0.0.1:{free_port()}"
        environment = {
            "LOCKGATE_KAFKA": kafka.bootstrap,
            "LOCKGATE_REDIS": redis.url,
            "LOCKGATE_SESSION_TIMEOUT": "6",
            "LOCKGATE_CONSOLE": self.url.removeprefix("http://"),
        }
        assert lockgate(environment, "topics", "create", "--partitions", "2").returncode == 0
        self.worker = Worker("worker", folder, environment)
        self.console = Process("console", [*LOCKGATE, "console"], log=folder / "console.log", environment=environment)


@pytest.fixture(scope="module")
def stand(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("console")
    with Kafka(folder / "kafka") as kafka, Redis(folder / "redis") as redis:
        made = Stand(folder, kafka, redis)
        made.worker.start()
        made.console.start()
        wait_until(lambda: made.worker.ready, 60, "a ready worker")
        yield made
        made.console.stop(timeout_seconds=30)
        made.worker.kill()


def test_an_alert_is_on_the_page_within_two_seconds_and_a_decision_on_its_topic(
    stand: Stand, open_page: Callable[..., Page]
) -> None:
    page = open_page(stand.url)
    expect(page.locator("#live")).to_contain_text("live", timeout=30_000)
    took = [_seconds_until_shown(stand, page, account) for account in ("acct-first", "acct-second", "acct-console")]
    assert min(took) < _SOON_SECONDS, took  # a busy machine may be late, but not each time

    page.locator("#row-0").click()
    expect(page.locator("#pane")).to_contain_text("List entry")
    expect(page.locator("#pane .decision")).to_have_text("reject")
    expect(page.locator("#pane svg.graph")).to_contain_text("acct-console")
    page.locator("#decision").select_option("confirmed")
    page.locator("#note").fill("the customer knew")
    page.locator("form.decide button").click()
    expect(page.locator("#said")).to_contain_text("the customer knew", timeout=30_000)
    [alert] = [one for one in committed(stand.bootstrap, "lockgate.alerts") if one["account_id"] == "acct-console"]
    said = committed(stand.bootstrap, "lockgate.dispositions")
    assert [(one["alert_id"], one["outcome"], one["author"]) for one in said] == [(alert["alert_id"], "confirmed", "local")]
    assert page.evaluate("window.hit") is None

    page.goto(f"{stand.url}/#/account/acct-console")
    expect(page.locator("#pane")).to_contain_text("usual withdrawal")
    expect(page.locator("[data-name='Recent transfers'] tbody tr")).to_have_count(1)

    page.goto(f"{stand.url}/#/system")
    expect(page.locator("[data-name='Lists']")).to_contain_text("old")
    expect(page.locator("[data-name='What the workers have still to judge'] tbody")).to_have_text(
        re.compile("exchange.deposits0.*exchange.withdrawals0"), timeout=30_000
    )
    expect(page.locator("#pane")).to_contain_text("lockgate.dispositions")
    expect(page.locator("#pane .trouble")).to_have_count(0)


def _seconds_until_shown(stand: Stand, page: Page, account: str) -> float:
    """From the alert being on its topic to its being on top of the page."""
    listed = transfer(
        1, event_id=account, account_id=account, addresses=[DEMO_LISTED], memo="<img src=x onerror=window.hit=1>"
    )
    send_transfers(stand.bootstrap, [listed])

    def told() -> bool:
        return any(one["account_id"] == account for one in committed(stand.bootstrap, "lockgate.alerts"))

    wait_until(told, 60, "an alert on the topic")
    written = time.monotonic()
    expect(page.locator("#row-0 .subject")).to_contain_text(account)
    return time.monotonic() - written


def test_the_page_says_when_kafka_is_away_and_goes_on_when_it_is_back(stand: Stand, open_page: Callable[..., Page]) -> None:
    page = open_page(f"{stand.url}/#/system")
    expect(page.locator("#live")).to_contain_text("live", timeout=30_000)
    stand.kafka.kill()
    expect(page.locator("#live")).to_contain_text("trouble", timeout=60_000)
    expect(page.locator("#pane .trouble").first).to_contain_text("Kafka")
    stand.kafka.start()
    expect(page.locator("#live")).to_contain_text("live", timeout=60_000)
    expect(page.locator("#pane .trouble")).to_have_count(0, timeout=60_000)
    send_transfers(stand.bootstrap, [transfer(2, account_id="acct-after", addresses=[DEMO_LISTED])])
    page.goto(f"{stand.url}/#/account/acct-after")
    expect(page.locator("[data-name='Stories']")).to_contain_text("sanctions list", timeout=60_000)
