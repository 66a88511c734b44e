"""The tutorial, followed to the letter in an empty folder on a terminal: what it shows is what comes out."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PAGE = (Path(__file__).resolve().parents[2] / "docs/tutorial.md").read_text("utf-8")
_SAVED = re.compile(r"`([\w/]+\.(?:csv|toml|py))`:$")
_NOT_RUN = "<!-- not run here: needs Kafka -->"


class Block(NamedTuple):
    """A block of the page with the line before it."""

    before: str
    language: str
    text: str


def blocks() -> Iterator[Block]:
    """Every block in order."""
    before, language, lines = "", None, list[str]()
    for line in PAGE.splitlines():
        if not line.startswith("```"):
            lines.append(line)
            before = line if line and language is None else before
        elif language is None:
            language, lines = line[3:], []
        else:
            yield Block(before, language, "".join(f"{each}\n" for each in lines))
            language = None


BLOCKS = list(blocks())


def on_a_terminal(commands: str, folder: Path) -> str:
    """Run them one after the other as a person would, and return what the terminal shows."""
    keyboard, screen = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LOCKGATE_")}
    environ |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TERM": "dumb", "COLUMNS": "160"}
    command = ["bash", "-euo", "pipefail", "-c", commands]
    with subprocess.Popen(command, cwd=folder, env=environ, stdin=screen, stdout=screen, stderr=screen) as process:
        os.close(screen)
        shown = b""
        while piece := _read(keyboard):
            shown += piece
    os.close(keyboard)
    text = shown.decode().replace("\r\n", "\n")
    assert process.returncode == 0, text
    return text


def _read(keyboard: int) -> bytes:
    try:
        return os.read(keyboard, 65_536)
    except OSError:  # how Linux says that nobody writes to a terminal any more
        return b""


def test_following_it_shows_what_it_says(tmp_path: Path) -> None:
    shown, ran = "", 0
    for block in BLOCKS:
        if block.language == "sh" and "pip install" not in block.text and block.before != _NOT_RUN:
            shown = on_a_terminal(block.text, tmp_path)
            ran += 1
        elif saved := _SAVED.search(block.before):
            path = tmp_path / saved[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        elif not block.language:
            rest = shown
            for line in block.text.splitlines():
                assert line.strip() in rest, (line, shown)
                rest = rest.partition(line.strip())[2]
    assert ran == 6


def test_every_block_is_a_file_a_command_or_what_it_shows() -> None:
    assert PAGE.count("```") == 2 * len(BLOCKS)
    kinds = [block.language for block in BLOCKS]
    assert kinds.count("sh") == 8, "six are run; one installs, one needs Kafka"
    assert [saved[1] for block in BLOCKS if (saved := _SAVED.search(block.before))] == [
        "ledger.csv",
        "mapping.toml",
        "mine/house/night_payout.py",
        "mine/house/night_payout.toml",
    ]
