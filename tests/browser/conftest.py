"""A real Chromium for all tests, and pages that tell what went wrong in them."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from streams.components.chromium import find_chromium

sys.path.append(str(Path(__file__).resolve().parents[1] / "integration"))
expect.set_options(timeout=20_000)  # a busy machine is no fault of the page; what has to be quick says so itself


@pytest.fixture(scope="module")  # not longer: Playwright's event loop runs as long, and no other could beside it
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a URL in a browser of its own; errors of its scripts and breaches of the CSP fail the test."""
    contexts, errors = [], []

    def open_one(url: str, **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not [error for error in errors if not error.startswith("Failed to load resource")], errors
