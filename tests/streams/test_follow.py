"""Alerts, verdicts and dead letters as people read them."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from rules.messages import (
    Action,
    Alert,
    DeadLetter,
    Decision,
    Evidence,
    ListMatch,
    NotEvaluated,
    Severity,
    Source,
    Verdict,
)
from streams.cli.readable import alert, deadletter, readable, verdict

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOURCE = Source("exchange.withdrawals", 2, 17)


def _alert(**changes: Any) -> bytes:
    evidence = tuple(
        Evidence(event_id=f"e{n}", amount="1", asset="USDT", value_usd="9100.50", occurred_at=NOON, shows="piece")
        for n in range(3)
    )
    plain = Alert(
        alert_id="a1",
        rule_id="laundering.structuring",
        rule_version="1.2.0",
        ruleset="r",
        severity=Severity.HIGH,
        title="Pieces below a threshold",
        typology=(),
        account_id="acct-1",
        counterparty=None,
        evidence=evidence,
        facts={"pieces": 3, "share_percent": 97.5, "range": [85, 105]},
        list=None,
        source=SOURCE,
        occurred_at=NOON,
        detected_at=NOON,
        retroactive=False,
        action=Action.REVIEW,
    )
    return msgspec.json.encode(msgspec.structs.replace(plain, **changes))


def _verdict(**changes: Any) -> bytes:
    plain = Verdict(
        event_id="w1",
        account_id="acct-1",
        decision=Decision.RELEASE,
        alert_ids=(),
        rules_run=("x",),
        rules_not_evaluated=(),
        list_hash="h",
        list_age_seconds=1,
        source=SOURCE,
    )
    return msgspec.json.encode(msgspec.structs.replace(plain, **changes))


def test_an_alert_says_severity_title_account_rule_facts_and_evidence() -> None:
    text = readable(_alert(), alert).plain
    assert text.startswith("HIGH     Pieces below a threshold\n")
    assert "account acct-1" in text
    assert "laundering.structuring 1.2.0, recommended: review, alert a1" in text
    assert "pieces 3, share percent 97.5, range [85, 105]" in text
    assert "evidence: 3 transfers, 27,301.50 USD" in text


def test_an_alert_about_a_listed_address_names_list_date_and_entry() -> None:
    met = ListMatch(
        name="OFAC SDN", hash="h", published="2025-07-24", entry_id="21000", entry_name="LAZARUS GROUP", matched="0x0"
    )
    text = readable(_alert(list=met, counterparty="0x0", retroactive=True), alert).plain
    assert "on OFAC SDN of 2025-07-24: LAZARUS GROUP (21000)" in text
    assert "with 0x0, found again in stored history" in text


def test_listed_addresses_are_read_as_words_not_as_json() -> None:
    listed = [{"address": f"0x{n}", "list": "OFAC SDN", "entry_id": "21000", "entry_name": "LAZARUS GROUP"} for n in (1, 2)]
    text = readable(_alert(facts={"listed_addresses": listed, "listed_count": 2}), alert).plain
    entry = "(OFAC SDN, 21000, LAZARUS GROUP)"
    assert f"listed addresses [0x1 {entry}, 0x2 {entry}], listed count 2" in text


def test_severities_differ_in_style() -> None:
    styles = {str(readable(_alert(severity=severity), alert).spans[0].style) for severity in Severity}
    assert len(styles) == len(Severity)


def test_a_verdict_says_what_was_decided_and_why_it_is_not_a_release() -> None:
    missing = (NotEvaluated("a", "no history"), NotEvaluated("b", "no history"))
    text = readable(
        _verdict(decision=Decision.HOLD, alert_ids=("a1", "a2"), rules_not_evaluated=missing, list_hash=None), verdict
    ).plain
    assert text == ("HOLD     w1  account acct-1  alerts: a1, a2  2 rules not evaluated (no history)  no sanctions list")


def test_a_clean_release_is_one_short_line() -> None:
    assert readable(_verdict(), verdict).plain == "RELEASE  w1  account acct-1"


def test_a_dead_letter_says_field_reason_place_and_how_the_message_begins() -> None:
    letter = DeadLetter(reason="not a number", field="amount", original=b'{"amount": "x"}' + b" " * 200, source=SOURCE)
    text = readable(msgspec.json.encode(letter), deadletter).plain
    assert text.startswith("amount: not a number  exchange.withdrawals 2/17\n")
    assert '{"amount": "x"}' in text
    assert text.endswith("...")


def test_names_from_outside_cannot_steer_the_terminal() -> None:
    hostile = "\x1b[2Jgone\r\n\u202e"
    shown = [
        readable(_alert(account_id=hostile, facts={hostile: hostile}), alert).plain,
        readable(_verdict(event_id=hostile), verdict).plain,
        readable(
            msgspec.json.encode(DeadLetter(reason=hostile, field="f", original=hostile.encode(), source=SOURCE)),
            deadletter,
        ).plain,
        readable(b"\x1b[2J no json", alert).plain,
    ]
    for text in shown:
        assert "\x1b" not in text
        assert "\r" not in text
        assert "\u202e" not in text
        assert "[2J" in text


def test_a_message_of_another_format_is_shown_as_it_is() -> None:
    ocsf = b'{"class_uid": 2004, "severity": "High"}'
    assert readable(ocsf, alert).plain == ocsf.decode()


def test_a_dead_letter_whose_original_is_not_base64_is_shown_all_the_same() -> None:
    letter = {"reason": "r", "field": "f", "original": "@", "source": ["t", 0, 1]}
    assert "@" in readable(msgspec.json.encode(letter), deadletter).plain
