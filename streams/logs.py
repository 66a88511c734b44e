"""Structured logs: one JSON object a line on stderr. Never an account, an address or a name in it."""

import logging
import sys
import time
from typing import Final

import msgspec

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_REPEATS: Final = 5  # of the same message from a library, within ...
_REPEAT_SECONDS: Final = 10.0


class JsonLines(logging.Formatter):
    """A record and its `extra` fields as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, logger, message, then the extra fields."""
        fields: dict[str, object] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields, enc_hook=str).decode()


class RateLimit(logging.Filter):
    """Lets a few of the same message through every ten seconds: while the broker is away libraries log without end."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to let a record pass; Lockgate's own always do."""
        if record.name.startswith("streams"):
            return True
        key = (record.name, str(record.msg))
        began, count = self._seen.get(key, (record.created, 0))
        if record.created - began > _REPEAT_SECONDS:
            began, count = record.created, 0
        self._seen[key] = (began, count + 1)
        return count < _REPEATS


def setup_logs(level: str) -> None:
    """Send all logs to stderr as JSON lines; libraries from warnings on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    handler.addFilter(RateLimit())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("streams").setLevel(level.upper())
    if level != "debug":
        for spoken_by_faust in ("streams.app", "streams.batching"):
            logging.getLogger(spoken_by_faust).setLevel(logging.WARNING)
