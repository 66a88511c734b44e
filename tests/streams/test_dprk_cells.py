"""The DPRK pack on its own scenarios: workers of all four ways are named, honest look-alikes are not."""

from collections import defaultdict
from collections.abc import Iterator

import pytest

from rules.messages import Alert, AlertStatus, Severity
from streams.scenarios.cells import CELLS
from streams.scenarios.scoring import Score, alerts_of, score

SEEDS = (11, 12, 13)


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    return [score("dprk", seed=seed) for seed in SEEDS]


@pytest.mark.parametrize("way", CELLS)
def test_nine_of_ten_workers_of_each_way_are_named(scores: list[Score], way: str) -> None:
    named, all_of_them = (sum(counts) for counts in zip(*(one.accounts[way] for one in scores), strict=True))
    assert all_of_them >= 30
    assert named >= all_of_them * 0.9


def test_hardly_any_honest_look_alike_is_named(scores: list[Score]) -> None:
    honest = [counts for one in scores for kind, counts in one.accounts.items() if kind.startswith("benign:")]
    assert sum(all_of_them for _, all_of_them in honest) >= 500
    assert sum(named for named, _ in honest) <= 0.02 * sum(all_of_them for _, all_of_them in honest)


def test_nobody_else_is_named(scores: list[Score]) -> None:
    assert [one.others for one in scores] == [0] * len(SEEDS)


def stories() -> Iterator[list[Alert]]:
    told = defaultdict(list)
    for alert in alerts_of("dprk", seed=SEEDS[0])[0]:
        if alert.rule_id.startswith("dprk."):
            told[alert.account_id, alert.rule_id].append(alert)
    yield from told.values()


def test_each_worker_is_one_story_whose_severity_only_rises() -> None:
    order = list(Severity)
    for first, *updates in stories():
        assert first.status is AlertStatus.NEW
        assert all(update.refers_to == first.alert_id for update in updates)
        grades = [order.index(alert.severity) for alert in (first, *updates)]
        assert grades == sorted(set(grades))


def test_evidence_is_short_and_nearly_all_of_it_of_the_cell() -> None:
    _, labels = alerts_of("dprk", seed=SEEDS[0])
    cells = [label for label in labels.values() if label.type in CELLS]
    cited = [
        (len(alert.evidence), sum(one.event_id in cell.events for one in alert.evidence))
        for alerts in stories()
        for cell in cells
        if alerts[0].account_id in cell.accounts
        for alert in alerts
    ]
    assert len(cited) >= 40
    assert max(count for count, _ in cited) <= 20
    assert sum(of_cell for _, of_cell in cited) >= 0.95 * sum(count for count, _ in cited)
