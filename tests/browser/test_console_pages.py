"""The console in a real Chromium, filled from the test: looks, keys, filters, injections, speed, accessibility."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect
from served import NOW, alert, full_story, known, profile, serving, take

from rules.messages import DeadLetter, Decision, Severity, Source, Verdict
from streams.console.disposition import Disposition, Outcome
from streams.console.store import Store
from streams.settings import ALERTS, DEADLETTERS, DISPOSITIONS, VERDICTS

pytestmark = pytest.mark.integration

Opener = Callable[..., Page]


class Held:
    """Holds a page's requests back until the test lets them go."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._page = page
        self._held: list[Route] = []
        page.route(pattern, lambda asked: self._held.append(asked))

    def let_go(self) -> None:
        """Wait for one at least."""
        while not self._held:
            self._page.wait_for_timeout(20)
        for one in self._held:
            one.continue_()


# Each would run a script, if any of it became markup; the last two would leave an attribute or a script of the page.
INJECTION = (
    "<img src=x onerror=window.hit=1><script>window.hit=1</script>\"'><svg onload=window.hit=1>javascript:window.hit=1"
)


def _verdict(number: int, account_id: str, decision: Decision) -> Verdict:
    return Verdict(
        event_id=f"event-{number}-1",
        account_id=account_id,
        decision=decision,
        alert_ids=(f"alert-{number:06d}",),
        rules_run=("laundering.velocity",),
        rules_not_evaluated=(),
        list_hash=None,
        list_age_seconds=None,
        source=Source("exchange.withdrawals", 0, number),
    )


def _filled(text: str = "plain words") -> Store:
    store = Store(1_000)
    take(store, ALERTS, *(alert(number) for number in range(2, 60)), *full_story(text))
    take(store, VERDICTS, *(_verdict(number, f"acct-{number:05d}", Decision.HOLD) for number in range(2, 30)))
    letter = DeadLetter(
        reason=f"not JSON {text}", field="$", original=text.encode(), source=Source("exchange.deposits", 0, 1)
    )
    take(store, DEADLETTERS, letter)
    for fresh in store.fresh.values():
        fresh.trouble = None
    return store


@pytest.fixture
def store() -> Store:
    return _filled()


@pytest.fixture
def url(store: Store) -> Iterator[str]:
    with serving(store, known({"acct-00002": profile(), "account plain words": profile()})) as url:
        yield url


def test_the_queue_is_filtered_by_severity_rule_status_and_text(url: str, open_page: Opener) -> None:
    page = open_page(url)
    expect(page.locator("#count")).to_have_text("59 of 59 stories")
    expect(page.locator("#severities .critical b")).to_have_text("13")
    page.locator("#severities .info").click()
    expect(page.locator("#count")).to_have_text("48 of 59 stories")
    page.locator("#rule").select_option("laundering.fan_out")
    expect(page.locator("#count")).to_have_text("11 of 59 stories")
    page.locator("#rule").select_option("")
    page.locator("#status").select_option("update")
    expect(page.locator("#count")).to_have_text("1 of 59 stories")
    page.locator("#status").select_option("")
    page.locator("#text").fill("ACCT-00007 pass")
    expect(page.locator("#count")).to_have_text("0 of 59 stories")
    page.locator("#text").fill("ACCT-00007 structuring")
    expect(page.locator("#list [role=option]:visible")).to_have_count(1)


def test_keys_move_open_search_and_go_back(url: str, open_page: Opener) -> None:
    page = open_page(url)
    expect(page.locator("body")).to_have_attribute("data-ready", "59")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("#row-0")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("#pane h1")).to_contain_text("Listed address")
    page.keyboard.press("j")
    expect(page).to_have_url(f"{url}/#/alert/alert-000002")
    page.keyboard.press("n")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{url}/#/")
    page.keyboard.press("/")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.locator("#pane h1")).to_have_text("System")


def test_keys_typed_before_a_page_arrives_are_for_that_page(url: str, open_page: Opener) -> None:
    page = open_page(f"{url}/#/alert/full")
    expect(page.locator("#pane h1")).to_be_focused()
    held = Held(page, "**/api/alert/**")
    page.keyboard.press("j")
    page.keyboard.press("n")
    page.keyboard.type("jk g q")  # no commands: a note is meant
    expect(page).to_have_url(f"{url}/#/alert/alert-000002")
    held.let_go()
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("just asked")
    expect(page.locator("#note")).to_have_value("just asked")
    expect(page).to_have_url(f"{url}/#/alert/alert-000002")


