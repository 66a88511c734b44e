"""What all components can do: be started and stopped, killed, or made to hang."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.components.network import free_port
from streams.components.process import ComponentFailed, Process


class Component(ABC):
    """A context manager that starts and stops one server or several."""

    @abstractmethod
    def start(self) -> None:
        """Start it and wait until it answers. Does nothing when it is running.

        Raises ComponentMissing or ComponentFailed.
        """

    @abstractmethod
    def stop(self) -> None:
        """End it in good order. Does nothing when it is not running."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


class Server(Component):
    """A component of one process that listens on one port of the loopback address.

    Port 0 chooses a free one, once: it is kept over restarts.
    """

    def __init__(self, name: str, log: Path, *, port: int, outlives_parent: bool) -> None:
        self.name = name
        self.log = log
        self.port = port or free_port()
        self._outlives_parent = outlives_parent
        self._process: Process | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there; a paused one counts."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int:
        """The process id. Raises ComponentFailed when it is not running."""
        return self._require_process().pid

    def stop(self) -> None:
        """End the process with SIGTERM, and wait for its end. Does nothing when it is not running."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """End the process with SIGKILL, as a crash would. Does nothing when it is not running."""
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        """Make it hang: connections stay open and nothing is answered until `resume`."""
        self._require_process().signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        self._require_process().signal(signal.SIGCONT)

    def terminate(self) -> None:
        """Send SIGTERM and return at once. Does nothing when it is not running."""
        if self._process is not None:
            self._process.signal(signal.SIGTERM)

    def _launch(self, command: Sequence[str]) -> None:
        self._process = Process(self.name, command, log=self.log, outlives_parent=self._outlives_parent)
        self._process.start()

    def _wait_until(self, answers: Callable[[], bool], *, timeout_seconds: float) -> None:
        self._require_process().wait_until(answers, timeout_seconds=timeout_seconds)

    def _require_stopped(self, purpose: str) -> None:
        if self.running:
            raise ComponentFailed(self.name, f"is running: stop it before you {purpose} its data")

    def _require_process(self) -> Process:
        if self._process is None:
            raise ComponentFailed(self.name, "is not running")
        return self._process
