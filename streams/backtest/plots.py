"""Plots as inline SVG: colours come from the page's style sheet, so that they follow its light and dark form."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from html import escape
from typing import Final

COLOURS: Final = 8  # for as many rules; the others share the ninth
_WIDTH, _HEIGHT = 1000, 240
_LEFT, _BOTTOM, _TOP = 48, 24, 10
_STEPS: Final = (1, 2, 5)


def by_day(days: Mapping[str, Mapping[str, int]], first: str, last: str) -> str:
    """Alerts by day, stacked by rule, with a legend: the whole period, days without alerts too."""
    totals: Counter[str] = Counter()
    for counts in days.values():
        totals.update(counts)
    named = [rule for rule, _ in totals.most_common(COLOURS)]
    begin, end = date.fromisoformat(first[:10]), date.fromisoformat(last[:10])
    dates = [(begin + timedelta(days=number)).isoformat() for number in range((end - begin).days + 1)]
    dates = sorted({*dates, *days})
    highest = _round_up(max((sum(counts.values()) for counts in days.values()), default=1))
    step = (_WIDTH - _LEFT) / len(dates)
    scale = (_HEIGHT - _BOTTOM - _TOP) / highest
    parts = [_grid(highest, scale)]
    for place, day in enumerate(dates):
        y = float(_HEIGHT - _BOTTOM)
        counts = days.get(day, {})
        for colour, rule in enumerate([*named, ""]):
            count = counts.get(rule, 0) if rule else sum(number for name, number in counts.items() if name not in named)
            if not count:
                continue
            y -= count * scale
            tip = escape(f"{day}: {count:,} {rule or 'other rules'}")
            parts.append(
                f'<rect class="c{colour}" x="{_LEFT + place * step:.1f}" y="{y:.1f}" width="{max(0.5, step * 0.85):.1f}" '
                f'height="{count * scale:.1f}"><title>{tip}</title></rect>'
            )
    parts += _dates(dates, step)
    legend = [*named, *(["other rules"] if len(totals) > len(named) else [])]
    label = escape(f"Alerts by day and rule from {dates[0]} to {dates[-1]}")
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>{_legend(legend)}'


def bar(value: float, highest: float) -> str:
    """One horizontal bar of a table."""
    width = 100 * value / highest if highest else 0.0
    return (
        '<svg viewBox="0 0 100 8" preserveAspectRatio="none" style="height:.7rem" aria-hidden="true">'
        f'<rect class="bar" x="0" y="0" width="{width:.2f}" height="8"/></svg>'
    )


def _grid(highest: int, scale: float) -> str:
    lines = []
    for part in range(5):
        value = highest * part / 4
        y = _HEIGHT - _BOTTOM - value * scale
        lines.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,.4g}</text>'
        )
    return "".join(lines)


def _dates(dates: Sequence[str], step: float) -> list[str]:
    """Some eight dates below the bars."""
    every = max(1, round(len(dates) / 8))
    return [
        f'<text x="{_LEFT + place * step:.1f}" y="{_HEIGHT - 6}">{dates[place]}</text>'
        for place in range(0, len(dates) - every // 2, every)
    ]


def _legend(names: Sequence[str]) -> str:
    items = (
        f'<li><svg viewBox="0 0 8 8"><rect class="c{colour}" width="8" height="8"/></svg>{escape(name)}</li>'
        for colour, name in enumerate(names)
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def _round_up(value: int) -> int:
    """The next of 4, 8, 20, 40, 80, 200, ...: a number whose quarters are whole."""
    size = 4
    while True:
        for step in _STEPS:
            if size * step >= value:
                return size * step
        size *= 10
