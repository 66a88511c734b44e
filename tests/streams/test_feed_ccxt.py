"""CCXT's unified transactions of eight exchanges become transfers without loss."""

import io
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rules.addresses import canonical
from rules.transfer import BadTransfer, Kind, Party, Transfer, read_transfer
from streams.feed_ccxt import CcxtOptions, from_ccxt, read_ccxt

SAMPLES = [json.loads(line) for line in (Path(__file__).parent / "samples" / "ccxt.jsonl").read_text("utf-8").splitlines()]
PRICES = {name: Decimal(price) for name, price in {"BTC": "95000", "ETH": "3000", "XRP": "2", "XLM": "0.3"}.items()}
PRICES |= {name: Decimal(1) for name in ("USDT", "USDC")}
EVERY = frozenset({"ok", "pending", "failed", "canceled"})


def options(**changes: Any) -> CcxtOptions:
    return CcxtOptions(**{"account": "a1", "prices": PRICES, "statuses": EVERY, **changes})


def converted(item: dict[str, Any], **changes: Any) -> tuple[Transfer, dict[str, Any]]:
    """As it is read by a worker, and as it stands on the topic."""
    [line] = [line for chunk in read_ccxt(io.BytesIO(json.dumps(item).encode()), options(**changes)) for line in chunk]
    return read_transfer(line), json.loads(line, parse_float=Decimal)


def unified(written: dict[str, Any]) -> dict[str, Any]:
    """The way back: what a unified transaction must have said for the transfer to be what it is."""
    kept, incoming = written.get("ccxt", {}), written["kind"] == "deposit"
    [theirs] = written["addresses"] or [None]
    ours, tag = written.get("own_address"), written.get("tag")
    given_id = written["event_id"].removeprefix("deposit:")
    back = {
        "id": None if given_id.startswith(str(written.get("tx_hash"))) else given_id,
        "type": written["kind"],
        "currency": written["asset"],
        "network": written.get("network"),
        "amount": Decimal(written["amount"]),
        "txid": written.get("tx_hash"),
        "timestamp": written["occurred_at"],
        "comment": written.get("memo"),
        "to": (ours if incoming else theirs),
        "from": (theirs if incoming else ours),
        "tag": kept.get("tagTo", kept.get("tag")) if incoming else tag,
    }
    return {**back, **{name: kept.get(name) for name in ("status", "fee", "internal", "updated")}}


@pytest.mark.parametrize("item", SAMPLES, ids=[f"{one['exchange']}-{one['type']}" for one in SAMPLES])
def test_nothing_of_a_unified_transaction_is_lost(item: dict[str, Any]) -> None:
    transfer, written = converted(item)
    exact = json.loads(json.dumps(item), parse_float=Decimal)
    wanted = {name: exact[name] for name in ("id", "type", "currency", "network", "txid", "timestamp", "comment")}
    wanted |= {name: exact[name] for name in ("status", "fee", "internal", "updated")}
    wanted |= {"amount": Decimal(str(item["amount"])), "to": item["addressTo"] or item["address"]}
    wanted |= {"from": item["addressFrom"], "tag": item["tagTo"] or item["tag"]}
    assert unified(written) == wanted
    assert transfer.value_usd == f"{Decimal(str(item['amount'])) * PRICES[item['currency']]:.6f}"
    assert transfer.kind.value == item["type"]


def test_the_samples_are_of_eight_exchanges_and_of_every_variety() -> None:
    assert len({one["exchange"] for one in SAMPLES}) == 8
    assert Counter(one["type"] for one in SAMPLES).keys() == {"deposit", "withdrawal"}
    assert {one["status"] for one in SAMPLES} == {"ok", "pending", "failed"}
    assert any(one["tag"] for one in SAMPLES)
    assert any(one["fee"] for one in SAMPLES)
    assert {"BEP20", "TRC20", "TRX(TRC20)", "Polygon(POL)", "ERC20", "BTC", "XRP", None} <= {
        one["network"] for one in SAMPLES
    }


def test_every_network_spelling_leaves_addresses_readable() -> None:
    for item in SAMPLES:
        transfer, _ = converted(item)
        for address in (*transfer.addresses, transfer.own_address):
            if address is not None and not address.isdigit():  # OKX names internal senders by a number
                assert canonical(address, transfer.network)


def test_a_deposit_and_a_withdrawal_of_the_same_number_are_two_events() -> None:
    ids = [converted(one)[0].event_id for one in SAMPLES if one["exchange"] == "okx"]
    assert ids == ["deposit:4703879", "4703879"]


def test_deposits_without_an_id_in_one_transaction_are_told_apart_and_known_again() -> None:
    item = next(one for one in SAMPLES if one["exchange"] == "bybit" and one["type"] == "deposit")
    once, again = converted(item)[0].event_id, converted({**item, "updated": 5})[0].event_id
    other = converted({**item, "amount": 45.0})[0].event_id
    assert once == again != other
    assert len(once) <= 128
    assert len(converted({**item, "txid": "x" * 300})[0].event_id) <= 128


def test_only_the_wanted_statuses_are_taken_and_the_others_counted() -> None:
    text = "\n".join(json.dumps(one) for one in SAMPLES).encode()
    for wanted in ({"ok"}, {"pending"}, {"ok", "pending"}):
        chosen = options(statuses=frozenset(wanted))
        lines = [line for chunk in read_ccxt(io.BytesIO(text), chosen) for line in chunk]
        assert {json.loads(line)["ccxt"]["status"] for line in lines} == wanted
        assert len(lines) + chosen.left_out == len(SAMPLES)


def test_both_ends_are_kept_where_address_says_something_else() -> None:
    item = {**SAMPLES[1], "address": "rOther", "addressTo": "rTo", "tag": "1", "tagTo": "2"}
    _, written = converted(item)
    assert (written["addresses"], written["tag"]) == (["rTo"], "2")
    assert written["ccxt"]["address"] == "rOther"
    assert written["ccxt"]["tag"] == "1"


def test_the_raw_answer_stays_out() -> None:
    assert "info" not in json.dumps(from_ccxt({**SAMPLES[0], "info": {"secret": 1}}, options()))


IVMS: dict[str, Any] = {
    "beneficiary": {
        "beneficiaryPersons": [
            {
                "legalPerson": {
                    "name": {
                        "nameIdentifier": [{"legalPersonName": "KOREA SOBAEKSU", "legalPersonNameIdentifierType": "LEGL"}]
                    },
                    "countryOfRegistration": "KP",
                }
            }
        ]
    }
}


def test_ivms101_data_beside_a_transaction_becomes_its_counterparty() -> None:
    transfer, _ = converted({**SAMPLES[1], "ivms101": IVMS})
    assert transfer.kind is Kind.WITHDRAWAL
    assert transfer.counterparty == Party(name="KOREA SOBAEKSU", type=transfer.counterparty.type, country="KP")  # type: ignore[union-attr]


def test_ivms101_data_that_cannot_be_read_is_a_dead_letter_and_never_nobody() -> None:
    with pytest.raises(BadTransfer, match="counterparty"):
        converted({**SAMPLES[1], "ivms101": {"beneficiary": {"beneficiaryPersons": "somebody"}}})
