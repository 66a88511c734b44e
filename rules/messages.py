"""What Lockgate sends: alerts, verdicts, dead letters and flows. The output contracts, version 1.

Native JSON. Money is decimal text in US dollars or in units of the asset, times are UTC.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta

from rules.transfer import dollars, moment


class Severity(StrEnum):
    """Medium and above is for a person to read today; low and info are for statistics and context."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Action(StrEnum):
    """What a rule recommends, and what it does to the verdict of a withdrawal it fires on."""

    REJECT = "reject"
    HOLD = "hold"
    REVIEW = "review"


class Decision(StrEnum):
    """What the exchange does with a withdrawal. No verdict means hold."""

    RELEASE = "release"
    HOLD = "hold"
    REJECT = "reject"


class Source(msgspec.Struct, frozen=True):
    """Where the message that led to this one stands: Kafka coordinates, or file name and line."""

    topic: str
    partition: int
    offset: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer that makes the story, and what it shows."""

    event_id: str
    amount: str
    asset: str
    value_usd: str
    occurred_at: datetime
    shows: str

    @classmethod
    def of(cls, event_id: str, amount: str, asset: str, value: int, occurred_ms: int, shows: str) -> Self:
        """From what is kept of a transfer: `value` in micro-dollars, the time in milliseconds."""
        return cls(
            event_id=event_id,
            amount=amount,
            asset=asset,
            value_usd=dollars(value),
            occurred_at=moment(occurred_ms),
            shows=shows,
        )


class ListMatch(msgspec.Struct, frozen=True, kw_only=True):
    """The list entry that was met: which list, which version of it, who, and the spelling on the list."""

    name: str
    hash: str
    published: str | None
    entry_id: str
    entry_name: str
    matched: str


class AlertStatus(StrEnum):
    """new: a story told for the first time. update: it has grown; `refers_to` is its first alert. closed: it is void now."""

    NEW = "new"
    UPDATE = "update"
    CLOSED = "closed"


class Related(msgspec.Struct, frozen=True, kw_only=True):
    """What another rule found at the same transfer: told with the strongest finding, not by an alert of its own."""

    alert_id: str
    rule_id: str
    rule_version: str
    severity: Severity
    title: str
    facts: dict[str, Any]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One story about one subject, with the transfers that make it and what to do.

    `alert_id` is a hash of rule, subject and story key, never of processing order or time: the same story has the same id
    in every run. `facts` holds the measured values beside the thresholds they were compared with.
    """

    alert_id: str
    rule_id: str
    rule_version: str
    ruleset: Annotated[str, Meta(description="Hash of all rule files in force.")]
    severity: Severity
    title: str
    typology: tuple[str, ...]
    account_id: str
    counterparty: Annotated[str | None, Meta(description="Canonical address, or null.")]
    evidence: tuple[Evidence, ...]
    facts: dict[str, Any]
    list: ListMatch | None
    source: Source
    occurred_at: datetime
    detected_at: datetime
    retroactive: bool
    action: Action
    status: AlertStatus = AlertStatus.NEW
    refers_to: Annotated[str | None, Meta(description="Of an update or a closing: the story's first alert.")] = None
    related: tuple[Related, ...] = ()


class NotEvaluated(msgspec.Struct, frozen=True):
    """A rule that could not answer, and why. Never the same as a clean answer."""

    rule_id: str
    reason: str


class Excepted(msgspec.Struct, frozen=True):
    """An exception that acted: a finding of the rule was not told, by whose decision, why, and until when."""

    rule_id: str
    author: str
    reason: str
    expires: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one withdrawal."""

    event_id: str
    account_id: str
    decision: Decision
    alert_ids: tuple[str, ...]
    rules_run: tuple[str, ...]
    rules_not_evaluated: tuple[NotEvaluated, ...]
    list_hash: str | None
    list_age_seconds: int | None
    source: Source
    exceptions: tuple[Excepted, ...] = ()


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be judged: why, which field, and the message itself (base64)."""

    reason: str
    field: str
    original: bytes
    source: Source


class Named(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False, cache_hash=True):
    """A party that a transfer names: its role, and what names are compared with besides. Empty text for what is not told."""

    role: str  # counterparty, VASP or holder
    name: str
    kind: str = "any"  # a NameKind
    born: str = ""
    country: str = ""


class Flow(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """Value between an account and a counterparty address: what the accounts stage tells the counterparties stage.

    Internal, version 2. One is sent for every address that the account has never dealt with (`first`), and where a transfer
    is the first from a device, the first to name somebody, or bears signals. Flows sort by event time, then by where their
    transfer stands. `value` in micro-dollars.
    """

    occurred_ms: int
    topic: str
    partition: int
    offset: int
    address: str
    account_id: str
    inflow: bool
    value: int
    event_id: str
    amount: str
    asset: str
    network: str
    first: bool  # the account has never dealt with the address before, in either direction
    own_address: str = ""  # canonical, of the account; links it to flows of others
    device_id: str = ""  # where the account was never met on it before, or signals are told
    signals: tuple[str, ...] = ()  # rules that found something in the account's profile at this transfer, and their words
    listed: bool = False  # the address was on a list when the transfer was judged, and alerted then
    names: tuple[Named, ...] = ()  # parties that no transfer of the account named before
    labelled: int = 0  # the rank of the address's label (rules.reference.attribution) when the transfer was judged

    @property
    def source(self) -> Source:
        """Where the transfer stands that made this flow."""
        return Source(self.topic, self.partition, self.offset)
