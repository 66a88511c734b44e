"""Reference lists that change while a worker runs: taken over when they are sound, else the last good ones stay."""

import asyncio
import threading
from pathlib import Path

import pytest

from rules.reference import Reference
from streams.listfeed.keeper import Result
from streams.reference_keeping import ReferenceKeeping
from streams.referencefeed import load_reference

LINES = [f"198.51.100.{n}" for n in range(10)]


class Kept:
    """A folder of reference lists, and what came into force."""

    def __init__(self, folder: Path, refresh_seconds: float = 0) -> None:
        self.folder = folder
        self.installed: list[Reference] = []
        self.came = threading.Event()
        self.keeping = ReferenceKeeping(
            [str(folder)], load_reference([str(folder)]), self.install, refresh_seconds=refresh_seconds
        )

    def install(self, reference: Reference) -> None:
        self.installed.append(reference)
        self.came.set()


def write(folder: Path, lines: list[str], published: str = "2026-11-20", name: str = "tor") -> None:
    (folder / f"{name}.txt").write_text("\n".join((f"# published: {published}", "# access: tor", *lines)), "utf-8")


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    write(tmp_path, LINES)
    return Kept(tmp_path)


def test_files_that_did_not_change_change_nothing(kept: Kept) -> None:
    assert kept.keeping.refresh() is Result.UNCHANGED
    assert kept.installed == []


def test_a_changed_file_is_taken_over_once(kept: Kept) -> None:
    write(kept.folder, [*LINES[1:], "203.0.113.1"], "2026-11-21")
    assert [kept.keeping.refresh() for _ in range(2)] == [Result.CHANGED, Result.UNCHANGED]
    [reference] = kept.installed
    assert reference.networks is not None
    assert reference.networks.find("203.0.113.1")
    assert not reference.networks.find(LINES[0])


def test_a_file_that_comes_in_addition_is_taken_over(kept: Kept) -> None:
    write(kept.folder, ["203.0.113.1"], name="more")
    assert kept.keeping.refresh() is Result.CHANGED


def test_half_of_the_rows_may_go(kept: Kept) -> None:
    write(kept.folder, LINES[:5])
    assert kept.keeping.refresh() is Result.CHANGED


@pytest.mark.parametrize(
    ("lines", "published", "result"),
    [
        (LINES[:4], "2026-11-21", Result.REFUSED),
        (LINES, "2026-11-19", Result.REFUSED),
        ([], "2026-11-21", Result.INVALID),
        (["<html>"], "2026-11-21", Result.INVALID),
        (LINES, "soon", Result.INVALID),
    ],
)
def test_what_is_worse_is_not_taken_and_what_is_good_again_is(
    kept: Kept, lines: list[str], published: str, result: Result
) -> None:
    write(kept.folder, lines, published)
    assert kept.keeping.refresh() is result
    assert kept.installed == []
    write(kept.folder, [*LINES, "203.0.113.1"], "2026-11-22")
    assert kept.keeping.refresh() is Result.CHANGED


def test_a_list_that_is_gone_stays_in_force(kept: Kept) -> None:
    write(kept.folder, LINES, name="more")
    (kept.folder / "tor.txt").unlink()
    assert kept.keeping.refresh() is Result.REFUSED


async def looked(kept: Kept, seconds: float) -> None:
    """Let the keeping run until something is installed, or it ends, or so long."""
    running = asyncio.create_task(kept.keeping.run())
    came = asyncio.create_task(asyncio.to_thread(kept.came.wait, seconds))
    await asyncio.wait([running, came], return_when=asyncio.FIRST_COMPLETED)
    kept.came.set()
    running.cancel()


def test_the_files_are_looked_at_again_and_again(tmp_path: Path) -> None:
    write(tmp_path, LINES)
    kept = Kept(tmp_path, refresh_seconds=0.02)
    write(tmp_path, [*LINES, "203.0.113.1"])
    asyncio.run(looked(kept, 10))
    assert len(kept.installed) == 1


def test_with_a_refresh_of_zero_seconds_nobody_looks(kept: Kept) -> None:
    write(kept.folder, [*LINES, "203.0.113.1"])
    asyncio.run(looked(kept, 10))
    assert kept.installed == []
