"""The real Apache Kafka, one broker or three, for `make up`, the benchmark and the tests.

Measured on two cores with Kafka 4.1.2 and Java 17: one broker answers 3.8 s after `start` in a new folder, of
which 1 s is formatting, 5 s after `kill` and `start`, and takes 330 MB; three answer after 12 s and take 320
MB each.
"""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from streams.components.kafka_libs import deploy_file, java, kafka_libs
from streams.components.network import LOOPBACK, free_port, kafka_cluster, require_free
from streams.components.process import ComponentFailed
from streams.components.server import Component, Server

CLUSTER_ID = "lockgate-development-A"  # any 16 bytes, base64
# A broker as small as the tests allow, otherwise Kafka's own collector settings (bin/kafka-run-class.sh); as there,
# KAFKA_JVM_PERFORMANCE_OPTS takes the place of the latter.
HEAP_OPTIONS = ("-Xms256m", "-Xmx512m")
_PERFORMANCE = "-XX:+UseG1GC -XX:MaxGCPauseMillis=20 -Djava.awt.headless=true"
# The format tool runs for a second and does next to nothing: the quickest start wins.
_TOOL_OPTIONS = ("-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

_FORMAT_SECONDS = 60
_START_SECONDS = 120.0  # three brokers on two busy cores


class Broker(Server):
    """One node of a `Kafka`: broker and controller in one process."""

    def __init__(self, folder: Path, *, node: int, port: int, outlives_parent: bool) -> None:
        super().__init__(f"Kafka broker {node}", folder / "broker.log", port=port, outlives_parent=outlives_parent)
        self.folder = folder
        self.node = node
        self.controller_port = free_port()
        self._settings: Mapping[str, str] = {}

    def start(self) -> None:
        """Start the broker and wait until it is part of a cluster with a controller.

        Raises ComponentMissing or ComponentFailed.
        """
        self.launch()
        self.wait_until_joined(frozenset({self.node}))

    def configure(self, settings: Mapping[str, str]) -> None:
        """Say what belongs to the cluster as a whole: its voters and its replication."""
        own = {
            "node.id": str(self.node),
            "listeners": f"PLAINTEXT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{self.port}",
            "log.dirs": str(self.folder / "data"),
        }
        self._settings = {**own, **settings}

    def launch(self) -> None:
        """Start the process without waiting for it. Does nothing when it is running."""
        if self.running:
            return
        classpath = f"{kafka_libs()}/*"
        require_free(self.name, self.port)
        require_free(self.name, self.controller_port)
        properties = self._write_properties()
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(classpath, properties)
        log4j = f"-Dlog4j2.configurationFile={deploy_file('log4j2.properties')}"
        performance = shlex.split(os.environ.get("KAFKA_JVM_PERFORMANCE_OPTS", _PERFORMANCE))
        command = [java(), *HEAP_OPTIONS, *performance, log4j, "-cp", classpath, "kafka.Kafka", str(properties)]
        self._launch(command)

    def wait_until_joined(self, nodes: frozenset[int]) -> None:
        """Wait until the broker knows a controller and all these nodes. Raises ComponentFailed."""

        def joined() -> bool:
            cluster = kafka_cluster(self.port)
            return cluster.controller is not None and cluster.nodes >= nodes

        self._wait_until(joined, timeout_seconds=_START_SECONDS)

    def _write_properties(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        shared = deploy_file("server.properties").read_text(encoding="utf-8")
        lines = [shared, *(f"{name}={value}" for name, value in self._settings.items()), ""]
        properties = self.folder / "server.properties"
        properties.write_text("\n".join(lines), encoding="utf-8")
        return properties

    def _format(self, classpath: str, properties: Path) -> None:
        tool = [java(), *_TOOL_OPTIONS, "-cp", classpath, "kafka.tools.StorageTool", "format"]
        outcome = subprocess.run(  # noqa: S603 - a list, never a shell, and no input from outside
            [*tool, "--cluster-id", CLUSTER_ID, "--config", str(properties)],
            capture_output=True,
            text=True,
            timeout=_FORMAT_SECONDS,
            check=False,
        )
        if outcome.returncode != 0:
            raise ComponentFailed(self.name, f"could not format {self.folder}\n{outcome.stdout}{outcome.stderr}")


class Kafka(Component):
    """Apache Kafka on the loopback address, with its data below `folder`.

    `ports` are the brokers' client ports, one each; without them free ones are chosen, once: ports and data
    stay over restarts. With three brokers every topic has three replicas of which two must confirm.
    `settings` are further lines of server.properties, for all brokers.
    """

    def __init__(
        self,
        folder: Path,
        *,
        brokers: int = 1,
        ports: Sequence[int] = (),
        settings: Mapping[str, str] | None = None,
        outlives_parent: bool = False,
    ) -> None:
        if brokers not in (1, 3):
            raise ValueError(f"brokers must be 1 or 3, not {brokers}")
        if ports and len(ports) != brokers:
            raise ValueError(f"{brokers} brokers take {brokers} ports, not {len(ports)}")
        self.folder = folder
        self.brokers = tuple(
            Broker(
                folder / f"broker-{node}",
                node=node,
                port=ports[node - 1] if ports else 0,
                outlives_parent=outlives_parent,
            )
            for node in range(1, brokers + 1)
        )
        voters = ",".join(f"{broker.node}@{LOOPBACK}:{broker.controller_port}" for broker in self.brokers)
        cluster = {
            "controller.quorum.voters": voters,
            **(_REPLICATED if brokers == 3 else {}),
            **(settings or {}),
        }
        for broker in self.brokers:
            broker.configure(cluster)

    @property
    def bootstrap(self) -> str:
        """The `host:port` list for LOCKGATE_KAFKA."""
        return ",".join(f"{LOOPBACK}:{broker.port}" for broker in self.brokers)

    @property
    def running(self) -> bool:
        """Whether every broker's process is there."""
        return all(broker.running for broker in self.brokers)

    def start(self) -> None:
        """Start what does not run and wait until every broker knows all the others.

        Raises ComponentMissing or ComponentFailed.
        """
        for broker in self.brokers:
            broker.launch()
        for broker in self.brokers:
            broker.wait_until_joined(frozenset(other.node for other in self.brokers))

    def stop(self) -> None:
        """End all brokers with SIGTERM, at once: the last of three would find no majority to sign off."""
        for broker in self.brokers:
            broker.terminate()
        for broker in self.brokers:
            broker.stop()

    def kill(self) -> None:
        """End all brokers with SIGKILL."""
        for broker in self.brokers:
            broker.kill()


_REPLICATED: Mapping[str, str] = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
}
