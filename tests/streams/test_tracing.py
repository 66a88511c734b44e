"""Traces of rounds: what spans say, whom they are linked to, and that nothing is done when nobody asked."""

import sys
from collections.abc import Iterator
from subprocess import run
from types import SimpleNamespace

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from streams import tracing
from streams.delivery.inbox import Chunk, Inbox
from streams.otel import OtelTracer
from streams.tracing import UNTRACED, Fetched

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"  # the example of W3C Trace Context
OTHER = b"00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
SECOND_NS = 1_000_000_000


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.trace_with(OtelTracer(SimpleSpanProcessor(exporter), share=1.0, worker="worker-1"))
    yield exporter
    tracing.trace_with(None)


def record(offset: int, *headers: tuple[str, bytes]) -> SimpleNamespace:
    return SimpleNamespace(offset=offset, headers=headers)


def test_a_round_is_one_trace_with_its_steps_from_the_first_poll_on(spans: InMemorySpanExporter) -> None:
    trace = tracing.begin(["accounts[0]"], 12, [Fetched(5 * SECOND_NS), Fetched(4 * SECOND_NS)], oldest_ms=1)
    for step in ("decode", "judge"):
        with trace.step(step):
            pass
    trace.judged({"verdicts": 3})
    trace.end()
    found = {span.name: span for span in spans.get_finished_spans()}
    assert found.keys() == {"round", "poll", "decode", "judge"}
    root = found["round"]
    assert (root.parent, root.start_time, found["poll"].start_time) == (None, 4 * SECOND_NS, 4 * SECOND_NS)
    assert {span.parent.span_id for span in found.values() if span.parent} == {root.context.span_id}
    assert root.attributes is not None
    told = dict(root.attributes)
    assert told.pop("lockgate.oldest_record_ms") > 0  # type: ignore[operator]
    assert told == {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.batch.message_count": 12,
        "lockgate.partitions": ("accounts[0]",),
        "lockgate.verdicts": 3,
    }
    [(name, value)] = trace.headers
    assert (name, value[:52]) == ("traceparent", f"00-{root.context.trace_id:032x}-{root.context.span_id:016x}".encode())
    assert int(value[53:], 16) & 1, "sampled"


def test_a_round_is_linked_to_the_traces_that_its_records_belong_to(spans: InMemorySpanExporter) -> None:
    fetched = Fetched(1, ((7, PARENT), (8, PARENT), (9, OTHER)))
    tracing.begin([], 3, [fetched], 0).end()
    [root] = [span for span in spans.get_finished_spans() if span.name == "round"]
    assert [f"{link.context.trace_id:032x}"[0] for link in root.links] == ["0", "1"]


@pytest.mark.parametrize(
    "broken",
    [b"", b"nonsense", PARENT[:-1], PARENT.upper(), PARENT + b"-more", b"ff" + PARENT[2:], b"00-" + b"0" * 32 + PARENT[35:]],
)
def test_a_traceparent_that_says_nothing_valid_is_no_link(spans: InMemorySpanExporter, broken: bytes) -> None:
    tracing.begin([], 1, [Fetched(1, ((7, broken),))], 0).end()
    assert not any(span.links for span in spans.get_finished_spans())


def test_an_error_is_noted_by_its_kind_and_not_by_its_words(spans: InMemorySpanExporter) -> None:
    trace = tracing.begin([], 1, [], 0)
    with pytest.raises(ValueError, match="account-7"), trace.step("judge"):
        raise ValueError("account-7")
    trace.end(ValueError("account-7"))
    failed = [span for span in spans.get_finished_spans() if span.name != "poll"]
    assert [(span.attributes or {})["error.type"] for span in failed] == ["ValueError", "ValueError"]
    assert "account-7" not in "".join(span.to_json() for span in failed)


def test_share_of_rounds(spans: InMemorySpanExporter) -> None:
    tracing.trace_with(OtelTracer(SimpleSpanProcessor(spans), share=0.0, worker="worker-1"))
    trace = tracing.begin([], 1, [], 0)
    trace.end()
    assert spans.get_finished_spans() == ()
    assert not int(trace.headers[0][1][53:], 16) & 1, "who goes on with it is told that it was not recorded"


def test_what_was_fetched_stays_with_its_records_when_a_chunk_is_cut(spans: InMemorySpanExporter) -> None:
    read = tracing.fetched([record(4), record(5, ("x", b"y"), ("traceparent", PARENT)), record(6, ("traceparent", OTHER))])
    assert read is not None and read.parents == ((5, PARENT), (6, OTHER))
    inbox = Inbox(("a",))
    inbox.open((0,))
    inbox.put(Chunk("a", 0, 0, 4, 7, [(offset, b"", b"") for offset in (4, 5, 6)], [1, 1, 1], read))
    first, second = inbox.take((4,), 2), inbox.take((6,), 2)
    assert [one.parents for taken in (first, second) for one in taken.fetched] == [((5, PARENT),), ((6, OTHER),)]


def test_nothing_is_done_when_nothing_is_traced() -> None:
    assert tracing.fetched([record(1, ("traceparent", PARENT))]) is None
    assert tracing.begin([], 1, [], 0) is UNTRACED
    with UNTRACED.step("judge"):
        UNTRACED.end()
    assert UNTRACED.headers == []


def test_a_worker_without_traces_does_not_even_import_what_makes_them() -> None:
    """The client of Redis imports parts of OpenTelemetry by itself where it is installed."""
    code = "import sys, streams.worker; sys.exit('streams.otel' in sys.modules or 'opentelemetry.exporter' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0
