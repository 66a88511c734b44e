"""A worker that is told to stop while there is nothing to judge yet."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from streams.components.network import free_port

_PATIENCE_SECONDS = 60.0


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_waits_for_kafka_ends_in_order_when_told_to_stop(tmp_path: Path, told: signal.Signals) -> None:
    port, log = free_port(), tmp_path / "log"
    environment = {**os.environ, "LOCKGATE_KAFKA": f"127.0.0.1:{free_port()}", "LOCKGATE_HTTP": f"127.0.0.1:{port}"}
    command = [sys.executable, "-c", "from streams.cli import main; main()", "worker"]
    with log.open("wb") as written, subprocess.Popen(command, env=environment, stderr=written, cwd=tmp_path) as worker:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _waits_for_kafka(port):
            assert worker.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        worker.send_signal(told)
        assert worker.wait(_PATIENCE_SECONDS) == 0
    assert "Traceback" not in log.read_text()
    assert "Aborted" not in log.read_text()


def _waits_for_kafka(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2)
    except httpx.HTTPError:
        return False
    return answer.status_code == 503 and "Kafka" in answer.text
