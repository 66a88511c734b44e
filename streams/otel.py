"""Traces as OpenTelemetry spans, sent to a collector by OTLP over HTTP. Imported only where traces are wanted.

Where they go besides the address (credentials, compression) is said in OpenTelemetry's own `OTEL_EXPORTER_OTLP_*`.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from threading import Thread
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from streams.tracing import TRACEPARENT, Fetched, Headers

_LINKS: Final = 128  # more the SDK drops
_CLOSING_SECONDS: Final = 1.5
_EXPORT_SECONDS: Final = 5
_parent: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?", re.ASCII).fullmatch


def tracer_to(endpoint: str, *, share: float, worker: str) -> "OtelTracer":
    """A tracer that sends to a collector in the background; when it cannot, spans are dropped and the log says so."""
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_EXPORT_SECONDS)
    return OtelTracer(BatchSpanProcessor(exporter), share=share, worker=worker)


class OtelTracer:
    """Makes spans of rounds. `share` of the rounds are recorded."""

    def __init__(self, processor: SpanProcessor, *, share: float, worker: str) -> None:
        facts = {"service.name": "lockgate", "service.version": version("lockgate"), "service.instance.id": worker}
        self._provider = TracerProvider(
            sampler=TraceIdRatioBased(share), resource=Resource.create(facts), shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("lockgate")

    def begin(self, partitions: Iterable[str], records: int, fetched: Sequence[Fetched], oldest_ms: int) -> "OtelRound":
        """Begin at the moment at which the first of the records was fetched."""
        now = time.time_ns()
        start = min((one.at_ns for one in fetched), default=now)
        root = self._tracer.start_span(
            "round",
            kind=SpanKind.CONSUMER,
            start_time=start,
            links=[Link(context) for context in _contexts(fetched)],
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.batch.message_count": records,
                "lockgate.partitions": list(partitions),
                "lockgate.oldest_record_ms": max(0, now // 1_000_000 - oldest_ms),
            },
        )
        begun = OtelRound(self._tracer, root)
        begun.waited(start, now)
        return begun

    def close(self) -> None:
        """Send what is left, if that is quick: with the collector away the SDK would take its time."""
        sending = Thread(target=self._provider.force_flush, daemon=True)
        sending.start()
        sending.join(_CLOSING_SECONDS)


class OtelRound:
    """The span of one round, and those of its steps."""

    def __init__(self, tracer: Tracer, root: Span) -> None:
        self._tracer = tracer
        self._root = root
        self._within = set_span_in_context(root)
        context = root.get_span_context()
        text = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
        self.headers: Headers = [(TRACEPARENT, text.encode())]

    def waited(self, since_ns: int, until_ns: int) -> None:
        """From the first poll that brought a record of the round to its beginning."""
        self._tracer.start_span("poll", self._within, start_time=since_ns).end(until_ns)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step of the round."""
        span = self._tracer.start_span(name, self._within)
        try:
            yield
        except BaseException as error:
            _note(span, error)
            raise
        finally:
            span.end()

    def judged(self, counts: Mapping[str, int]) -> None:
        """What came out."""
        self._root.set_attributes({f"lockgate.{name}": count for name, count in counts.items()})

    def end(self, error: BaseException | None = None) -> None:
        """The round is over."""
        if error is not None:
            _note(self._root, error)
        self._root.end()


def _note(span: Span, error: BaseException) -> None:
    """The kind of an error only: its text might quote what was judged."""
    span.set_status(Status(StatusCode.ERROR))
    span.set_attribute("error.type", type(error).__name__)


def _contexts(fetched: Sequence[Fetched]) -> list[SpanContext]:
    """The traces that the records belong to, each once, as far as they can be read."""
    found: dict[bytes, SpanContext] = {}
    for text in (text for one in fetched for _, text in one.parents):
        if text not in found and len(found) < _LINKS and (context := _context(text)) is not None:
            found[text] = context
    return list(found.values())


def _context(traceparent: bytes) -> SpanContext | None:
    """What a `traceparent` says (W3C Trace Context, section 3.2); None for one that says nothing valid."""
    read = _parent(traceparent)
    if read is None or read[1] == b"ff" or (read[1] == b"00" and len(traceparent) != 55):
        return None
    context = SpanContext(int(read[2], 16), int(read[3], 16), is_remote=True, trace_flags=TraceFlags(int(read[4], 16)))
    return context if context.is_valid else None
