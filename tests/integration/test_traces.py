"""Traces of a real worker: they arrive at a collector, lead from the exchange's trace to the verdict, and stop nothing."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from confluent_kafka import Producer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from running import Worker, committed, lockgate, messages, send_transfers, transfer, wait_until

from streams.components import Kafka, Redis
from streams.components.network import free_port

pytestmark = pytest.mark.integration

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
STEPS = {"poll", "decode", "load", "judge", "commit", "publish"}


@contextmanager
def collector() -> Iterator[tuple[str, list[Span]]]:
    """An OTLP receiver at an address, and the spans it was given."""
    spans: list[Span] = []

    class Receiver(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                spans.extend(span for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def headers_of_verdicts(bootstrap: str) -> dict[str, dict[str, bytes]]:
    """The headers of each verdict, by its event."""
    return {
        json.loads(one.value() or b"")["event_id"]: dict(one.headers() or [])  # type: ignore[arg-type]
        for one in messages(bootstrap, "lockgate.verdicts")
    }


def test_a_trace_leads_from_the_exchange_to_the_verdict_and_a_collector_that_is_away_stops_nothing(tmp_path: Path) -> None:
    with Kafka(tmp_path / "kafka") as kafka, Redis(tmp_path / "redis") as redis, collector() as (address, spans):
        environment = {
            "LOCKGATE_KAFKA": kafka.bootstrap,
            "LOCKGATE_REDIS": redis.url,
            "LOCKGATE_TRACES": address,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        assert lockgate(environment, "topics", "create", "--partitions", "1").returncode == 0
        worker = Worker("traced", tmp_path, environment)
        worker.start()
        try:
            wait_until(lambda: worker.ready, 60, "a ready worker")
            producer = Producer({"bootstrap.servers": kafka.bootstrap})
            sent = transfer(1)
            key = sent["account_id"].encode()
            producer.produce(
                "exchange.withdrawals", json.dumps(sent).encode(), key, headers=[("traceparent", PARENT.encode())]
            )
            assert producer.flush(30) == 0
            wait_until(lambda: any(span.links for span in spans), 30, "a linked round at the collector")
        finally:
            assert worker.stop() < 10
        [root] = [span for span in spans if span.links]
        assert root.links[0].trace_id.hex() == PARENT.split("-")[1]
        assert {span.name for span in spans if span.parent_span_id == root.span_id} == STEPS
        headers = headers_of_verdicts(kafka.bootstrap)
        assert headers["event-1"]["traceparent"].startswith(f"00-{root.trace_id.hex()}-{root.span_id.hex()}-".encode())
        assert "acct-" not in str(spans)

        away = Worker("away", tmp_path, {**environment, "LOCKGATE_TRACES": f"http://127.0.0.1:{free_port()}"})
        away.start()
        try:
            wait_until(lambda: away.ready, 60, "a ready worker")
            send_transfers(kafka.bootstrap, [transfer(number) for number in range(2, 500)])
            wait_until(lambda: len(committed(kafka.bootstrap, "lockgate.verdicts")) == 499, 60, "every verdict")
        finally:
            assert away.stop() < 10
        audit = lockgate(environment, "audit", "--json")
        assert json.loads(audit.stdout.splitlines()[-1])["clean"], audit
