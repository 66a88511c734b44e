"""What a benchmark says on standard error while it runs."""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status


class Say(AbstractContextManager["Say"]):
    """Prints a line for each step, and on a terminal what is going on just now."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, markup=False, highlight=False)
        self._status: Status | None = Status("", console=self._console) if self._console.is_terminal else None

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._status is not None:
            self._status.stop()

    def __call__(self, line: str) -> None:
        """A line that stays."""
        self._console.print(line, soft_wrap=True)

    def now(self, what: str) -> None:
        """What is going on; shown on a terminal only, until something else is."""
        if self._status is not None:
            self._status.update(what)
