"""Runs the worked examples of rule files through the engines that judge real transfers.

An example names what went before (`history`), what happens (`event`) and what the rule must answer. A transfer in it
is a short table; what it leaves out gets a plain default. `at` counts back from the event (`-2h`, `-30d`), `repeat` and
`every` make several of one, forward in time. An address written `@name` stands for a valid one of that name; with none
given every transfer has an address of its own, and `""` means none.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from rules.address_state import AddressState
from rules.change import change_between
from rules.engine import AccountsEngine
from rules.exceptions import NO_EXCEPTIONS
from rules.finding import Answer, Finding
from rules.graph.network import Network
from rules.intake import Gate, Intake
from rules.knowledge import Knowledge
from rules.lists import ListedAddress, ListEntry, SanctionsList, Watchlist, merge
from rules.messages import Action, Alert, Flow, Severity, Source
from rules.network import CounterpartiesEngine
from rules.note import Note
from rules.outcome import Outcome
from rules.past import past_of
from rules.profile import Profile
from rules.reference import Label, ListKind, ReferenceList, combine, fault
from rules.retroactive import LookingBack
from rules.rule import About, AccountRule, Case, CounterpartyRule, GroupRule, LookbackRule, NetworkRule, Rule, Status, Window
from rules.ruleset import Afterwards, Example, RuleFile, Ruleset
from rules.seen import Seen
from rules.stories import Stories
from rules.transfer import AccountFacts, Kind, Party, Transfer, moment

EVENT_MS: Final = 1_773_576_000_000  # 2026-03-15 12:00 UTC; at noon a few hours either way stay on the same day

Answered = Literal["fires", "silent", "not_evaluated"]


class BadExample(ValueError):
    """An example cannot be run: a key it does not know, a value that is none."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An example that came out otherwise than its file expects, or could not be run: then `broken` is true."""

    rule_id: str
    example: str
    expected: str
    got: str
    broken: bool = False