def test_a_page_that_arrives_late_takes_no_focus_from_where_the_reader_went(url: str, open_page: Opener) -> None:
    page = open_page(url)
    expect(page.locator("body")).to_have_attribute("data-ready", "59")
    held = Held(page, "**/api/system")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.locator("#theme").focus()
    held.let_go()
    expect(page.locator("#pane h1")).to_have_text("System")
    expect(page.locator("#theme")).to_be_focused()


def test_a_story_that_grows_while_a_note_is_written_leaves_the_note_alone(store: Store, url: str, open_page: Opener) -> None:
    page = open_page(f"{url}/#/alert/full-2")
    page.locator("#decision").select_option("escalated")
    page.locator("#note").fill("half a sen")
    grown = msgspec.structs.replace(full_story()[1], alert_id="full-3", title="It grew")
    take(store, ALERTS, grown)
    expect(page.locator("#pane h1")).to_contain_text("It grew")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("tence")
    expect(page.locator("#note")).to_have_value("half a sentence")
    expect(page.locator("#decision")).to_have_value("escalated")
    page.goto(f"{url}/#/alert/alert-000002")
    expect(page.locator("#pane h1")).to_contain_text("near-equal")
    expect(page.locator("#note")).to_have_value("")
    page.go_back()
    expect(page.locator("#note")).to_have_value("half a sentence")


def test_a_note_alone_leaves_the_decision_as_it_is(store: Store, url: str, open_page: Opener) -> None:
    page = open_page(f"{url}/#/alert/full")
    page.locator("#decision").select_option("confirmed")
    page.locator("form.decide button").click()
    expect(page.locator("form.decide [role=status]")).to_have_text("saved")
    page.locator("form.decide button").click()
    expect(page.locator("form.decide [role=status]")).to_have_text("not saved: neither a decision nor a note")
    page.locator("#note").fill("told the desk")
    page.locator("form.decide button").click()
    expect(page.locator("#said li")).to_contain_text(["local confirmed", "local confirmedtold the desk"])
    said = next(iter(one for one in store.stories if one.told[0] == "full")).dispositions
    assert [one.outcome for one in said] == ["confirmed", "confirmed"]


def test_a_story_shows_all_there_is_to_work_with(url: str, open_page: Opener) -> None:
    page = open_page(f"{url}/#/alert/full-2")  # an update leads to its story
    pane = page.locator("#pane")
    for words in (
        "list plain words",
        "2026-11-01",
        "Evidence",
        "Facts and thresholds",
        "Related findings",
        "How the story went",
        "What to do",
    ):
        expect(pane).to_contain_text(words)
    expect(pane.locator(".timeline").first.locator("li")).to_have_count(2)
    expect(pane.locator("svg.graph a")).to_have_count(1)
    page.goto(f"{url}/#/alert/alert-000002")
    expect(pane.locator(".decision.hold")).to_have_count(1)
    page.locator("#pane .head").get_by_role("link", name="acct-00002").click()
    expect(pane.locator("h1")).to_have_text("Account acct-00002")
    expect(pane).to_contain_text("hold")


def test_a_rule_has_rates_and_what_analysts_said(store: Store, url: str, open_page: Opener) -> None:
    for number, outcome in ((4, Outcome.CONFIRMED), (8, Outcome.FALSE_POSITIVE), (12, Outcome.FALSE_POSITIVE)):
        said = Disposition(alert_id=f"alert-{number:06d}", outcome=outcome, note="", author="ada", at=NOW)
        take(store, DISPOSITIONS, said)
    page = open_page(f"{url}/#/rule/laundering.pass_through")
    expect(page.locator("#pane .figures")).to_contain_text("67 %false positives of decided")
    expect(page.locator("[data-name='Thresholds']")).to_contain_text("account type business")
    expect(page.locator("[data-name='References'] a").first).to_have_attribute("rel", "noreferrer")
    expect(page.locator("[data-name='What analysts said of its stories'] tbody td")).to_have_text(["11", "0", "0", "1", "2"])
    expect(page.locator("#pane svg.bars")).to_have_count(1)


