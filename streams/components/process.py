"""Server processes: started in a process group of their own, watched, and ended with their parent.

```
ComponentError            a LockgateError
+-- ComponentMissing    a program is not installed; the message is one line and says what to install
+-- ComponentFailed     it was there and did not start, answer or end; the message shows the end of its log
```
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from streams.errors import LockgateError

# The child asks the kernel for SIGKILL at its parent's death and then becomes the server; the process id
# stays. Doing this in a small program of its own spares the parent a fork that runs Python code, which is
# unsafe beside threads.
_DIE_WITH_PARENT = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG, see prctl(2)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent ended first")
os.execv(sys.argv[2], sys.argv[2:])
"""

_LOG_LINES_SHOWN = 15
_POLL_SECONDS = 0.05


class ComponentError(LockgateError):
    """A server that Lockgate starts itself is not at hand or misbehaved."""

    exit_code = 3


class ComponentMissing(ComponentError):
    """A program is not installed.

    `component` names it, `remedy` says what to install, in one line.
    """

    def __init__(self, component: str, remedy: str) -> None:
        super().__init__(f"{component} is missing: {remedy}")
        self.component = component
        self.remedy = remedy


class ComponentFailed(ComponentError):
    """A server did not start, answer or end in time. `component` names it, `reason` says what happened."""

    def __init__(self, component: str, reason: str) -> None:
        super().__init__(f"{component} {reason}")
        self.component = component
        self.reason = reason


class Process:
    """One server process with its output in `log`, which is appended to over restarts.

    It has a process group of its own, so that Ctrl-C in a terminal reaches the parent first. On Linux it ends
    with the parent, whatever happens to that; precisely, with the parent's thread that called `start`, so
    call that from a thread that stays. With `outlives_parent` it does not.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        outlives_parent: bool = False,
    ) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = dict(environment or {})
        self._outlives_parent = outlives_parent
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there; one that was paused counts."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """The process id.

        Raises ComponentFailed when it is not running.
        """
        if self._child is None or self._child.poll() is not None:
            raise ComponentFailed(self.name, "is not running")
        return self._child.pid

    def start(self) -> None:
        """Start the process without waiting for it to be of use. Does nothing when it is running."""
        if self.running:
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = self._command
        if sys.platform == "linux" and not self._outlives_parent:
            command = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *command]
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(  # noqa: S603 - a list, never a shell, and no input from outside
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment},
                start_new_session=self._outlives_parent,
                process_group=None if self._outlives_parent else 0,
            )

    def wait_until(self, answers: Callable[[], bool], *, timeout_seconds: float) -> None:
        """Ask again and again until `answers` is true; an OSError from it counts as no.

        Raises ComponentFailed with the end of the log when the process ends or the time is up; it is killed
        then.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            with suppress(OSError):
                if answers():
                    return
            if not self.running:
                code = self._child.returncode if self._child is not None else None
                raise ComponentFailed(self.name, f"ended with exit code {code}\n{self.end_of_log()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ComponentFailed(self.name, f"did not answer within {timeout_seconds:g} s\n{self.end_of_log()}")
            time.sleep(_POLL_SECONDS)

    def stop(self, *, timeout_seconds: float = 30) -> None:
        """End it with SIGTERM, or SIGKILL when that takes too long. Does nothing when it is not running."""
        if self._child is None:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self._child.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._child = None

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would. Does nothing when it is not running."""
        if self._child is None:
            return
        self.signal(signal.SIGKILL)
        self._child.wait()
        self._child = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal: SIGSTOP and SIGCONT make it a server that hangs for a while."""
        if self._child is not None:
            self._child.send_signal(number)

    def end_of_log(self) -> str:
        """The path of the log and its last lines, for messages."""
        if not self.log.exists():
            return f"{self.log} (empty)"
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
        return "\n".join([f"{self.log}:", *(f"  {line[:300]}" for line in lines)])
