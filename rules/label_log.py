"""What the topic of lists says about address labels: which of them tell something about the past, and what changes of that.

The form is that of `rules.list_log`: parts, and one record that puts them into force. The labels themselves come from each
worker's files; what stands here is what they mean together with the sanctions lists, so that a label whose party is listed
later is news as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Final

import msgspec

from rules.knowledge import Knowledge
from rules.reference import ListKind
from rules.reference.attribution import Attributed, telling

_PART_CHANGES: Final = 1_000  # some 250 KB
_OPEN: Final = 16  # announcements that may be unfinished at one time
_encode: Final = msgspec.json.Encoder().encode


class LabelChange(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What became of the telling label of an address, by its canonical spelling; None where there is none."""

    address: str
    before: Attributed | None
    now: Attributed | None


class LabelSource(msgspec.Struct, frozen=True, kw_only=True):
    """A list that the labels come from: of labels, or a sanctions list whose parties they speak of."""

    name: str
    kind: str
    hash: str
    published: date | None = None


class LabelPart(msgspec.Struct, frozen=True, kw_only=True, tag="label_part"):
    """Some of what changes with an announcement of labels. `before` is the version that it was made against."""

    announcement: str
    before: str
    changes: tuple[LabelChange, ...]


class LabelsInForce(msgspec.Struct, frozen=True, kw_only=True, tag="labels_in_force"):
    """The end of an announcement of labels: from here they are in force, if `before` was and no part is missing."""

    announcement: str
    parts: int
    before: str
    version: str
    sources: tuple[LabelSource, ...]
    announced_by: str
    announced_ms: int
    reason: str = ""


class Labels(msgspec.Struct, frozen=True):
    """Every telling label, by address, what they come from, and a hash of them."""

    by_address: Mapping[str, Attributed]
    sources: tuple[LabelSource, ...]
    version: str

    @classmethod
    def of(cls, knowledge: Knowledge) -> Labels:
        """Those of the lists in force."""
        found = dict(telling(knowledge.reference, knowledge.attributed))
        digest = sha256(b"lockgate-labels-1\n")
        for address, label in found.items():
            digest.update(_encode((address, label)) + b"\n")
        sources = [
            LabelSource(name=each.name, kind=each.kind.value, hash=each.hash, published=each.published)
            for each in knowledge.reference.lists
            if each.kind is ListKind.LABELS
        ]
        if sources and knowledge.watchlist is not None:
            sources += [
                LabelSource(name=each.name, kind="sanctions", hash=each.hash, published=each.published)
                for each in knowledge.watchlist.lists
            ]
        return cls(found, tuple(sources), digest.hexdigest())


NO_LABELS: Final = Labels({}, (), "")


class LabelLog:
    """Reads what the log says of labels, record by record, and holds what is in force."""

    def __init__(self) -> None:
        self.labels = NO_LABELS
        self.past: set[str] = set()  # every version that ever was in force, this one included
        self._open: dict[str, list[LabelPart]] = {}

    def take(self, record: LabelPart | LabelsInForce) -> bool:
        """Read a record; whether it puts other labels into force."""
        if isinstance(record, LabelPart):
            self._open.setdefault(record.announcement, []).append(record)
            while len(self._open) > _OPEN:
                del self._open[next(iter(self._open))]
            return False
        parts = self._open.pop(record.announcement, [])
        if record.before != self.labels.version or len(parts) != record.parts:
            return False
        found = dict(self.labels.by_address)
        for address, _, now in (msgspec.structs.astuple(change) for part in parts for change in part.changes):
            if now is None:
                found.pop(address, None)
            else:
                found[address] = now
        self.labels = Labels(found, record.sources, record.version)
        self.past.add(record.version)
        return True

    def share(self, labels: Labels) -> None:
        """Hold the caller's objects where they are equal to ours, so that a worker has them once."""
        if labels.version == self.labels.version:
            self.labels = labels

    def objection(self, labels: Labels) -> str | None:
        """Why labels must not be announced without a person's word; None when they may be."""
        held = {(each.name, each.kind): each for each in self.labels.sources}
        ours = {(each.name, each.kind): each for each in labels.sources}
        newer = False
        for key, theirs in held.items():
            mine = ours.get(key)
            if mine is None:
                if theirs.kind != "sanctions":
                    return f"{theirs.name} ({theirs.kind}) is missing here"
                continue
            if (mine.published or date.min) < (theirs.published or date.min):
                return f"{mine.name} ({mine.kind}) is of {mine.published}, older than that in force of {theirs.published}"
            newer |= (mine.published or date.min) > (theirs.published or date.min)
        newer |= not ours.keys() <= held.keys()
        if labels.version in self.past and not newer:
            return "these labels were in force before, and others have taken their place: give the file a new date"
        return None


def label_announcement(before: Labels, after: Labels, *, name: str, by: str, at_ms: int, reason: str = "") -> list[bytes]:
    """The records that put labels into force in the place of others. `name` must be one that was never used before."""
    changes = list(_changes(before.by_address, after.by_address))
    pieces = [tuple(changes[at : at + _PART_CHANGES]) for at in range(0, len(changes), _PART_CHANGES)]
    end = LabelsInForce(
        announcement=name,
        parts=len(pieces),
        before=before.version,
        version=after.version,
        sources=after.sources,
        announced_by=by,
        announced_ms=at_ms,
        reason=reason,
    )
    parts: Sequence[LabelPart] = [LabelPart(announcement=name, before=before.version, changes=piece) for piece in pieces]
    return [*map(_encode, parts), _encode(end)]


def _changes(before: Mapping[str, Attributed], after: Mapping[str, Attributed]) -> Iterable[LabelChange]:
    for address in sorted(before.keys() | after.keys()):
        old, new = before.get(address), after.get(address)
        if old != new:
            yield LabelChange(address, old, new)
