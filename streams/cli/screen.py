"""`lockgate screen`: judge a file of transfers, with neither Kafka nor Redis."""

import gc
import os
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
import msgspec

from rules.engine import AccountsEngine
from rules.intake import RawRecord
from rules.knowledge import Knowledge
from rules.lists import merge
from streams.cli.lists import list_option
from streams.cli.options import with_settings
from streams.errors import LockgateError
from streams.exceptions import with_exceptions
from streams.feed_formats import open_file
from streams.knowledge import load_knowledge
from streams.rulefiles import load_rules
from streams.screening import Screened, Screening, read_records
from streams.settings import Settings

_STDIN: Final = "-"
_GC_THRESHOLD: Final = 200_000  # judgement: what is kept has no cycles, so that looking for some often finds nothing
_encode_lines: Final = msgspec.json.Encoder().encode_lines
_output: Final = click.Path(dir_okay=False, writable=True, path_type=Path)


class UnusableFile(LockgateError):
    """A file cannot be read or written."""

    exit_code = 2


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@list_option
@with_settings("reference", "rules", "exceptions", "max_list_age_hours")
@click.option("--verdicts", type=_output, metavar="FILE", help="Write the verdicts on withdrawals as JSON lines.")
@click.option("--deadletters", type=_output, metavar="FILE", help="Write what could not be judged, and why, as JSON lines.")
@click.option("--summary", type=_output, metavar="FILE", help="Write the counts as JSON.")
def screen(
    settings: Settings,
    file: str,
    sources: tuple[str, ...],
    verdicts: Path | None,
    deadletters: Path | None,
    summary: Path | None,
) -> None:
    """Judge the transfers of FILE (- is standard input) without Kafka or Redis; alerts as JSON lines on stdout.

    FILE holds one transfer a line, as JSON; it may be packed (.gz). The rules, lists and verdicts are those of the
    worker. Every line is accounted for: as a deposit, a withdrawal, a duplicate (an event_id and content met before,
    within the last 100,000 events) or a dead letter (what is no transfer; a blank line is none). The counts go to
    stderr.

    Exit codes: 0 done, whatever was found; 2 a file, list, rule or setting cannot be used.
    """
    _check_places(file, verdicts, deadletters, summary)
    ruleset = load_rules(settings.rules_folder())
    knowledge = load_knowledge(sources or settings.lists, settings.reference)
    knowledge = with_exceptions(knowledge, settings.exceptions_file(), ruleset)
    engine = AccountsEngine(ruleset, knowledge, max_list_age_seconds=settings.max_list_age_seconds())
    screening = Screening(engine, "stdin" if file == _STDIN else Path(file).name)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)
    started = time.monotonic()
    with ExitStack() as files:
        stream = files.enter_context(_input(file))
        outputs = _Outputs(*(files.enter_context(_lines_file(path)) for path in (verdicts, deadletters)))
        for batch in _batches(stream, file):
            outputs.write(screening.judge(batch, time.time_ns() // 1_000_000))
            if outputs.unread and summary is None:
                return
    facts = _facts(screening, knowledge, time.monotonic() - started)
    if summary is not None:
        with _as_unusable(str(summary)):
            summary.write_bytes(msgspec.json.format(msgspec.json.encode(facts)) + b"\n")
    click.echo(_words(facts), err=True)


class _Outputs:
    """Where alerts, verdicts and dead letters go. A reader of stdout that has seen enough does not cut the files short."""

    def __init__(self, verdicts: BinaryIO | None, deadletters: BinaryIO | None) -> None:
        self._alerts: BinaryIO | None = sys.stdout.buffer
        self._verdicts = verdicts
        self._deadletters = deadletters

    @property
    def unread(self) -> bool:
        """Whether nobody wants anything any more."""
        return self._alerts is None and self._verdicts is None and self._deadletters is None

    def write(self, screened: Screened) -> None:
        """Write what one batch gave."""
        if self._alerts is not None and screened.alerts:
            try:
                with _as_unusable("standard output"):
                    self._alerts.write(_encode_lines(screened.alerts))
                    self._alerts.flush()
            except BrokenPipeError:  # Python would complain once more when it flushes at its end
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                self._alerts = None
        for stream, messages in ((self._verdicts, screened.verdicts), (self._deadletters, screened.deadletters)):
            if stream is not None:
                with _as_unusable(stream.name):
                    stream.write(_encode_lines(messages))


@contextmanager
def _as_unusable(name: str) -> Iterator[None]:
    """Turn what goes wrong with a file into one line and exit code 2."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise UnusableFile(f"{name}: {getattr(error, 'strerror', None) or error}") from None


@contextmanager
def _input(file: str) -> Iterator[BinaryIO]:
    if file == _STDIN:
        yield sys.stdin.buffer
        return
    with _as_unusable(file):
        stream = open_file(Path(file))
    with stream:
        yield stream


def _batches(stream: BinaryIO, file: str) -> Iterator[list[RawRecord]]:
    with _as_unusable(file):
        yield from read_records(stream)


def _check_places(file: str, *outputs: Path | None) -> None:
    """Before any work: what is written goes to places of its own, in folders that there are."""
    taken: set[Path] = set()
    for path in filter(None, outputs):
        if file != _STDIN and path.exists() and path.samefile(file):
            raise UnusableFile(f"{path} is the file to screen: it would be overwritten")
        if not path.parent.is_dir():
            raise UnusableFile(f"{path}: there is no folder {path.parent}")
        place = path.resolve()
        if place in taken and not path.is_char_device():
            raise UnusableFile(f"{path} is named for two outputs")
        taken.add(place)


@contextmanager
def _lines_file(path: Path | None) -> Iterator[BinaryIO | None]:
    """A file for JSON lines, or None."""
    if path is None:
        yield None
        return
    with _as_unusable(str(path)), path.open("wb") as stream:
        yield stream


def _facts(screening: Screening, knowledge: Knowledge, seconds: float) -> dict[str, Any]:
    watchlist = knowledge.watchlist or merge([])
    facts: dict[str, Any] = msgspec.to_builtins(screening.totals)
    for name in ("decisions", "alerts_by_rule", "not_evaluated", "raised", "excepted"):
        facts[name] = dict(sorted(facts[name].items()))
    return facts | {
        "list_hash": knowledge.hash,
        "list_published": watchlist.published.isoformat() if watchlist.published else None,
        "lists": [listing.name for listing in watchlist.lists],
        "reference_lists": [each.name for each in knowledge.reference.lists],
        "seconds": round(seconds, 3),
        "per_second": round(screening.totals.lines / seconds) if seconds else 0,
    }


def _words(facts: dict[str, Any]) -> str:
    """The counts as a person reads them."""
    decisions = ", ".join(f"{count:,} {decision}" for decision, count in facts["decisions"].items())
    published = facts["list_published"] or "unknown date"
    lines = [
        f"{_count(facts['lines'], 'line')} in {facts['seconds']:.1f} s ({facts['per_second']:,} a second), "
        f"screened against {', '.join(facts['lists'])} of {published}",
        f"  {_count(facts['deposits'], 'deposit')}, {_count(facts['withdrawals'], 'withdrawal')}"
        f"{f' ({decisions})' if decisions else ''}, {_count(facts['duplicates'], 'duplicate')}, "
        f"{_count(facts['deadletters'], 'dead letter')}, {_count(facts['alerts'], 'alert')}",
    ]
    lines += [f"    {count:>7,} {rule}" for rule, count in facts["alerts_by_rule"].items()]
    if facts["raised"]:
        failed = ", ".join(f"{rule} {count:,} times" for rule, count in facts["raised"].items())
        lines.append(f"  these rules failed, and were taken as not evaluated: {failed}")
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
