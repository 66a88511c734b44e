"""What Lockgate relies on in Faust and aiokafka without their promise: an upgrade that changes it is noticed here."""

import inspect

import aiokafka.producer.sender
from aiokafka.consumer.consumer import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher, FetchResult
from aiokafka.producer.producer import AIOKafkaProducer
from aiokafka.producer.transaction_manager import TransactionManager
from faust.transport.consumer import Consumer
from faust.transport.drivers import aiokafka as driver

from streams.delivery import publisher


def test_the_pause_between_two_transactions_is_the_short_one() -> None:
    assert publisher.AIOKafkaProducer is AIOKafkaProducer
    assert aiokafka.producer.sender.BACKOFF_OVERRIDE == 0.002
    handler = inspect.getsource(aiokafka.producer.sender.AddPartitionsToTxnHandler)
    assert "return BACKOFF_OVERRIDE" in handler


def test_partitions_of_a_transaction_can_be_announced_together() -> None:
    assert list(inspect.signature(TransactionManager.maybe_add_partition_to_txn).parameters) == ["self", "tp"]
    assert "_txn_manager" in inspect.getsource(AIOKafkaProducer.begin_transaction)
    for failed in (
        TransactionManager.error_transaction,
        TransactionManager.fatal_error,
    ):  # and who waits for the end is told
        assert "self._transaction_waiter.set_exception(exc)" in inspect.getsource(failed)


def test_the_isolation_level_is_read_when_the_consumer_starts() -> None:
    assert "isolation_level=self._isolation_level" in inspect.getsource(AIOKafkaConsumer.start)


def test_end_offsets_respect_the_isolation_level() -> None:
    assert "isolation_level" in inspect.getsource(Fetcher._proc_offset_request)


def test_fetched_records_moves_positions_without_awaiting_afterwards() -> None:
    """`BatchThread._fetch_records` relies on positions moving in the same step that returns the records."""
    assert not inspect.iscoroutinefunction(FetchResult.getall)
    assert "_update_position" in inspect.getsource(FetchResult.getall)


def test_faust_asks_the_consumer_to_seek_after_a_rebalance_and_when_the_flow_was_stopped() -> None:
    assert "self.perform_seek()" in inspect.getsource(Consumer.getmany)
    fetch = inspect.signature(driver.AIOKafkaConsumerThread._fetch_records)
    assert list(fetch.parameters) == ["self", "consumer", "active_partitions", "timeout", "max_records"]
    assert "_create_worker_consumer" in vars(driver.AIOKafkaConsumerThread)


def test_a_fetch_is_sent_by_a_method_that_can_be_held_back() -> None:
    """`BatchThread.on_start` puts `when_wanted` in its place, which relies on it being looked up for each fetch."""
    assert list(inspect.signature(Fetcher._proc_fetch_request).parameters) == ["self", "assignment", "node_id", "request"]
    assert "self._proc_fetch_request(assignment, node_id, request)" in inspect.getsource(Fetcher._fetch_requests_routine)
    assert "except asyncio.CancelledError" in inspect.getsource(Fetcher._proc_fetch_request)
    assert "self._fetcher = Fetcher(" in inspect.getsource(AIOKafkaConsumer.start)
