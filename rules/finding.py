"""What a rule answers with: a finding, a weak sign, the reason why it could not answer, or nothing found."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from rules.messages import Evidence, ListMatch, Severity

_encode: Final = msgspec.json.Encoder().encode


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A rule fired.

    `story` is what makes two findings the same story: together with rule and subject it becomes the alert's id, so it holds
    nothing that depends on processing order. `facts` are the measured values beside their thresholds. `severity`, where
    given, replaces the one of the rule's file. `stage` says how far the story has grown, in a few steps that the rule
    chooses: the first finding of a story becomes its alert, and the first of every later stage an update of it. `signals`
    are words that the network stage hears with the finding of an account's rule that signals; a group's rule leaves them
    where it met the account. `continues` is the id of another rule's alert that this one goes on with: an update of that.
    `known` says that the other alert names this account already: then it is a reason for the verdict, counted, and not told.
    """

    story: tuple[str | int, ...]
    evidence: tuple[Evidence, ...]
    facts: dict[str, Any]
    counterparty: str | None = None
    match: ListMatch | None = None
    severity: Severity | None = None
    stage: int = 0
    continues: str | None = None
    known: bool = False
    signals: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no alert could tell, where it is the fault of one rule: later it would stop a whole batch.

        Raises:
            ValueError: no evidence.
            TypeError: facts that JSON cannot say.
        """
        if not self.evidence:
            raise ValueError("a finding needs evidence")
        _encode(self.facts)


class Sign(msgspec.Struct, frozen=True):
    """A weak sign, which is no story: words for the network stage to hear, with nothing to cite."""

    signals: tuple[str, ...] = ()


class Claim(msgspec.Struct, frozen=True):
    """A finding of the rule's own severity that goes on for long and is told once: worked out only when it is told."""

    story: tuple[str | int, ...]
    work_out: Callable[[], Finding]


class Repeated(msgspec.Struct, frozen=True):
    """A claim whose story has been told: the id of its alert, for the verdict."""

    alert_id: str


class Unanswered(msgspec.Struct, frozen=True):
    """A rule could not answer: data is missing or history too short. Never the same as nothing found."""

    reason: str


Answer = Finding | Unanswered | None
AccountAnswer = Answer | Sign | Claim