class StepParty(Party, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The counterparty of an example's transfer; a misspelt key is a fault of the example."""


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A transfer of an example as its file writes it. `holder_name`, `holder_country`, `holder_region`, `account_type` and
    `opened_at` are the facts of the account; `signals` are what rules of accounts said of it, for rules that hear them.
    """

    kind: Kind
    value_usd: str = "100"
    at: str = "now"
    address: str | None = None
    addresses: tuple[str, ...] | None = None
    asset: str = "USDT"
    network: str = "ethereum"
    amount: str | None = None
    account: str = "account-1"
    opened_at: str | None = None
    holder_name: str | None = None
    holder_country: str | None = None
    holder_region: str | None = None
    account_type: str | None = None
    counterparty: StepParty | None = None
    ip: str | None = None
    ip_country: str | None = None
    ip_region: str | None = None
    device_id: str | None = None
    own_address: str | None = None
    signals: tuple[str, ...] = ()
    repeat: int = 1
    every: str = "1d"

    def transfers(self, prefix: str) -> Iterator[Transfer]:
        """The transfers it stands for. Raises BadExample."""
        start, step = time_of(self.at), _length(self.every)
        facts = AccountFacts(
            opened_at=None if self.opened_at is None else time_of(self.opened_at),
            holder_name=self.holder_name,
            country=self.holder_country,
            region=self.holder_region,
            type=self.account_type,
        )
        for number in range(self.repeat):
            event_id = f"{prefix}.{number}"
            if start + number * step > EVENT_MS:
                raise BadExample(f"{prefix}: repetition {number + 1} is later than the event")
            yield Transfer(
                event_id=event_id,
                kind=self.kind,
                account_id=self.account,
                asset=self.asset,
                network=self.network,
                amount=self.amount or self.value_usd,
                value_usd=self.value_usd,
                addresses=self._addresses(event_id),
                own_address=None if self.own_address is None else spell(self.own_address),
                occurred_at=start + number * step,
                counterparty=self.counterparty,
                ip=self.ip,
                ip_country=self.ip_country,
                ip_region=self.ip_region,
                device_id=self.device_id,
                account=None if facts == AccountFacts() else facts,
            )

    def _addresses(self, event_id: str) -> tuple[str, ...]:
        if self.addresses is not None:
            return tuple(map(spell, self.addresses))
        if self.address is None:
            return (spell(f"@{event_id}"),)
        return (spell(self.address),) if self.address else ()


def time_of(text: str) -> int:
    """Event time of `now` or of a length before it, such as `-2h`. Raises BadExample."""
    if text == "now":
        return EVENT_MS
    if not text.startswith("-"):
        raise BadExample(f"{text!r} is not 'now' or a time before the event such as -2h")
    return EVENT_MS - _length(text[1:])


def _length(text: str) -> int:
    try:
        return Window.parse(text)
    except ValueError as error:
        raise BadExample(str(error)) from None


def spell(address: str) -> str:
    """The address that `@name` stands for; any other text stands for itself."""
    if not address.startswith("@"):
        return address
    return "0x" + hashlib.blake2b(address.encode(), digest_size=20).hexdigest()


class Said(NamedTuple):
    """What a rule says to the event of an example: whether it fires, how severe, and with which words as a signal."""

    answer: Answered
    severity: Severity | None = None
    words: frozenset[str] = frozenset()


def answer(rule: Rule, file: RuleFile, example: Example) -> Said:
    """What the rule says to the event of an example, whatever its status. Raises BadExample."""
    outcome = _run(rule, file, example)
    if outcome.alerts:
        words = {word for flow in outcome.flows for word in flow.signals} - {rule.about.id}
        return Said("fires", outcome.alerts[0].severity, frozenset(words))
    return Said("not_evaluated" if outcome.tally.not_evaluated else "silent")


def alert(rule: Rule, file: RuleFile, example: Example) -> Alert:
    """The alert of an example that fires. Raises BadExample."""
    for one in _run(rule, file, example).alerts:
        return one
    raise BadExample("the example does not fire")


def _run(rule: Rule, file: RuleFile, example: Example) -> Outcome:
    told = Severity.LOW if file.rule.signal and file.rule.severity is Severity.INFO else file.rule.severity
    live = msgspec.structs.replace(file.rule, status=Status.LIVE, severity=told)  # a signal is told, too
    alone = type(rule)(live, {name: one.value for name, one in file.params.items()})
    said = _Said(_SAID, {})
    rules = {live.id: (alone, file), _SAID.id: (said, RuleFile(rule=_SAID, example=()))}
    stage = _Stage(Ruleset(rules, "example"), _knowledge(example), _notes(example))
    history = [one for n, raw in enumerate(example.history) for one in said.listen(_step(raw), f"history-{n}")]
    before = stage.judge(history)
    stage.forget_stories()
    outcome = stage.judge(list(said.listen(_step(example.event), "event")))
    if isinstance(alone, LookbackRule):
        return look_back(Ruleset(rules, "example"), example, [*before.flows, *outcome.flows])
    if outcome.tally.raised:
        raise BadExample("the rule raised an exception")
    return outcome


_SAID: Final = About(
    id="example.said",
    title="Signals of the example",
    status=Status.LIVE,
    severity=Severity.INFO,
    version="1.0.0",
    action=Action.REVIEW,
    signal=True,
    typology=(),
    false_positives=(),
    blind_spots=(),
    triage="",
)


class _Said(AccountRule):
    """Says what the example's transfers are said to signal."""

    looks_back = False
    event_story = True

    def __init__(self, about: About, params: dict[str, Any]) -> None:
        super().__init__(about, params)
        self._signals: dict[str, tuple[str, ...]] = {}

    def listen(self, step: Step, prefix: str) -> Iterator[Transfer]:
        """The transfers of a step, whose signals are remembered."""
        for transfer in step.transfers(prefix):
            self._signals[transfer.event_id] = step.signals
            yield transfer

    def judge(self, case: Case) -> Answer:
        """The signals of the transfer, if there are any."""
        signals = self._signals[case.transfer.event_id] if case.transfer is not None else ()
        if not signals:
            return None
        return Finding(story=(), evidence=case.profile.evidence((case.index,), "Said"), facts={}, signals=signals)


def failures(ruleset: Ruleset) -> Iterator[Failure]:
    """Every example of every rule that does not come out as expected."""
    for rule in ruleset.rules:
        file = ruleset.files[rule.about.id]
        for example in file.example:
            failure = partial(Failure, rule_id=rule.about.id, example=example.name, expected=example.expect)
            try:
                got, severity, words = answer(rule, file, example)
            except BadExample as error:
                yield failure(got=str(error), broken=True)
                continue
            if got != example.expect:
                yield failure(got=got)
            elif example.severity not in (None, severity):
                yield failure(expected=f"severity {example.severity}", got=f"severity {severity}")
            elif example.words is not None and words != set(example.words):
                yield failure(expected=f"words {', '.join(example.words)}", got=f"words {', '.join(sorted(words))}")


class _Stage:
    """Both engines with empty state; remembers what went through, as the worker does."""

    def __init__(self, ruleset: Ruleset, knowledge: Knowledge, notes: Mapping[str, Note]) -> None:
        self._notes = notes
        self._accounts = AccountsEngine(ruleset, knowledge)
        self._counterparties = CounterpartiesEngine(ruleset, knowledge)
        self._by_address = any(isinstance(rule, CounterpartyRule | GroupRule | NetworkRule) for rule in ruleset.rules)
        self._profiles: defaultdict[str, Profile] = defaultdict(Profile)
        self._states: defaultdict[str, AddressState] = defaultdict(AddressState)
        self._seen = Seen()
        self._network = Network()

    def forget_stories(self) -> None:
        """What the history told already does not hide what the event tells."""
        for profile in self._profiles.values():
            profile.stories = Stories()
        for state in self._states.values():
            state.stories = Stories()
        self._network.forget_stories()

    def judge(self, transfers: Iterable[Transfer]) -> Outcome:
        """Send transfers the way a batch goes: encoded, admitted, judged, and their flows judged in turn."""
        intake = Intake([], [])
        records = [(n, None, msgspec.json.encode(one)) for n, one in enumerate(transfers)]
        Gate(keyed=False).admit("example", 0, records, intake)
        if intake.deadletters:
            bad = intake.deadletters[0]
            raise BadExample(f"{bad.field}: {bad.reason}")
        outcome = self._accounts.judge(intake, 0, self._profiles, self._seen, EVENT_MS, self._notes)
        if self._by_address:
            return self._counterparties.judge(outcome.flows, self._states, EVENT_MS, self._network)
        return outcome


def look_back(ruleset: Ruleset, example: Example, flows: Iterable[Flow]) -> Outcome:
    """What the rules say to the change of lists after the event."""
    after = example.afterwards or Afterwards()
    reference = example.reference if after.labels is None else replace(example.reference, labels=after.labels)
    later = replace(
        example,
        listed=example.listed if after.listed is None else after.listed,
        parties=example.parties if after.parties is None else after.parties,
        reference=reference,
    )
    outcome, source = Outcome(), Source("example", 0, 0)
    back = LookingBack(
        ruleset.lookback_rules,
        NO_EXCEPTIONS,
        outcome.tally,
        ruleset_hash=ruleset.hash,
        detected_at=moment(EVENT_MS),
    )
    back.change(change_between(_knowledge(example), _knowledge(later)), past_of(flows), source)
    outcome.alerts = back.alerts
    return outcome


def _step(raw: dict[str, Any]) -> Step:
    try:
        return msgspec.convert(raw, Step)
    except msgspec.ValidationError as error:
        raise BadExample(str(error)) from None


def _knowledge(example: Example) -> Knowledge:
    published, lists = moment(EVENT_MS).date(), []
    for kind in ListKind:
        rows = getattr(example.reference, kind.value)
        if rows is not None:
            spelt = [replace(row, address=spell(row.address)) if isinstance(row, Label) else row for row in rows]
            faults = [f"{kind}: {said}" for row in spelt if (said := fault(row)) is not None]
            if faults:
                raise BadExample("; ".join(faults))
            lists.append(ReferenceList.of("examples", kind, published, spelt))
    return Knowledge(_watchlist(example), combine(lists))


def _notes(example: Example) -> dict[str, Note]:
    noted_ms = time_of(example.noted_at)
    named = example.noted_accounts
    return {
        spell(one): Note("example.rule", level, "A story", "id", noted_ms, named) for one, level in example.noted.items()
    }


def _watchlist(example: Example) -> Watchlist | None:
    if not example.screened:
        return None
    addresses = tuple(ListedAddress(currency="USDT", address=spell(one)) for one in example.listed)
    entry = ListEntry(entry_id="1", name="Example Party", source="example", addresses=addresses)
    return merge([SanctionsList.of("examples", [entry, *example.parties])])
