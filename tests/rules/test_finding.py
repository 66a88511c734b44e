"""A finding that no alert could tell is refused where the rule makes it, so that it is one rule's fault."""

from datetime import UTC, datetime
from typing import Any

import pytest

from rules.finding import Finding
from rules.messages import Evidence

EVIDENCE = (
    Evidence(event_id="e", amount="1", asset="ETH", value_usd="1", occurred_at=datetime(2026, 1, 1, tzinfo=UTC), shows="s"),
)


@pytest.mark.parametrize(
    ("evidence", "facts", "error"),
    [((), {}, ValueError), (EVIDENCE, {"what": object()}, TypeError), (EVIDENCE, {1j: 1}, TypeError)],
)
def test_what_cannot_be_told_is_no_finding(
    evidence: tuple[Evidence, ...], facts: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Finding(story=("one",), evidence=evidence, facts=facts)


def test_plain_facts_are_told() -> None:
    assert Finding(story=("one",), evidence=EVIDENCE, facts={"count": 2, "share": 0.5, "at": None, "list": ["a"]}).facts
