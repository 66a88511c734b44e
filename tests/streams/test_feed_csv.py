"""CSV of any shape, with a mapping file that says what its columns are."""

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rules.transfer import BadTransfer, read_transfer
from streams.errors import SettingsError
from streams.feed_ccxt import CcxtOptions
from streams.feed_csv import load_mapping, read_csv

LEDGER = """\
Ref;Booked;Customer;Direction;Coin;Amount;Worth;From;To;Tag;Recipient
7001;01.02.2026 13:05;C-1;OUT;USDT;1.250,50;;;TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t;;Kim
7002;01.07.2026 13:05;C-1;IN;BTC;0,5;47.500,00;1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa bc1qx;TQme;;
"""
MAPPING = """\
delimiter = ";"
decimal = ","
time_format = "%d.%m.%Y %H:%M"
timezone = "Europe/Berlin"

[columns]
event_id = "Ref"
occurred_at = "Booked"
account_id = "Customer"
kind = { column = "Direction", values = { IN = "deposit", OUT = "withdrawal" } }
asset = "Coin"
amount = "Amount"
value_usd = "Worth"
addresses = { deposit = "From", withdrawal = "To", separator = " " }
own_address = { deposit = "To", withdrawal = "From" }
tag = "Tag"
"counterparty.name" = "Recipient"

[constants]
network = "tron"
"counterparty.type" = "individual"
"""


def mapping(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ledger.toml"
    path.write_text(text, "utf-8")
    return path


def read(tmp_path: Path, ledger: str, text: str = MAPPING) -> list[dict[str, Any]]:
    options = CcxtOptions(prices={"USDT": Decimal("1")})
    chunks = read_csv(io.BytesIO(ledger.encode()), load_mapping(mapping(tmp_path, text)), options)
    return [json.loads(line) for chunk in chunks for line in chunk]


def test_regions_come_from_columns_as_any_field_does(tmp_path: Path) -> None:
    text = MAPPING.replace(
        '"counterparty.name" = "Recipient"', '"counterparty.region" = "Recipient"\n"account.region" = "Tag"'
    )
    text = text.replace('"counterparty.type" = "individual"', 'ip_country = "UA"\nip_region = "43"')
    out, _ = read(tmp_path, LEDGER.replace(";;Kim", ";Kyiv;Crimea"), text)
    assert (out["ip_region"], out["counterparty"], out["account"]) == ("43", {"region": "Crimea"}, {"region": "Kyiv"})
    assert read_transfer(json.dumps(out).encode()).ip_region == "43"


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_mapping(mapping(tmp_path, text))
    return list(caught.value.faults)


def test_a_ledger_with_columns_of_its_own_becomes_transfers(tmp_path: Path) -> None:
    out, into = read(tmp_path, LEDGER)
    assert out == {
        "event_id": "7001",
        "occurred_at": "2026-02-01T13:05:00+01:00",
        "account_id": "C-1",
        "kind": "withdrawal",
        "asset": "USDT",
        "amount": "1250.50",
        "value_usd": "1250.500000",  # not told: the amount at the price given
        "addresses": ["TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"],
        "network": "tron",
        "counterparty": {"name": "Kim", "type": "individual"},
    }
    assert into["addresses"] == ["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bc1qx"]
    assert (into["own_address"], into["value_usd"]) == ("TQme", "47500.00")
    assert into["occurred_at"] == "2026-07-01T13:05:00+02:00"  # summer time
    for transfer in (out, into):
        read_transfer(json.dumps(transfer).encode())


def test_a_value_the_mapping_does_not_know_is_shown_in_the_dead_letter(tmp_path: Path) -> None:
    [row] = read(tmp_path, LEDGER.splitlines()[0] + "\n" + LEDGER.splitlines()[1].replace("OUT", "SIDEWAYS") + "\n")
    with pytest.raises(BadTransfer, match="SIDEWAYS"):
        read_transfer(json.dumps(row).encode())


def test_a_time_that_does_not_fit_stays_as_it_is_and_is_refused(tmp_path: Path) -> None:
    [row] = read(tmp_path, "\n".join(LEDGER.splitlines()[:2]).replace("01.02.2026 13:05", "yesterday") + "\n")
    assert row["occurred_at"] == "yesterday"
    with pytest.raises(BadTransfer, match="occurred_at"):
        read_transfer(json.dumps(row).encode())


def test_seconds_since_the_epoch(tmp_path: Path) -> None:
    text = 'epoch = "seconds"\n[columns]\nevent_id = "id"\noccurred_at = "t"\n'
    assert read(tmp_path, "id,t\n1,1767225600\n", text)[0]["occurred_at"] == 1_767_225_600_000


def test_a_file_without_a_mapped_column_is_refused_with_every_one_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, "Ref;Booked\n1;2\n")
    assert len(caught.value.faults) == 9
    assert "the file has no column 'Customer'" in caught.value.faults


