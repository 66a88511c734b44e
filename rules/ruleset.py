"""A set of rules as read from their files: each checked, all together hashed.

Reading files is the shell's business (`streams.rulefiles`); this module takes their text.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from rules.assets import AssetClass
from rules.lists import ListEntry
from rules.messages import Action, Severity
from rules.reference import Label, Rows
from rules.rule import About, AccountRule, CounterpartyRule, GroupRule, LookbackRule, NetworkRule, Rule, Status
from rules.tailoring import tailored
from rules.transfer import Kind

_VERSION: Final = re.compile(r"\d+\.\d+\.\d+", re.ASCII)


class BadRule(ValueError):
    """One or more rule files are wrong; `faults` names all of them."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


class Afterwards(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What lists and labels are after the event of an example; what is left out stays as it was."""

    listed: tuple[str, ...] | None = None
    parties: tuple[ListEntry, ...] | None = None
    labels: tuple[Label, ...] | None = None


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A worked example: what went before, what happens, what the rule must answer. `rules.examples` runs it.

    `severity`, where given, is the one that the alert must have, `words` are those that must go with a signal. `noted` are
    addresses that a story about the `noted_accounts` names, with its severity, found at `noted_at`. A rule that looks back
    is asked when lists change `afterwards`.
    """

    name: str
    history: tuple[dict[str, Any], ...] = ()
    event: dict[str, Any]
    expect: Literal["fires", "silent", "not_evaluated"]
    severity: Severity | None = None
    words: tuple[str, ...] | None = None
    listed: tuple[str, ...] = ()
    parties: tuple[ListEntry, ...] = ()
    noted: dict[str, Severity] = {}
    noted_at: str = "-30d"
    noted_accounts: tuple[str, ...] = ()
    screened: bool = True
    reference: Rows = Rows()
    afterwards: Afterwards | None = None


class RuleFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule's TOML file. Every parameter is a value with its source; the tables `by_...` override some of them."""

    rule: About
    params: dict[str, "Parameter"] = {}
    by_account_type: dict[str, dict[str, "Parameter"]] = {}
    by_asset_class: dict[AssetClass, dict[str, "Parameter"]] = {}
    example: tuple[Example, ...]

    @property
    def tables(self) -> dict[str, dict[str, "Parameter"]]:
        """Every table of parameters by its name: `params`, `by_account_type.business` and so on."""
        tables = {"params": self.params}
        tables |= {f"by_account_type.{name}": table for name, table in self.by_account_type.items()}
        return tables | {f"by_asset_class.{name}": table for name, table in self.by_asset_class.items()}

    def tailored(self, rule: Rule) -> Rule:
        """The rule as it is asked: with the overrides of this file. Raises ValueError."""
        by_type = {name: _values(table) for name, table in self.by_account_type.items()}
        by_class = {name: _values(table) for name, table in self.by_asset_class.items()}
        return tailored(rule, _values(self.params), by_type, by_class)


class Parameter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One parameter: its value, and where the number comes from ("judgement" where no source stands)."""

    value: Any
    source: str


def _values(table: Mapping[str, Parameter]) -> dict[str, Any]:
    return {name: one.value for name, one in table.items()}


class RuleSource(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a rule before they are checked together: its class, its TOML text, its code's text."""

    rule_id: str
    kind: type[Rule]
    toml: str
    code: str


class Ruleset:
    """Checked rules in a fixed order, split by what they are asked on. `hash` covers every file that made them."""

    def __init__(
        self, rules: Mapping[str, tuple[Rule, RuleFile]], digest: str, sources: Mapping[str, RuleSource] | None = None
    ) -> None:
        self.hash = digest
        self.sources: dict[str, RuleSource] = dict(sources or {})
        self.rules: tuple[Rule, ...] = tuple(rule for rule, _ in rules.values())
        self.files: dict[str, RuleFile] = {name: file for name, (_, file) in rules.items()}
        running = [file.tailored(rule) for rule, file in rules.values() if rule.about.status is not Status.RETIRED]
        self.deposit_rules = _asked_on(Kind.DEPOSIT, running)
        self.withdrawal_rules = _asked_on(Kind.WITHDRAWAL, running)
        self.counterparty_rules = tuple(rule for rule in running if isinstance(rule, CounterpartyRule))
        self.group_rules = tuple(rule for rule in running if isinstance(rule, GroupRule))
        self.network_rules = tuple(rule for rule in running if isinstance(rule, NetworkRule))
        self.lookback_rules = tuple(rule for rule in running if isinstance(rule, LookbackRule))

    def __getitem__(self, rule_id: str) -> Rule:
        """The rule of that id. Raises KeyError."""
        return next((rule for rule in self.rules if rule.about.id == rule_id), None) or self._unknown(rule_id)

    @staticmethod
    def _unknown(rule_id: str) -> Rule:
        raise KeyError(rule_id)


def _asked_on(kind: Kind, rules: Iterable[Rule]) -> tuple[AccountRule, ...]:
    return tuple(rule for rule in rules if isinstance(rule, AccountRule) and kind in rule.asked_on)


def build_ruleset(sources: Iterable[RuleSource]) -> Ruleset:
    """Check the files of a rule set and make its rules.

    Raises:
        BadRule: with every fault of every file at once.
    """
    rules: dict[str, tuple[Rule, RuleFile]] = {}
    faults: list[str] = []
    digest = hashlib.blake2b(digest_size=12)
    ordered = sorted(sources, key=lambda one: one.rule_id)
    for source in ordered:
        digest.update(f"{source.rule_id}\0{source.toml}\0{source.code}\0".encode())
        try:
            file = msgspec.convert(tomllib.loads(source.toml), RuleFile)
            rule = source.kind(file.rule, _values(file.params))
            file.tailored(rule)
        except (msgspec.ValidationError, tomllib.TOMLDecodeError, ValueError) as error:
            faults.append(f"{source.rule_id}: {error}")
            continue
        faults += [f"{source.rule_id}: {fault}" for fault in _faults(source.rule_id, file)]
        rules[source.rule_id] = (rule, file)
    if not rules and not faults:
        faults.append("no rules found")
    if faults:
        raise BadRule(faults)
    return Ruleset(rules, digest.hexdigest(), {source.rule_id: source for source in ordered})


def _faults(rule_id: str, file: RuleFile) -> Iterable[str]:
    about = file.rule
    if about.id != rule_id:
        yield f"its id says {about.id!r}; it must equal the path"
    if not _VERSION.fullmatch(about.version):
        yield f"version {about.version!r} is not of the form 1.2.3"
    for table, parameters in file.tables.items():
        prefix = "" if table == "params" else f"{table}: "
        if not parameters and prefix:
            yield f"{prefix}overrides nothing"
        for name, parameter in parameters.items():
            if not parameter.source.strip():
                yield f"{prefix}parameter {name} names no source"
    for name in ("title", "triage"):
        if not getattr(about, name).strip():
            yield f"{name} is empty"
    for name in ("typology", "false_positives", "blind_spots"):
        if not getattr(about, name):
            yield f"{name} is empty"
    for outcome in ("fires", "silent"):
        if not any(example.expect == outcome for example in file.example):
            yield f"no example with expect = {outcome!r}"
    if about.action is Action.REJECT and about.severity is not Severity.CRITICAL:
        yield "a rule that rejects is of severity critical"
