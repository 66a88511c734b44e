"""The pages of the documentation: links lead somewhere, and what they name exists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from test_runbook import anchor

from streams.cli import lockgate
from streams.settings import SECRETS, Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "deploy").rglob("README.md"))]
_ELSEWHERE = {"DATA", "CACHE", "NAME_CASES"}  # read by tests and by `make up`
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"(?:`|/|^)lockgate ([a-z]+)(?: ([a-z]+)\b)?", re.MULTILINE)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)}


def broken_links(page: Path) -> Iterator[str]:
    for link in _LINK.findall(page.read_text("utf-8")):
        path, _, place = link.partition("#")
        target = page.parent / path if path else page
        if link.startswith("http"):
            continue
        if not target.exists() or (place and place not in anchors(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_exist(page: Path) -> None:
    context: Any = click.Context(lockgate)
    for name, following in set(_COMMAND.findall(page.read_text("utf-8"))):
        command = lockgate.get_command(context, name)
        assert command is not None, name
        if following and isinstance(command, click.Group) and not command.invoke_without_command:
            assert command.get_command(context, following) is not None, (name, following)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_settings_exist(page: Path) -> None:
    known = {field.upper() for field in Settings.__struct_fields__} | {f"{field.upper()}_FILE" for field in SECRETS}
    named = set(re.findall(r"LOCKGATE_([A-Z][A-Z_]*[A-Z])\b", page.read_text("utf-8")))
    assert named - known <= _ELSEWHERE


def test_every_page_is_in_the_index() -> None:
    pages = sorted(page.name for page in (ROOT / "docs").glob("*.md") if page.name != "README.md")
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    assert [name for name in pages if f"({name})" not in index] == []


def test_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 250
