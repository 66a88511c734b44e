"""What `lockgate feed` makes of files, before anything is sent."""

import gzip
import io
import json
import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rules.transfer import BadTransfer, Kind, Party, read_transfer, time_ms
from streams.feed_ccxt import CcxtOptions, read_ccxt
from streams.feed_csv import read_csv
from streams.feed_formats import Format, guess_format, open_file, read_lines
from streams.feed_times import Span, moved, rounds, span_of

TRANSFER: dict[str, Any] = {
    "event_id": "e1",
    "kind": "deposit",
    "account_id": "a1",
    "asset": "USDT",
    "amount": "10.5",
    "value_usd": "10.5",
    "addresses": ["0x098B716B8Aaf21512996dC57EB0615e2383E2f96"],
    "occurred_at": "2026-01-01T00:00:00Z",
}


def _lines(chunks: Any) -> list[bytes]:
    return [line for chunk in chunks for line in chunk]


def _transfer(**changes: Any) -> bytes:
    return json.dumps({**TRANSFER, **changes}).encode()


def _csv(text: str) -> list[bytes]:
    return _lines(read_csv(io.BytesIO(text.encode())))


def _ccxt(items: Any, options: CcxtOptions | None = None) -> list[dict[str, Any]]:
    lines = _lines(read_ccxt(io.BytesIO(json.dumps(items).encode()), options or CcxtOptions()))
    return [json.loads(line) for line in lines]


CCXT_WITHDRAWAL: dict[str, Any] = {
    "id": "w-77",
    "txid": "0xabc",
    "timestamp": 1767225600000,
    "addressTo": "0x098B716B8Aaf21512996dC57EB0615e2383E2f96",
    "address": "0x098B716B8Aaf21512996dC57EB0615e2383E2f96",
    "tagTo": "42",
    "type": "withdrawal",
    "amount": 0.00000012,
    "currency": "BTC",
    "status": "ok",
    "network": "BTC",
    "fee": {"currency": "BTC", "cost": 0.0001},
    "info": {},
}


def test_json_lines_pass_byte_for_byte_and_blank_lines_are_left_out() -> None:
    odd = b'{"b": 1,   "a": "\xc3\xa9"}'
    text = odd + b"\n\n  \nno json at all\r\n" + _transfer()
    assert _lines(read_lines(io.BytesIO(text))) == [odd, b"no json at all\r", _transfer()]


def test_a_line_longer_than_a_block_stays_whole() -> None:
    long = b"x" * 3_000_000
    assert _lines(read_lines(io.BytesIO(long + b"\nshort\n"))) == [long, b"short"]


def test_a_silent_pipe_gives_what_it_has_and_then_empty_lists() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        os.write(writing, b"one\ntwo")
        chunks = read_lines(stream, poll_seconds=0.01)
        assert next(chunks) == [b"one"]
        assert next(chunks) == []
        os.write(writing, b"!\n")
        os.close(writing)
        assert _lines(chunks) == [b"two!"]


@pytest.mark.parametrize(
    ("name", "beginning", "expected"),
    [
        ("t.csv", b"", Format.CSV),
        ("t.csv.gz", b"", Format.CSV),
        ("t.json", b'  [{"id": 1}]', Format.CCXT),
        ("-", b'{"currency": "BTC", "type": "deposit"}\n', Format.CCXT),
        ("-", b'{"event_id": "1", "currency": "BTC"}\n', Format.JSONL),
        ("t.jsonl", b"nonsense", Format.JSONL),
        ("t.jsonl", b"", Format.JSONL),
    ],
)
def test_the_format_is_guessed_from_name_and_beginning(name: str, beginning: bytes, expected: Format) -> None:
    assert guess_format(name, beginning) is expected


def test_a_packed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(_transfer() + b"\n"))
    with open_file(path) as stream:
        assert _lines(read_lines(stream)) == [_transfer()]


