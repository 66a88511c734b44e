"""Dates of the advanced OFAC format, written as its other formats write them: `10 Dec 1948`, `1951`, `circa 1962`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from .xml_stream import text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ONE_DAY = timedelta(days=1)


def single_day(element: Element) -> date | None:
    """The day of an element with Year, Month and Day, None when it names none."""
    numbers = [text(element, part) for part in ("Year", "Month", "Day")]
    try:
        return date(*(int(number) for number in numbers))
    except ValueError:
        return None


def period(element: Element) -> str:
    """A DatePeriod in words, empty when it names no day."""
    begin, end = _bound(element, "Start", "From"), _bound(element, "End", "To")
    begin = begin or _bound(element, "Start", "To")
    end = end or _bound(element, "End", "From") or _bound(element, "Start", "To") or begin
    if begin is None or end is None:
        return ""
    circa = any(each.get("Approximate") == "true" for each in element)
    return ("circa " if circa else "") + _words(begin, end)


def _bound(element: Element, bound: str, side: str) -> date | None:
    found = element.find(f"{{*}}{bound}/{{*}}{side}")
    return None if found is None else single_day(found)


def _words(begin: date, end: date) -> str:
    after = end + _ONE_DAY
    if begin == end:
        return begin.strftime("%d %b %Y")
    whole_years = (begin.month, begin.day, after.month, after.day) == (1, 1, 1, 1)
    if whole_years:
        return str(begin.year) if begin.year == end.year else f"{begin.year} to {end.year}"
    if begin.day == after.day == 1:
        same = (begin.year, begin.month) == (end.year, end.month)
        return begin.strftime("%b %Y") if same else f"{begin:%b %Y} to {end:%b %Y}"
    return f"{begin:%d %b %Y} to {end:%d %b %Y}"
