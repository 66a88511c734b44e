"""`lockgate bench state` on a small scenario and a real Redis."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from streams.cli.bench import bench
from streams.scenarios import scenario

DAYS = 20
ROOM_AHEAD = 0.2  # what Redis takes ahead when a value grows


@pytest.mark.integration
def test_each_copy_has_customers_of_its_own_and_takes_as_much(tmp_path: Path) -> None:
    transfers = list(scenario("exchange", accounts=40, days=DAYS).transfers())
    file = tmp_path / "transfers.jsonl"
    file.write_bytes(b"".join(msgspec.json.encode(transfer) + b"\n" for transfer in transfers))
    once, thrice = (_report(file, copies) for copies in (1, 3))
    assert once["transfers"] == len(transfers) and thrice["transfers"] == 3 * len(transfers)
    assert thrice["accounts"] == 3 * once["accounts"] == 3 * len({transfer["account_id"] for transfer in transfers})
    for kind in ("profiles", "met"):
        assert thrice["kinds"][kind]["keys"] == 3 * once["kinds"][kind]["keys"]
        assert thrice["kinds"][kind]["bytes"] == pytest.approx(
            3 * once["kinds"][kind]["bytes"], rel=0.2
        )  # appending makes room ahead
    assert once["commands_a_transfer"] > 0 and once["bytes_an_account"] > 0


def _report(file: Path, copies: int) -> dict:  # type: ignore[type-arg]
    done = CliRunner().invoke(bench, ["state", str(file), "--copies", str(copies), "--json"])
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))
