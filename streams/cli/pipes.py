"""Standard output that may close before we are done, as with `lockgate alerts | head -1`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def closable_stdout() -> Iterator[None]:
    """Ends the block quietly when the reader of standard output has seen enough."""
    try:
        yield
    except BrokenPipeError:  # Python would complain once more when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
