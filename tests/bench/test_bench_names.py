"""`lockgate bench names` on the small built-in list."""

import json

from click.testing import CliRunner

from streams.cli.bench import bench


def test_names_are_measured_beside_extract_one() -> None:
    done = CliRunner().invoke(bench, ["names", "--list", "demo", "--names", "200", "--extracted", "20", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["names"] == 200 and report["list_names"] > 5
    assert report["per_second"] > 0 and report["extract_one_per_second"] > 0
    assert {ratio["name"] for ratio in report["ratios"]} >= {"names a second", "p99 in ms, at most"}
