"""SDN.XML: what is read from it and what is refused."""

from datetime import date
from io import BytesIO

import pytest
from ofac_files import NULL, csv_text, quoted, sdn_row, xml_entry, xml_ids, xml_text

from rules.lists import AliasStrength, EntryKind, SanctionsList
from streams.listfeed import ListError, ListTruncated, ListUnrecognised, ofac_xml
from streams.listfeed.ofac_csv import build, read_table

EVM = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"
PERSON = xml_entry(
    "54763",
    "KIM",
    "Individual",
    "Se Un",
    "<title>Mr</title><programList><program>DPRK3</program><program>NPWMD</program></programList>"
    + xml_ids([("ETH", EVM), ("A-NEW-ONE", "abc")])
    + "<akaList><aka><uid>1</uid><type>a.k.a.</type><category>strong</category><lastName>KIM</lastName>"
    "<firstName>Se-u'n</firstName></aka><aka><uid>2</uid><type>f.k.a.</type><category>weak</category>"
    "<lastName>SEUN</lastName></aka></akaList>"
    "<addressList><address><uid>3</uid><city>Pyongyang</city><country>Korea, North</country></address></addressList>"
    "<nationalityList><nationality><uid>4</uid><country>Korea, North</country><mainEntry>true</mainEntry>"
    "</nationality></nationalityList>"
    "<dateOfBirthList><dateOfBirthItem><uid>5</uid><dateOfBirth>01 May 1980</dateOfBirth><mainEntry>true</mainEntry>"
    "</dateOfBirthItem></dateOfBirthList>",
)
COMPANY = xml_entry("54764", "KOREA SOBAEKSU TRADING CORPORATION & CO")


def read(data: bytes, source: str) -> SanctionsList:
    return ofac_xml.read(BytesIO(data), source)


def test_entry_carries_what_the_file_says() -> None:
    lists = read(xml_text([PERSON, COMPANY]).encode(), "SDN.XML")
    assert (lists.name, lists.published, lists.notes) == ("OFAC SDN", date(2026, 8, 20), ())
    person, company = lists.entries
    assert (person.name, person.kind, person.programs) == ("KIM, Se Un", EntryKind.INDIVIDUAL, ("DPRK3", "NPWMD"))
    assert [(alias.name, alias.kind, alias.strength) for alias in person.aliases] == [
        ("KIM, Se-u'n", "aka", AliasStrength.STRONG),
        ("SEUN", "fka", AliasStrength.WEAK),
    ]
    assert [(each.currency, each.address) for each in person.addresses] == [("ETH", EVM), ("A-NEW-ONE", "abc")]
    assert (person.dates_of_birth, person.nationalities) == (("01 May 1980",), ("Korea, North",))
    assert (person.countries, person.title, person.source) == (("Korea, North",), "Mr", "OFAC SDN")
    assert (company.name, company.kind) == ("KOREA SOBAEKSU TRADING CORPORATION & CO", EntryKind.ENTITY)


def test_what_is_told_of_a_ship_is_kept() -> None:
    info = (
        "<vesselInfo><callSign>P3QG3</callSign><vesselType>Tug</vesselType><vesselFlag>Cyprus</vesselFlag>"
        "<vesselOwner>Sand Co.</vesselOwner><grossRegisteredTonnage>1116</grossRegisteredTonnage></vesselInfo>"
    )
    (ship,) = read(xml_text([xml_entry("8", "SAND SWAN", "Vessel", inner=info)]).encode(), "SDN.XML").entries
    told = "Vessel Call Sign: P3QG3; Vessel Type: Tug; Vessel Gross Registered Tonnage: 1116; Vessel Owner: Sand Co."
    assert (ship.kind, ship.countries, ship.remarks) == (EntryKind.VESSEL, ("Cyprus",), told)


def test_same_list_has_the_same_hash_in_both_formats() -> None:
    person = PERSON.replace("A-NEW-ONE", "NEW")
    remarks = (
        f"DOB 01 May 1980; nationality Korea, North; Digital Currency Address - ETH {EVM}; "
        "alt. Digital Currency Address - NEW abc; f.k.a. 'SEUN'."
    )
    rows = [
        sdn_row("54764", "KOREA SOBAEKSU TRADING CORPORATION & CO"),
        sdn_row("54763", "KIM, Se Un", "individual", "DPRK3] [NPWMD", remarks),
    ]
    parts = [
        csv_text([quoted("54763", "1", "aka", "KIM, Se-u'n", NULL)]),
        csv_text([quoted("54763", "3", NULL, "Pyongyang", "Korea, North", NULL)]),
    ]
    from_csv = build(read_table(csv_text(rows).encode(), "sdn"), [read_table(part.encode(), "a part") for part in parts])
    assert read(xml_text([person, COMPANY]).encode(), "SDN.XML").hash == from_csv.hash


def test_every_cut_is_refused() -> None:
    whole = xml_text([PERSON, COMPANY]).encode()
    start = whole.index(b"<sdnList") + 9
    for end in range(start, len(whole), 7):
        with pytest.raises(ListTruncated):
            read(whole[:end], "SDN.XML")
    with pytest.raises(ListTruncated):
        read(whole[:-1], "SDN.XML")


def test_file_without_entries_is_refused() -> None:
    with pytest.raises(ListTruncated, match="no entries"):
        read(xml_text([]).encode(), "SDN.XML")


def test_missing_entries_are_noted() -> None:
    assert read(xml_text([PERSON], count=19249).encode(), "SDN.XML").notes == ("19249 entries announced, 1 found",)


def test_broken_markup_in_the_middle_is_refused_with_its_line() -> None:
    broken = xml_text([PERSON, "<sdnEntry><uid></sdnEntry>", COMPANY]).encode()
    with pytest.raises(ListError) as raised:
        read(broken, "SDN.XML")
    assert raised.value.line == 5


def test_entities_and_document_types_are_refused() -> None:
    bomb = '<!DOCTYPE sdnList [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    with pytest.raises(ListError, match="refused"):
        read(xml_text([COMPANY]).replace("?>\n", "?>\n" + bomb, 1).encode(), "SDN.XML")


def test_other_documents_are_refused() -> None:
    with pytest.raises(ListUnrecognised):
        read(b"<html><body>moved</body></html>", "SDN.XML")


def test_date_that_is_none_is_refused() -> None:
    with pytest.raises(ListError, match="publication date"):
        read(xml_text([COMPANY], published="20.8.26").encode(), "SDN.XML")


def test_same_entry_twice_is_left_out_once_and_another_content_is_refused() -> None:
    lists = read(xml_text([COMPANY, COMPANY]).encode(), "SDN.XML")
    assert (len(lists.entries), [left.entry_id for left in lists.left_out]) == (1, ["54764"])
    with pytest.raises(ListError, match="stands twice"):
        read(xml_text([COMPANY, COMPANY.replace("KOREA", "COREA")]).encode(), "SDN.XML")
