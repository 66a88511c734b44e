"""The input contract: what is a transfer, and which field is to blame when it is none."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from fuzzed import fuzzed_lines
from hypothesis import given
from hypothesis import strategies as st

from rules.intake import Gate, Intake
from rules.transfer import (
    EARLIEST,
    LATEST,
    MAX_VALUE_USD,
    MICRO,
    BadTransfer,
    Kind,
    Transfer,
    dollars,
    moment,
    read_transfer,
    time_ms,
    value_micros,
)

SMALLEST: dict[str, Any] = {
    "event_id": "e-1",
    "kind": "deposit",
    "account_id": "a-1",
    "asset": "USDT",
    "amount": "1250.5",
    "value_usd": "1250.50",
    "addresses": [],
    "occurred_at": "2026-01-05T10:00:00Z",
}
EARLIEST_MS = int(EARLIEST.timestamp()) * 1000
LATEST_MS = int(LATEST.timestamp()) * 1000


def raw(**changes: Any) -> bytes:
    return json.dumps(SMALLEST | changes).encode()


def fault(line: bytes) -> BadTransfer:
    with pytest.raises(BadTransfer) as caught:
        read_transfer(line)
    return caught.value


def admitted(line: bytes) -> Intake:
    intake = Intake([], [])
    Gate(keyed=False).admit("t", 0, [(7, None, line)], intake)
    return intake


def test_the_smallest_transfer_is_read() -> None:
    transfer = read_transfer(raw())
    assert (transfer.event_id, transfer.kind, transfer.amount) == ("e-1", Kind.DEPOSIT, "1250.5")
    assert transfer.occurred_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert (transfer.network, transfer.counterparty, transfer.account) == (None, None, None)


def test_unknown_fields_are_kept_out_of_the_way() -> None:
    assert read_transfer(raw(fee={"amount": 1.5}, labels=["x"], nothing=None)) == read_transfer(raw())


@pytest.mark.parametrize("field", SMALLEST)
def test_a_missing_field_is_named(field: str) -> None:
    rest = {name: value for name, value in SMALLEST.items() if name != field}
    assert fault(json.dumps(rest).encode()).field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"event_id": 5}, "event_id"),
        ({"event_id": ""}, "event_id"),
        ({"event_id": "x" * 129}, "event_id"),
        ({"event_id": "e\n1"}, "event_id"),
        ({"account_id": "\0bc1q"}, "account_id"),
        ({"account_id": "a\x9f"}, "account_id"),
        ({"kind": "transfer"}, "kind"),
        ({"asset": "x" * 33}, "asset"),
        ({"amount": 1250.5}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"value_usd": None}, "value_usd"),
        ({"addresses": "0x1"}, "addresses"),
        ({"addresses": ["a", 5]}, "addresses[1]"),
        ({"addresses": ["a"] * 1001}, "addresses"),
        ({"counterparty": {"name": 5}}, "counterparty.name"),
        ({"counterparty": {"country": "USA"}}, "counterparty.country"),
        ({"counterparty": {"date_of_birth": "5 May 1970"}}, "counterparty.date_of_birth"),
        ({"account": {"opened_at": "yesterday"}}, "account.opened_at"),
        ({"occurred_at": 1.5}, "occurred_at"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    bad = fault(raw(**changes))
    assert (bad.field, bool(bad.reason)) == (field, True)


@pytest.mark.parametrize("account_id", ["счёт 7", "a\u202eb", "\U0001f600", "\u3000", "~\xa0"])
def test_an_id_may_be_of_any_characters_but_control_characters(account_id: str) -> None:
    assert read_transfer(raw(account_id=account_id)).account_id == account_id


@pytest.mark.parametrize("line", [b"", b" ", b"\r\n\t "])
def test_an_empty_message_is_called_empty(line: bytes) -> None:
    bad = fault(line)
    assert (bad.reason, bad.field) == ("an empty message", "$")


@pytest.mark.parametrize("line", [b"", b" ", b"{", b"[]", b"null", b"\xff", b'"x"', b"[" * 100_000, b'{"event_id": "\xff"}'])
def test_what_is_no_object_is_to_blame_as_a_whole(line: bytes) -> None:
    assert fault(line).field == "$"


@pytest.mark.parametrize("text", ["0", "0.0", "1", "007", "1.5", "9" * 30, "0." + "9" * 30])
def test_plain_decimals_are_amounts(text: str) -> None:
    assert read_transfer(raw(amount=text)).amount == text


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", ".5", "1.", "1e5", "NaN", "Infinity", "0x1", "1,5", "1_0", " 1", "1 ", "1\n", "\u0663", "9" * 31],
)
def test_anything_else_is_no_amount_and_no_value(text: str) -> None:
    assert fault(raw(amount=text)).field == "amount"
    [letter] = admitted(raw(value_usd=text)).deadletters
    assert letter.field == "value_usd"


def test_digits_beyond_a_millionth_of_a_dollar_are_cut_off() -> None:
    assert value_micros("0.0000019") == 1
    assert value_micros("12.5") == 12_500_000
    assert value_micros("7") == 7_000_000


def test_a_value_has_an_upper_bound() -> None:
    assert value_micros(str(MAX_VALUE_USD)) == MAX_VALUE_USD * MICRO
    with pytest.raises(BadTransfer, match="more than"):
        value_micros(f"{MAX_VALUE_USD}.000001")


@given(st.integers(0, MAX_VALUE_USD * MICRO))
def test_dollars_as_text_keep_every_digit(micros: int) -> None:
    text = dollars(micros)
    assert value_micros(text) == micros
    assert len(text.partition(".")[2]) >= 2


@pytest.mark.parametrize(
    ("given_as", "ms"),
    [
        (1_767_607_200_000, 1_767_607_200_000),
        ("2026-01-05T10:00:00Z", 1_767_607_200_000),
        ("2026-01-05T12:00:00+02:00", 1_767_607_200_000),
        ("2026-01-05T10:00:00.0019Z", 1_767_607_200_001),
        (EARLIEST_MS, EARLIEST_MS),
        (LATEST_MS - 1, LATEST_MS - 1),
    ],
)
def test_times_are_read_to_the_millisecond(given_as: str | int, ms: int) -> None:
    assert time_ms(read_transfer(raw(occurred_at=given_as)).occurred_at) == ms


@pytest.mark.parametrize(
    "given_as", [EARLIEST_MS - 1, LATEST_MS, 0, -1, 10**30, "2026-01-05T10:00:00", "0001-01-01T00:00:00+23:59"]
)
def test_times_without_offset_or_beyond_reason_are_refused(given_as: str | int) -> None:
    [letter] = admitted(raw(occurred_at=given_as)).deadletters
    assert letter.field == "occurred_at"
    [letter] = admitted(raw(account={"opened_at": given_as})).deadletters
    assert letter.field == "account.opened_at"


@given(st.integers(EARLIEST_MS, LATEST_MS - 1))
def test_a_moment_is_its_milliseconds(ms: int) -> None:
    assert time_ms(moment(ms)) == ms


def test_a_transfer_written_again_is_the_same() -> None:
    party = {"name": "Jane Example", "type": "individual", "country": "DE", "date_of_birth": "1970-05"}
    transfer = read_transfer(raw(counterparty=party, account={"opened_at": 1_700_000_000_000}, addresses=["a", "b"]))
    assert read_transfer(msgspec.json.encode(transfer)) == transfer


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_bad_transfer(line: bytes) -> None:
    assert fault(line).reason


def test_every_damaged_line_is_a_transfer_or_a_dead_letter_with_reason_and_field() -> None:
    lines = list(fuzzed_lines(20_000, seed=2))
    intake = Intake([], [])
    Gate(keyed=False).admit("t", 0, [(number, None, line) for number, line in enumerate(lines)], intake)
    assert len(intake.items) + len(intake.deadletters) == len(lines)
    assert {item[2] for item in intake.items} | {letter.source.offset for letter in intake.deadletters} == set(range(20_000))
    assert all(letter.reason and letter.field for letter in intake.deadletters)
    assert all(letter.original == lines[letter.source.offset][: 512 * 1024] for letter in intake.deadletters)
    assert min(len(intake.items), len(intake.deadletters)) > 5_000
    msgspec.json.encode(intake.deadletters)


@given(
    st.dictionaries(st.sampled_from([*SMALLEST, "network", "account", "counterparty", "ip_country"]), st.none() | st.text())
)
def test_any_text_in_any_field_is_judged_or_refused(changes: dict[str, Any]) -> None:
    intake = admitted(raw(**changes))
    assert len(intake.items) + len(intake.deadletters) == 1


def test_no_more_than_the_beginning_of_a_huge_message_goes_into_its_dead_letter() -> None:
    [letter] = admitted(b"x" * 2_000_000).deadletters
    assert len(letter.original) == 512 * 1024


def test_a_transfer_is_immutable() -> None:
    transfer: Any = read_transfer(raw())
    with pytest.raises(AttributeError):
        transfer.amount = "2"
    assert isinstance(transfer, Transfer)
