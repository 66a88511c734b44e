"""Every official format but the OFAC CSV set: told apart by content, read whole, every entry accounted for."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import official_files as official
import pytest
from lxml import etree
from ofac_files import xml_entry, xml_ids, xml_text

from rules.lists import Alias, AliasStrength, EntryKind, Identifier, SanctionsList
from streams.listfeed import ListError, ListTruncated, load_list

ADDRESSES = [("ETH", official.EVM), ("XBT", official.BITCOIN)]
TEXTS = {
    "enhanced": official.enhanced(),
    "advanced": official.advanced(),
    "un": official.un(),
    "eu xml": official.eu_xml(),
    "eu csv": official.eu_csv(),
    "uk csv": official.uk_csv(),
}


def load(folder: Path, text: str | bytes) -> SanctionsList:
    file = folder / "misleading.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    (listing,) = load_list(str(file))
    return listing


def addresses_of(listing: SanctionsList) -> list[tuple[str, str]]:
    return sorted((each.currency, each.address) for entry in listing.entries for each in entry.addresses)


@pytest.mark.parametrize("form", ["enhanced", "advanced"])
def test_both_rich_ofac_formats_give_the_same_entries(tmp_path: Path, form: str) -> None:
    listing = load(tmp_path, TEXTS[form])
    assert (listing.name, listing.published, listing.notes, listing.left_out) == ("OFAC SDN", date(2026, 8, 20), (), ())
    person, company, ship = listing.entries
    assert (person.name, person.kind, person.title) == ("KIM, Test Il", EntryKind.INDIVIDUAL, "Mr")
    assert person.aliases == (
        Alias(name="김테스트", script="Hangul"),
        Alias(name="KIM, T'est"),
        Alias(name="THE TESTER", kind="fka", strength=AliasStrength.WEAK),
    )
    assert (person.programs, person.listed_on) == (("DPRK3",), date(2025, 7, 24))
    assert (person.dates_of_birth, person.places_of_birth) == (("01 May 1980",), ("Pyongyang",))
    assert (person.nationalities, person.countries, person.gender) == (("Korea, North",), ("Korea, North",), "Male")
    assert person.identifiers == (Identifier(kind="Passport", number="A1", country="Korea, North"),)
    assert (company.name, company.kind) == ("TEST TRADING & CO", EntryKind.ENTITY)
    assert addresses_of(listing) == ADDRESSES
    assert (ship.name, ship.kind, ship.countries) == ("TEST SHIP", EntryKind.VESSEL, ("Togo",))
    assert [each.number for each in ship.identifiers] == ["IMO 1234567"]


def test_rich_ofac_formats_have_one_hash(tmp_path: Path) -> None:
    assert load(tmp_path, TEXTS["enhanced"]).hash == load(tmp_path, TEXTS["advanced"]).hash


@pytest.mark.parametrize(
    ("begin", "end", "circa", "words"),
    [(("1951", "1", "1"), ("1951", "12", "31"), "false", "1951"),
     (("1951", "1", "1"), ("1951", "12", "31"), "true", "circa 1951"),
     (("1961", "1", "1"), ("1963", "12", "31"), "false", "1961 to 1963"),
     (("1961", "2", "1"), ("1961", "2", "28"), "false", "Feb 1961"),
     (("1961", "2", "3"), ("1961", "2", "5"), "false", "03 Feb 1961 to 05 Feb 1961")],
)  # fmt: skip
def test_periods_of_birth_read_as_in_the_other_formats(
    tmp_path: Path, begin: tuple[str, str, str], end: tuple[str, str, str], circa: str, words: str
) -> None:
    listing = load(tmp_path, official.advanced(official.advanced_period(begin, end, circa)))
    assert listing.entries[0].dates_of_birth == (words,)


def test_un_list(tmp_path: Path) -> None:
    listing = load(tmp_path, TEXTS["un"])
    assert (listing.name, listing.published) == ("UN", date(2026, 2, 27))
    company, person = listing.entries
    assert (person.entry_id, person.name, person.programs) == ("KPi.999", "TEST IL KIM", ("DPRK",))
    assert person.aliases == (
        Alias(name="KIM T'est"),
        Alias(name="The Tester", strength=AliasStrength.WEAK),
        Alias(name="김테스트", script="original"),
    )
    assert (person.dates_of_birth, person.listed_on) == (("circa 1980", "1979 to 1981"), date(2025, 7, 24))
    assert person.identifiers[-1] == Identifier(kind="Passport", number="A1")
    assert (company.name, company.aliases[0].kind, company.countries) == ("TEST TRADING", "fka", ("Togo",))
    assert addresses_of(listing) == ADDRESSES


@pytest.mark.parametrize("form", ["eu xml", "eu csv"])
def test_eu_list_is_the_same_in_both_forms(tmp_path: Path, form: str) -> None:
    listing = load(tmp_path, TEXTS[form])
    assert (listing.name, listing.published) == ("EU FSF", date(2026, 8, 20))
    person, company = listing.entries
    assert (person.name, person.kind, person.programs) == ("Test Il KIM", EntryKind.INDIVIDUAL, ("PRK",))
    assert person.aliases == (Alias(name="The Tester", strength=AliasStrength.WEAK), Alias(name="김테스트", script="Hangul"))
    assert person.dates_of_birth == ("1980-05-01", "circa 1979")
    assert person.places_of_birth[0] == "Pyongyang, NORTH KOREA"
    assert (person.gender, person.title, person.listed_on) == ("M", "Mr", date(2025, 7, 24))
    assert {(each.kind, each.number) for each in person.identifiers} == {
        ("EU reference", "EU.1.1"),
        ("National passport", "A1"),
    }
    assert (company.name, addresses_of(listing)) == ("TEST TRADING", ADDRESSES)
    assert listing.hash == load(tmp_path, TEXTS["eu xml"]).hash


def test_uk_list(tmp_path: Path) -> None:
    listing = load(tmp_path, TEXTS["uk csv"])
    assert (listing.name, listing.published) == ("UK", date(2026, 10, 8))
    ship, company, person = listing.entries
    assert (person.name, person.dates_of_birth, person.places_of_birth) == ("Test Il KIM", ("01/05/1980",), ("Pyongyang",))
    assert person.aliases == (
        Alias(name="김테스트", script="Hangul"),
        Alias(name="The Tester", strength=AliasStrength.WEAK),
    )
    assert (person.listed_on, person.identifiers) == (date(2025, 7, 24), (Identifier(kind="Passport", number="A1"),))
    assert (ship.kind, ship.countries, ship.identifiers[0].kind) == (EntryKind.VESSEL, ("Togo",), "IMO number")
    assert (company.name, addresses_of(listing)) == ("TEST TRADING", ADDRESSES)


@pytest.mark.parametrize("form", TEXTS)
def test_every_cut_is_refused_as_truncated(tmp_path: Path, form: str) -> None:
    whole = TEXTS[form].encode()
    first = whole.index(b"\r\n", 300) + 60 if "csv" in form else whole.index(b">", 100) + 1
    for end in range(first, len(whole) - 3, max(1, len(whole) // 60)):
        if whole[:end].endswith((b"\r", b"\n")):
            continue  # a CSV file that ends between two rows looks whole: the guard against shrinking is for that
        with pytest.raises(ListError):
            load(tmp_path, whole[:end])
    with pytest.raises(ListTruncated):
        load(tmp_path, whole[:-5])


@pytest.mark.parametrize("form", [form for form in TEXTS if "csv" not in form])
def test_document_types_and_entities_are_refused(tmp_path: Path, form: str) -> None:
    bomb = '?>\n<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    with pytest.raises(ListError, match="refused"):
        load(tmp_path, TEXTS[form].replace("?>", bomb, 1))


@pytest.mark.parametrize("form", TEXTS)
def test_wrong_encoding_is_refused(tmp_path: Path, form: str) -> None:
    for damaged in (TEXTS[form].encode("utf-16"), TEXTS[form].replace("김", "é").encode("latin-1", "replace")):
        with pytest.raises(ListError):
            load(tmp_path, damaged.replace(b"\xef\xbb\xbf", b"") if "xml" in form else damaged)


def test_field_that_begins_with_a_name_in_quotes_does_not_cost_the_list(tmp_path: Path) -> None:
    text = official.eu_csv().replace(";The Tester;", ';"The Tester" of old;')
    assert load(tmp_path, text).entries[0].aliases[0].name == "The Tester of old"


def test_row_of_another_width_is_refused_with_its_line(tmp_path: Path) -> None:
    rows = official.uk_csv().splitlines(keepends=True)
    with pytest.raises(ListError, match="57 fields where 58 are expected") as raised:
        load(tmp_path, "".join([*rows[:3], rows[3].replace(",", "", 1), *rows[4:]]))
    assert raised.value.line == 4


def test_entry_that_says_nothing_is_left_out_with_a_reason(tmp_path: Path) -> None:
    listing = load(
        tmp_path, official.enhanced('<entity id="4"><generalInfo><entityType>Entity</entityType></generalInfo></entity>')
    )
    assert [(each.entry_id, each.reason) for each in listing.left_out] == [("4", "neither a name nor an address")]
    assert len(listing.entries) == 3


def test_entry_without_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="without id"):
        load(tmp_path, official.enhanced("<entity><generalInfo/></entity>"))


@pytest.mark.parametrize(
    ("form", "schema"),
    [("un", "UN_consolidated.xsd"), ("eu xml", "EU_20171012-FULL-schema-1_1(xsd).xsd"), ("sdn", "OFAC_xml.xsd")],
)
def test_the_files_of_these_tests_obey_the_published_schemas(data_dir: Path, form: str, schema: str) -> None:
    inner = "<programList/>" + xml_ids([("ETH", official.EVM)])
    sdn = xml_text([xml_entry("9", "N", inner=inner)])
    etree.XMLSchema(etree.parse(data_dir / "schemas" / schema)).assertValid(
        etree.fromstring({**TEXTS, "sdn": sdn}[form].encode())
    )


def test_uk_header_is_the_published_one(data_dir: Path) -> None:
    published = (data_dir / "schemas" / "UK-Sanctions-List.header.csv").read_text("utf-8-sig").splitlines()[1]
    assert published == official.UK_COLUMNS


def test_whole_un_list_loads_with_every_entry_accounted_for(data_dir: Path) -> None:
    (listing,) = load_list(str(data_dir / "un"))
    assert len(listing.entries) + len(listing.left_out) == 730 + 273
    kinds = [entry.kind for entry in listing.entries]
    assert (kinds.count(EntryKind.INDIVIDUAL), kinds.count(EntryKind.ENTITY)) == (730, 273)
    assert all(alias.name for entry in listing.entries for alias in entry.aliases)
    assert sum(entry.listed_on is not None for entry in listing.entries) == 1003


def test_file_of_100_mb_loads_within_300_mb_of_memory(tmp_path: Path) -> None:
    whole = official.enhanced("@")
    head, tail = whole.partition("<entity id")[0], whole.partition("@")[2]
    three = whole[len(head) : whole.index("@")].replace("<generalInfo>", f"<x>{'said of it ' * 400}</x><generalInfo>")
    file, entries = tmp_path / "big", 0
    with file.open("w") as out:
        out.write(head)
        while out.tell() < 100_000_000:
            out.write(re.sub(r'entity id="(\d)"', rf'entity id="{entries}.\1"', three))
            entries += 3
        out.write(tail)
    code = (
        "import re, sys; from pathlib import Path; from streams.listfeed import load_list\n"
        "entries = len(load_list(sys.argv[1])[0].entries)\n"  # ru_maxrss would be at least what the parent held
        "print(entries, int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    loaded, megabytes = map(int, done.stdout.split())
    assert loaded == entries
    assert megabytes < 300


@pytest.mark.parametrize(
    ("form", "before", "added", "name"),
    [
        ("enhanced", "</sanctionsData>", "<wallets><wallet>x</wallet></wallets>", "wallets"),
        ("enhanced", "</entities>", "<drone id='4'><names/></drone>", "drone"),
        ("advanced", "</Sanctions>", "<Wallets><Wallet>x</Wallet></Wallets>", "Wallets"),
        ("advanced", "</DistinctParties>", "<DistinctDrone FixedRef='4'/>", "DistinctDrone"),
        ("advanced", "</SanctionsEntries>", "<OtherEntry ProfileID='1'/>", "OtherEntry"),
        ("un", "</INDIVIDUALS>", "<SHIP><DATAID>4</DATAID></SHIP>", "SHIP"),
        ("eu xml", "</export>", "<sanctionVessel/>", "sanctionVessel"),
    ],
)
def test_a_part_that_no_reader_knows_is_counted(tmp_path: Path, form: str, before: str, added: str, name: str) -> None:
    listing = load(tmp_path, TEXTS[form].replace(before, 2 * added + before))
    assert listing.notes == (f"2 of {name} are not read: unknown to Lockgate",)
    assert listing.hash == load(tmp_path, TEXTS[form]).hash


@pytest.mark.parametrize(
    ("form", "before", "added"),
    [
        (
            "enhanced",
            "<entities>",
            "<referenceValues><referenceValue/></referenceValues><featureTypes><featureType/></featureTypes>",
        ),
        ("advanced", "<SanctionsEntries>", "<ProfileRelationships><ProfileRelationship/></ProfileRelationships>"),
        ("advanced", "</Sanctions>", "<SanctionsEntryLinks><SanctionsEntryLink/></SanctionsEntryLinks>"),
    ],
)
def test_parts_that_tell_nothing_of_a_party_are_passed_over(tmp_path: Path, form: str, before: str, added: str) -> None:
    assert load(tmp_path, TEXTS[form].replace(before, added + before)).notes == ()


def test_features_without_a_field_of_their_own_are_remarks(tmp_path: Path) -> None:
    website = "<feature><type>Website</type><value>example.kp</value></feature></features>"
    listing = load(tmp_path, TEXTS["enhanced"].replace("</features>", website, 1))
    assert listing.entries[0].remarks == "Website: example.kp"
