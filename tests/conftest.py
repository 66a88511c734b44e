"""Real servers for the tests, data for those that need it, and a loud word about what could not run.

A test whose component is not installed is skipped, and what that cost is shown again at the end. With CI=true it is an
error instead: a green run there has left nothing out. Tests that kill or stop a server start one of their own.
"""

import os
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from streams.components import ComponentMissing, EmbeddedBroker, Kafka, Redis

# brokers that live for seconds: the quickest start wins, which takes 4 instead of 7 seconds of processor time
os.environ.setdefault("KAFKA_JVM_PERFORMANCE_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Djava.awt.headless=true")

settings.register_profile("lockgate", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("lockgate")

ROOT = Path(__file__).resolve().parents[1]
_MISSING = "missing component: "


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--storm", action="store_true", help="let the fault tests kill things for minutes, not seconds")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, None, None]:
    """Skip a test whose fixtures miss a component."""
    yield from _skipping_what_misses_a_component()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Skip a test that starts a server itself and misses the component."""
    yield from _skipping_what_misses_a_component()


def _skipping_what_misses_a_component() -> Generator[None, None, None]:
    try:
        yield
    except ComponentMissing as missing:
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            raise
        pytest.skip(f"{_MISSING}{missing}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each component that was not there, and the number of tests that did not run for it."""
    reasons = (str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []))
    missing = Counter(reason.partition(_MISSING)[2] for reason in reasons if _MISSING in reason)
    if missing:
        terminalreporter.section("components that were not there", sep="!", red=True, bold=True)
    for component, tests in missing.most_common():
        terminalreporter.line(f"SKIPPED COMPONENT: {component} (tests that did not run: {tests})", red=True)


@pytest.fixture(scope="session")
def storm(request: pytest.FixtureRequest) -> bool:
    """Whether the fault tests may take long."""
    return bool(request.config.getoption("--storm"))


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One real Kafka broker for all tests; each takes topics of its own."""
    with Kafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """One real Redis for all tests; each takes keys of its own or calls `flush` first."""
    with Redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """One embedded broker, without transactions, for all tests; each takes topics of its own."""
    with EmbeddedBroker(tmp_path_factory.mktemp("embedded")) as server:
        yield server


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with the official lists and data sets: LOCKGATE_DATA, by default ../shared/data beside the checkout.

    It is too large to ship, so that its absence is a skip everywhere; a LOCKGATE_DATA that leads nowhere is an error.
    """
    given = os.environ.get("LOCKGATE_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if folder.is_dir():
        return folder
    if given:
        pytest.fail(f"LOCKGATE_DATA={given} is not a folder")
    pytest.skip(f"{_MISSING}data sets (no folder {folder}; LOCKGATE_DATA names another)")
