"""`lockgate demo` as a newcomer runs it, and real messages from Kafka against the published schemas."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from streams.components.embedded import tansu_program
from streams.components.kafka_libs import java, kafka_libs

pytestmark = pytest.mark.integration

PROGRAM = [sys.executable, "-c", "from streams.cli import main; main()"]
SCHEMAS = Path(__file__).resolve().parents[2] / "deploy" / "schemas"
WITHIN_SECONDS = 60  # what the demo promises


def environment(tmp_path: Path, **settings: str) -> dict[str, str]:
    """Nothing of the settings of whoever runs the tests, and temporary files where they can be counted."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOCKGATE_")}
    return {**inherited, "TMPDIR": str(tmp_path), **settings}


def test_the_demo_finds_everything_within_a_minute_and_leaves_nothing_behind(tmp_path: Path) -> None:
    tansu_program()
    started = time.monotonic()
    done = subprocess.run(
        [*PROGRAM, "demo"],
        env=environment(tmp_path, LOCKGATE_KAFKA="nowhere:1", LOCKGATE_RULES="/absent"),
        capture_output=True,
        text=True,
        timeout=2 * WITHIN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - started < WITHIN_SECONDS
    for shown in ("REJECT", "LAZARUS GROUP", "laundering.structuring", "laundering.pass_through", "DEAD LETTER", "Try next"):
        assert shown in done.stdout, done.stdout
    rows = dict(re.findall(r"│ (\w+)[^│]*│ +([\d,]+ │ +[\d,]+) │", done.stdout))
    for name in ("deposits", "withdrawals", "sent", "not", "together"):
        fed, judged = (part.strip() for part in rows[name].split("│"))
        assert fed == judged != "0"
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_demo_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    tansu_program()
    with subprocess.Popen(
        [*PROGRAM, "demo"], env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline().startswith(b"Up after")
        demo.send_signal(number)
        rest, errors = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert rest.endswith(b"stopped\n")
    assert b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def kept() -> Iterator[dict[str, str]]:
    """A demo on Apache Kafka that stays; yields the environment that leads to it."""
    java()
    kafka_libs()
    with tempfile.TemporaryDirectory(prefix="kept-") as name:
        folder = Path(name)
        command = [*PROGRAM, "demo", "--keep", "--kafka", "real"]
        with subprocess.Popen(command, env=environment(folder), stdout=subprocess.PIPE, text=True) as demo:
            assert demo.stdout is not None
            exports: dict[str, str] = {}
            for line in demo.stdout:
                if found := re.fullmatch(r" +export (\w+)=(\S+)\n", line):
                    exports[found[1]] = found[2]
                if line.startswith("Try next"):
                    break
            yield environment(folder, **exports)
            demo.send_signal(signal.SIGINT)
            demo.communicate(timeout=60)
        assert demo.returncode == 0
        assert list(folder.iterdir()) == []


def lockgate(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*PROGRAM, *arguments], env=environ, capture_output=True, timeout=180, check=False)


@pytest.mark.parametrize(
    ("command", "contract", "fewest"),
    [("alerts", "alert", 8), ("verdicts", "verdict", 500), ("deadletters", "deadletter", 1)],
)
def test_what_a_worker_sends_over_kafka_fits_the_published_schema(
    kept: dict[str, str], command: str, contract: str, fewest: int
) -> None:
    done = lockgate(kept, command, "--from-beginning", "--idle-exit", "2", "--json")
    assert done.returncode == 0, done
    messages: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(messages) >= fewest
    schema = json.loads((SCHEMAS / f"{contract}.v1.schema.json").read_bytes())
    validator = jsonschema.Draft202012Validator(schema)
    for message in messages:
        validator.validate(message)
        assert set(message) == set(schema["properties"])


def test_the_doctor_finds_nothing_wrong_with_what_the_demo_set_up(kept: dict[str, str]) -> None:
    done = lockgate(kept, "doctor", "--json")
    assert done.returncode == 0, done.stdout.decode()
    assert {json.loads(line)["level"] for line in done.stdout.splitlines()} == {"ok", "warn"}