def test_a_csv_row_becomes_the_transfer_it_describes() -> None:
    [line] = _csv(
        "event_id,kind,account_id,asset,amount,value_usd,addresses,occurred_at,counterparty.name,account.opened_at,ip\n"
        'e1,deposit,a1,BTC,0.5,48000,bc1qa|bc1qb,2026-01-01T00:00:00Z,"Lee, Ann",1600000000000,\n'
    )
    transfer = read_transfer(line)
    assert transfer.addresses == ("bc1qa", "bc1qb")
    assert transfer.counterparty == Party(name="Lee, Ann")
    assert transfer.account is not None
    assert transfer.account.opened_at == 1600000000000
    assert transfer.ip is None
    assert transfer.value_usd == "48000"


def test_csv_times_in_milliseconds_and_semicolons_and_a_byte_order_mark_are_understood() -> None:
    [line] = _csv(
        "\ufeffevent_id;kind;account_id;asset;amount;value_usd;addresses;occurred_at\n"
        "1;withdrawal;2;USDT;3;4;x;1767225600000\n"
    )
    transfer = read_transfer(line)
    assert (transfer.event_id, transfer.account_id, transfer.amount) == ("1", "2", "3")
    assert transfer.occurred_at == 1767225600000


def test_a_csv_row_with_shifted_cells_is_no_transfer() -> None:
    [line] = _csv(
        "event_id,kind,account_id,asset,amount,value_usd,addresses,occurred_at\n"
        "e1,deposit,a1,USDT,1,000,1000,x,2026-01-01T00:00:00Z\n"
    )
    with pytest.raises(BadTransfer):
        read_transfer(line)
    assert json.loads(line)["row"][0] == "e1"


def test_a_csv_without_a_needed_column_names_it_in_the_dead_letter() -> None:
    [line] = _csv("event_id,kind\ne1,deposit\n")
    with pytest.raises(BadTransfer, match="account_id"):
        read_transfer(line)


def test_a_ccxt_withdrawal_keeps_the_digits_of_its_amount() -> None:
    options = CcxtOptions(account="a1", prices={"BTC": Decimal("95000")})
    [item] = _ccxt([CCXT_WITHDRAWAL], options)
    transfer = read_transfer(json.dumps(item).encode())
    assert transfer.kind is Kind.WITHDRAWAL
    assert transfer.amount == "0.00000012"
    assert transfer.value_usd == "0.011400"
    assert transfer.addresses == ("0x098B716B8Aaf21512996dC57EB0615e2383E2f96",)
    assert (transfer.event_id, transfer.account_id, transfer.tag, transfer.tx_hash) == ("w-77", "a1", "42", "0xabc")
    assert transfer.occurred_at == 1767225600000


def test_a_ccxt_deposit_has_the_sender_as_counterparty_and_the_own_address_apart() -> None:
    deposit = {**CCXT_WITHDRAWAL, "type": "deposit", "addressFrom": "0xsender", "value_usd": "5", "account": "a9"}
    [item] = _ccxt([deposit])
    assert item["addresses"] == ["0xsender"]
    assert item["own_address"] == CCXT_WITHDRAWAL["addressTo"]
    assert (item["account_id"], item["value_usd"]) == ("a9", "5")
    assert "tag" not in item


def test_a_ccxt_deposit_without_a_sender_has_no_counterparty_address() -> None:
    deposit = {**CCXT_WITHDRAWAL, "type": "deposit", "addressFrom": None}
    assert _ccxt([deposit])[0]["addresses"] == []


@pytest.mark.parametrize("status", ["pending", "failed", "canceled"])
def test_ccxt_transactions_that_are_not_booked_are_left_out_and_counted(status: str) -> None:
    options = CcxtOptions(account="a1")
    assert _ccxt([{**CCXT_WITHDRAWAL, "status": status}], options) == []
    assert options.left_out == 1


def test_a_ccxt_asset_without_a_price_is_named_and_no_transfer() -> None:
    options = CcxtOptions(account="a1")
    [item] = _ccxt([CCXT_WITHDRAWAL], options)
    assert options.without_price == {"BTC"}
    with pytest.raises(BadTransfer, match="value_usd"):
        read_transfer(json.dumps(item).encode())


