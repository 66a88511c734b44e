"""Every listed address, in every spelling of its chain, through the engine: as source of a deposit, as destination."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest
from ofac_files import address_text, cut, sdn_row, write
from spellings import spellings_of

from rules.engine import AccountsEngine
from rules.knowledge import Knowledge
from rules.lists import Watchlist
from rules.messages import Decision
from streams.listfeed import load_lists
from streams.rulefiles import load_rules
from streams.screening import Screening

JUDGED_MS = 1_787_000_000_000


@pytest.fixture(scope="module")
def published(data_dir: Path) -> list[tuple[str, str, str]]:
    with (data_dir / "ofac_addresses_2026-08" / "addresses.csv").open(newline="") as file:
        return [(row["ofac_uid"], row["currency"], row["address"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def watchlist(published: list[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory) -> Watchlist:
    folder = tmp_path_factory.mktemp("sdn")
    by_entry = defaultdict(list)
    for entry_id, currency, address in published:
        by_entry[entry_id].append((currency, address))
    parts = {entry_id: cut(entry_id, address_text(addresses)) for entry_id, addresses in by_entry.items()}
    write(folder / "SDN.CSV", [sdn_row(entry_id, "PARTY", remarks=text) for entry_id, (text, _) in parts.items()])
    write(folder / "SDN_COMMENTS.CSV", [row for _, rows in parts.values() for row in rows])
    return load_lists([str(folder)])


def line(number: int, kind: str, address: str, network: str | None) -> bytes:
    return json.dumps(
        {
            "event_id": f"{kind}-{number}",
            "kind": kind,
            "account_id": f"account-{number % 500}",
            "asset": "XYZ",
            "network": network,
            "amount": "1",
            "value_usd": "25",
            "addresses": [address],
            "occurred_at": 1_786_000_000_000 + number,
        }
    ).encode()


def test_each_is_alerted_as_source_and_rejected_as_destination(
    published: list[tuple[str, str, str]], watchlist: Watchlist
) -> None:
    asked = [
        (address, spelling, network)
        for _, currency, address in published
        for spelling, network in (*spellings_of(address), (address, currency), (address, None))
    ]
    screening = Screening(AccountsEngine(load_rules(), Knowledge(watchlist)), "test")
    for kind in ("deposit", "withdrawal"):
        records = [(number, None, line(number, kind, *case[1:])) for number, case in enumerate(asked)]
        screened = screening.judge(records, JUDGED_MS)
        hits = {alert.evidence[0].event_id for alert in screened.alerts if alert.rule_id == "sanctions.direct_exposure"}
        missed = [case for number, case in enumerate(asked) if f"{kind}-{number}" not in hits]
        assert missed == []
        if kind == "withdrawal":
            assert {verdict.decision for verdict in screened.verdicts} == {Decision.REJECT}
            assert len(screened.verdicts) == len(asked)


def test_a_malformed_address_is_held_and_says_which_rule_was_not_evaluated(watchlist: Watchlist) -> None:
    screening = Screening(AccountsEngine(load_rules(), Knowledge(watchlist)), "test")
    bad = [("0x1234", "ethereum"), ("TXLAQ63Xg1NAzckPwKHvzw7CSEmLMEqcdX", "tron"), ("bc1qqqqqqqqq", "bitcoin")]
    screened = screening.judge([(n, None, line(n, "withdrawal", *case)) for n, case in enumerate(bad)], JUDGED_MS)
    for verdict in screened.verdicts:
        assert verdict.decision is Decision.HOLD
        assert "sanctions.direct_exposure" in {one.rule_id for one in verdict.rules_not_evaluated}
        assert "sanctions.direct_exposure" not in verdict.rules_run
