"""Reference list files: every row accounted for, and a file that cannot be trusted is refused."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from rules.reference import Access, Category, ListKind, Tier, VaspRisk
from streams.errors import ListsError
from streams.knowledge import load_knowledge
from streams.listfeed import ListError
from streams.referencefeed import load_reference
from streams.referencefeed.table import read

HEAD = "# published: 2026-11-20\n"
NETWORKS = HEAD + "network,kind,name,jurisdiction\n198.51.100.0/24,vpn,Example VPN,\n2001:db8::/32,region,,ua-43\n"
LABELS = HEAD + (
    "address,network,entity,category,confidence,source,since,list_entry\n"
    "0x098B716B8Aaf21512996dC57EB0615e2383E2f96,ethereum,Example Mixer,Mixer,90,own work,2022-04-14,27307\n"
    "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t,tron,Desk,otc_desk,60,own work,,\n"
)
VASPS = HEAD + "name,aliases,risk,country,source\nExample Exchange Ltd,EXX; Example X,no_kyc,sc,judgement\n"
JURISDICTIONS = HEAD + "code,name,tier,source\nir,Iran,embargoed,31 CFR Part 560\nUA-43,Crimea,embargoed,EO 13685\n"


def refused(text: str | bytes) -> str:
    with pytest.raises(ListError) as caught:
        read(text if isinstance(text, bytes) else text.encode(), "lists/example.csv", "example")
    assert str(caught.value).startswith("lists/example.csv")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind", "rows"),
    [
        (NETWORKS, ListKind.NETWORKS, 2),
        (LABELS, ListKind.LABELS, 2),
        (VASPS, ListKind.VASPS, 1),
        (JURISDICTIONS, ListKind.JURISDICTIONS, 2),
    ],
)
def test_the_columns_tell_what_kind_of_list_it_is(text: str, kind: ListKind, rows: int) -> None:
    found = read(text.encode(), "x", "stem")
    assert (found.kind, len(found.rows), found.left_out) == (kind, rows, ())
    assert (found.name, found.published) == ("stem", date(2026, 11, 20))


def test_cells_are_read_as_people_write_them(tmp_path: Path) -> None:
    for name, text in (("n", NETWORKS), ("l", LABELS), ("v", VASPS), ("j", JURISDICTIONS)):
        (tmp_path / f"{name}.csv").write_text("\ufeff" + text, "utf-8")
    reference = load_reference([str(tmp_path)])
    assert [row.jurisdiction for row in reference.networks.find("2001:db8::7")] == ["UA-43"]  # type: ignore[union-attr]
    label = reference.label("0x098b716b8aaf21512996dc57eb0615e2383e2f96")
    assert label is not None
    assert (label.category, label.confidence, label.since, label.list_entry) == (
        Category.MIXER,
        90,
        date(2022, 4, 14),
        "27307",
    )
    vasp = reference.vasp("EXX")
    assert vasp is not None
    assert (vasp.risk, vasp.country, vasp.aliases) == (VaspRisk.NO_KYC, "SC", ("EXX", "Example X"))
    assert {code: row.tier for code, row in (reference.jurisdictions or {}).items()} == {
        "IR": Tier.EMBARGOED,
        "UA-43": Tier.EMBARGOED,
    }
    assert [each.name for each in reference.lists] == ["j", "l", "n", "v"]


def test_a_plain_list_of_addresses_needs_only_its_kind_and_date() -> None:
    found = read((HEAD + "# access: tor\n# a comment\n198.51.100.1\n\n2001:db8::1  # exit\n").encode(), "x", "tor-exits")
    assert [(row.network, row.kind) for row in found.rows] == [  # type: ignore[union-attr]
        ("198.51.100.1", Access.TOR),
        ("2001:db8::1", Access.TOR),
    ]


def test_every_row_is_loaded_or_left_out_with_its_line_and_reason() -> None:
    rows = [
        "198.51.100.0/24,vpn",
        "198.51.100.0/24,vpn",
        "198.51.100.1/24,vpn",
        "198.51.100.1",
        "198.51.100.2,magic",
        ",vpn",
        '"198.51.100.3,vpn',
        *(f"203.0.113.{n},vpn" for n in range(9)),
    ]
    found = read((HEAD + "network,kind\n" + "\n".join(rows) + "\n").encode(), "x", "stem")
    assert len(found.rows) + len(found.left_out) == len(rows)
    said = {each.line: each.reason for each in found.left_out}
    assert sorted(said) == [4, 5, 6, 7, 8, 9]
    for line, part in ((4, "twice"), (5, "host bits"), (6, "1 fields"), (7, "magic"), (8, "network"), (9, "CSV")):
        assert part in said[line], said


def test_a_jurisdiction_has_one_tier() -> None:
    found = read((JURISDICTIONS + "IR,Iran again,monitored,judgement\n").encode(), "x", "stem")
    assert [(each.line, each.reason) for each in found.left_out] == [(5, "the same stands twice")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("network,kind\n198.51.100.1,vpn\n", "no date"),
        ("# published: yesterday\nnetwork,kind\n198.51.100.1,vpn\n", "comment lines"),
        (HEAD, "no row"),
        (HEAD + "network,kind\n", "only 0 of 0"),
        (HEAD + "net,kind\n198.51.100.1,vpn\n", "columns of no list"),
        (HEAD + "network,kind,nmae\n198.51.100.1,vpn,x\n", "nmae"),
        (HEAD + "network,kind,kind\n198.51.100.1,vpn,vpn\n", "twice"),
        (HEAD + "198.51.100.1\n", "columns of no list"),
        (HEAD + "# access: magic\n198.51.100.1\n", "magic"),
        (HEAD + "network,kind\n198.51.100.1,vpn\nx,vpn\ny,vpn\n", "only 1 of 3 rows can be used: line 4"),
        (HEAD + "# rows: 3\nnetwork,kind\n198.51.100.1,vpn\n198.51.100.2,vpn\n", "says that it holds 3 rows, and has 2"),
        (b"# published: 2026-11-20\nnetwork,kind,name\n198.51.100.1,vpn,\xff\n", "not UTF-8"),
        ("<html><body>502 Bad Gateway</body></html>", "no date"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(text: str | bytes, says: str) -> None:
    assert says in refused(text)


def test_the_built_in_jurisdictions_are_in_force_unless_others_are_named(tmp_path: Path) -> None:
    built_in = load_reference(())
    tiers = {code: row.tier for code, row in (built_in.jurisdictions or {}).items()}
    assert {code for code, tier in tiers.items() if tier is Tier.EMBARGOED} == {
        *("CU", "IR", "KP", "UA-09", "UA-14", "UA-40", "UA-43"),
    }
    assert all(not each.left_out for each in built_in.lists)
    (tmp_path / "networks.csv").write_text(NETWORKS, "utf-8")
    assert load_reference([str(tmp_path)]).jurisdictions == built_in.jurisdictions
    (tmp_path / "mine.csv").write_text(JURISDICTIONS, "utf-8")
    assert sorted(load_reference([str(tmp_path)]).jurisdictions or ()) == ["IR", "UA-43"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Autonomous Republic of Crimea", "UA-43"),
        ("Автономна Республіка Крим", "UA-43"),
        ("Sevastopol", "UA-40"),
        ("Donetsk Oblast", "UA-14"),
        ("Donetsk People's Republic", "UA-14"),
        ("Донецкая Народная Республика", "UA-14"),
        ("Луганська область", "UA-09"),
        ("LNR", "UA-09"),
        ("Dnipropetrovsk Oblast", None),
    ],
)
def test_the_built_in_regions_are_known_by_what_they_are_called(text: str, code: str | None) -> None:
    assert load_reference(()).region(text, None) == code


def test_every_source_at_fault_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.csv").write_text("x", "utf-8")
    sources = [str(tmp_path / name) for name in ("absent", "empty", "bad.csv")]
    with pytest.raises(ListsError) as caught:
        load_reference(sources)
    assert len(caught.value.faults) == 3
    with pytest.raises(ListsError) as caught:
        load_knowledge([str(tmp_path / "none")], sources)
    assert len(caught.value.faults) == 4


def test_what_is_no_list_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "tor.TXT").write_text(HEAD + "# access: tor\n198.51.100.1\n", "utf-8")
    (tmp_path / "README.md").write_text("about", "utf-8")
    (tmp_path / ".hidden.csv").write_text("x", "utf-8")
    assert [each.name for each in load_reference([str(tmp_path)]).lists] == ["built-in jurisdictions", "tor"]


def test_the_files_in_the_docs_load_as_they_stand() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference-lists.md").read_text("utf-8")
    blocks = [block for block in page.split("```")[1::2] if "# published" in block]
    lists = [read(block.strip().encode(), "docs", "docs") for block in blocks]
    assert [(each.kind, len(each.rows), each.left_out) for each in lists] == [
        (ListKind.LABELS, 2, ()),
        (ListKind.NETWORKS, 2, ()),
    ]


def test_the_docs_name_every_column_and_word() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference-lists.md").read_text("utf-8")
    columns = {field.name for kind in ListKind for field in msgspec.structs.fields(kind.row)}
    words = {each.value for kind in (Access, Category, Tier, VaspRisk) for each in kind}  # type: ignore[attr-defined]
    assert [word for word in sorted(columns | words) if f"`{word}`" not in page] == []
