"""Records a command in a terminal and draws it: python docs/recording/record.py [COMMAND...].

Writes demo.cast (asciicast v2, for `asciinema play`) and demo.svg beside this file; without a command it is `lockgate demo`,
which takes some 20 s. `make pictures` runs it.
"""

import fcntl
import json
import os
import pty
import shlex
import struct
import subprocess
import sys
import termios
import time
from codecs import getincrementaldecoder
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from render import draw

COLUMNS: Final = 114
ROWS: Final = 30
_FOLDER: Final = Path(__file__).resolve().parent
_KEY_SECONDS: Final = 0.06  # as somebody types
_READ_BYTES: Final = 65_536


def record(command: list[str], folder: str) -> list[tuple[float, str]]:
    """What a terminal is sent while the command runs in a folder, with the seconds since its start."""
    shown = shlex.join(command)
    typed = ["\x1b[1;32m$\x1b[0m ", *shown, "\r\n"]
    events = [(number * _KEY_SECONDS, text) for number, text in enumerate(typed)]
    begun = time.monotonic() - events[-1][0]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
    running = subprocess.Popen(  # noqa: S603  # it is the command given
        command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    decode = getincrementaldecoder("utf-8")("replace").decode
    with (
        open(ours, "rb", buffering=0) as terminal,
        suppress(OSError),
    ):  # which is how Linux says that the other side is closed
        while said := terminal.read(_READ_BYTES):
            events.append((time.monotonic() - begun, decode(said)))
    if code := running.wait():
        raise SystemExit(f"{shown} ended with {code}")
    return events


def main(command: list[str]) -> None:
    """Write both files."""
    with TemporaryDirectory() as folder:
        events = record(command, folder)
    head = {"version": 2, "width": COLUMNS, "height": ROWS, "title": shlex.join(command)}
    lines = [json.dumps(head), *(json.dumps([round(at, 3), "o", text], ensure_ascii=False) for at, text in events)]
    cast = _FOLDER / "demo.cast"
    cast.write_text("\n".join(lines) + "\n", "utf-8")
    (_FOLDER / "demo.svg").write_text(draw(cast.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] or ["lockgate", "demo"])
