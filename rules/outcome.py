"""What judging a batch gives: messages, counts, and what each subject's state has to remember of it."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec

from rules.finding import Finding
from rules.messages import Action, Alert, AlertStatus, DeadLetter, Flow, Related, Severity, Source, Verdict
from rules.note import Note
from rules.profile import Movement
from rules.rule import Rule

_MILD: Final = (Severity.INFO, Severity.LOW)
RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}  # of severities, the mildest first


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
    excepted: Counter[str] = msgspec.field(default_factory=Counter)
    not_evaluated: Counter[str] = msgspec.field(default_factory=Counter)
    raised: Counter[str] = msgspec.field(default_factory=Counter)


class Outcome(msgspec.Struct):
    """Everything a batch gives to the world, in the order in which it was judged, and what its states have to remember.

    `movements` are those of its accounts, `addresses` the ones whose state has changed, `notes` what withdrawals to an
    address should know from now on.
    """

    verdicts: list[Verdict] = []
    alerts: list[Alert] = []
    deadletters: list[DeadLetter] = []
    flows: list[Flow] = []
    movements: list[tuple[str, Movement]] = []
    addresses: set[str] = set()
    notes: dict[str, Note] = {}
    counts: Counts = msgspec.field(default_factory=Counts)
    tally: Tally = msgspec.field(default_factory=Tally)


class Told(msgspec.Struct, frozen=True):
    """A finding that is to be told: under which id, as an update of which alert, and what else was found with it."""

    rule: Rule
    finding: Finding
    alert_id: str
    refers_to: str | None = None
    related: tuple[Related, ...] = ()

    @property
    def severity(self) -> Severity:
        """What the finding says, or else its rule."""
        return self.finding.severity or self.rule.about.severity

    def as_related(self) -> Related:
        """The finding as a part of another one's alert."""
        about = self.rule.about
        return Related(
            alert_id=self.alert_id,
            rule_id=about.id,
            rule_version=about.version,
            severity=self.severity,
            title=about.title,
            facts=self.finding.facts,
        )


def together(findings: Iterable[Told]) -> list[Told]:
    """One story, one alert: of findings at one transfer, those for a person to read become one alert of each family.

    The strongest is told, the others with it. What is below medium severity is for statistics and stays apart.
    """
    alone, families = [], dict[str, list[Told]]()
    for one in findings:
        if RANK[one.severity] < RANK[Severity.MEDIUM]:
            alone.append(one)
        else:
            families.setdefault(one.rule.about.id.partition(".")[0], []).append(one)
    for group in families.values():
        strongest, *others = sorted(group, key=lambda one: -RANK[one.severity])
        alone.append(msgspec.structs.replace(strongest, related=tuple(other.as_related() for other in others)))
    return alone


def take_note(outcome: Outcome, told: Told, occurred_ms: int) -> None:
    """Let withdrawals to the address of a finding know of it, when it is one for a person to read."""
    address = told.finding.counterparty
    if address is None or RANK[told.severity] < RANK[Severity.MEDIUM]:
        return
    known = outcome.notes.get(address)
    if known is None or RANK[known.severity] <= RANK[told.severity]:
        about, story = told.rule.about, told.refers_to or told.alert_id
        named = tuple(told.finding.facts.get("accounts", ()))
        outcome.notes[address] = Note(about.id, told.severity, about.title, story, occurred_ms, named)


def compose(told: Told, *, account_id: str, ruleset_hash: str, source: Source, detected_at: datetime) -> Alert:
    """The alert of a finding."""
    about, finding = told.rule.about, told.finding
    return Alert(
        alert_id=told.alert_id,
        rule_id=about.id,
        rule_version=about.version,
        ruleset=ruleset_hash,
        severity=told.severity,
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
        action=effective_action(told.rule, finding),
        status=AlertStatus.UPDATE if told.refers_to else AlertStatus.NEW,
        refers_to=told.refers_to,
        related=told.related,
    )


def effective_action(rule: Rule, finding: Finding | None = None) -> Action:
    """The rule's action; a finding below medium severity is for statistics and holds nobody's money."""
    severity = (finding.severity if finding is not None else None) or rule.about.severity
    return Action.REVIEW if severity in _MILD else rule.about.action


def story_ids(rule: Rule, subject: str, finding: Finding) -> tuple[str, tuple[str, ...]]:
    """The id of a story's first alert, and those of updates at the stages that the finding has reached, the latest first."""
    name, story = rule.about.id, finding.story
    updates = tuple(alert_id(name, subject, (*story, "stage", stage)) for stage in range(finding.stage, 0, -1))
    return alert_id(name, subject, story), updates


def alert_id(rule_id: str, subject: str, story: Iterable[str | int]) -> str:
    """96 bits of a hash of rule, subject and story key, in hex."""
    key = "\x1f".join((rule_id, subject, *map(str, story)))
    return hashlib.blake2b(key.encode(), digest_size=12).hexdigest()
