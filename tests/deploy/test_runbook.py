"""The runbook: a heading for each alert and no other, and nothing in it that does not exist."""

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from streams.cli import lockgate
from streams.kafka_topics import TOPICS
from streams.settings import DISPOSITIONS, Settings

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
ALERTS: list[str] = [
    rule["alert"]
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]


def anchor(heading: str) -> str:
    """The anchor that a heading gets when the page is shown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_alert_has_a_heading_and_every_such_heading_an_alert() -> None:
    assert re.findall(r"^### (.+)$", RUNBOOK, flags=re.MULTILINE) == ALERTS


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_is_explained_with_what_to_look_at_what_to_do_and_what_not(alert: str) -> None:
    _, _, rest = RUNBOOK.partition(f"\n### {alert}\n")
    section = re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]
    assert re.findall(r"^\*\*(.+?):\*\* \S", section, flags=re.MULTILINE) == ["Means", "First look", "Do", "Do not"]


def test_links_within_the_page_lead_to_a_heading() -> None:
    headings = {anchor(heading) for heading in re.findall(r"^#+ (.+)$", RUNBOOK, flags=re.MULTILINE)}
    linked = set(re.findall(r"\]\(#(.+?)\)", RUNBOOK))
    assert linked and linked <= headings


def test_commands_exist() -> None:
    context: Any = click.Context(lockgate)
    for name, following in set(re.findall(r"(?:`|/|^)lockgate ([a-z]+)(?: ([a-z]+)\b)?", RUNBOOK, flags=re.MULTILINE)):
        command = lockgate.get_command(context, name)
        assert command is not None, name
        if following and isinstance(command, click.Group):
            assert command.get_command(context, following) is not None, (name, following)


def test_settings_exist() -> None:
    named = set(re.findall(r"LOCKGATE_([A-Z_]+)", RUNBOOK))
    assert named and {name.lower() for name in named} <= set(Settings.__struct_fields__)


def test_topics_exist() -> None:
    named = set(re.findall(r"`((?:exchange|lockgate)\.[a-z.]+)`", RUNBOOK))
    assert named and named <= {*TOPICS, DISPOSITIONS}


def test_panels_exist() -> None:
    dashboards = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "deploy/grafana/dashboards").glob("*.json"))
    titles = set(re.findall(r"\"title\": \"(.+?)\"", dashboards))
    named = set(re.findall(r"\"([A-Z][^\"\n]+)\"", RUNBOOK))
    assert named and named <= titles
