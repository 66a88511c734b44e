"""Tiny runs of both benchmarks: that everybody is measured, and that nothing is left out. No rate is asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from streams.benchmarks import latency, pipeline
from streams.benchmarks.plots import plot_latency, plot_pipeline
from streams.benchmarks.progress import BenchmarkFailed, ProgressFile, Sample, Usage, measured
from streams.benchmarks.say import Say
from streams.benchmarks.transfers import lines
from streams.settings import ALERTS, DEADLETTERS, VERDICTS

_TRANSFERS = 50_000  # a worker takes 16,000 at once, and a rate takes two such transactions
_COMMAND = [sys.executable, "-c", "from streams.cli import main; main()", "bench"]


@pytest.mark.integration
def test_pipeline_measures_every_contestant_and_counts_every_withdrawal(tmp_path: Path) -> None:
    plan = pipeline.Plan(transfers=_TRANSFERS, accounts=2000, partitions=4, repeats=1, seconds=1.0)
    report = pipeline.run_pipeline(plan, Say())
    withdrawals = sum(json.loads(line)["kind"] == "withdrawal" for chunk in lines(_TRANSFERS, 2000) for line in chunk)
    runs = {run.contestant: run for run in report.runs}
    assert set(runs) == set(pipeline.CONTESTANTS) == set(report.per_second)
    assert all(run.per_second > 0 and run.seconds > 0 for run in report.runs)
    judged = runs[pipeline.LOCKGATE]
    assert judged.transfers < _TRANSFERS  # the first transaction is where the clock starts
    assert judged.facts[VERDICTS] == withdrawals
    assert judged.facts[DEADLETTERS] == 0
    assert judged.facts[ALERTS] > 0  # the scenario has laundering in it
    assert [ratio.name for ratio in report.ratios] == ["lockgate / faust-textbook", "lockgate / client-limit"]
    assert msgspec.json.decode(msgspec.json.encode(report), type=type(report)) == report
    plot_pipeline(report, tmp_path / "plot.svg")
    assert "faust-textbook" in (tmp_path / "plot.svg").read_text()


@pytest.mark.integration
def test_latency_times_every_withdrawal_after_the_warm_up(tmp_path: Path) -> None:
    plan = latency.Plan(rate=1000, seconds=2, accounts=500, partitions=4, repeats=1, warm_up_seconds=1, past=2000)
    report = latency.run_latency(plan, Say())
    assert [run.contestant for run in report.runs] == list(latency.CONTESTANTS)
    timed = [run.withdrawals for run in report.runs]
    assert all(0.3 * 2000 < count < 0.9 * 2000 for count in timed)  # withdrawals are about 60 % of the scenario
    for run in report.runs:
        assert list(run.percentiles_ms) == list(latency.PERCENTILES)
        assert sorted(run.percentiles_ms.values()) == list(run.percentiles_ms.values())
        assert run.percentiles_ms["p50"] > 0
        assert run.curve[-1][1] == run.percentiles_ms["max"]
    plot_latency(report, tmp_path / "plot.svg")
    assert "echo" in (tmp_path / "plot.svg").read_text()


def test_missing_java_ends_with_exit_code_3_and_says_what_to_install(tmp_path: Path) -> None:
    environment = {**os.environ, "JAVA_HOME": str(tmp_path), "LOCKGATE_CACHE": str(tmp_path), "PATH": str(tmp_path)}
    ended = subprocess.run([*_COMMAND, "pipeline"], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 3
    assert "is missing: apt-get install" in ended.stderr


def test_the_rate_counts_what_came_after_the_first_sample() -> None:
    run = measured("somebody", [Sample(10.0, 100), Sample(12.0, 300), Sample(14.0, 500)], Usage())
    assert (run.transfers, run.seconds, run.per_second) == (400, 4.0, 100.0)


def test_a_contestant_that_did_all_at_once_has_no_rate() -> None:
    with pytest.raises(BenchmarkFailed, match="somebody did all transfers at once"):
        measured("somebody", [Sample(10.0, 100), Sample(12.0, 100)], Usage())


def test_the_processor_time_of_two_workers_is_added_up() -> None:
    usage = Usage()
    for at in (0.0, 10.0):
        usage.note(at, {"contestant": at * 0.2, "contestant1": at * 0.3, "kafka": at})
    assert measured("pair", [Sample(0.0, 0), Sample(10.0, 1000)], usage).cpu_micros_per_transfer == 5000.0


def test_processor_time_is_read_between_two_samples() -> None:
    usage = Usage()
    for at, seconds in ((0.0, 1.0), (10.0, 2.0), (20.0, 6.0), (30.0, None)):
        usage.note(at, {"contestant": seconds})
    run = measured("somebody", [Sample(5.0, 0), Sample(15.0, 1000)], usage)
    assert run.cpu_seconds == {"contestant": 2.5}  # from 1.5 to 4.0
    assert run.cpu_micros_per_transfer == 2500.0


def test_what_other_processes_took_of_the_machine_is_told() -> None:
    usage = Usage()
    cores = os.cpu_count() or 1
    for at in (0.0, 10.0):
        usage.note(at, {"contestant": at * 0.2, "kafka": at * 0.1, "machine": at * (0.3 + 0.5 * cores)})
    assert usage.disturbed(0.0, 10.0) == pytest.approx(0.5)


def test_half_a_line_of_progress_is_left_for_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    path.write_text("1.5 10\n2.5 20\n3.")
    assert ProgressFile(path).samples() == [Sample(1.5, 10), Sample(2.5, 20)]


def test_the_measured_transfers_repeat() -> None:
    assert list(lines(2000, 50)) == list(lines(2000, 50))
    assert sum(map(len, lines(2000, 50))) == 2000
