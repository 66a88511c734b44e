"""Disguised patterns: what a disguise does to the transfers, and that what is found of them is counted right."""

import json
import random
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from rules.engine import AccountsEngine
from rules.intake import Gate, Intake
from streams.cli.evasion import evasion
from streams.evasion.measure import Stage, measure_cell, typologies
from streams.evasion.mutations import MUTATIONS, STRENGTHS, Transfer
from streams.evasion.saved import read_saved
from streams.evasion.table import page
from streams.knowledge import load_knowledge
from streams.rule_catalogue import catalogue
from streams.rulefiles import load_rules
from streams.scenarios.layers import LAYERS
from streams.scenarios.onward import ONWARD

KINDS = ("structuring", "cycle", "dprk_whole")


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(1, KINDS, 2, accounts=10, days=60)


def pattern(stage: Stage, kind: str) -> list[Transfer]:
    return next(stage.patterns[name] for name, its in stage.types.items() if its == kind)


def disguised(transfers: list[Transfer], disguise: str, strength: int) -> list[Transfer]:
    return MUTATIONS[disguise](transfers, strength, random.Random(1))


def total(transfers: list[Transfer], kind: str) -> Decimal:
    return sum((Decimal(one["value_usd"]) for one in transfers if one["kind"] == kind), Decimal())


def span(transfers: list[Transfer]) -> float:
    times = [datetime.fromisoformat(one["occurred_at"]) for one in transfers]
    return (max(times) - min(times)).total_seconds()


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("disguise", MUTATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_disguise_gives_transfers_of_the_contract_under_ids_of_their_own(
    stage: Stage, kind: str, disguise: str, strength: int
) -> None:
    before = pattern(stage, kind)
    saved = json.dumps(before)
    made = disguised(before, disguise, strength)
    assert json.dumps(before) == saved
    assert disguised(before, disguise, strength) == made != before
    intake = Intake([], [])
    records: list[tuple[int, bytes | None, bytes | None]] = [
        (n, None, msgspec.json.encode(one)) for n, one in enumerate(made)
    ]
    Gate(keyed=False).admit("t", 0, records, intake)
    assert not intake.deadletters
    assert max(Counter(one["event_id"] for one in made).values()) == 1


def test_each_disguise_does_what_it_says(stage: Stage) -> None:
    before = pattern(stage, "structuring")
    parts = disguised(before, "split amounts", 3)
    assert len(parts) == 4 * len(before)
    assert abs(total(parts, "deposit") - total(before, "deposit")) < len(parts)
    for strength, most in zip(STRENGTHS, ("0.05", "0.10", "0.20", "0.40"), strict=True):
        shares = [
            Decimal(after["value_usd"]) / Decimal(one["value_usd"]) - 1
            for one, after in zip(before, disguised(before, "jitter", strength), strict=True)
        ]
        assert max(map(abs, shares)) <= Decimal(most)
    assert span(disguised(before, "delay", 4)) > 7 * span(before)
    fresh = disguised(before, "fresh addresses", 4)
    assert len({one["addresses"] for one in fresh}) == len(fresh)
    assert len({one["device_id"] for one in disguised(before, "new devices", 4)}) == len(before)
    life = disguised(before, "ordinary life", 2)
    assert len(life) == 3 * len(before)
    assert all(Decimal(one["value_usd"]) <= 600 for one in life[len(before) :])


def test_extra_hops_lead_to_the_same_place_by_accounts_that_pass_it_on(stage: Stage) -> None:
    before = pattern(stage, "structuring")
    (payout,) = [one for one in before if one["kind"] == "withdrawal"]
    chain = [one for one in disguised(before, "extra hops", 2) if one["event_id"].startswith(payout["event_id"])]
    assert [one["kind"] for one in chain] == ["withdrawal", "deposit", "withdrawal", "deposit", "withdrawal"]
    assert chain[-1]["addresses"] == payout["addresses"]
    assert len({one["account_id"] for one in chain}) == 3
    for sent, received in ((chain[0], chain[1]), (chain[2], chain[3])):
        assert sent["addresses"] == (received["own_address"],)
        assert received["addresses"] == (sent["own_address"],)
        assert sent["occurred_at"] < received["occurred_at"]


def test_layers_are_transfers_between_accounts_of_the_exchange() -> None:
    layers = Stage(2, tuple(LAYERS), 1, accounts=5, days=60)
    for name, transfers in layers.patterns.items():
        owners = {one["own_address"]: one["account_id"] for one in transfers}
        inside = [one for one in transfers if one["addresses"][0] in owners]
        assert len(inside) >= 6, name
        assert len(layers.accounts[name]) >= 4, name


def test_value_that_moves_on_is_found_by_the_rules_made_for_it() -> None:
    engine = AccountsEngine(load_rules(), load_knowledge(("demo",), ()))
    bare = measure_cell(Stage(3, tuple(ONWARD), 2, accounts=5, days=60), engine, ("", 0))
    assert {name: found.by_rule["exposure.indirect"] for name, found in bare.items() if name.startswith("exposed")} == {
        "exposed_source": 2,
        "exposed_destination": 2,
    }
    assert bare["peel_chain_outside"].by_rule["laundering.peel_chain"] == 2


def test_a_pattern_is_found_by_the_rule_made_for_it(stage: Stage) -> None:
    engine = AccountsEngine(load_rules(), load_knowledge(("demo",), ()))
    bare = measure_cell(stage, engine, ("", 0))
    assert set(bare) == set(KINDS)
    assert bare["structuring"].by_rule["laundering.structuring"] == bare["structuring"].planted == 2
    assert all(found.read <= found.told <= found.planted for found in bare.values())
    assert set(typologies()) >= {*KINDS, *LAYERS, *ONWARD}


def test_the_command_prints_a_row_for_each_disguise_strength_and_typology() -> None:
    size = ["--each", "1", "--accounts", "5", "--days", "30", "--processes", "1", "--disguise", "jitter"]
    result = CliRunner().invoke(evasion, [*size, "--json"])
    assert result.exit_code == 0, result.exception
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert {row["strength"] for row in rows} == {0, *STRENGTHS}
    assert {row["typology"] for row in rows} == set(typologies())


def test_what_is_saved_in_the_repository_is_of_this_form() -> None:
    root = Path(__file__).parents[2]
    saved = read_saved(root / "docs" / "evasion.json")
    assert saved is not None
    said = saved.said_of("laundering.structuring")
    planted = saved.found("", 0)["structuring"].planted
    assert said is not None and f"structuring {planted} of {planted}" in said
    assert said in catalogue(load_rules(), saved)
    assert (root / "docs" / "evasion.md").read_text("utf-8") == page(saved)
