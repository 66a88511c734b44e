"""Makes the pictures of docs/console.md, or all pages in all looks in FOLDER: python tests/browser/screenshots.py [FOLDER].

Needs Chromium; takes some 20 s.

They show what the rules find in the demo's transfers; the note is made up.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from served import known, serving, take  # noqa: E402

from rules.engine import AccountsEngine  # noqa: E402
from rules.messages import Severity  # noqa: E402
from rules.profile import Profile  # noqa: E402
from streams.components.chromium import find_chromium  # noqa: E402
from streams.console.disposition import Disposition, Outcome  # noqa: E402
from streams.console.store import Store  # noqa: E402
from streams.demo import demo_transfers  # noqa: E402
from streams.knowledge import load_knowledge  # noqa: E402
from streams.rulefiles import load_rules  # noqa: E402
from streams.screening import Screening  # noqa: E402
from streams.settings import ALERTS, DEADLETTERS, DEPOSITS, DISPOSITIONS, VERDICTS, WITHDRAWALS  # noqa: E402

DESKTOP: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 390, "height": 800}
SHOWN: Final = ("account", "alert", "alert-phone", "queue-dark", "rules-dark", "system")  # in docs/console.md
_BATCH: Final = 200


def demo_store() -> tuple[Store, str, str, dict[str, Profile]]:
    """A store after the demo; the story of a listed address, the busiest account with a grave one, and all profiles."""
    ruleset = load_rules()
    screening = Screening(AccountsEngine(ruleset, load_knowledge(("demo",), ())), "demo")
    lines = demo_transfers(ruleset).lines
    store = Store(10_000)
    for start in range(0, len(lines), _BATCH):
        records = [(number, None, line) for number, line in enumerate(lines[start : start + _BATCH], start)]
        judged = screening.judge(records, int(datetime.now(UTC).timestamp() * 1000))
        take(store, ALERTS, *judged.alerts)
        take(store, VERDICTS, *judged.verdicts)
        take(store, DEADLETTERS, *judged.deadletters)
    for fresh in store.fresh.values():
        fresh.trouble, fresh.behind = None, 0
    stories = list(store.stories)
    listed = next(one for one in stories if one.last.list and one.severity is Severity.CRITICAL)
    grave = [one for one in stories if one.severity is Severity.HIGH]
    busiest = max(grave, key=lambda one: (len(store.stories.of_account(one.last.account_id)), one.last.account_id))
    note = "Asked the customer for the invoice; the wallet is not the one that they named."
    at = datetime.now(UTC)
    for outcome, text in ((Outcome.INVESTIGATING, ""), (Outcome.ESCALATED, note)):
        said = Disposition(alert_id=listed.told[0], outcome=outcome, note=text, author="ada", at=at)
        take(store, DISPOSITIONS, said)
    store.backlog.trouble, store.backlog.waiting = None, {DEPOSITS: 0, WITHDRAWALS: 0}
    return store, listed.told[0], busiest.last.account_id, dict(screening._accounts._profiles)


def picture(browser: Browser, url: str, file: Path, **options: Any) -> None:
    """Open a page of the console and write what is seen."""
    page = browser.new_page(**{"viewport": DESKTOP, **options})
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    page.wait_for_timeout(300)
    page.screenshot(path=file)
    page.close()


def main(folder: Path, names: tuple[str, ...] | None) -> None:
    """Write the pictures named; all for None."""
    folder.mkdir(parents=True, exist_ok=True)
    store, story, account, profiles = demo_store()
    places = {
        "queue": "",
        "alert": f"alert/{story}",
        "account": f"account/{account}",
        "rules": "rules",
        "rule": "rule/laundering.pass_through",
        "system": "system",
    }
    with serving(store, known(profiles)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for name, place in places.items():
            at = f"{url}/#/{place}"
            looks: dict[str, dict[str, Any]] = {"": {}, "-dark": {"color_scheme": "dark"}, "-phone": {"viewport": PHONE}}
            for look, options in looks.items():
                if names is None or name + look in names:
                    picture(browser, at, folder / f"{name}{look}.png", **options)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]), None)
    else:
        main(ROOT / "docs" / "console", SHOWN)
