"""The DPRK pack beyond the cells it was made on: other habits, shorter times."""

from collections.abc import Iterable

import pytest

from streams.scenarios.cells import CELLS
from streams.scenarios.scoring import Score, score


def share(scores: Iterable[Score], begins: str) -> float:
    counts = [counts for one in scores for kind, counts in one.accounts.items() if kind.startswith(begins)]
    assert sum(all_of_them for _, all_of_them in counts) >= 40
    return sum(named for named, _ in counts) / sum(all_of_them for _, all_of_them in counts)


@pytest.fixture(scope="module")
def short() -> list[Score]:
    return [score("dprk", seed=seed, days=days) for seed in (21, 22) for days in (60, 90)]


@pytest.mark.parametrize("way", CELLS)
def test_nine_of_ten_workers_of_each_way_are_named_within_sixty_to_ninety_days(short: list[Score], way: str) -> None:
    assert share(short, way) >= 0.9


def test_hardly_any_honest_look_alike_is_named_within_sixty_to_ninety_days(short: list[Score]) -> None:
    assert share(short, "benign:") <= 0.02


@pytest.fixture(scope="module")
def wide() -> list[Score]:
    return [score("dprk_wide", seed=seed, days=days) for seed, days in ((31, 60), (32, 75), (33, 90), (34, 150))]


def test_most_workers_of_cells_of_any_habits_are_named(wide: list[Score]) -> None:
    assert share(wide, "wide_") >= 0.8


def test_hardly_any_honest_person_of_any_habits_is_named(wide: list[Score]) -> None:
    assert share(wide, "benign:") <= 0.02
