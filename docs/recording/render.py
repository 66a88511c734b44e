"""Draws an asciicast as one SVG that plays by itself, without a script: python docs/recording/render.py FILE.cast > FILE.svg

Every screen is a frame; the frames stand side by side, and a CSS animation moves from one to the next. Lines that occur in
several frames are drawn once. Who asked for less motion sees the last screen.
"""

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import pyte

_CELL: Final = (8.0, 18.0)  # pixels
_MARGIN: Final = 14.0
_SHORTEST: Final = 0.15  # seconds a frame stays at least; what comes sooner is in the next one
_LONGEST: Final = 1.2  # waiting is cut to this
_END: Final = 6.0  # the last screen
_PAPER: Final = "#14181d"
_INK: Final = "#dfe4e9"
_DIM: Final = "#9aa5b0"
_COLOURS: Final = {
    "red": "#ff7b8a",
    "green": "#86d19f",
    "brown": "#f0c35a",  # what pyte calls yellow
    "blue": "#7ab8f2",
    "magenta": "#d7a6f5",
    "cyan": "#79d3d8",
    "black": "#5a6570",
}
_SPINNER: Final = frozenset("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")  # turning is no news: while nothing else happens, time is cut
_STILL: Final = "⠿"
_Style = tuple[str, bool, bool]


class _Screen(pyte.Screen):
    """A screen that knows faint letters: pyte has no attribute for them, so they are a colour here."""

    def select_graphic_rendition(self, *attributes: int, **rest: Any) -> None:
        super().select_graphic_rendition(*attributes, **rest)
        if 2 in attributes and self.cursor.attrs.fg == "default":
            self.cursor.attrs = self.cursor.attrs._replace(fg=_DIM[1:])


def frames(cast: str) -> Iterator[tuple[float, tuple[str, ...]]]:
    """Seconds to show and the lines as SVG of each screen that differs from the one before."""
    head, *rest = [json.loads(line) for line in cast.splitlines()]
    screen = _Screen(head["width"], head["height"])
    stream = pyte.Stream(screen)
    shown: list[tuple[float, tuple[str, ...]]] = []
    for number, (at, _, text) in enumerate(rest):
        stream.feed(text)
        later = rest[number + 1][0] if number + 1 < len(rest) else at + _END
        lines = tuple(_line(screen, row) for row in range(head["height"]))
        if shown and (shown[-1][1] == lines or shown[-1][0] < _SHORTEST):
            spent, before = shown.pop()
            if before == lines or spent < _SHORTEST:
                shown.append((spent + later - at, lines))
                continue
        shown.append((later - at, lines))
    for number, (seconds, lines) in enumerate(shown):
        yield (_END if number == len(shown) - 1 else min(seconds, _LONGEST)), lines


def _line(screen: pyte.Screen, row: int) -> str:
    cells = [screen.buffer[row][column] for column in range(screen.columns)]
    out, column = [], 0
    for (colour, bold, italic), run in groupby(cells, key=_style):
        text = "".join(_STILL if cell.data in _SPINNER else cell.data for cell in run)
        start, column = column, column + len(text)
        if not text.strip():
            continue
        look = (' font-weight="700"' if bold else "") + (' font-style="italic"' if italic else "")
        width = len(text) * _CELL[0]
        place = f'x="{start * _CELL[0]:g}" textLength="{width:g}"'
        out.append(f'<text {place} fill="{colour}"{look}>{escape(text)}</text>')
    return "".join(out)


def _style(cell: Any) -> _Style:
    colour = _INK if cell.fg == "default" else _COLOURS.get(cell.fg, f"#{cell.fg}")
    return colour, cell.bold, cell.italics


def draw(cast: str) -> str:
    """The SVG. The same cast gives the same bytes."""
    head = json.loads(cast.split("\n", 1)[0])
    screens = list(frames(cast))
    width, height = head["width"] * _CELL[0], head["height"] * _CELL[1]
    known: dict[str, int] = {}
    for _, lines in screens:
        for line in lines:
            if line:
                known.setdefault(line, len(known))
    total = sum(seconds for seconds, _ in screens)
    steps, passed = [], 0.0
    for number, (seconds, _) in enumerate(screens):
        steps.append(f"{100 * passed / total:.3f}%{{transform:translateX({-number * width:g}px)}}")
        passed += seconds
    last = -(len(screens) - 1) * width
    style = (
        "text{font:13.3px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}"
        f"@keyframes play{{{''.join(steps)}}}"
        f"#play{{animation:play {total:.1f}s steps(1,end) infinite}}"
        f"@media(prefers-reduced-motion:reduce){{#play{{animation:none;transform:translateX({last:g}px)}}}}"
    )
    drawn = "\n".join(f'<g id="l{number}">{line}</g>' for line, number in known.items())
    played = "\n".join(
        f'<g transform="translate({number * width:g})">'
        + "".join(f'<use href="#l{known[line]}" y="{(row + 0.75) * _CELL[1]:g}"/>' for row, line in enumerate(lines) if line)
        + "</g>"
        for number, (_, lines) in enumerate(screens)
    )
    outer = f"{width + 2 * _MARGIN:g} {height + 2 * _MARGIN:g}"
    title = escape(head.get("title", "recording"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {outer}" role="img" aria-label="{title}">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n<defs>{drawn}</defs>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{_PAPER}"/>\n'
        f'<svg x="{_MARGIN:g}" y="{_MARGIN:g}" width="{width:g}" height="{height:g}">'
        f'<g id="play" xml:space="preserve">\n{played}\n</g></svg>\n'
        "</svg>\n"
    )


if __name__ == "__main__":
    sys.stdout.write(draw(Path(sys.argv[1]).read_text("utf-8")))
