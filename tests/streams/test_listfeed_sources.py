"""Sources: files, folders, URLs of a real local server, and the demo list."""

import gzip
import threading
from collections.abc import Iterator
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ofac_files import NULL, address_text, cut, quoted, sdn_row, write, xml_entry, xml_ids, xml_text

from streams.listfeed import ListError, ListTruncated, ListUnreachable, ListUnrecognised, load_list, load_lists
from streams.listfeed.download import Patience, fetch

EVM = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"
ADDRESSES = [("ETH", "0x" + f"{i:02x}" * 20) for i in range(1, 40)]


def official_set(folder: Path, *, upper: bool = False, names: tuple[str, ...] = ()) -> Path:
    folder.mkdir(exist_ok=True)
    remarks, comments = cut("7", address_text(ADDRESSES))
    files = names or ("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")
    primary, aliases, places, continued = (folder / (name.upper() if upper else name) for name in files)
    write(aliases, [quoted("7", "1", "aka", "ALIAS", NULL)])
    write(places, [quoted("7", "2", NULL, "Pyongyang", "Korea, North", NULL)])
    write(continued, comments)
    return write(primary, [sdn_row("7", "PARTY", program="DPRK3", remarks=remarks), sdn_row("8", "OTHER")])


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.mark.parametrize("upper", [False, True])
def test_folder_and_lone_file_give_the_same_list(tmp_path: Path, upper: bool) -> None:
    primary = official_set(tmp_path / "ofac", upper=upper)
    from_folder, from_file = load_lists([str(primary.parent)]), load_lists([str(primary)])
    assert from_folder.hash == from_file.hash
    assert from_folder.addresses_by_currency == {"ETH": 39}
    assert [alias.name for alias in from_folder.lists[0].entries[0].aliases] == ["ALIAS"]


def test_names_of_files_do_not_matter_in_a_folder(tmp_path: Path) -> None:
    named = load_lists([str(official_set(tmp_path / "a").parent)])
    shuffled = official_set(tmp_path / "b", names=("x.txt", "sdn.csv", "1", "add.csv")).parent
    assert load_lists([str(shuffled)]).hash == named.hash


def test_folder_may_hold_two_sets_and_a_folder_with_xml(tmp_path: Path) -> None:
    official_set(tmp_path)
    write(tmp_path / "cons_prim.csv", [sdn_row("70", "CONS", program="NS-PLC")])
    write(tmp_path / "cons_alt.csv", [quoted("70", "1", "aka", "OF CONS", NULL)])
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer" / "anything").write_text(xml_text([xml_entry("9", "XML PARTY", inner=xml_ids([("ETH", EVM)]))]))
    watchlist = load_lists([str(tmp_path)])
    names = sorted((each.name, len(each.entries)) for each in watchlist.lists)
    assert names == [("OFAC Consolidated", 1), ("OFAC SDN", 1), ("OFAC SDN", 2)]
    assert watchlist.match(EVM.lower()) is not None
    consolidated = next(each for each in watchlist.lists if each.name == "OFAC Consolidated")
    assert [alias.name for alias in consolidated.entries[0].aliases] == ["OF CONS"]


def test_other_files_in_a_folder_are_noted(tmp_path: Path) -> None:
    official_set(tmp_path)
    (tmp_path / "README.md").write_text("about these files")
    assert any("README.md: not an official list" in note for note in load_list(str(tmp_path))[0].notes)


@pytest.mark.parametrize("name", ["sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv"])
@pytest.mark.parametrize("content", [b"", b"<html>Service unavailable</html>", b"garbage"])
def test_official_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    official_set(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ListError):
        load_lists([str(tmp_path)])


def test_missing_comments_of_cut_remarks_are_refused(tmp_path: Path) -> None:
    primary = official_set(tmp_path)
    (tmp_path / "sdn_comments.csv").unlink()
    with pytest.raises(ListTruncated):
        load_lists([str(primary)])


def test_comments_file_with_nothing_but_its_end_mark_is_accepted(tmp_path: Path) -> None:
    write(tmp_path / "SDN.CSV", [sdn_row("8", "OTHER")])
    (tmp_path / "SDN_COMMENTS.CSV").write_bytes(b"\x1a")
    assert load_lists([str(tmp_path)]).entry_count == load_lists([str(tmp_path / "SDN.CSV")]).entry_count == 1


def test_second_file_of_the_same_part_is_refused(tmp_path: Path) -> None:
    official_set(tmp_path)
    (tmp_path / "copy.csv").write_bytes((tmp_path / "sdn_comments.csv").read_bytes())
    with pytest.raises(ListError, match="a second file of comments"):
        load_lists([str(tmp_path)])


def test_part_without_its_primary_file_is_refused(tmp_path: Path) -> None:
    official_set(tmp_path)
    (tmp_path / "sdn.csv").unlink()
    for source in (tmp_path, tmp_path / "alt.csv"):
        with pytest.raises(ListUnrecognised, match="only the"):
            load_lists([str(source)])


def test_source_that_is_not_there_or_holds_no_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListUnreachable):
        load_lists([str(tmp_path / "nowhere")])
    with pytest.raises(ListUnrecognised, match="no official list"):
        load_lists([str(tmp_path)])


