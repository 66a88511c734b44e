"""Names of listed parties that were found to be somebody else: passed over for one account and one entry, and counted."""

import msgspec
import pytest

from rules.engine import AccountsEngine
from rules.exceptions import Exceptions, Exemption
from rules.intake import Gate, Intake
from rules.knowledge import Knowledge
from rules.lists import EntryKind, ListEntry, SanctionsList, merge
from rules.messages import Alert, Decision
from rules.outcome import Outcome
from rules.profile import Profile
from rules.seen import Seen
from streams.rulefiles import load_rules

NOON_MS = 1_773_576_000_000  # 2026-03-15
RULE = "sanctions.name_match"
LISTED = merge(
    [
        SanctionsList.of(
            "OFAC SDN",
            [
                ListEntry(entry_id="1", name="KIM, Se Un", source="x", kind=EntryKind.INDIVIDUAL),
                ListEntry(entry_id="2", name="KIM, Se Eun", source="x", kind=EntryKind.INDIVIDUAL),
            ],
        )
    ]
)
TRANSFER = {
    **{"event_id": "e-1", "kind": "withdrawal", "account_id": "acct-1", "asset": "USDT", "network": "ethereum"},
    **{"amount": "10", "value_usd": "10", "addresses": ["0x" + "ab" * 20], "occurred_at": NOON_MS},
    "counterparty": {"name": "Kim Se-un"},
}


def known_good(entry: str, **changes: object) -> Exemption:
    given = {"rule": RULE, "account": "acct-1", "entry": entry, "author": "j.doe", "reason": "another passport"}
    return msgspec.convert(given | {"expires": "2026-12-31"} | changes, Exemption)


def judged(*exemptions: Exemption, **changes: object) -> Outcome:
    engine = AccountsEngine(load_rules(), Knowledge(LISTED, exceptions=Exceptions(exemptions)))
    intake = Intake([], [])
    Gate(keyed=False).admit("x", 0, [(0, None, msgspec.json.encode(TRANSFER | changes))], intake)
    return engine.judge(intake, 0, {str(TRANSFER["account_id"]): Profile(), "acct-2": Profile()}, Seen(), NOON_MS)


def named(outcome: Outcome) -> list[Alert]:
    return [alert for alert in outcome.alerts if alert.rule_id == RULE]


def test_a_listed_name_holds_the_withdrawal_and_cites_the_entry() -> None:
    outcome = judged()
    (alert,) = named(outcome)
    assert alert.list is not None and alert.list.entry_id == "1" and alert.list.matched == "KIM, Se Un"
    assert alert.facts["why"] and [other["entry_id"] for other in alert.facts["others"]] == ["2"]
    assert outcome.verdicts[0].decision is Decision.HOLD


def test_the_next_entry_of_that_name_is_told_when_one_is_cleared() -> None:
    outcome = judged(known_good("1"))
    (alert,) = named(outcome)
    assert alert.list is not None and alert.list.entry_id == "2"
    assert outcome.verdicts[0].decision is Decision.HOLD


def test_with_every_entry_cleared_it_is_counted_and_named_in_the_verdict() -> None:
    outcome = judged(known_good("1"), known_good("2"))
    assert named(outcome) == []
    assert outcome.tally.excepted[RULE] == 1
    (told,) = outcome.verdicts[0].exceptions
    assert (told.rule_id, told.author, told.reason) == (RULE, "j.doe", "another passport")


@pytest.mark.parametrize(
    "changes",
    [{"account": "acct-2"}, {"expires": "2026-03-14"}, {"rule": "sanctions.direct_exposure"}, {"entry": "3"}],
)
def test_it_acts_for_its_account_its_entry_and_its_time_alone(changes: dict[str, object]) -> None:
    outcome = judged(known_good(**{"entry": "1"} | changes))  # type: ignore[arg-type]
    (alert,) = named(outcome)
    assert alert.list is not None and alert.list.entry_id == "1"
    assert outcome.tally.excepted[RULE] == 0


def test_the_last_day_still_counts() -> None:
    (alert,) = named(judged(known_good("1", expires="2026-03-15")))
    assert alert.list is not None and alert.list.entry_id == "2"


def test_a_holders_name_is_about_the_account_not_the_address() -> None:
    (alert,) = named(judged(counterparty=None, account={"holder_name": "Kim Se-un"}))
    assert alert.counterparty is None
    (alert,) = named(judged())
    assert alert.counterparty == "0x" + "ab" * 20


def test_another_account_with_that_counterparty_is_alerted() -> None:
    outcome = judged(known_good("1"), known_good("2"), account_id="acct-2")
    assert len(named(outcome)) == 1
