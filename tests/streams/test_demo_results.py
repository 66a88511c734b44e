"""The demo tells success from failure: whatever is missing is named."""

import json
from typing import Any

import pytest

from rules.engine import AccountsEngine
from rules.knowledge import Knowledge
from streams.accounts import alert_message, deadletter_message, verdict_message
from streams.delivery.journal import BatchRecord, ClaimRecord, encode
from streams.delivery.stage import Message
from streams.demo import Fed, Results, demo_transfers
from streams.rulefiles import load_rules
from streams.screening import Screening
from streams.settings import ALERTS, DEADLETTERS, JOURNAL_ACCOUNTS, VERDICTS
from streams.watchlists import load_watchlist


@pytest.fixture(scope="module")
def fed() -> Fed:
    return demo_transfers(load_rules())


@pytest.fixture(scope="module")
def messages(fed: Fed) -> list[Message]:
    """What a worker sends of them."""
    session = Screening(AccountsEngine(load_rules(), Knowledge(load_watchlist(["demo"]))), "x")
    out = session.judge([(number, None, line) for number, line in enumerate(fed.lines)], 1_790_000_000_000)
    totals = session.totals
    counts = (totals.deposits, totals.withdrawals, totals.duplicates, totals.deadletters)
    record = BatchRecord(1, 0, (), counts, 0, {}, "", "", 1, "", b"")
    claim = ClaimRecord(0, 0, "", "", b"")
    journal = [Message(JOURNAL_ACCOUNTS, b"", encode(each)) for each in (claim, record)]
    sent = [*map(verdict_message, out.verdicts), *map(alert_message, out.alerts)]
    return [*sent, *map(deadletter_message, out.deadletters), *journal]


def results(fed: Fed, messages: list[Message]) -> Results:
    found = Results(fed)
    for message in messages:
        found.take(message.topic, message.value)
    return found


def changed(message: Message, **changes: Any) -> Message:
    return Message(message.topic, message.key, json.dumps(json.loads(message.value) | changes).encode())


def test_what_is_fed_has_a_bit_of_everything(fed: Fed) -> None:
    assert sum(fed.counts) == len(fed.lines)
    assert min(fed.counts) >= 1
    assert len(fed.to_listed) == 1
    assert {"structuring", "pass_through", "direct_exposure"} <= {planted.pattern for planted in fed.planted}
    assert sum(planted.rule_id is not None for planted in fed.planted) >= 8


def test_nothing_is_missing_when_everything_came(fed: Fed, messages: list[Message]) -> None:
    assert results(fed, messages).missing() == []


def test_everything_is_missing_when_nothing_came(fed: Fed) -> None:
    missing = results(fed, []).missing()
    assert len(missing) >= 4 + 1 + 1 + 1 + 8


@pytest.mark.parametrize(
    ("topic", "word"), [(VERDICTS, "verdict"), (DEADLETTERS, "dead letter"), (JOURNAL_ACCOUNTS, "journal")]
)
def test_a_message_that_did_not_come_is_missed(fed: Fed, messages: list[Message], topic: str, word: str) -> None:
    lost = max(number for number, message in enumerate(messages) if message.topic == topic)
    missing = results(fed, messages[:lost] + messages[lost + 1 :]).missing()
    assert missing
    assert all(word in fault for fault in missing)


def test_a_pattern_that_was_not_found_is_named(fed: Fed, messages: list[Message]) -> None:
    quiet = [message for message in messages if b'"laundering.structuring"' not in message.value or message.topic != ALERTS]
    assert results(fed, quiet).missing() == ["the planted structuring gave no alert of laundering.structuring"]


def test_a_withdrawal_to_a_listed_address_that_was_let_go_is_named(fed: Fed, messages: list[Message]) -> None:
    [listed] = fed.to_listed
    wrong = [
        changed(message, decision="release") if message.topic == VERDICTS and listed.encode() in message.value else message
        for message in messages
    ]
    assert results(fed, wrong).missing() == [f"withdrawal {listed} to a listed address: release, not reject"]


def test_an_alert_that_came_twice_is_named(fed: Fed, messages: list[Message]) -> None:
    twice = next(message for message in messages if message.topic == ALERTS)
    assert results(fed, [*messages, twice]).missing() == ["1 alerts or verdicts came twice"]
