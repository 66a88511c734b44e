"""A list behind a URL, brought into a folder: one file, or the four of an OFAC CSV set."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import msgspec

from . import ofac_csv
from .download import Fetched, Missing, Patience, fetch
from .formats import HEAD_BYTES, is_xml, reader_of

# The file names of the two official CSV sets, the primary one first.
SETS = (("sdn", "alt", "add", "sdn_comments"), ("cons_prim", "cons_alt", "cons_add", "cons_comments"))
_NOTES = ".fetched.json"  # hidden, so that nobody takes it for a list


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder holds: the files as fetched from a URL, and when."""

    url: str
    files: tuple[Fetched, ...]
    fetched_at: datetime

    def file(self, url: str) -> Fetched | None:
        """The file that came from a URL."""
        return next((each for each in self.files if each.url == url), None)

    @property
    def content(self) -> dict[str, str]:
        """The hash of each file's content by its name."""
        return {each.name: each.sha256 for each in self.files}


def siblings(stem: str) -> tuple[str, ...]:
    """The names of the other files of the CSV set whose primary file has this name."""
    return next((stems[1:] for stems in SETS if stems[0] == stem.lower()), ())


def bring(url: str, into: Path, kept: Path | None = None, patience: Patience | None = None) -> Snapshot | None:
    """Fetch a list into an empty folder; None when it is as it is in the folder `kept`, and `into` is of no use.

    Raises ListUnreachable, ListError.
    """
    known = snapshot_of(kept) if kept is not None else None
    primary = _bring(url, into, kept, known, patience)
    files = [primary]
    if _is_csv_set(into / primary.name):
        for address in _sibling_urls(url):
            try:
                files.append(_bring(address, into, kept, known, patience))
            except Missing:
                continue
        if primary.day is not None:
            (into / "published.toml").write_text(f"published = {primary.day.isoformat()}\n", "utf-8")
    snapshot = Snapshot(url=url, files=tuple(files), fetched_at=datetime.now(UTC))
    if known is not None and known.content == snapshot.content and known.files[0].day == primary.day:
        return None
    (into / _NOTES).write_bytes(msgspec.json.encode(snapshot))
    return snapshot


def snapshot_of(folder: Path) -> Snapshot | None:
    """The notes of a folder that `bring` filled, None when it was not filled to its end."""
    try:
        return msgspec.json.decode((folder / _NOTES).read_bytes(), type=Snapshot)
    except (OSError, msgspec.MsgspecError):
        return None


def _bring(url: str, into: Path, kept: Path | None, known: Snapshot | None, patience: Patience | None) -> Fetched:
    """One file, copied from the kept folder when its server says that it has not changed."""
    earlier = known.file(url) if known is not None else None
    if earlier is not None and kept is not None and not (kept / earlier.name).is_file():
        earlier = None
    name = Path(unquote(urlsplit(url).path)).name or "list"
    fetched = fetch(url, into / name.lstrip("."), earlier, patience)
    if fetched is not None:
        return fetched
    if earlier is None or kept is None:
        raise AssertionError("only a known file can be unchanged")
    shutil.copyfile(kept / earlier.name, into / earlier.name)
    return earlier


def _is_csv_set(primary: Path) -> bool:
    with primary.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    return not is_xml(head) and reader_of(head, str(primary)) is None and ofac_csv.looks_like_csv(head)


def _sibling_urls(url: str) -> list[str]:
    parts = urlsplit(url)
    folder, _, name = parts.path.rpartition("/")
    stem, _, ending = name.rpartition(".")
    names = (each.upper() if stem.isupper() else each for each in siblings(stem))
    return [urlunsplit(parts._replace(path=f"{folder}/{each}.{ending}")) for each in names]
