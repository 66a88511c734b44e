"""The OFAC CSV set: what is read from it and what is refused."""

import pytest
from ofac_files import NULL, address_text, csv_text, cut, quoted, sdn_row

from rules.lists import AliasStrength, EntryKind
from streams.listfeed import ListError, ListTruncated, ListUnrecognised
from streams.listfeed.ofac_csv import Part, Table, build, read_table

ETH = [("ETH", "0x" + f"{i:02x}" * 20) for i in range(1, 40)]


def table(*rows: str, end: str = "\x1a") -> Table:
    return read_table(csv_text(rows, end=end).encode(), "a file")


def test_each_part_is_told_by_its_content() -> None:
    assert table(sdn_row("1", "N")).part is Part.PRIMARY
    assert table(quoted("1", "12", "aka", "N", NULL)).part is Part.ALIASES
    assert table(quoted("1", "25", NULL, "Havana", "Cuba", NULL)).part is Part.PLACES
    assert table(quoted("1", "rest of it")).part is Part.COMMENTS


def test_entry_carries_what_the_files_say() -> None:
    remarks = (
        "DOB 10 Jan 1987; alt. DOB circa 1988; POB Tehran, Iran; nationality Iran; alt. citizen China; Gender Male; "
        "Digital Currency Address - SOL So1aNa; a.k.a. 'D'OR, 'Two' Names'; f.k.a. 'OLD'; Linked To: LAZARUS GROUP."
    )
    lists = build(
        table(sdn_row("7", "LI, Jiadong", "individual", "DPRK3] [CYBER2", remarks), sdn_row("8", "SHIP", "vessel")),
        [table(quoted("7", "1", "aka", "LI, J.", NULL)), table(quoted("7", "2", NULL, "Wuhan", "China", NULL))],
    )
    party, ship = lists.entries
    assert (party.name, party.kind, party.programs) == ("LI, Jiadong", EntryKind.INDIVIDUAL, ("DPRK3", "CYBER2"))
    assert [(alias.name, alias.kind, alias.strength) for alias in party.aliases] == [
        ("LI, J.", "aka", AliasStrength.STRONG),
        ("D'OR, 'Two' Names", "aka", AliasStrength.WEAK),
        ("OLD", "fka", AliasStrength.WEAK),
    ]
    assert [(each.currency, each.address) for each in party.addresses] == [("SOL", "So1aNa")]
    assert party.dates_of_birth == ("10 Jan 1987", "circa 1988")
    assert (party.places_of_birth, party.nationalities) == (("Tehran, Iran",), ("Iran", "China"))
    assert (party.countries, party.gender, party.linked_to) == (("China",), "Male", ("LAZARUS GROUP",))
    assert party.remarks == remarks
    assert (ship.kind, ship.programs, ship.remarks) == (EntryKind.VESSEL, (), "")


def test_what_is_told_of_a_ship_is_kept() -> None:
    row = quoted(
        "8", "SAND SWAN", "vessel", "CUBA", NULL, "P3QG3", "Tug", "2595", NULL, "Cyprus", "Sand Co.", "f.k.a. 'ANA I'."
    )
    (ship,) = build(table(row), []).entries
    told = "Vessel Call Sign: P3QG3; Vessel Type: Tug; Vessel Tonnage: 2595; Vessel Owner: Sand Co."
    assert (ship.countries, ship.remarks) == (("Cyprus",), f"f.k.a. 'ANA I'. {told}")


def test_remarks_cut_in_the_middle_of_an_address_are_joined() -> None:
    text = address_text(ETH)
    for shift in range(60):  # every place of a cut: label, ticker, address, separator
        remarks, comments = cut("7", "x" * shift + " " + text)
        lists = build(table(sdn_row("7", "N", remarks=remarks)), [table(*comments)])
        assert [(each.currency, each.address) for each in lists.entries[0].addresses] == ETH


