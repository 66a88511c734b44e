"""The log of labels: what takes force, and what must not be announced without a person's word."""

from datetime import date

import pytest

from rules.knowledge import Knowledge
from rules.label_log import LabelLog, LabelPart, Labels, LabelsInForce, label_announcement
from rules.list_log import read
from rules.reference import Category, Label, ListKind, ReferenceList, combine


def labels(count: int, day: int, name: str = "provider") -> Labels:
    rows = [
        Label(address=f"0x{n:040x}", entity="Hack", category=Category.STOLEN_FUNDS, confidence=90, source="test")
        for n in range(1, count + 1)
    ]
    return Labels.of(Knowledge(None, combine([ReferenceList.of(name, ListKind.LABELS, date(2026, 11, day), rows)])))


def announce(log: LabelLog, after: Labels, name: str) -> list[bool]:
    records = [read(value) for value in label_announcement(log.labels, after, name=name, by="test", at_ms=0)]
    return [log.take(record) for record in records if isinstance(record, LabelPart | LabelsInForce)]


@pytest.fixture
def log() -> LabelLog:
    one = LabelLog()
    assert announce(one, labels(3, 1), "first") == [False, True]
    return one


def test_a_log_gives_the_labels_that_were_announced(log: LabelLog) -> None:
    after = labels(2_500, 2)
    assert announce(log, after, "second") == [False, False, False, True]
    assert (log.labels.by_address, log.labels.version) == (after.by_address, after.version)


def test_half_an_announcement_and_one_against_another_version_do_not_count(log: LabelLog) -> None:
    held = log.labels.version
    ends = [read(value) for value in label_announcement(log.labels, labels(5, 2), name="half", by="test", at_ms=0)][1:]
    stale = [read(value) for value in label_announcement(labels(4, 1), labels(5, 2), name="stale", by="test", at_ms=0)]
    assert not any(log.take(record) for record in (*ends, *stale) if isinstance(record, LabelPart | LabelsInForce))
    assert log.labels.version == held


def test_older_labels_missing_lists_and_those_of_before_need_a_word(log: LabelLog) -> None:
    announce(log, labels(5, 10), "second")
    assert "older" in (log.objection(labels(6, 9)) or "")
    assert "missing" in (log.objection(labels(6, 11, "another")) or "")
    assert "before" in (log.objection(labels(3, 10)) or "")
    assert log.objection(labels(3, 11)) is None  # the same rows under a new date
    assert log.objection(labels(6, 10)) is None
