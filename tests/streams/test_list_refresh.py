"""Refreshing lists from a real HTTP server: what changed is fetched, what is worse never takes the place of what is good."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from time import monotonic

import pytest
from click.testing import CliRunner
from list_server import ListServer, list_server
from ofac_files import NULL, csv_text, quoted, sdn_row, xml_entry, xml_text
from prometheus_client import REGISTRY

from streams.cli import lockgate
from streams.errors import ListsError
from streams.listfeed.download import Patience
from streams.listfeed.keeper import Keeper, Result, label_of
from streams.refreshing import ListSources, keeper_in

QUICK = Patience(connect=2, silence=0.5, whole=1.0, attempts=2, first_pause=0.01)
SDN = "/exports/SDN.XML"


def sdn(count: int = 40, *, published: str = "08/20/2026", name: str = "PARTY") -> str:
    return xml_text([xml_entry(str(i), f"{name} {i}") for i in range(1, count + 1)], published=published)


@pytest.fixture
def server() -> Iterator[ListServer]:
    with list_server() as one:
        one.put(SDN, sdn(), etag='"1"')
        yield one


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path / "kept", QUICK)


@pytest.fixture
def sources(server: ListServer, keeper: Keeper) -> ListSources:
    held = ListSources([f"{server.url}{SDN}"], keeper)
    held.start()
    return held


def refreshes(server: ListServer, result: str) -> float:
    labels = {"source": label_of(f"{server.url}{SDN}"), "result": result}
    return REGISTRY.get_sample_value("lockgate_list_refreshes_total", labels) or 0.0


def test_what_has_not_changed_is_not_fetched_again(server: ListServer, sources: ListSources) -> None:
    assert [each.result for each in sources.refresh()] == [Result.UNCHANGED]
    assert server.seen == [(SDN, None), (SDN, '"1"')]
    assert server.answers == [200, 304]


def test_same_content_behind_a_new_tag_is_no_change(server: ListServer, sources: ListSources) -> None:
    server.put(SDN, sdn(), etag='"2"')
    assert sources.refresh()[0].result is Result.UNCHANGED


def test_a_newer_list_takes_the_place_of_the_old_one(server: ListServer, sources: ListSources) -> None:
    before = sources.watchlist.hash
    server.put(SDN, sdn(41, published="08/21/2026"), etag='"2"')
    assert sources.refresh()[0].result is Result.CHANGED
    assert (sources.watchlist.entry_count, sources.watchlist.published) == (41, date(2026, 8, 21))
    assert sources.watchlist.hash != before


@pytest.mark.parametrize(
    ("mode", "result"),
    [
        ("empty", "invalid"),
        ("html", "invalid"),
        ("half the file, said to be whole", "invalid"),
        ("half the file, the connection closed", "unreachable"),
        ("reset", "unreachable"),
        ("slow", "unreachable"),
        ("silent", "unreachable"),
        ("wrong encoding", "invalid"),
        ("error", "unreachable"),
        ("refused", "unreachable"),
    ],
)
def test_whatever_goes_wrong_keeps_the_last_good_list_and_shows_on_a_metric(
    server: ListServer, sources: ListSources, keeper: Keeper, mode: str, result: str
) -> None:
    before, counted = sources.watchlist, refreshes(server, result)
    server.put(SDN, sdn(41), etag='"2"')
    server.mode = mode
    started = monotonic()
    (done,) = sources.refresh()
    assert monotonic() - started < 4
    assert (done.result.value, bool(done.reason)) == (result, True)
    assert sources.watchlist.hash == before.hash
    assert refreshes(server, result) == counted + 1
    assert ListSources([f"{server.url}{SDN}"], keeper).start().hash == before.hash
    server.mode = "well"
    assert sources.refresh()[0].result is Result.CHANGED


def test_a_list_70_percent_smaller_is_refused_until_somebody_signs_it_off(
    server: ListServer, sources: ListSources, keeper: Keeper
) -> None:
    server.put(SDN, sdn(12, published="08/21/2026"), etag='"2"')
    for _ in range(2):
        (done,) = sources.refresh()
        assert (done.result, sources.watchlist.entry_count) == (Result.REFUSED, 40)
        assert "OFAC SDN: 12 entries instead of 40" in done.reason
    assert refreshes(server, "refused") == 2
    keeper.approve(done.refused[0], "officer", "mass delisting of 2026-08-21")
    assert sources.refresh()[0].result is Result.CHANGED
    assert sources.watchlist.entry_count == 12


def test_an_older_list_is_refused(server: ListServer, sources: ListSources) -> None:
    server.put(SDN, sdn(41, published="08/19/2026"), etag='"2"')
    (done,) = sources.refresh()
    assert (done.result, sources.watchlist.entry_count) == (Result.REFUSED, 40)
    assert "older than" in done.reason


def test_a_busy_server_is_asked_again(server: ListServer, sources: ListSources) -> None:
    server.put(SDN, sdn(41), etag='"2"')
    server.failures_left = 1
    assert sources.refresh()[0].result is Result.CHANGED
    assert server.answers == [200, 503, 200]


def test_a_start_needs_no_network_when_a_list_is_kept(server: ListServer, sources: ListSources, keeper: Keeper) -> None:
    asked = len(server.seen)
    server.mode = "error"
    again = ListSources([f"{server.url}{SDN}"], keeper)
    assert again.start().hash == sources.watchlist.hash
    assert len(server.seen) == asked


def test_a_start_with_nothing_kept_and_no_server_is_refused(tmp_path: Path) -> None:
    held = ListSources(["http://127.0.0.1:9/SDN.XML"], Keeper(tmp_path, QUICK))
    with pytest.raises(ListsError, match=r"127\.0\.0\.1/SDN\.XML"):
        held.start()


def test_a_process_killed_while_it_fetched_leaves_the_kept_list(
    server: ListServer, sources: ListSources, keeper: Keeper
) -> None:
    home = next(each for each in keeper._folder.iterdir() if each.is_dir())
    (home / "new-killed").mkdir()
    (home / "new-killed" / "SDN.XML").write_text("<sdnList")
    assert ListSources([f"{server.url}{SDN}"], keeper).start().hash == sources.watchlist.hash


def test_one_failing_source_blocks_no_other(server: ListServer, keeper: Keeper, tmp_path: Path) -> None:
    server.put("/other/SDN.XML", sdn(5, name="OTHER"))
    file = tmp_path / "sdn.xml"
    file.write_text(sdn(6, name="FILE"))
    held = ListSources([f"{server.url}{SDN}", f"{server.url}/other/SDN.XML", str(file)], keeper)
    held.start()
    del server.files[SDN]
    server.put("/other/SDN.XML", sdn(7, name="OTHER"))
    file.write_text(sdn(8, name="FILE"))
    results = [each.result for each in held.refresh()]
    assert results == [Result.UNREACHABLE, Result.CHANGED, Result.CHANGED]
    assert held.watchlist.entry_count == 40 + 7 + 8


def test_a_file_that_is_damaged_or_shrinks_keeps_the_last_good_list(keeper: Keeper, tmp_path: Path) -> None:
    file = tmp_path / "sdn.xml"
    file.write_text(sdn())
    held = ListSources([str(file)], keeper)
    held.start()
    assert held.refresh()[0].result is Result.UNCHANGED
    for text, result in ((sdn()[:500], Result.INVALID), (sdn(10), Result.REFUSED)):
        file.write_text(text)
        for _ in range(2):
            assert (held.refresh()[0].result, held.watchlist.entry_count) == (result, 40)
    file.unlink()
    assert held.refresh()[0].result is Result.UNREACHABLE
    file.write_text(sdn(41))
    assert (held.refresh()[0].result, held.watchlist.entry_count) == (Result.CHANGED, 41)


def test_csv_set_is_fetched_whole_and_only_what_changed_comes_again(server: ListServer, keeper: Keeper) -> None:
    day = "Thu, 20 Aug 2026 10:00:00 GMT"
    server.put("/SDN.CSV", csv_text([sdn_row("7", "PARTY"), sdn_row("8", "OTHER")]), modified=day)
    server.put("/ALT.CSV", csv_text([quoted("7", "1", "aka", "ALIAS", NULL)]), etag='"a"')
    held = ListSources([f"{server.url}/SDN.CSV"], keeper)
    assert held.start().published == date(2026, 8, 20)
    server.put(
        "/ALT.CSV", csv_text([quoted("7", "1", "aka", "ALIAS", NULL), quoted("8", "2", "aka", "MORE", NULL)]), etag='"b"'
    )
    server.answers.clear()
    assert held.refresh()[0].result is Result.CHANGED
    assert sorted(server.answers) == [200, 304, 404, 404]
    assert [alias.name for _, entry in held.watchlist.entries for alias in entry.aliases] == ["ALIAS", "MORE"]
    assert held.refresh()[0].result is Result.UNCHANGED


def test_what_another_process_fetched_is_taken_over(server: ListServer, sources: ListSources, keeper: Keeper) -> None:
    other = ListSources([f"{server.url}{SDN}"], Keeper(keeper._folder, QUICK))
    other.start()
    server.put(SDN, sdn(41), etag='"2"')
    assert other.refresh()[0].result is Result.CHANGED
    assert sources.refresh()[0].result is Result.CHANGED
    assert sources.watchlist.hash == other.watchlist.hash


def test_folder_nobody_may_write_to_is_told_and_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    assert keeper_in(tmp_path / "file" / "below")._folder != tmp_path / "file" / "below"
    assert "cannot be kept" in caplog.text


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(lockgate, ["lists", *arguments])
    return done.exit_code, done.output


def test_update_and_diff_on_the_command_line(server: ListServer, tmp_path: Path) -> None:
    url, folder = f"{server.url}{SDN}", str(tmp_path / "kept")
    arguments = ("update", "--list", url, "--lists-dir", folder)
    code, text = run(*arguments)
    assert (code, '"result":"unchanged"' in text) == (0, True)
    server.put(SDN, sdn(12, published="08/21/2026"), etag='"2"')
    code, text = run(*arguments)
    assert (code, '"result":"refused"' in text) == (1, True)
    refused = text.partition('"refused":["')[2].partition('"')[0]
    assert run(*arguments, "--accept", refused)[0] == 2
    code, text = run(*arguments, "--accept", refused, "--reason", "mass delisting", "--by", "officer")
    assert (code, '"delisted":28' in text) == (0, True)
    (tmp_path / "old.xml").write_text(sdn(2))
    (tmp_path / "new.xml").write_text(sdn(3).replace("PARTY 1", "PARTY ONE"))
    code, text = run("diff", str(tmp_path / "old.xml"), str(tmp_path / "new.xml"))
    assert code == 1
    assert [line for line in text.splitlines() if '"change":"listed"' in line and '"entry_id":"3"' in line]
    assert '"names_added":["PARTY ONE"],"names_removed":["PARTY 1"]' in text
    assert run("diff", str(tmp_path / "old.xml"), str(tmp_path / "old.xml"))[0] == 0
