"""The worker's HTTP endpoints, over a real socket."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from streams import metrics
from streams.http import Health, serve


@pytest.fixture
def served() -> Iterator[tuple[str, Health]]:
    health = Health()
    server = serve("127.0.0.1", 0, health)
    yield f"http://127.0.0.1:{server.server_address[1]}", health
    server.shutdown()
    server.server_close()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # our own server
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_worker_is_ready_only_when_it_waits_for_nothing(served: tuple[str, Health]) -> None:
    url, health = served
    assert get(f"{url}/readyz") == (503, "starting\n")
    health.waiting_for = lambda: None
    assert get(f"{url}/readyz") == (200, "ready\n")
    health.waiting_for = lambda: "not judged: accounts[2]"
    assert get(f"{url}/readyz") == (503, "not judged: accounts[2]\n")


def test_a_turning_loop_is_healthy_and_a_stuck_one_is_not(
    served: tuple[str, Health], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, health = served
    health.beat()
    assert get(f"{url}/healthz") == (200, "ok\n")
    monkeypatch.setattr(health, "_beat", health._beat - 31)
    assert get(f"{url}/healthz")[0] == 503


def test_metrics_are_served_and_other_paths_are_not(served: tuple[str, Health]) -> None:
    url, _ = served
    metrics.REDIS_UP.set(1)
    status, text = get(f"{url}/metrics")
    assert status == 200
    assert "lockgate_redis_up 1.0" in text
    assert get(f"{url}/")[0] == 404
