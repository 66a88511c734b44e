"""Collects the entries of a list while its file is read, so that every one of them is accounted for."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import msgspec

from rules.lists import LeftOut, ListEntry, SanctionsList

from .errors import ListError, ListTruncated


class Collected:
    """Entries met in a file: each one is kept, or left out with a reason."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._entries: dict[str, ListEntry] = {}
        self._left_out: list[LeftOut] = []
        self.strange: Counter[str] = Counter()  # parts of the file that no reader knows, by name

    def add(self, entry: ListEntry) -> None:
        """Take an entry. Raises ListError when its id is missing or stands for something else already."""
        if not entry.entry_id:
            raise ListError(self._source, f"an entry without id ({entry.name or 'and without name'})")
        if not entry.name and entry.aliases:
            first, *others = entry.aliases
            entry = msgspec.structs.replace(entry, name=first.name, aliases=tuple(others))
        if not entry.name and not entry.addresses:
            self._left_out.append(LeftOut(entry_id=entry.entry_id, reason="neither a name nor an address"))
            return
        kept = self._entries.setdefault(entry.entry_id, entry)
        if kept is entry:
            return
        if kept != entry:
            raise ListError(self._source, f"entry {entry.entry_id} stands twice with different content")
        self._left_out.append(LeftOut(entry_id=entry.entry_id, reason="the same entry stands twice"))

    @property
    def total(self) -> int:
        """Entries met so far, kept or left out."""
        return len(self._entries) + len(self._left_out)

    def entries(self) -> dict[str, ListEntry]:
        """The kept entries by id; what is changed here is changed in the list."""
        return self._entries

    def listing(self, name: str, published: date | None, announced: int | None = None) -> SanctionsList:
        """The list. `announced` is the number of entries its file says it holds. Raises ListTruncated when empty."""
        if not self._entries:
            raise ListTruncated(self._source, "no entries")
        notes = [f"{announced} entries announced, {self.total} found"] if announced not in (None, self.total) else []
        notes += [f"{count} of {name} are not read: unknown to Lockgate" for name, count in sorted(self.strange.items())]
        for entry_id, entry in self._entries.items():
            if entry.source != name:
                self._entries[entry_id] = msgspec.structs.replace(entry, source=name)
        return SanctionsList.of(name, self._entries.values(), published=published, left_out=self._left_out, notes=notes)


def day(text: str, source: str, *forms: str, what: str = "publication date") -> date | None:
    """The day a text names in one of the forms; ISO dates and times are always understood. Empty text is None."""
    if not text:
        return None
    for form in forms:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day, no time zone is told
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise ListError(source, f"the {what} {text!r} is no date") from None


def day_or_none(text: str, *forms: str) -> date | None:
    """As `day`, but None for a text that is no date: one odd date of one entry must not cost the whole list."""
    try:
        return day(text, "", *forms)
    except ListError:
        return None
