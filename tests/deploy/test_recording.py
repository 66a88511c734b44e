"""The terminal recording of the README: drawn from its cast, and true to what a terminal shows."""

import json
import sys
from pathlib import Path

import pytest
from lxml import etree

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "recording"
sys.path.append(str(FOLDER))

from record import record  # noqa: E402
from render import draw, frames  # noqa: E402


def _cast(*events: tuple[float, str]) -> str:
    head = {"version": 2, "width": 20, "height": 3, "title": "a <b>"}
    return "\n".join(map(json.dumps, [head, *([at, "o", text] for at, text in events)]))


def test_the_drawing_in_the_repository_is_that_of_the_cast() -> None:
    assert draw((FOLDER / "demo.cast").read_text("utf-8")) == (FOLDER / "demo.svg").read_text("utf-8")


def test_every_screen_is_a_frame_and_waiting_is_cut() -> None:
    cast = _cast((0.0, "one\r\n"), (1.0, "\x1b[31mtwo\x1b[0m\r\n"), (90.0, "\x1b[2J\x1b[Hthree & <x>"))
    seconds, screens = zip(*frames(cast), strict=True)
    assert seconds == (1.0, 1.2, 6.0)
    assert [sum(bool(line) for line in screen) for screen in screens] == [1, 2, 1]
    assert 'fill="#ff7b8a">two' in screens[1][1]
    texts = [node.text for node in etree.fromstring(draw(cast).encode()).iter("{http://www.w3.org/2000/svg}text")]
    assert "three & <x>" in "".join(text or "" for text in texts)


def test_a_turning_spinner_is_no_new_screen() -> None:
    cast = _cast((0.0, "⠋ waiting"), (0.5, "\r⠙ waiting"), (1.0, "\r⠹ waiting"), (9.0, "\rdone     "))
    assert [seconds for seconds, _ in frames(cast)] == [1.2, 6.0]


def test_a_command_is_recorded_as_typed_and_as_said(tmp_path: Path) -> None:
    events = record([sys.executable, "-c", "print('\\x1b[1mhere\\x1b[0m')"], str(tmp_path))
    assert [at for at, _ in events] == sorted(at for at, _ in events)
    assert "\x1b[1mhere\x1b[0m" in "".join(text for _, text in events)
    with pytest.raises(SystemExit, match="ended with 3"):
        record([sys.executable, "-c", "raise SystemExit(3)"], str(tmp_path))
