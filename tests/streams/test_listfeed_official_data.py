"""Whole official files, and every address OFAC lists in every spelling of its chain."""

import csv
import random
from collections import defaultdict
from pathlib import Path

import pytest
from ofac_files import address_text, cut, sdn_row, write, xml_entry, xml_ids, xml_text
from spellings import KINDS, spellings_of

from rules.lists import Watchlist, merge
from streams.listfeed import load_list, load_lists


@pytest.mark.parametrize(
    ("folder", "primary", "entries", "aliases"),
    [("ofac_2019", "sdn.csv", 7379, None), ("ofac_2021", "sdn.csv", 8976, 11910),
     ("ofac_consolidated", "cons_prim.csv", 442, 1073)],
)  # fmt: skip
def test_official_set_loads_with_every_entry_accounted_for(
    data_dir: Path, folder: str, primary: str, entries: int, aliases: int | None
) -> None:
    (loaded,) = load_list(str(data_dir / folder))
    with (data_dir / folder / primary).open(encoding="ascii", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) > 1]
    assert len(loaded.entries) + len(loaded.left_out) == len(rows) == entries
    assert {entry.entry_id for entry in loaded.entries} == {row[0] for row in rows}
    if aliases is not None:
        assert sum(alias.strength == "strong" for entry in loaded.entries for alias in entry.aliases) == aliases


def test_addresses_of_2021_are_all_found_behind_the_cuts(data_dir: Path) -> None:
    (loaded,) = load_list(str(data_dir / "ofac_2021"))
    assert sum(loaded.addresses_by_currency.values()) == 96
    found = loaded.match("1GqChmWqGtsaLrGbHfgdrV5Nkvahtjjuxr", "bitcoin")
    assert found is not None and found.entry_id == "30518"


@pytest.fixture(scope="module")
def listed(data_dir: Path) -> dict[str, list[tuple[str, str]]]:
    by_entry: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with (data_dir / "ofac_addresses_2026-08" / "addresses.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            by_entry[row["ofac_uid"]].append((row["currency"], row["address"]))
    return by_entry


@pytest.fixture(scope="module")
def current(listed: dict[str, list[tuple[str, str]]], tmp_path_factory: pytest.TempPathFactory) -> Watchlist:
    """The list of August 2026 in the official CSV form: its addresses with the remarks cut as OFAC cuts them."""
    folder = tmp_path_factory.mktemp("sdn")
    parts = {entry_id: cut(entry_id, address_text(addresses)) for entry_id, addresses in listed.items()}
    write(folder / "SDN.CSV", [sdn_row(entry_id, "PARTY", remarks=text) for entry_id, (text, _) in parts.items()])
    write(folder / "SDN_COMMENTS.CSV", [row for _, rows in parts.values() for row in rows])
    return load_lists([str(folder)])


def test_every_listed_address_hits_in_every_spelling(listed: dict[str, list[tuple[str, str]]], current: Watchlist) -> None:
    asked = 0
    for entry_id, addresses in listed.items():
        for currency, address in addresses:
            for spelling, network in (*spellings_of(address), (address, currency), (address, None)):
                found = current.match(spelling, network)
                assert found is not None, (address, spelling, network)
                assert entry_id in {each.entry_id for each in (found, *found.others)}
                asked += 1
    assert len({address for addresses in listed.values() for _, address in addresses}) == 961
    assert asked > 5000


def test_counts_of_the_list_agree_with_the_file(listed: dict[str, list[tuple[str, str]]], current: Watchlist) -> None:
    pairs = {pair for addresses in listed.values() for pair in addresses}
    assert sum(current.addresses_by_currency.values()) == len(pairs)
    assert current.entry_count == len(listed)
    assert sorted(each.currency for each in current.lists[0].literal_only) == ["XMR"]


def test_xml_and_csv_of_the_same_addresses_are_the_same_list(
    listed: dict[str, list[tuple[str, str]]], current: Watchlist, tmp_path: Path
) -> None:
    entries = [xml_entry(entry_id, "PARTY", inner=xml_ids(addresses)) for entry_id, addresses in listed.items()]
    (tmp_path / "SDN.XML").write_text(xml_text(entries))
    from_xml = load_lists([str(tmp_path)])
    assert from_xml.hash == current.hash
    assert len(merge([*from_xml.lists, *current.lists]).lists) == 1


def test_ten_thousand_other_addresses_give_no_hit(current: Watchlist) -> None:
    chance = random.Random(646)
    for _ in range(10_000):
        made = chance.choice(KINDS)(chance.randbytes(20))
        assert current.match(chance.choice(made.spellings), made.network) is None
        assert current.match(made.canonical) is None