def test_ccxt_lines_are_read_like_an_array_and_unreadable_ones_pass_as_they_are() -> None:
    lines = json.dumps(CCXT_WITHDRAWAL).encode() + b"\nbroken {\n" + json.dumps(CCXT_WITHDRAWAL).encode()
    read = _lines(read_ccxt(io.BytesIO(lines), CcxtOptions(account="a1")))
    assert read[1] == b"broken {"
    assert [json.loads(read[index])["event_id"] for index in (0, 2)] == ["w-77", "w-77"]


def test_an_array_of_transfers_passes_through_with_its_faults() -> None:
    [item] = _ccxt([{**TRANSFER, "amount": 1.5}])
    assert item == {**TRANSFER, "amount": 1.5}


def _source(*chunks: Sequence[bytes]) -> Any:
    return lambda: iter(chunks)


def _times(lines: list[bytes]) -> list[int]:
    return [time_ms(read_transfer(line).occurred_at) for line in lines]


def test_one_plain_round_is_the_source_itself() -> None:
    line = b'{"spacing":   "kept"}'
    assert _lines(rounds(_source([line]))) == [line]


def test_the_limit_counts_lines_over_chunks() -> None:
    assert _lines(rounds(_source([b"1", b"2"], [b"3", b"4"], [b"5"]), limit=3)) == [b"1", b"2", b"3"]


def test_shifting_puts_the_last_transfer_at_now_and_keeps_distances() -> None:
    lines = [_transfer(occurred_at="2026-01-01T00:00:00Z"), _transfer(occurred_at=1767225660000)]
    moved_lines = _lines(rounds(_source(lines), now_ms=1_800_000_000_000))
    assert _times(moved_lines) == [1_799_999_940_000, 1_800_000_000_000]
    assert isinstance(json.loads(moved_lines[0])["occurred_at"], str)
    assert isinstance(json.loads(moved_lines[1])["occurred_at"], int)


def test_shifting_moves_the_opening_of_the_account_as_well() -> None:
    line = _transfer(occurred_at=1767225600000, account={"opened_at": 1767225500000})
    [shifted] = _lines(rounds(_source([line]), now_ms=1_800_000_000_000))
    assert json.loads(shifted)["account"]["opened_at"] == 1_799_999_900_000


def test_a_line_that_cannot_be_read_is_not_moved() -> None:
    assert _lines(moved([[b"broken {", b"[1]", b"{}"]], by_ms=5)) == [b"broken {", b"[1]", b"{}"]


def test_repeated_rounds_are_later_and_have_event_ids_of_their_own() -> None:
    lines = [_transfer(event_id="a", occurred_at=1767225600000), _transfer(event_id="b", occurred_at=1767225605000)]
    read = [read_transfer(line) for line in _lines(rounds(_source(lines), times=3))]
    assert [transfer.event_id for transfer in read] == ["a", "b", "a~2", "b~2", "a~3", "b~3"]
    times = [time_ms(transfer.occurred_at) for transfer in read]
    assert times == sorted(times)
    assert len(set(times)) == 6


def test_repeated_and_shifted_rounds_end_now() -> None:
    lines = [_transfer(occurred_at=1767225600000), _transfer(occurred_at=1767225605000)]
    times = _times(_lines(rounds(_source(lines), times=2, now_ms=1_800_000_000_000)))
    assert times[-1] == max(times) == 1_800_000_000_000


def test_rounds_for_ever_go_on() -> None:
    chunks = rounds(_source([_transfer()]), times=None)
    assert [json.loads(next(chunks)[0])["event_id"] for _ in range(3)] == ["e1", "e1~2", "e1~3"]


def test_the_span_leaves_out_lines_without_a_time() -> None:
    lines = [b"broken", _transfer(occurred_at=1767225605000), _transfer(occurred_at=1767225600000), b"{}"]
    assert span_of([lines]) == Span(1767225600000, 1767225605000)
    assert span_of([[b"broken"]]) is None
