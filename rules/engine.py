"""The accounts stage: judges transfers against the rules, one batch at a time. Pure: same input, same output.

`AccountsEngine.judge` is where an alert and a verdict are born.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from rules.addresses import MalformedAddress, canonical_forms
from rules.finding import Finding, Unanswered
from rules.intake import Intake, dead_letter
from rules.lists import Watchlist
from rules.messages import (
    Action,
    Alert,
    DeadLetter,
    Decision,
    Flow,
    ListMatch,
    NotEvaluated,
    Source,
    Verdict,
)
from rules.profile import Profile
from rules.rule import AccountRule, Case, Rule, Status
from rules.ruleset import Ruleset
from rules.seen import Meeting, Seen
from rules.transfer import BadTransfer, Kind, Transfer, moment, time_ms

JUDGED_AGAIN: Final = 16  # judgement: later transfers asked about again when a late one lands before them

_encode: Final = msgspec.json.Encoder().encode


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
    """Everything a batch gives to the world, in the order in which it was judged."""

    verdicts: list[Verdict] = []
    alerts: list[Alert] = []
    deadletters: list[DeadLetter] = []
    flows: list[Flow] = []
    counts: Counts = msgspec.field(default_factory=Counts)
    tally: Tally = msgspec.field(default_factory=Tally)


class _Answers:
    """What the rules said about one transfer."""

    __slots__ = ("actions", "alert_ids", "missing", "required_missing")

    def __init__(self) -> None:
        self.alert_ids: list[str] = []
        self.actions: set[Action] = set()
        self.missing: list[NotEvaluated] = []
        self.required_missing = False


class AccountsEngine:
    """Judges batches of transfers with a rule set and a watchlist.

    `max_list_age_seconds`: withdrawals are held when the list is older than this, or of unknown age; None switches it off.
    """

    def __init__(
        self, ruleset: Ruleset, watchlist: Watchlist | None, *, max_list_age_seconds: int | None = None
    ) -> None:
        self.ruleset = ruleset
        self.watchlist = watchlist
        self._max_list_age = max_list_age_seconds
        self._names = tuple(rule.about.id for rule in ruleset.withdrawal_rules)

    def judge(
        self,
        intake: Intake,
        partition: int,
        profiles: Mapping[str, Profile],
        seen: Seen,
        judged_ms: int,
    ) -> Outcome:
        """Judge a batch in event-time order.

        `profiles` holds the profile of every account of the batch and is updated in place, as is `seen`. `judged_ms` is
        the time of judging as the journal has it: it dates alerts and the list's age, and decides nothing else.
        """
        outcome = Outcome(deadletters=intake.deadletters)
        counts = outcome.counts
        detected_at = moment(judged_ms)
        list_age = self._list_age(judged_ms)
        list_stale = self._max_list_age is not None and (list_age is None or list_age > self._max_list_age)
        for occurred_ms, topic, offset, value, transfer in sorted(intake.items):
            source = Source(topic, partition, offset)
            meeting = seen.meet(transfer)
            if meeting is Meeting.REPEATED:
                counts.duplicates += 1
                continue
            if meeting is Meeting.CONFLICTING:
                bad = BadTransfer("this event_id was used before with other content", "event_id")
                outcome.deadletters.append(dead_letter(bad, _encode(transfer), source))
                continue
            case = self._enter(transfer, occurred_ms, value, profiles[transfer.account_id])
            answers = _Answers()
            if transfer.kind is Kind.DEPOSIT:
                counts.deposits += 1
                self._ask(self.ruleset.deposit_rules, case, transfer, answers, outcome, source, detected_at)
            else:
                counts.withdrawals += 1
                self._ask(self.ruleset.withdrawal_rules, case, transfer, answers, outcome, source, detected_at)
                outcome.verdicts.append(self._verdict(transfer, answers, source, list_age, list_stale))
            if 0 <= case.index < len(case.profile.occurred_ms) - 1:
                self._ask_again(case, transfer, outcome, source, detected_at)
            inflow = transfer.kind is Kind.DEPOSIT
            for address in case.addresses:
                outcome.flows.append(
                    Flow(
                        address,
                        transfer.account_id,
                        inflow,
                        value,
                        occurred_ms,
                        transfer.event_id,
                        transfer.amount,
                        transfer.asset,
                        topic,
                        partition,
                        offset,
                    )
                )
        counts.deadletters = len(outcome.deadletters)
        return outcome

    def _enter(self, transfer: Transfer, occurred_ms: int, value: int, profile: Profile) -> Case:
        """Screen the addresses and put the transfer into its account's profile."""
        addresses: list[str] = []
        unreadable: list[str] = []
        listed: list[tuple[str, ListMatch]] = []
        for spelling in transfer.addresses:
            try:
                forms = canonical_forms(spelling, transfer.network)
            except MalformedAddress as error:
                forms = (spelling.strip(),)
                unreadable.append(error.reason)
            else:
                if forms[0] not in addresses:
                    addresses.append(forms[0])
            if self.watchlist is not None and (match := _listed(self.watchlist, spelling, forms)) is not None:
                listed.append((forms[0], match))
        if transfer.account is not None and transfer.account.opened_at is not None:
            profile.opened_ms = time_ms(transfer.account.opened_at)
        first = addresses[0] if addresses else ""
        index = profile.add(
            occurred_ms,
            transfer.kind is Kind.DEPOSIT,
            value,
            first,
            transfer.event_id,
            transfer.amount,
            transfer.asset,
        )
        return Case(
            profile=profile,
            index=index,
            occurred_ms=occurred_ms,
            transfer=transfer,
            addresses=tuple(addresses),
            unreadable=tuple(unreadable),
            listed=tuple(listed),
            screened=self.watchlist is not None,
        )

    def _ask(
        self,
        rules: Iterable[AccountRule],
        case: Case,
        transfer: Transfer,
        answers: _Answers,
        outcome: Outcome,
        source: Source,
        detected_at: datetime,
    ) -> None:
        """Ask each rule, turn findings into alerts, and note what could not be answered."""
        for rule in rules:
            if case.index < 0 and rule.looks_back:
                answer: Finding | Unanswered | None = Unanswered("older than the account's kept history")
            else:
                try:
                    answer = rule.judge(case)
                except Exception as error:  # noqa: BLE001  # a broken rule must not stop the flow nor pass as clean
                    outcome.tally.raised[rule.about.id] += 1
                    answer = Unanswered(f"the rule raised {type(error).__name__}")
            if answer is None:
                continue
            if isinstance(answer, Unanswered):
                outcome.tally.not_evaluated[rule.about.id] += 1
                answers.missing.append(NotEvaluated(rule.about.id, answer.reason))
                answers.required_missing |= rule.about.required
            else:
                self._report(rule, answer, case, transfer.account_id, answers, outcome, source, detected_at)

    def _report(
        self,
        rule: AccountRule,
        finding: Finding,
        case: Case,
        account_id: str,
        answers: _Answers,
        outcome: Outcome,
        source: Source,
        detected_at: datetime,
    ) -> None:
        """Send a finding as an alert, unless its story has been told or its rule is in shadow."""
        about = rule.about
        if about.status is Status.SHADOW:
            outcome.tally.shadowed[about.id] += 1
            return
        alert = compose(rule, finding, account_id, account_id, self.ruleset.hash, source, detected_at)
        answers.alert_ids.append(alert.alert_id)
        answers.actions.add(about.action)
        if rule.event_story or case.profile.stories.tell(alert.alert_id, case.occurred_ms):
            outcome.tally.findings[about.id] += 1
            outcome.alerts.append(alert)
        else:
            outcome.tally.suppressed[about.id] += 1

    def _ask_again(
        self, case: Case, transfer: Transfer, outcome: Outcome, source: Source, detected_at: datetime
    ) -> None:
        """A late transfer landed before others: what it changes about those that follow it is told now."""
        profile = case.profile
        following = range(case.index + 1, len(profile.occurred_ms))
        for index in following[:JUDGED_AGAIN]:
            later = Case(profile=profile, index=index, occurred_ms=profile.occurred_ms[index])
            rules = self.ruleset.deposit_rules if profile.inflow[index] else self.ruleset.withdrawal_rules
            again = (rule for rule in rules if rule.looks_back)
            self._ask(again, later, transfer, _Answers(), outcome, source, detected_at)

    def _verdict(
        self, transfer: Transfer, answers: _Answers, source: Source, list_age: int | None, list_stale: bool
    ) -> Verdict:
        if Action.REJECT in answers.actions:
            decision = Decision.REJECT
        elif Action.HOLD in answers.actions or answers.required_missing or list_stale:
            decision = Decision.HOLD
        else:
            decision = Decision.RELEASE
        missing = answers.missing
        if missing:
            absent = {one.rule_id for one in missing}
            run = tuple(name for name in self._names if name not in absent)
        else:
            run = self._names
        return Verdict(
            event_id=transfer.event_id,
            account_id=transfer.account_id,
            decision=decision,
            alert_ids=tuple(answers.alert_ids),
            rules_run=run,
            rules_not_evaluated=tuple(missing),
            list_hash=self.watchlist.hash if self.watchlist else None,
            list_age_seconds=list_age,
            source=source,
        )

    def _list_age(self, judged_ms: int) -> int | None:
        published = self.watchlist.published if self.watchlist else None
        if published is None:
            return None
        midnight = datetime(published.year, published.month, published.day, tzinfo=UTC)
        return max(0, judged_ms // 1000 - int(midnight.timestamp()))


def _listed(watchlist: Watchlist, spelling: str, forms: Iterable[str]) -> ListMatch | None:
    """The list entry of an address: first as it is spelled, since lists hold strings that are no address, too."""
    index = watchlist.index
    match = index.get(spelling.strip())
    if match is None:
        match = next((index[form] for form in forms if form in index), None)
        if match is None:
            return None
    return ListMatch(
        name=match.list_name,
        hash=match.list_hash,
        published=match.published.isoformat() if match.published else None,
        entry_id=match.entry_id,
        entry_name=match.entry_name,
        matched=match.matched,
    )


def compose(
    rule: Rule,
    finding: Finding,
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
        action=about.action,
    )


def alert_id(rule_id: str, subject: str, story: Iterable[str | int]) -> str:
    """96 bits of a hash of rule, subject and story key, in hex."""
    key = "\x1f".join((rule_id, subject, *map(str, story)))
    return hashlib.blake2b(key.encode(), digest_size=12).hexdigest()