def test_official_document_without_a_reader_is_never_skipped(tmp_path: Path) -> None:
    official_set(tmp_path)
    (tmp_path / "list.xml").write_text('<?xml version="1.0"?><Designations></Designations>')
    with pytest.raises(ListUnrecognised, match="Designations"):
        load_lists([str(tmp_path)])


def test_date_of_a_csv_set_is_unknown_unless_a_file_beside_it_tells(tmp_path: Path) -> None:
    official_set(tmp_path)
    assert load_lists([str(tmp_path)]).published is None
    (tmp_path / "published.toml").write_text('published = 2026-08-20\nname = "OFAC SDN of August"\n')
    for source in (tmp_path, tmp_path / "sdn.csv"):
        dated = load_lists([str(source)])
        assert (dated.published, dated.lists[0].name) == (date(2026, 8, 20), "OFAC SDN of August")
    (tmp_path / "published.toml").write_text("published = yesterday\n")
    with pytest.raises(ListError, match=r"published\.toml"):
        load_lists([str(tmp_path)])


def test_url_of_the_primary_file_brings_its_siblings_and_a_date(tmp_path: Path, server: str) -> None:
    official_set(tmp_path, upper=True)
    (tmp_path / "ADD.CSV").unlink()
    watchlist = load_lists([f"{server}/SDN.CSV"])
    assert watchlist.addresses_by_currency == {"ETH": 39}
    assert watchlist.published is not None
    assert "no file of postal addresses" in watchlist.lists[0].notes


def test_url_of_the_xml_file_is_read(tmp_path: Path, server: str) -> None:
    (tmp_path / "SDN.XML").write_text(xml_text([xml_entry("9", "N", inner=xml_ids([("ETH", EVM)]))]))
    assert load_lists([f"{server}/SDN.XML"]).match(EVM, "base") is not None


def test_url_that_fails_is_unreachable(server: str) -> None:
    for url in (f"{server}/SDN.XML", "http://127.0.0.1:9/SDN.XML", "https://"):
        with pytest.raises(ListUnreachable):
            load_lists([url])


def test_url_with_too_much_content_is_refused(tmp_path: Path, server: str) -> None:
    (tmp_path / "SDN.XML").write_bytes(b"x" * 2000)
    fetched = fetch(f"{server}/SDN.XML", tmp_path / "here", patience=Patience(max_bytes=2000))
    assert fetched is not None and (tmp_path / "here").read_bytes() == b"x" * 2000
    with pytest.raises(ListError, match="larger than 1999 bytes"):
        fetch(f"{server}/SDN.XML", tmp_path / "here", patience=Patience(max_bytes=1999))


def test_one_bad_source_spoils_the_whole_load(tmp_path: Path) -> None:
    with pytest.raises(ListError):
        load_lists(["demo", str(tmp_path)])


def test_demo_list_holds_the_dprk_entries_and_an_address_to_show() -> None:
    watchlist = load_lists(["demo"])
    parties = {entry.entry_id: entry for _, entry in watchlist.entries}
    assert parties.keys() == {"27307", "54762", "54763", "54764", "54800"}
    assert [alias.name for alias in parties["54764"].aliases] == ["SOBAEKU UNITED CORP"]
    assert parties["54762"].programs == ("DPRK4",)
    found = watchlist.match(EVM.lower(), "polygon")
    assert found is not None
    assert (found.entry_id, found.matched) == ("27307", EVM)
    assert all(not parties[entry_id].addresses for entry_id in ("54762", "54763", "54764", "54800"))
    assert len(parties["27307"].remarks) > 1000
    assert watchlist.published == date(2025, 7, 24)


def packed(file: Path) -> Path:
    """The file packed by gzip, in its place."""
    archive = file.with_name(file.name + ".gz")
    archive.write_bytes(gzip.compress(file.read_bytes()))
    file.unlink()
    return archive


def test_packed_files_load_as_they_are(tmp_path: Path) -> None:
    (plain,) = load_list(str(official_set(tmp_path / "set")))
    archives = [packed(each) for each in sorted((tmp_path / "set").iterdir())]
    assert [each.hash for each in load_list(str(tmp_path / "set"))] == [plain.hash]
    (alone,) = load_list(str(next(each for each in archives if each.name == "sdn.csv.gz")))
    assert alone.hash == plain.hash


def test_broken_archives_and_those_of_another_kind_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "list.xml"
    file.write_text(xml_text([xml_entry("1", "PARTY")]))
    archive = packed(file)
    archive.write_bytes(archive.read_bytes()[:-12])
    with pytest.raises(ListTruncated):
        load_list(str(archive))
    archive.write_bytes(b"\x1f\x8b\x01" + b"nonsense" * 20)
    with pytest.raises(ListError, match="cannot be unpacked"):
        load_list(str(archive))
    archive.write_bytes(b"PK\x03\x04" + b"x" * 50)
    with pytest.raises(ListError, match="unpack it"):
        load_list(str(archive))


def test_what_a_publisher_adds_to_a_file_is_counted(tmp_path: Path) -> None:
    file = tmp_path / "list.xml"
    text = xml_text([xml_entry("1", "PARTY")])
    file.write_text(text.replace("</sdnList>", "<sdnVessel><uid>2</uid></sdnVessel></sdnList>"))
    (listing,) = load_list(str(file))
    assert listing.notes == ("1 of sdnVessel are not read: unknown to Lockgate",)