def test_every_fault_of_a_mapping_is_told_at_once(tmp_path: Path) -> None:
    head = 'timezone = "Mars/Phobos"\ndelimiter = "::"\n'
    found = faults(tmp_path, head + '[columns]\nsender = "x"\nkind = { deposit = "y" }\n[constants]\nz = "1"\n')
    assert [fault.split(": ", 1)[1] for fault in found] == [
        "sender is no field of a transfer",
        "z is no field of a transfer",
        "kind names no column (for both kinds)",
        "there is no time zone 'Mars/Phobos'",
        "delimiter: one character",
    ]
    assert "unknown field" in faults(tmp_path, "colums = {}\n")[0]


def test_the_sign_of_an_amount_says_its_direction_and_euros_become_dollars(tmp_path: Path) -> None:
    ledger = (
        "id;when;who;coin;amount;eur;to\n"
        "1;2026-03-02T10:00:00Z;ann;ETH;-0,5;-1.000,00;0xab\n"
        "2;2026-03-02T11:00:00Z;ann;ETH;2;4000;0xcd\n"
    )
    text = """
decimal = ","
signed = true
[columns]
event_id = "id"
occurred_at = "when"
account_id = "who"
asset = "coin"
amount = "amount"
value_usd = { column = "eur", rate = "1.1" }
addresses = "to"
"""
    out, into = read(tmp_path, ledger, text)
    assert (out["kind"], out["amount"], out["value_usd"]) == ("withdrawal", "0.5", "1100.000000")
    assert (into["kind"], into["amount"], into["value_usd"]) == ("deposit", "2", "4400.000000")


def test_a_rate_belongs_to_the_value_and_a_sign_to_an_amount(tmp_path: Path) -> None:
    text = """
encoding = "klingon"
signed = true
[columns]
asset = { column = "coin", rate = "2" }
value_usd = { column = "eur", rate = "0" }
"""
    told = "\n".join(faults(tmp_path, text))
    assert "asset: a rate" in told
    assert "value_usd: a rate" in told
    assert "signed: amount names no column" in told
    assert "no encoding 'klingon'" in told


def test_the_mapping_of_the_readme_reads_such_a_ledger(tmp_path: Path) -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
    text = readme.partition("```toml\n")[2].partition("```")[0]
    ledger = (
        "Ref;Date;Client;Sens;Crypto;Montant;Valeur EUR;Adresse\n"
        "1;02/03/2026 10:12;ann;Sortie;ETH;0,5;1\N{NARROW NO-BREAK SPACE}000,00;"
        "0x3f5ce5fbfe3e9af3971dd833d26ba9b5c936f0be\n"
    )
    [row] = read(tmp_path, ledger, text)
    transfer = read_transfer(json.dumps(row).encode())
    assert (transfer.kind, transfer.amount, transfer.value_usd) == ("withdrawal", "0.5", "1160.000000")
    assert row["occurred_at"] == "2026-03-02T10:12:00+01:00"


def test_the_mapping_of_the_page_on_adapters_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "adapters.md").read_text("utf-8")
    read_mapping = load_mapping(mapping(tmp_path, page.partition("```toml\n")[2].partition("```")[0]))
    assert read_mapping.encoding == "cp1252"
    assert read_mapping.column("value_usd") is not None
