"""What judging a batch gives: messages, counts, and what each subject's state has to remember of it."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import msgspec

from rules.finding import Finding
from rules.messages import Action, Alert, DeadLetter, Flow, Severity, Source, Verdict
from rules.profile import Movement
from rules.rule import Rule


class Counts(msgspec.Struct):
    """What became of the records of a batch: the completeness ledger. Their sum is the number of records."""

    deposits: int = 0
    withdrawals: int = 0
    duplicates: int = 0
    deadletters: int = 0


class Tally(msgspec.Struct):
    """What the metrics want to know of a batch; not part of the state."""

    findings: Counter[str] = msgspec.field(default_factory=Counter)
    suppressed: Counter[str] = msgspec.field(default_factory=Counter)
    shadowed: Counter[str] = msgspec.field(default_factory=Counter)
    not_evaluated: Counter[str] = msgspec.field(default_factory=Counter)
    raised: Counter[str] = msgspec.field(default_factory=Counter)


class Outcome(msgspec.Struct):
    """Everything a batch gives to the world, in the order in which it was judged, and what its states have to remember.

    `movements` are those of its accounts, `addresses` the ones whose state has changed.
    """

    verdicts: list[Verdict] = []
    alerts: list[Alert] = []
    deadletters: list[DeadLetter] = []
    flows: list[Flow] = []
    movements: list[tuple[str, Movement]] = []
    addresses: set[str] = set()
    counts: Counts = msgspec.field(default_factory=Counts)
    tally: Tally = msgspec.field(default_factory=Tally)


def compose(
    rule: Rule,
    finding: Finding,
    *,
    subject: str,
    account_id: str,
    ruleset_hash: str,
    source: Source,
    detected_at: datetime,
) -> Alert:
    """The alert of a finding. Its id depends on rule, subject and story alone."""
    about = rule.about
    return Alert(
        alert_id=alert_id(about.id, subject, finding.story),
        rule_id=about.id,
        rule_version=about.version,
        ruleset=ruleset_hash,
        severity=finding.severity or about.severity,
        title=about.title,
        typology=about.typology,
        account_id=account_id,
        counterparty=finding.counterparty,
        evidence=finding.evidence,
        facts=finding.facts,
        list=finding.match,
        source=source,
        occurred_at=finding.evidence[-1].occurred_at,
        detected_at=detected_at,
        retroactive=False,
        action=effective_action(rule, finding),
    )


def effective_action(rule: Rule, finding: Finding) -> Action:
    """The rule's action; a finding below medium severity is for statistics and holds nobody's money."""
    severity = finding.severity or rule.about.severity
    return Action.REVIEW if severity in (Severity.INFO, Severity.LOW) else rule.about.action


def alert_id(rule_id: str, subject: str, story: Iterable[str | int]) -> str:
    """96 bits of a hash of rule, subject and story key, in hex."""
    key = "\x1f".join((rule_id, subject, *map(str, story)))
    return hashlib.blake2b(key.encode(), digest_size=12).hexdigest()