def test_cut_remarks_without_their_continuation_are_refused() -> None:
    remarks, _ = cut("7", address_text(ETH))
    with pytest.raises(ListTruncated, match="entry 7 are cut"):
        build(table(sdn_row("7", "N", remarks=remarks)), [table(quoted("8", "something else"))])


def test_missing_parts_and_missing_end_marks_are_noted() -> None:
    lists = build(table(sdn_row("7", "N"), end=""), [])
    assert "no file of aliases" in lists.notes
    assert "a file: no end mark" in lists.notes


def test_rows_of_entries_the_primary_file_lacks_are_counted() -> None:
    aliases = table(quoted("8", "1", "aka", "A", NULL), quoted("9", "2", "aka", "B", NULL))
    lists = build(table(sdn_row("7", "N")), [aliases])
    assert "2 rows of aliases belong to entries that the primary file lacks" in lists.notes


def test_same_entry_twice_is_left_out_once_and_another_content_is_refused() -> None:
    lists = build(table(sdn_row("7", "N"), sdn_row("7", "N")), [])
    assert len(lists.entries) == 1
    assert [left.entry_id for left in lists.left_out] == ["7"]
    with pytest.raises(ListError, match="entry 7 stands twice"):
        build(table(sdn_row("7", "N"), sdn_row("7", "M")), [])


def test_list_is_named_by_its_programs() -> None:
    assert build(table(sdn_row("7", "N", program="DPRK4")), []).name == "OFAC SDN"
    assert build(table(sdn_row("7", "N", program="SDGT] [NS-PLC")), []).name == "OFAC Consolidated"


@pytest.mark.parametrize("lines", [2, 40])
def test_every_cut_within_a_row_is_refused(lines: int) -> None:
    rows = [sdn_row(str(i), f"NAME {i}, Some", "individual", "DPRK", f"DOB 19{i:02}; POB X.") for i in range(lines)]
    whole = csv_text(rows, end="")
    start = whole.rstrip("\r\n").rfind("\n") + 1
    for end in range(start + 1, len(whole) - 2):
        with pytest.raises(ListError):
            read_table(whole[:end].encode(), "a file")
    assert len(read_table(whole[:-2].encode(), "a file").rows) == lines


@pytest.mark.parametrize("end", [b"\x1a", b"\r\n\x1a", b"\n", b"", b"\x1a\r\n"])
def test_official_endings_are_accepted(end: bytes) -> None:
    assert len(read_table(sdn_row("1", "N", remarks="DOB 1960.").encode() + end, "a file").rows) == 1


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", ListTruncated),
        (b"\x1a", ListTruncated),
        (b"\r\n\r\n", ListTruncated),
        (b"<html><body>Access denied</body></html>", ListUnrecognised),
        (b"address,currency\n0x00,ETH\n", ListUnrecognised),
        (b"12,a,b\n", ListUnrecognised),
        (b'1,"N","spaceship"' + b",-0- " * 9, ListUnrecognised),
        (b"\x00\x01\x02" * 500, ListUnrecognised),
        (b"1," + b"\x00" * 500, ListUnrecognised),
        (sdn_row("1", "N").encode() + b"\x1a" + sdn_row("2", "N").encode() + b"\x1a", ListError),
    ],
)
def test_anything_else_is_refused(data: bytes, kind: type[ListError]) -> None:
    with pytest.raises(kind):
        read_table(data, "a file")


def test_broken_row_in_the_middle_is_refused_with_its_line() -> None:
    rows = [sdn_row("1", "N"), sdn_row("2", "N"), '3,"N",-0- ', sdn_row("4", "N")]
    with pytest.raises(ListError) as raised:
        read_table(csv_text(rows).encode(), "SDN.CSV")
    assert (raised.value.source, raised.value.line) == ("SDN.CSV", 3)
    assert "3 fields" in raised.value.reason


def test_row_without_an_entry_number_is_refused() -> None:
    with pytest.raises(ListError, match="line 2"):
        read_table(csv_text([sdn_row("1", "N"), sdn_row("x", "N")]).encode(), "a file")
