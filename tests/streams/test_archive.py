"""The archive: what was in force comes back with the same hash, and nothing else passes for it."""

import logging
from datetime import date
from pathlib import Path

import pytest

from rules.examples import failures
from rules.knowledge import NOTHING, Knowledge
from rules.lists import ListedAddress, ListEntry, SanctionsList, merge
from streams.archive import Archive, NotArchived
from streams.knowledge import load_knowledge
from streams.rulefiles import load_rules


def watchlist(published: date) -> Knowledge:
    addresses = (ListedAddress(currency="ETH", address="0x098B716B8Aaf21512996dC57EB0615e2383E2f96"),)
    entry = ListEntry(entry_id="1", name="Example Party", source="x", addresses=addresses)
    return Knowledge(merge([SanctionsList.of("x", [entry], published=published)]))


def test_a_rule_set_comes_back_whole(tmp_path: Path) -> None:
    ruleset, archive = load_rules(), Archive(tmp_path)
    assert archive.keep(ruleset, NOTHING)
    again = archive.rules(ruleset.hash)
    assert again.hash == ruleset.hash
    assert [rule.about for rule in again.rules] == [rule.about for rule in ruleset.rules]
    assert not list(failures(again))


def test_lists_come_back_whole(tmp_path: Path) -> None:
    ruleset, archive = load_rules(), Archive(tmp_path)
    for knowledge in (load_knowledge(["demo"], []), watchlist(date(2026, 1, 1))):
        archive.keep(ruleset, knowledge)
        again = archive.knowledge(knowledge.identity)
        assert (again.identity, again.hash) == (knowledge.identity, knowledge.hash)
        assert again.watchlist is not None and knowledge.watchlist is not None
        assert again.watchlist.index == knowledge.watchlist.index
        assert again.reference.jurisdictions == knowledge.reference.jurisdictions
    assert archive.knowledge("") is NOTHING


def test_the_same_entries_published_on_another_day_are_kept_apart(tmp_path: Path) -> None:
    older, newer, archive = watchlist(date(2026, 1, 1)), watchlist(date(2026, 2, 1)), Archive(tmp_path)
    assert older.hash == newer.hash
    assert older.identity != newer.identity
    for knowledge in (older, newer):
        archive.keep(load_rules(), knowledge)
    restored = archive.knowledge(older.identity).watchlist
    assert restored is not None and restored.published == date(2026, 1, 1)


def test_what_was_changed_or_is_not_there_does_not_pass(tmp_path: Path) -> None:
    ruleset, archive, knowledge = load_rules(), Archive(tmp_path), watchlist(date(2026, 1, 1))
    for ask in (lambda: archive.rules(ruleset.hash), lambda: archive.knowledge(knowledge.identity)):
        with pytest.raises(NotArchived, match="not in"):
            ask()
    archive.keep(ruleset, knowledge)
    toml = tmp_path / "rules" / ruleset.hash / "laundering" / "structuring.toml"
    text = toml.read_text("utf-8")
    toml.write_text(text + "\n# changed\n", "utf-8")
    with pytest.raises(NotArchived, match="was changed"):
        archive.rules(ruleset.hash)
    toml.write_text("[", "utf-8")
    with pytest.raises(NotArchived, match=r"structuring"):
        archive.rules(ruleset.hash)
    (tmp_path / "lists" / f"{knowledge.identity}.gz").write_bytes(b"no")
    with pytest.raises(NotArchived, match="cannot be read"):
        archive.knowledge(knowledge.identity)


def test_a_folder_nobody_can_write_to_is_told_and_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.ERROR):
        assert not Archive(tmp_path / "file").keep(load_rules(), NOTHING)
    assert "cannot be archived" in caplog.text
