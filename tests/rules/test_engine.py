"""The accounts stage: what becomes of each record, and what verdict a withdrawal gets."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, ClassVar

import msgspec
import pytest

from rules.address_state import AddressState
from rules.engine import AccountsEngine
from rules.finding import AccountAnswer, Answer, Claim, Finding, Sign, Unanswered
from rules.intake import Gate, Intake
from rules.knowledge import Knowledge, Need
from rules.lists import ListedAddress, ListEntry, SanctionsList, Watchlist, merge
from rules.messages import Action, Alert, Decision, Flow, Named, NotEvaluated, Severity, Source, Verdict
from rules.network import CounterpartiesEngine
from rules.note import Note
from rules.outcome import Outcome, alert_id
from rules.panel import JUDGED_AGAIN
from rules.profile import RECENT_TRANSFERS, Profile
from rules.reference import Category, Label, ListKind, ReferenceList, combine
from rules.rule import About, AccountRule, Case, CounterpartyRule, Rule, Status
from rules.ruleset import RuleFile, Ruleset
from rules.seen import Seen
from rules.transfer import Kind

NOON = 1_773_576_000_000  # 2026-03-15 12:00 UTC
HOUR = 3_600_000
LISTED = "0x" + "ab" * 20
CLEAN = "0x" + "cd" * 20


def about(rule_id: str, **changes: Any) -> About:
    words: dict[str, Any] = {
        "id": rule_id,
        "title": rule_id,
        "status": Status.LIVE,
        "severity": Severity.MEDIUM,
        "version": "1.2.3",
        "action": Action.REVIEW,
        "typology": ("t",),
        "false_positives": ("f",),
        "blind_spots": ("b",),
        "triage": "Look.",
    }
    return About(**words | changes)


class Large(AccountRule):
    """Fires on 100 USD or more; every finding is a story of its own."""

    looks_back = False
    event_story = True

    def judge(self, case: Case) -> Answer:
        if case.profile.value[case.index] < 100_000_000:
            return None
        return Finding(
            story=(case.own_evidence("").event_id,),
            evidence=(case.own_evidence("large"),),
            facts={"least": "100.00"},
            signals=("big",),
        )


class Second(AccountRule):
    """Fires from the second transfer on; all one story."""

    def judge(self, case: Case) -> Answer:
        if case.index < 1:
            return None
        return Finding(story=("second",), evidence=case.profile.evidence((case.index,), "another"), facts={})


class Exposure(AccountRule):
    """The screening of the engine, as a rule sees it."""

    looks_back = False
    event_story = True

    def judge(self, case: Case) -> Answer:
        if case.listed:
            address, match = case.listed[0]
            own = case.own_evidence("listed")
            return Finding(story=(own.event_id,), evidence=(own,), facts={}, counterparty=address, match=match)
        if case.knowledge.watchlist is None or case.unreadable or not case.addresses:
            return Unanswered("; ".join(case.unreadable) or "nothing to screen")
        return None


class Labelled(AccountRule):
    """Fires on a labelled counterparty."""

    needs = (Need.LABELS,)
    looks_back = False
    event_story = True

    def judge(self, case: Case) -> Answer:
        if not case.labelled:
            return None
        (address, label), *_ = case.labelled
        own = case.own_evidence("labelled")
        return Finding(story=(own.event_id,), evidence=(own,), facts={"entity": label.entity}, counterparty=address)


class Broken(AccountRule):
    def judge(self, case: Case) -> Answer:
        raise LookupError("oh")


def ruleset(*rules: Rule) -> Ruleset:
    files = {rule.about.id: (rule, RuleFile(rule=rule.about, example=())) for rule in rules}
    return Ruleset(files, "ruleset-hash")


def watchlist(published: date | None = date(2026, 3, 14)) -> Watchlist:
    entry = ListEntry(
        entry_id="77",
        name="Listed Party",
        source="test",
        addresses=(
            ListedAddress(currency="ETH", address=LISTED),
            ListedAddress(currency="XBT", address="not-really-an-address"),
        ),
    )
    return merge([SanctionsList.of("test", [entry], published=published)])


def record(event_id: str, kind: str = "withdrawal", usd: str = "50", at: int = 0, **changes: Any) -> bytes:
    fields = {
        "event_id": event_id,
        "kind": kind,
        "account_id": "a1",
        "asset": "USDT",
        "network": "ethereum",
        "amount": usd,
        "value_usd": usd,
        "addresses": [CLEAN],
        "occurred_at": NOON + at,
    }
    return json.dumps(fields | changes).encode()


class Worker:
    """Feeds batches to an engine and keeps the state between them."""

    def __init__(
        self, *rules: Rule, listed: Watchlist | None = None, labels: tuple[Label, ...] | None = None, **options: Any
    ) -> None:
        lists = [] if labels is None else [ReferenceList.of("test", ListKind.LABELS, date(2026, 3, 14), labels)]
        self.engine = AccountsEngine(ruleset(*rules), Knowledge(listed, combine(lists)), **options)
        self.profiles: dict[str, Profile] = {}
        self.seen = Seen()
        self.notes: dict[str, Note] = {}
        self.offset = 0

    def judge(self, *records: bytes, judged_ms: int = NOON + HOUR) -> Outcome:
        intake = Intake([], [])
        numbered = [(self.offset + n, None, raw) for n, raw in enumerate(records)]
        self.offset += len(records)
        Gate(keyed=False).admit("transfers", 3, numbered, intake)
        for account in intake.accounts():
            self.profiles.setdefault(account, Profile())
        return self.engine.judge(intake, 3, self.profiles, self.seen, judged_ms, self.notes)


def verdict(outcome: Outcome) -> Verdict:
    (only,) = outcome.verdicts
    return only


def alert(outcome: Outcome) -> Alert:
    (only,) = outcome.alerts
    return only


def large(**changes: Any) -> Rule:
    return Large(about("test.large", **changes), {})


def second(**changes: Any) -> Rule:
    return Second(about("test.second", **changes), {})


def exposure() -> Rule:
    words = about("test.exposure", severity=Severity.CRITICAL, action=Action.REJECT, required=True)
    return Exposure(words, {})


def test_a_clean_withdrawal_is_released_and_says_which_rules_ran() -> None:
    found = verdict(Worker(large(), exposure(), listed=watchlist()).judge(record("e1")))
    assert found.decision is Decision.RELEASE
    assert found.rules_run == ("test.large", "test.exposure")
    assert found.rules_not_evaluated == ()
    assert found.source == Source("transfers", 3, 0)


def labelled(**changes: Any) -> Rule:
    return Labelled(about("test.labelled", **changes), {})


def test_a_rule_whose_list_is_not_loaded_is_not_asked_and_said_to_be_missing() -> None:
    worker = Worker(labelled(), large())
    outcome = worker.judge(record("e1"), record("e2", "deposit"), record("e3", at=1))
    assert outcome.alerts == []
    for found in outcome.verdicts:
        assert found.decision is Decision.RELEASE
        assert found.rules_run == ("test.large",)
        assert found.rules_not_evaluated == (NotEvaluated("test.labelled", "no list of address labels is loaded"),)
    assert outcome.tally.not_evaluated == {"test.labelled": 3}


def test_a_required_rule_whose_list_is_not_loaded_holds() -> None:
    assert verdict(Worker(labelled(required=True)).judge(record("e1"))).decision is Decision.HOLD


def test_labels_reach_the_rules_by_canonical_address() -> None:
    row = Label(address=LISTED, entity="Example", category=Category.MIXER, confidence=80, source="test")
    worker = Worker(labelled(), labels=(row,))
    assert worker.judge(record("e1")).alerts == []
    found = alert(worker.judge(record("e2", addresses=[CLEAN, "0X" + LISTED[2:].upper()])))
    assert (found.counterparty, found.facts) == (LISTED.lower(), {"entity": "Example"})
    outcome = worker.judge(record("e3"))
    assert verdict(outcome).rules_not_evaluated == ()
    assert not outcome.tally.not_evaluated


def test_a_deposit_gets_no_verdict() -> None:
    outcome = Worker(large()).judge(record("e1", "deposit", "500"))
    assert outcome.verdicts == []
    assert alert(outcome).account_id == "a1"


@pytest.mark.parametrize(
    ("action", "decision"),
    [(Action.REVIEW, Decision.RELEASE), (Action.HOLD, Decision.HOLD), (Action.REJECT, Decision.REJECT)],
)
def test_the_action_of_a_rule_that_fires_decides(action: Action, decision: Decision) -> None:
    outcome = Worker(large(action=action)).judge(record("e1", usd="100"))
    assert verdict(outcome).decision is decision
    assert verdict(outcome).alert_ids == (alert(outcome).alert_id,)


def test_the_strictest_of_several_rules_wins() -> None:
    worker = Worker(large(action=Action.HOLD), exposure(), listed=watchlist())
    assert verdict(worker.judge(record("e1", usd="100", addresses=[LISTED]))).decision is Decision.REJECT


def test_an_alert_carries_rule_list_source_and_times() -> None:
    outcome = Worker(exposure(), listed=watchlist()).judge(record("e1", addresses=[LISTED.upper().replace("X", "x")]))
    found = alert(outcome)
    assert (found.rule_id, found.rule_version, found.ruleset) == ("test.exposure", "1.2.3", "ruleset-hash")
    assert found.counterparty == LISTED
    assert found.list is not None
    assert (found.list.entry_id, found.list.entry_name, found.list.matched) == ("77", "Listed Party", LISTED)
    assert (found.list.name, found.list.hash, found.list.published) == (
        "test",
        watchlist().lists[0].hash,
        "2026-03-14",
    )
    assert found.occurred_at == datetime(2026, 3, 15, 12, tzinfo=UTC)
    assert found.detected_at == datetime(2026, 3, 15, 13, tzinfo=UTC)
    assert found.evidence[-1].event_id == "e1"
    assert not found.retroactive
    assert msgspec.json.decode(msgspec.json.encode(found))["severity"] == "critical"


def test_a_listed_string_that_is_no_address_hits_as_it_stands() -> None:
    outcome = Worker(exposure(), listed=watchlist()).judge(record("e1", addresses=["not-really-an-address"]))
    assert verdict(outcome).decision is Decision.REJECT


@pytest.mark.parametrize("addresses", [[], ["0x12"]])
def test_a_required_rule_without_an_answer_holds_the_withdrawal(addresses: list[str]) -> None:
    outcome = Worker(exposure(), large(), listed=watchlist()).judge(record("e1", addresses=addresses))
    found = verdict(outcome)
    assert found.decision is Decision.HOLD
    assert [one.rule_id for one in found.rules_not_evaluated] == ["test.exposure"]
    assert found.rules_not_evaluated[0].reason
    assert found.rules_run == ("test.large",)
    assert outcome.tally.not_evaluated == {"test.exposure": 1}


def test_without_a_list_a_withdrawal_is_held() -> None:
    found = verdict(Worker(exposure()).judge(record("e1")))
    assert found.decision is Decision.HOLD
    assert found.list_hash is None
    assert found.list_age_seconds is None


def test_a_rule_that_raises_is_no_clean_answer_and_does_not_stop_the_others() -> None:
    outcome = Worker(Broken(about("test.broken", required=True), {}), large()).judge(record("e1", usd="100"))
    assert outcome.tally.raised == {"test.broken": 1}
    assert verdict(outcome).decision is Decision.HOLD
    assert verdict(outcome).rules_not_evaluated[0].reason == "the rule raised LookupError"
    assert alert(outcome).rule_id == "test.large"


def test_a_shadow_rule_is_counted_and_neither_told_nor_obeyed() -> None:
    outcome = Worker(large(status=Status.SHADOW, action=Action.HOLD)).judge(record("e1", usd="100"))
    assert outcome.alerts == []
    assert outcome.tally.shadowed == {"test.large": 1}
    assert verdict(outcome).decision is Decision.RELEASE
    assert verdict(outcome).alert_ids == ()


@pytest.mark.parametrize(
    ("published", "hours", "decision"),
    [
        (date(2026, 3, 14), 37, Decision.RELEASE),
        (date(2026, 3, 14), 36.9, Decision.HOLD),
        (None, 1_000, Decision.HOLD),
    ],
)
def test_a_list_too_old_or_of_unknown_age_holds(published: date | None, hours: float, decision: Decision) -> None:
    limit = int(hours * 3_600)
    worker = Worker(large(), listed=watchlist(published), max_list_age_seconds=limit)
    found = verdict(worker.judge(record("e1")))
    assert found.decision is decision
    assert found.list_age_seconds == (None if published is None else 37 * 3_600)


def test_a_repeated_transfer_sends_nothing_again() -> None:
    worker = Worker(large())
    worker.judge(record("e1", usd="100"))
    outcome = worker.judge(record("e1", usd="100"))
    assert (outcome.alerts, outcome.verdicts) == ([], [])
    assert outcome.counts.duplicates == 1
    assert [event_id for event_id, *_ in worker.profiles["a1"].detail] == ["e1"]


def test_an_event_id_used_for_another_transfer_is_a_dead_letter() -> None:
    worker = Worker(large())
    worker.judge(record("e1"))
    outcome = worker.judge(record("e1", usd="51"))
    (letter,) = outcome.deadletters
    assert letter.field == "event_id"
    assert json.loads(letter.original)["value_usd"] == "51"
    assert outcome.verdicts == []
    assert outcome.counts.deadletters == 1


def test_every_record_of_a_batch_is_accounted_for() -> None:
    worker = Worker(large())
    outcome = worker.judge(
        record("e1"), record("e1"), record("e1", usd="9"), record("d1", "deposit"), b"{", record("e2", at=5)
    )
    counts = outcome.counts
    assert (counts.withdrawals, counts.deposits, counts.duplicates, counts.deadletters) == (2, 1, 1, 2)
    assert len(outcome.deadletters) == 2


def test_a_batch_is_judged_in_event_time() -> None:
    outcome = Worker(second()).judge(record("later", at=HOUR), record("earlier"))
    assert [found.event_id for found in outcome.verdicts] == ["earlier", "later"]
    assert alert(outcome).evidence[-1].event_id == "later"


def test_a_story_is_told_once_and_still_named_in_later_verdicts() -> None:
    worker = Worker(second(action=Action.HOLD))
    first = worker.judge(record("e1"), record("e2", at=1))
    again = worker.judge(record("e3", at=2))
    assert again.alerts == []
    assert again.tally.suppressed == {"test.second": 1}
    assert verdict(again).alert_ids == (alert(first).alert_id,)
    assert verdict(again).decision is Decision.HOLD


class Claiming(AccountRule):
    """Claims one story at every transfer, and counts how often it has to work it out."""

    looks_back = False
    worked_out = 0

    def judge(self, case: Case) -> AccountAnswer:
        return Claim(("on",), partial(self._found, case))

    def _found(self, case: Case) -> Finding:
        self.worked_out += 1
        if self.worked_out == 3:
            raise LookupError("oh")
        return Finding(story=("on",), evidence=(case.own_evidence("claimed"),), facts={})


def test_a_claim_is_worked_out_when_its_story_is_told_and_counts_as_any_other_finding() -> None:
    rule = Claiming(about("test.claiming", action=Action.HOLD), {})
    worker = Worker(rule)
    first, again = worker.judge(record("e1")), worker.judge(record("e2", at=1))
    assert rule.worked_out == 1
    assert (alert(first).evidence[0].event_id, again.alerts, again.tally.suppressed) == ("e1", [], {"test.claiming": 1})
    assert verdict(again).alert_ids == verdict(first).alert_ids == (alert(first).alert_id,)
    assert verdict(again).decision is verdict(first).decision is Decision.HOLD


def test_a_claim_that_raises_is_its_rules_error_and_one_in_shadow_is_counted() -> None:
    rule = Claiming(about("test.claiming"), {})
    rule.worked_out = 2
    outcome = Worker(rule).judge(record("e1"))
    assert outcome.tally.raised == {"test.claiming": 1}
    assert verdict(outcome).rules_not_evaluated[0].rule_id == "test.claiming"
    outcome = Worker(Claiming(about("test.claiming", status=Status.SHADOW), {})).judge(record("e1"), record("e2", at=1))
    assert (outcome.alerts, outcome.tally.shadowed) == ([], {"test.claiming": 2})


def test_a_sign_is_heard_by_the_network_stage_and_no_alert() -> None:
    class Signing(AccountRule):
        def judge(self, case: Case) -> AccountAnswer:
            return Sign(("word",))

    outcome = Worker(Signing(about("test.signing", signal=True, severity=Severity.INFO), {})).judge(record("e1"))
    assert (outcome.alerts, outcome.tally.shadowed) == ([], {"test.signing": 1})
    assert [flow.signals for flow in outcome.flows] == [("test.signing", "word")]


def test_a_late_transfer_tells_what_it_changes_about_the_one_after_it() -> None:
    worker = Worker(second())
    assert worker.judge(record("e2", at=HOUR)).alerts == []
    outcome = worker.judge(record("e1"))
    assert alert(outcome).evidence[-1].event_id == "e2"
    assert [found.event_id for found in outcome.verdicts] == ["e1"]


def test_a_rule_that_does_not_look_back_is_not_asked_again() -> None:
    worker = Worker(large())
    assert len(worker.judge(record("e2", usd="100", at=HOUR)).alerts) == 1
    assert worker.judge(record("e1")).alerts == []


def test_asking_again_is_bounded() -> None:
    asked: list[int] = []

    class Counting(AccountRule):
        def judge(self, case: Case) -> Answer:
            asked.append(case.index)
            return None

    worker = Worker(Counting(about("test.counting"), {}))
    worker.judge(*(record(f"e{n}", at=n) for n in range(1, 40)))
    asked.clear()
    worker.judge(record("e0"))
    assert asked == list(range(JUDGED_AGAIN + 1))


def test_a_transfer_older_than_the_kept_history_is_screened_but_not_looked_back_from() -> None:
    worker = Worker(second(), exposure(), listed=watchlist())
    worker.judge(*(record(f"e{n}", "deposit", at=n) for n in range(1, RECENT_TRANSFERS + 1)))
    outcome = worker.judge(record("old", at=-HOUR, addresses=[LISTED]))
    found = verdict(outcome)
    assert found.decision is Decision.REJECT
    assert [(one.rule_id, one.reason) for one in found.rules_not_evaluated] == [
        ("test.second", "older than the account's kept history")
    ]
    assert alert(outcome).evidence[0].event_id == "old"


def test_a_flow_goes_out_for_every_address_that_the_account_meets_first() -> None:
    both = [CLEAN, CLEAN.upper().replace("X", "x"), LISTED, "0x12"]
    worker = Worker()
    outcome = worker.judge(record("e1", "deposit", addresses=both, own_address=CLEAN.upper().replace("X", "x")))
    assert [(flow.address, flow.own_address, flow.first) for flow in outcome.flows] == [
        (CLEAN, CLEAN, True),
        (LISTED, CLEAN, True),
    ]
    assert all(flow.inflow and flow.account_id == "a1" and flow.value == 50_000_000 for flow in outcome.flows)
    assert worker.judge(record("e2", "withdrawal", addresses=both)).flows == []  # met as senders
    (other,) = worker.judge(record("e3", account_id="a2", own_address="nonsense")).flows
    assert (other.account_id, other.own_address) == ("a2", "")


def test_a_flow_goes_out_for_the_first_transfer_from_a_device() -> None:
    worker = Worker()
    worker.judge(record("e1"))
    (flow,) = worker.judge(record("e2", device_id="phone")).flows
    assert (flow.device_id, flow.address, flow.first) == ("phone", CLEAN, False)
    assert worker.judge(record("e3", device_id="phone")).flows == []


def test_a_flow_goes_out_for_every_transfer_with_a_party_whose_value_is_followed() -> None:
    hot = Label(
        address=CLEAN, entity="Example Exchange", category=Category.EXCHANGE_HOT_WALLET, confidence=90, source="test"
    )
    mixer = Label(address=LISTED, entity="Example Mixer", category=Category.MIXER, confidence=90, source="test")
    worker = Worker(labels=(hot, mixer))
    worker.judge(record("e1", addresses=[CLEAN, LISTED]))
    (again,) = worker.judge(record("e2", addresses=[CLEAN, LISTED])).flows
    assert (again.address, again.first) == (LISTED, False)
    assert worker.judge(record("e3", addresses=[CLEAN])).flows == []


def test_flows_tell_whom_the_account_s_transfers_name_for_the_first_time() -> None:
    worker = Worker()
    told = {
        "counterparty": {"name": "Kim Se-un", "type": "individual", "date_of_birth": "1970-03-25", "vasp": "Example OTC"}
    }
    holder = {"account": {"holder_name": "Ann Example", "type": "retail", "country": "de"}}
    (flow,) = worker.judge(record("e1", **told, **holder)).flows
    assert flow.names == (
        Named("counterparty", "Kim Se-un", "person", "1970-03-25"),
        Named("VASP", "Example OTC", "organisation"),
        Named("holder", "Ann Example", "person", "", "DE"),
    )
    assert worker.judge(record("e2", **told, **holder)).flows == []
    (again,) = worker.judge(record("e3", counterparty={"name": "Jo Kyong Hun"})).flows  # a known address
    assert (again.first, again.names) == (False, (Named("counterparty", "Jo Kyong Hun"),))
    first, second = worker.judge(record("e4", addresses=[LISTED, "0x" + "7" * 40], counterparty={"name": "Third"})).flows
    assert (first.names, second.names) == ((Named("counterparty", "Third"),), ())


def test_a_flow_carries_the_signals_that_are_told_at_its_transfer() -> None:
    worker = Worker(large(signal=True))
    worker.judge(record("e1"))
    (flow,) = worker.judge(record("e2", usd="1000")).flows
    assert (flow.signals, flow.first) == (("test.large", "big"), False)


def test_a_rule_that_only_signals_is_passed_on_every_time_with_its_device_and_sends_nothing() -> None:
    worker = Worker(large(signal=True, severity=Severity.INFO))
    worker.judge(record("e1", device_id="phone"))
    for number in (2, 3):
        outcome = worker.judge(record(f"e{number}", usd="1000", device_id="phone"))
        (flow,) = outcome.flows
        assert (flow.signals, flow.device_id, flow.first) == (("test.large", "big"), "phone", False)
        assert outcome.alerts == []
        assert verdict(outcome).alert_ids == ()
        assert outcome.tally.shadowed == {"test.large": 1}


def test_what_a_late_transfer_lets_a_rule_signal_of_a_later_one_is_passed_on_as_a_flow_of_that_one() -> None:
    worker = Worker(second(signal=True, severity=Severity.INFO))
    worker.judge(record("e2", at=HOUR))
    again, late = worker.judge(record("e1", addresses=["0x" + "7" * 40])).flows
    assert (late.event_id, late.signals, late.first) == ("e1", (), True)
    assert (again.event_id, again.address, again.occurred_ms) == ("e2", CLEAN, NOON + HOUR)
    assert (again.signals, again.first) == (("test.second",), False)


def test_a_profile_is_the_fold_of_the_movements_that_were_given_out() -> None:
    worker, folded = Worker(second()), Profile()
    opened = {"opened_at": NOON - HOUR}
    for batch in ([record("e1"), record("e3", at=2)], [record("e2", "deposit", at=1, account=opened)]):
        for account_id, movement in worker.judge(*batch).movements:
            assert account_id == "a1"
            folded.apply(movement)
    assert folded == worker.profiles["a1"]
    assert folded.stories.told


def test_the_opening_date_is_kept_with_the_account() -> None:
    worker = Worker(large())
    worker.judge(record("e1", account={"opened_at": "2026-03-01T00:00:00Z"}))
    worker.judge(record("e2", at=1))
    assert worker.profiles["a1"].opened_ms == 1_772_323_200_000


def outputs(batches: Iterable[Sequence[bytes]]) -> list[Any]:
    worker = Worker(large(action=Action.HOLD), second(), exposure(), listed=watchlist())
    judged = [worker.judge(*batch) for batch in batches]
    return [msgspec.to_builtins((one.alerts, one.verdicts, one.flows, one.deadletters)) for one in judged]


def test_the_same_batches_give_the_same_outputs() -> None:
    batches = [
        [record("e1", usd="100"), record("e2", at=HOUR), b"junk"],
        [record("e3", at=HOUR // 2, addresses=[LISTED]), record("e2", at=HOUR)],
    ]
    assert outputs(batches) == outputs(batches)


def test_an_alert_id_depends_on_rule_subject_and_story_alone() -> None:
    assert alert_id("r", "a", ("x", 1)) == alert_id("r", "a", ("x", 1))
    others = [("q", "a", ("x", 1)), ("r", "b", ("x", 1)), ("r", "a", ("x", 2)), ("r", "a", ("x",))]
    assert len({alert_id("r", "a", ("x", 1)), *(alert_id(*other) for other in others)}) == 5


def test_kinds_that_a_rule_is_not_asked_on_are_left_out() -> None:
    class Deposits(Second):
        asked_on = frozenset({Kind.DEPOSIT})

    worker = Worker(Deposits(about("test.deposits"), {}))
    outcome = worker.judge(record("e1"), record("e2", at=1))
    assert outcome.alerts == []
    assert outcome.verdicts[-1].rules_run == ()
    assert len(worker.judge(record("e3", "deposit", at=2)).alerts) == 1


class Growing(AccountRule):
    """One story that is told again with every third transfer."""

    def judge(self, case: Case) -> Answer:
        evidence = case.profile.evidence((case.index,), "one more")
        return Finding(story=("growing",), evidence=evidence, facts={}, stage=case.index // 3)


def test_a_story_that_grows_is_an_update_that_names_the_first_alert() -> None:
    worker = Worker(Growing(about("test.growing"), {}))
    alerts = [one for n in range(9) for one in worker.judge(record(f"e{n}", at=n)).alerts]
    assert [one.status for one in alerts] == ["new", "update", "update"]
    assert [one.evidence[0].event_id for one in alerts] == ["e0", "e3", "e6"]
    assert {one.refers_to for one in alerts[1:]} == {alerts[0].alert_id}
    assert len({one.alert_id for one in alerts}) == 3


def test_a_story_met_late_is_new_and_not_an_update_at_once() -> None:
    worker = Worker(Growing(about("test.growing"), {}))
    alerts = worker.judge(*(record(f"e{n}", at=n) for n in range(3, 6))).alerts
    alerts += worker.judge(*(record(f"e{n}", at=n) for n in range(6, 9))).alerts
    assert [one.status for one in alerts] == ["new", "update"]


def test_findings_at_one_transfer_are_one_alert_the_strongest_first() -> None:
    worker = Worker(large(severity=Severity.MEDIUM), second(severity=Severity.HIGH), third())
    mild, one = worker.judge(record("e1", usd="100")).alerts
    assert (mild.rule_id, mild.severity, mild.related) == ("test.third", Severity.LOW, ())
    assert (one.rule_id, one.related) == ("test.large", ())
    (strong,) = worker.judge(record("e2", usd="100", at=1)).alerts
    assert (strong.rule_id, strong.severity) == ("test.second", Severity.HIGH)
    assert [(one.rule_id, one.facts) for one in strong.related] == [("test.large", {"least": "100.00"})]


def test_families_tell_their_stories_apart() -> None:
    worker = Worker(large(severity=Severity.MEDIUM), Large(about("other.large", severity=Severity.MEDIUM), {}))
    assert {one.rule_id for one in worker.judge(record("e1", usd="100")).alerts} == {"test.large", "other.large"}


def third() -> Rule:
    return Growing(about("test.third", severity=Severity.LOW), {})


class Watching(CounterpartyRule):
    """Finds something in every flow."""

    facts: ClassVar[dict[str, Any]] = {}

    def judge(self, flow: Flow, state: AddressState) -> Answer:
        evidence = state.evidence(state.contacts, "paid")
        return Finding(story=(flow.event_id,), evidence=evidence, facts=self.facts, counterparty=flow.address)


@pytest.mark.parametrize(("severity", "noted"), [(Severity.LOW, []), (Severity.MEDIUM, [CLEAN]), (Severity.HIGH, [CLEAN])])
def test_a_finding_for_a_person_to_read_is_noted_for_withdrawals(severity: Severity, noted: list[str]) -> None:
    watching = Watching(about("test.watching", severity=severity), {})
    flows = Worker().judge(record("e1")).flows
    network = CounterpartiesEngine(ruleset(watching)).judge(flows, {CLEAN: AddressState()}, NOON)
    assert list(network.notes) == noted
    for note in network.notes.values():
        assert (note.rule_id, note.severity, note.alert_id) == ("test.watching", severity, network.alerts[0].alert_id)


def test_notes_reach_the_rules_with_withdrawals_alone() -> None:
    seen = []

    class Noted(AccountRule):
        def judge(self, case: Case) -> Answer:
            seen.append([address for address, _ in case.noted])
            return None

    worker = Worker(Noted(about("test.noted"), {}))
    worker.notes = {CLEAN: Note("r", Severity.HIGH, "t", "a", NOON)}
    worker.judge(record("e1"), record("e2", "deposit", at=1), record("e3", at=2, addresses=[LISTED]))
    assert seen == [[CLEAN], [], []]


def test_a_note_names_the_accounts_of_its_alert() -> None:
    class Naming(Watching):
        facts: ClassVar[dict[str, Any]] = {"accounts": ["a", "b"]}

    watching = Naming(about("test.watching", severity=Severity.HIGH), {})
    network = CounterpartiesEngine(ruleset(watching)).judge(
        Worker().judge(record("e1")).flows, {CLEAN: AddressState()}, NOON
    )
    assert network.notes[CLEAN].accounts == ("a", "b")


def test_what_another_alert_says_of_the_account_holds_the_withdrawal_and_is_counted_but_not_told_again() -> None:
    class Known(AccountRule):
        def judge(self, case: Case) -> Answer:
            return Finding(story=("on",), evidence=(case.own_evidence("on"),), facts={}, continues="first", known=True)

    outcome = Worker(Known(about("test.known", action=Action.HOLD), {})).judge(record("e1"))
    assert outcome.alerts == []
    assert outcome.tally.suppressed == {"test.known": 1}
    assert (outcome.verdicts[0].decision, outcome.verdicts[0].alert_ids) == ("hold", ("first",))


def test_a_finding_that_goes_on_with_another_rules_story_is_an_update_of_it() -> None:
    class Going(AccountRule):
        def judge(self, case: Case) -> Answer:
            return Finding(story=("on",), evidence=(case.own_evidence("on"),), facts={}, continues="first")

    worker = Worker(Going(about("test.going"), {}))
    one = alert(worker.judge(record("e1")))
    assert (one.status, one.refers_to) == ("update", "first")
    assert worker.judge(record("e2")).alerts == []
