"""What an analyst says about a story: a note, a decision, or both. The contract of `lockgate.dispositions`, version 1."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class Outcome(StrEnum):
    """Where the work on a story stands. The last one said counts."""

    OPEN = "open"
    INVESTIGATING = "investigating"
    ESCALATED = "escalated"
    CONFIRMED = "confirmed"
    FALSE_POSITIVE = "false_positive"


class Disposition(msgspec.Struct, frozen=True, kw_only=True):
    """Who said what about which story, and when. Never changed afterwards, only followed by another."""

    alert_id: Annotated[str, Meta(min_length=1, max_length=200)]  # of the story's first alert; the key of the Kafka message
    outcome: Outcome
    note: Annotated[str, Meta(max_length=4000)]
    author: Annotated[str, Meta(min_length=1, max_length=200)]
    at: datetime
