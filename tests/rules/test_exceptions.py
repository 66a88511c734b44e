"""Exceptions: they act on whom and when they say, are named when they do, and never beyond that."""

from datetime import date
from itertools import count

import msgspec
import pytest

from rules.engine import AccountsEngine
from rules.exceptions import Exceptions, Exemption
from rules.intake import Gate, Intake
from rules.knowledge import Knowledge
from rules.messages import Decision, Excepted
from rules.outcome import Outcome
from rules.profile import Profile
from rules.reference import Category, Label, ListKind, ReferenceList, combine
from rules.seen import Seen
from rules.transfer import Kind, Transfer
from streams.rulefiles import load_rules

EXPIRES = date(2026, 3, 15)
LAST_MS = 1_773_619_199_999  # the last millisecond of that day, UTC
ADDRESS = "0x098b716b8aaf21512996dc57eb0615e2383e2f96"
_numbers = count()


def exemption(**changes: object) -> Exemption:
    given = {"rule": "laundering.pass_through", "account": "a", "author": "j.doe", "reason": "known", "expires": EXPIRES}
    return Exemption(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "acts"),
    [
        (exemption(), True),
        (exemption(account="b"), False),
        (exemption(rule="laundering.*"), True),
        (exemption(rule="sanctions.*"), False),
        (exemption(rule="laundering.velocity"), False),
        (exemption(account=None, address=ADDRESS.upper().replace("0X", "0x")), True),
        (exemption(account=None, address="0x" + "11" * 20), False),
        (exemption(address="0x" + "11" * 20), False),
        (exemption(account="b", address=ADDRESS), False),
        (exemption(since=EXPIRES), True),
        (exemption(since=date(2026, 3, 16), expires=date(2026, 4, 1)), False),
    ],
)
def test_an_exception_acts_on_what_it_names(made: Exemption, acts: bool) -> None:
    found = Exceptions([made]).acting("laundering.pass_through", "a", (ADDRESS,), LAST_MS)
    assert (found is made) is acts


def test_an_exception_ends_with_its_last_day() -> None:
    exceptions = Exceptions([exemption()])
    assert exceptions.acting("laundering.pass_through", "a", (), LAST_MS)
    assert exceptions.acting("laundering.pass_through", "a", (), LAST_MS + 1) is None


def test_the_hash_covers_every_word() -> None:
    kinds = [exemption(), exemption(reason="other"), exemption(expires=date(2026, 3, 16)), exemption(author="other")]
    assert len({Exceptions([one]).hash for one in kinds}) == len(kinds)
    identities = {Knowledge(exceptions=Exceptions([one])).identity for one in kinds}
    assert len(identities) == len(kinds)
    assert Knowledge().identity == Exceptions().hash == ""


def passed_through(at_ms: int, *made: Exemption) -> Outcome:
    """A deposit of 20,000 that leaves within an hour, judged with exceptions."""
    engine = AccountsEngine(load_rules(), Knowledge(exceptions=Exceptions(made)))
    profiles, seen = {"a": Profile()}, Seen()
    outcome = Outcome()
    for kind, ms in ((Kind.DEPOSIT, at_ms - 3_600_000), (Kind.WITHDRAWAL, at_ms)):
        outcome = judged(engine, profiles, seen, kind, ms)
    return outcome


def judged(
    engine: AccountsEngine,
    profiles: dict[str, Profile],
    seen: Seen,
    kind: Kind,
    ms: int,
    addresses: tuple[str, ...] | None = None,
) -> Outcome:
    transfer = Transfer(
        event_id=f"e{next(_numbers)}",
        kind=kind,
        account_id="a",
        asset="USDT",
        network="ethereum",
        amount="20000",
        value_usd="20000",
        addresses=addresses or ((ADDRESS,) if kind is Kind.WITHDRAWAL else ("0x" + "22" * 20,)),
        occurred_at=ms,
    )
    intake = Intake([], [])
    Gate(keyed=False).admit("t", 0, [(0, None, msgspec.json.encode(transfer))], intake)
    return engine.judge(intake, 0, profiles, seen, ms)


def test_what_is_excepted_is_not_sent_but_counted_and_named_in_the_verdict() -> None:
    bare, excepted = passed_through(LAST_MS), passed_through(LAST_MS, exemption())
    assert "laundering.pass_through" in {alert.rule_id for alert in bare.alerts}
    assert bare.verdicts[0].exceptions == ()
    assert "laundering.pass_through" not in {alert.rule_id for alert in excepted.alerts}
    assert excepted.tally.excepted == {"laundering.pass_through": 1}
    assert excepted.verdicts[0].exceptions == (Excepted("laundering.pass_through", "j.doe", "known", "2026-03-15"),)
    assert excepted.verdicts[0].decision is not Decision.REJECT


def test_an_expired_exception_does_not_act() -> None:
    later = passed_through(LAST_MS + 1, exemption())
    assert "laundering.pass_through" in {alert.rule_id for alert in later.alerts}
    assert not later.tally.excepted
    assert later.verdicts[0].exceptions == ()


def test_what_was_excepted_is_not_taken_for_told() -> None:
    (story,) = [alert.alert_id for alert in passed_through(LAST_MS).alerts if alert.rule_id == "laundering.pass_through"]
    engine = AccountsEngine(load_rules(), Knowledge(exceptions=Exceptions([exemption()])))
    profiles = {"a": Profile()}
    for kind, ms in ((Kind.DEPOSIT, LAST_MS - 3_600_000), (Kind.WITHDRAWAL, LAST_MS)):
        judged(engine, profiles, Seen(), kind, ms)
    assert story not in profiles["a"].stories.told


def test_an_exception_for_one_address_says_nothing_of_another_in_the_same_transfer() -> None:
    market = "0x" + "33" * 20
    row = Label(
        address=market, network="ethereum", entity="Market", category=Category.DARKNET_MARKET, confidence=90, source="x"
    )
    reference = combine([ReferenceList.of("test", ListKind.LABELS, EXPIRES, (row,))])
    for excepted, told in ((ADDRESS, True), (market, False)):
        made = exemption(rule="exposure.illicit_service", account=None, address=excepted)
        engine = AccountsEngine(load_rules(), Knowledge(reference=reference, exceptions=Exceptions([made])))
        found = judged(engine, {"a": Profile()}, Seen(), Kind.WITHDRAWAL, LAST_MS, (ADDRESS, market))
        assert ("exposure.illicit_service" in {alert.rule_id for alert in found.alerts}) is told