def test_an_account_has_profile_and_history(store: Store, url: str, open_page: Opener) -> None:
    said = Disposition(alert_id="alert-000002", outcome=Outcome.ESCALATED, note="asked the desk", author="ada", at=NOW)
    take(store, DISPOSITIONS, said)
    page = open_page(f"{url}/#/account/acct-00002")
    pane = page.locator("#pane")
    for words in ("plain words", "usual deposit", "$105.00", "SG", "Value by day", "With whom", "Recent transfers"):
        expect(pane).to_contain_text(words)
    expect(pane.locator("svg.flows g")).to_have_count(22)
    expect(pane.locator("[data-name='Recent transfers'] tbody tr")).to_have_count(30)
    expect(pane.locator("[data-name='Notes and decisions']")).to_contain_text("ada escalated: Deposits leave")
    take(store, ALERTS, alert(70, account_id="acct-00002", title="It came while the page was open"))
    expect(pane).to_contain_text("It came while the page was open")
    page.goto(f"{url}/#/account/nobody")
    expect(pane).to_contain_text("No worker has met this account")


def test_an_account_s_page_says_when_redis_is_away(store: Store, open_page: Opener) -> None:
    with serving(store) as url:
        page = open_page(f"{url}/#/account/acct-00002")
        expect(page.locator("#pane .trouble")).to_have_text("Redis does not answer")
        expect(page.locator("#pane")).to_contain_text("Stories")


def test_an_empty_queue_says_what_was_read_instead(open_page: Opener) -> None:
    store = Store(10)
    with serving(store) as url:
        page = open_page(url)
        expect(page.locator("#pane")).to_contain_text("No alerts yet. 0 verdicts and 0 dead letters were read.")
        take(store, VERDICTS, _verdict(1, "acct-1", Decision.RELEASE))
        expect(page.locator("#pane")).to_contain_text("No alerts yet. 1 verdict and 0 dead letters")
        take(store, ALERTS, alert(1))
        expect(page.locator("#pane")).to_contain_text("Choose an alert")
        page.goto(f"{url}/#/system")
        expect(page.locator("#pane .trouble").first).to_contain_text("lockgate.alerts, lockgate.verdicts")


def test_what_an_analyst_says_is_on_every_page_at_once(url: str, open_page: Opener) -> None:
    mine, other = open_page(f"{url}/#/alert/full"), open_page(f"{url}/#/alert/full")
    mine.locator("#decision").select_option("escalated")
    mine.locator("#note").fill(f"asked the desk {INJECTION}")
    mine.locator("form.decide button").click()
    for page in (mine, other):
        expect(page.locator("#said")).to_contain_text(f"local escalatedasked the desk {INJECTION}")
        expect(page.locator("#row-0 .marks")).to_contain_text("escalated · 2 alerts · 1 note")
        assert page.evaluate("window.hit") is None


def test_injected_markup_stays_text_on_every_page(open_page: Opener) -> None:
    store = _filled(INJECTION)
    with serving(store, known({INJECTION: profile(INJECTION)})) as url:
        page = open_page(url)
        expect(page.locator("#row-0 .title")).to_have_text(f"Listed address {INJECTION}")
        take(store, ALERTS, alert(0, account_id=INJECTION, rule_id=INJECTION, title=INJECTION))
        for place in ("alert/full", "system", "rules", f"rule/{INJECTION}", f"account/{INJECTION}", f"alert/{INJECTION}"):
            page.evaluate(
                """place => {
                  pane.firstElementChild.dataset.before = "";
                  location.hash = "#/" + place.split("/").map(encodeURIComponent).join("/");
                }""",
                place,
            )
            expect(page.locator("#pane [data-before]")).to_have_count(0)
            expect(page.locator("#pane")).to_contain_text("onerror")
            assert page.locator("#pane :is(img, script), #pane [onload], #pane [onerror], a[href^=javascript]").count() == 0
        assert page.evaluate("window.hit") is None


