"""A name that is found at a transfer is found among the names told before, when it is listed later."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

import pytest
from faker import Faker
from hypothesis import given
from hypothesis import strategies as st
from test_names_official_data import cases, index

from rules.lists import EntryKind, ListEntry, SanctionsList, merge
from rules.name_keys import candidates, name_id, name_keys, sought_words
from rules.names import NameIndex
from rules.past import alike

__all__ = ["cases", "index"]  # fixtures

MATCH = 0.78
DRAWN = 250
STRANGERS = 6_000
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def stored(names: Iterable[str]) -> Mapping[str, Sequence[bytes]]:
    found: defaultdict[str, list[bytes]] = defaultdict(list)
    for name in names:
        for key in name_keys(name):
            found[key].append(name_id(name))
    return found


def strangers(count: int) -> list[str]:
    """People on no list, many of whom share their words."""
    draw = Random(2)
    pools = []
    for locale in ("en_US", "de_DE", "ru_RU", "es_ES", "ko_KR", "zh_CN", "ar_SA"):
        faker = Faker(locale)
        faker.seed_instance(1)
        pools.append([faker.name().split() for _ in range(300)])
    found = []
    for _ in range(count):
        pool = draw.choice(pools)
        found.append(" ".join((draw.choice(pool)[0], *draw.choice(pool)[1:])))
    return found


def test_what_is_found_at_a_transfer_is_found_in_the_past(index: NameIndex, cases: list[dict[str, Any]]) -> None:
    listed = {entry.entry_id: entry for _, entry in index._entries}
    drawn = Random(7).sample([one for one in cases if one["expected_entity_id"] in listed], DRAWN)
    live = [
        (one["query"], one["expected_entity_id"])
        for one in drawn
        if any(match.entry.entry_id == one["expected_entity_id"] for match in index.search(one["query"], threshold=MATCH))
    ]
    known = stored([*(query for query, _ in live), *strangers(STRANGERS)])
    ids = sorted({entry_id for _, entry_id in live})
    small = {}
    for at in range(0, len(ids), 50):
        delta = [listed[each] for each in ids[at : at + 50]]
        small |= dict.fromkeys(ids[at : at + 50], NameIndex(merge([SanctionsList.of("TEST", delta)])))
    met = {each: set(alike([listed[each]], known)) for each in ids}
    missed = [
        query
        for query, entry_id in live
        if name_id(query).hex() not in met[entry_id]
        or not any(match.entry.entry_id == entry_id for match in small[entry_id].search(query, threshold=MATCH))
    ]
    assert len(live) > DRAWN * 0.9
    assert len(missed) <= 0.02 * len(live), missed


@cache
def index_of(name: str) -> NameIndex:
    entry = ListEntry(entry_id="1", name=name, source="TEST", kind=EntryKind.INDIVIDUAL)
    return NameIndex(merge([SanctionsList.of("TEST", [entry])]))


@pytest.mark.parametrize("name", ["KIM, Se Un", "SOBAEKSU", "PRIGOZHIN, Yevgeniy Viktorovich", "AL-RIMI, Qasim"])
@given(data=st.data())
def test_one_slip_hides_no_name_that_is_found_at_a_transfer(name: str, data: st.DataObject) -> None:
    at, letter = data.draw(st.integers(0, len(name) - 1)), data.draw(st.sampled_from(LETTERS))
    slip = data.draw(st.sampled_from((name[:at] + name[at + 1 :], name[:at] + letter + name[at:])))
    if index_of(name).search(slip, threshold=MATCH):
        assert name_id(slip) in candidates(sought_words(name), stored([slip]))


@pytest.mark.parametrize(
    "spelling",
    ["Kim Se-un", "Kim Sewoon", "Seun Kim", "김세운", "金世恩", "Gim Se Un", "S. U. Kim", "KlM SE UN"],
)
def test_spellings_of_a_korean_name_are_sought(spelling: str) -> None:
    assert name_id(spelling) in candidates(sought_words("KIM, Se Un"), stored([spelling]))


def test_strangers_are_no_candidates_but_for_a_few() -> None:
    known = stored(strangers(STRANGERS))
    entry = ListEntry(entry_id="1", name="KIM, Se Un", source="TEST", kind=EntryKind.INDIVIDUAL)
    assert len(alike([entry], known)) < STRANGERS * 0.05