def test_a_hundred_thousand_stories_filter_and_scroll_within_200_ms(open_page: Opener) -> None:
    store = Store(100_000)
    take(store, ALERTS, *(alert(number) for number in range(100_000)))
    with serving(store) as url:
        page = open_page(url)
        expect(page.locator("#count")).to_have_text("100,000 of 100,000 stories", timeout=30_000)
        painted = """async () => {
          const before = performance.now();
          ACT;
          await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));  // painted
          return performance.now() - before;
        }"""
        typed = "text.value = '{}'; text.dispatchEvent(new Event('input'))"
        took = {}
        for what, act in {
            "text": typed.format("acct-00042"),
            "two words": typed.format("0x0000 structuring"),
            "all again": typed.format(""),
            "severity": "document.querySelector('#severities .critical').click()",
            "order": "order.value = 'severity'; order.dispatchEvent(new Event('change'))",
            "to the end": "list.scrollTop = list.scrollHeight",
            "to the middle": "list.scrollTop = list.scrollHeight / 2",
        }.items():
            took[what] = min(page.evaluate(painted.replace("ACT", act)) for _ in range(4))  # others only add
        print({what: round(ms) for what, ms in took.items()})
        assert max(took.values()) < 200, took
        assert page.locator("[role=option]").count() < 60
        take(store, ALERTS, alert(-5, alert_id="late", severity=Severity.CRITICAL))
        expect(page.locator("#count")).to_have_text("100,000 of 100,000 stories")


def test_on_a_phone_tables_and_graphs_can_be_read(url: str, open_page: Opener) -> None:
    page = open_page(f"{url}/#/account/acct-00002", viewport={"width": 390, "height": 800})
    expect(page.locator("[data-name='Recent transfers'] tbody tr")).to_have_count(30)
    spilled = "all => all.filter(cell => cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.textContent)"
    assert page.locator("td").evaluate_all(spilled) == []
    times = page.locator("[data-name='Recent transfers'] td:first-child")
    assert times.evaluate_all("all => Math.max(...all.map(cell => cell.getClientRects()[0].height))") < 40
    page.goto(f"{url}/#/alert/full")
    expect(page.locator("#pane h1")).to_contain_text("Listed address")
    graph = page.locator("#pane svg.graph").bounding_box()
    assert graph is not None and graph["x"] + graph["width"] <= 390
    letters = page.locator("#pane svg.graph text").first.evaluate("text => text.getBoundingClientRect().height")
    assert letters > 10
    assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_serious_fault(url: str, open_page: Opener, scheme: str, width: int) -> None:
    page = open_page(url, color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
    found = {}
    for place, heading in {
        "": None,
        "alert/full": "Listed address",
        "account/acct-00002": "Account",
        "rules": "Rules",
        "rule/laundering.pass_through": "near-equal",
        "system": "System",
    }.items():
        page.goto(f"{url}/#/{place}")
        if heading:
            expect(page.locator("#pane h1")).to_contain_text(heading)
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"{place} is {overflow} pixels wider than the window"
        violations = Axe().run(page).response["violations"]
        found |= {
            f"{place}: {one['id']}": one["nodes"][0]["html"]
            for one in violations
            if one["impact"] in ("serious", "critical")
        }
    assert not found


def test_a_token_lets_in_and_names_the_author(store: Store, open_page: Opener, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(f"# analysts\nada:{hashlib.sha256(b'a long token').hexdigest()}\n")
    with serving(store, console_users=str(users)) as url:
        page = open_page(url)
        expect(page.locator("#token")).to_be_focused()
        page.keyboard.type("guessed")
        page.keyboard.press("Enter")
        expect(page.locator("#answer")).to_have_text("this token is not known")
        page.keyboard.type("a long token")  # in place of the wrong one
        page.keyboard.press("Enter")
        expect(page.locator("#who")).to_have_text("ada")
        page.goto(f"{url}/#/alert/full")
        page.locator("#note").fill("seen")
        page.locator("form.decide button").click()
        expect(page.locator("#said")).to_contain_text("ada")
        page.locator("#leave").click()
        expect(page.locator("#token")).to_be_visible()


def test_what_is_not_there_is_said_with_a_way_back(url: str, open_page: Opener) -> None:
    page = open_page(f"{url}/#/rule/house.nothing")
    expect(page.locator("#pane")).to_contain_text("house.nothing is neither in this console's rule files")
    page.locator("#pane .back").click()
    expect(page.locator("#pane h1")).to_have_text("Rules")
    page.goto(f"{url}/#/alert/forgotten")
    expect(page.locator("#pane")).to_contain_text("forgotten is not in memory: it is older than what the console keeps")
