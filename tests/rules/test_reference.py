"""The reference lists: what is found in them, and what their hash covers."""

from datetime import date, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.knowledge import NOTHING, Knowledge, Need
from rules.lists import Alias, AliasStrength, ListEntry, SanctionsList, Watchlist, merge
from rules.reference import (
    Access,
    BadAddress,
    Category,
    Jurisdiction,
    Label,
    ListKind,
    NetworkRow,
    Networks,
    ReferenceList,
    Row,
    Tier,
    Vasp,
    VaspRisk,
    combine,
    fault,
)
from rules.reference.index import plain_name
from rules.reference.networks import is_inside
from rules.reference.places import least_km
from rules.reference.whereabouts import places, touches
from rules.transfer import Transfer

DAY = date(2026, 11, 20)
EVM = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"
IRAN = Jurisdiction(code="IR", name="Iran", tier=Tier.EMBARGOED, source="judgement")


def label(**changes: Any) -> Label:
    fields: dict[str, Any] = {"address": EVM, "entity": "Mixer", "category": "mixer", "confidence": 80, "source": "test"}
    return msgspec.convert(fields | changes, Label)


def listing(*rows: Row, kind: ListKind = ListKind.LABELS, published: date = DAY, name: str = "test") -> ReferenceList:
    return ReferenceList.of(name, kind, published, rows)


def networks(*texts: str) -> Networks:
    return Networks(NetworkRow(network=text, kind=Access.VPN) for text in texts)


def found(among: Networks, ip: str) -> list[str]:
    return [row.network for row in among.find(ip)]


def test_an_address_is_found_in_every_network_that_holds_it_the_widest_first() -> None:
    among = networks("198.51.100.7", "198.51.0.0/16", "198.51.100.0/24", "2001:db8::/32")
    assert found(among, "198.51.100.7") == ["198.51.0.0/16", "198.51.100.0/24", "198.51.100.7"]
    assert found(among, "198.51.100.8") == ["198.51.0.0/16", "198.51.100.0/24"]
    assert found(among, "198.50.255.255") == found(among, "198.52.0.0") == []
    assert found(among, "2001:db8:ffff::1") == ["2001:db8::/32"]
    assert found(among, "2001:db9::") == []


def test_the_ends_of_the_address_space_are_networks_like_others() -> None:
    among = networks("0.0.0.0/8", "255.0.0.0/8", "255.255.255.255", "ffff::/16")
    assert found(among, "0.255.255.255") == ["0.0.0.0/8"]
    assert found(among, "255.255.255.255") == ["255.0.0.0/8", "255.255.255.255"]
    assert found(among, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == ["ffff::/16"]


def test_ipv4_is_found_however_it_is_wrapped() -> None:
    among = networks("198.51.100.0/24")
    for spelling in (" 198.51.100.9 ", "::ffff:198.51.100.9", "64:ff9b::198.51.100.9", "[::ffff:c633:6409]"):
        assert found(among, spelling) == ["198.51.100.0/24"], spelling
    assert found(networks("fe80::/16"), "fe80::1%eth0") == ["fe80::/16"]


@pytest.mark.parametrize("text", ["", "198.51.100", "198.51.100.256", "example.com", "198.51.100.1, 198.51.100.2", "1"])
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(BadAddress):
        networks("198.51.100.0/24").find(text)


@pytest.mark.parametrize("ip", ["10.1.2.3", "192.168.0.1", "172.31.255.255", "100.64.0.1", "127.0.0.1", "::1", "fd00::1"])
def test_private_addresses_are_known_as_such(ip: str) -> None:
    assert is_inside(ip)


@pytest.mark.parametrize("ip", ["198.51.100.1", "172.32.0.0", "100.128.0.0", "2001:db8::1"])
def test_public_addresses_are_not_private(ip: str) -> None:
    assert not is_inside(ip)


v4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(8, 32)).map(lambda each: str(ip_network(each, strict=False)))
v6 = st.tuples(st.integers(0, 2**128 - 1), st.integers(16, 128)).map(lambda each: str(ip_network(each, strict=False)))


@given(st.lists(v4 | v6, max_size=12), st.data())
def test_a_look_up_finds_what_a_walk_through_all_networks_finds(texts: list[str], data: st.DataObject) -> None:
    among = networks(*texts)
    edges = [ip_network(text)[end] for text in texts for end in (0, -1)]
    beside = [edge + 1 for edge in edges if int(edge) < 2**edge.max_prefixlen - 1]
    ip = data.draw(st.sampled_from([*edges, *beside, ip_address("198.51.100.1")]))
    if ip.version == 6 and (ip.ipv4_mapped is not None or ip in ip_network("64:ff9b::/96")):
        return
    expected = [text for text in texts if ip.version == ip_network(text).version and ip in ip_network(text)]
    assert sorted(found(among, str(ip))) == sorted(expected)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (NetworkRow(network="198.51.100.1/24", kind=Access.TOR), "host bits"),
        (NetworkRow(network="198.0.0.0/7", kind=Access.TOR), "wider than /8"),
        (NetworkRow(network="2000::/15", kind=Access.TOR), "wider than /16"),
        (NetworkRow(network="somewhere", kind=Access.TOR), "not a network"),
        (label(address="0x12"), "hexadecimal"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(row: Row, says: str) -> None:
    assert says in (fault(row) or "")


def test_rows_that_can_be_used_have_no_fault() -> None:
    for row in (
        NetworkRow(network="198.0.0.0/8", kind=Access.TOR),
        NetworkRow(network="2001:db8::1", kind=Access.VPN),
        label(),
    ):
        assert fault(row) is None


def test_a_label_is_found_by_the_canonical_address_the_surest_first() -> None:
    reference = combine([listing(label(), label(entity="Other", confidence=90, category="bridge"))])
    first = reference.label(EVM.lower())
    assert first is not None
    assert (first.entity, first.category) == ("Other", Category.BRIDGE)
    assert reference.label(EVM) is None


def test_a_script_address_of_no_named_network_is_found_on_both_chains() -> None:
    reference = combine([listing(label(address="3QJmV3qfvL9SuYo34YihAf3sRCW3qSinyC"))])
    assert reference.label("3QJmV3qfvL9SuYo34YihAf3sRCW3qSinyC")
    assert [address[0] for address in reference.labels or ()] == ["3", "M"]


def test_services_end_a_path_and_parties_do_not() -> None:
    assert Category.EXCHANGE_HOT_WALLET.is_service
    assert Category.MIXER.is_service
    assert not Category.SANCTIONED.is_service
    assert not Category.STOLEN_FUNDS.is_service


def test_a_part_without_a_list_is_none_and_not_empty() -> None:
    reference = combine([listing(IRAN, kind=ListKind.JURISDICTIONS)])
    assert reference.jurisdictions == {"IR": IRAN}
    assert (reference.networks, reference.vasps, reference.labels) == (None, None, None)
    assert reference.label(EVM) is None
    assert reference.vasp("anybody") is None


def test_the_later_of_two_lists_counts() -> None:
    old = msgspec.structs.replace(IRAN, tier=Tier.MONITORED)
    lists = [
        listing(IRAN, kind=ListKind.JURISDICTIONS),
        listing(old, kind=ListKind.JURISDICTIONS, published=DAY - timedelta(days=1)),
    ]
    for order in (lists, lists[::-1]):
        assert combine(order).jurisdictions == {"IR": IRAN}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Bitzlato Ltd.", "bitzlato"),
        ("BITZLATO (Hong Kong) Co., Limited", "bitzlato hong kong"),
        ("Company", "company"),
        ("Garantex Europe OU", "garantex europe"),
        ("\uff27arantex", "garantex"),
    ],
)
def test_names_are_compared_without_case_punctuation_and_legal_form(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_a_vasp_is_found_by_alias() -> None:
    row = Vasp(name="Example Exchange Ltd", aliases=("EXX", "Example-X"), risk=VaspRisk.NO_KYC, source="test")
    reference = combine([listing(row, kind=ListKind.VASPS)])
    assert reference.vasp("EXAMPLE EXCHANGE LLC") == reference.vasp("exx") == reference.vasp("example x") == row
    assert reference.vasp("Example") is None


def test_the_hash_covers_rows_date_and_name_but_not_the_order_of_rows() -> None:
    one, other = label(), label(entity="Other")
    hashes = [
        listing(one, other).hash,
        listing(one).hash,
        listing(one, msgspec.structs.replace(other, confidence=79)).hash,
        listing(one, other, published=DAY + timedelta(days=1)).hash,
        listing(one, other, name="another").hash,
    ]
    assert len(set(hashes)) == len(hashes)
    assert listing(other, one).hash == hashes[0]


def test_reference_lists_together_have_one_hash_in_any_order() -> None:
    first, second = listing(label()), listing(IRAN, kind=ListKind.JURISDICTIONS)
    assert combine([first, second]).hash == combine([second, first, second]).hash
    assert combine([first]).hash != combine([second]).hash
    assert combine([]).hash == ""


def watchlist() -> Watchlist:
    entry = ListEntry(
        entry_id="54764",
        name="KOREA SOBAEKSU TRADING CORPORATION",
        source="OFAC",
        aliases=(
            Alias(name="SOBAEKU UNITED CORP"),
            Alias(name="WEAKNAME", strength=AliasStrength.WEAK),
            Alias(name="KST"),
        ),
    )
    return merge([SanctionsList.of("OFAC", [entry])])


@pytest.mark.parametrize(
    ("changes", "attributed"),
    [
        ({"entity": "Korea Sobaeksu Trading Company"}, True),
        ({"entity": "Korea Sobaeksu Company"}, False),
        ({"entity": "Korea Sobaeksu Trading Corp."}, True),
        ({"entity": "Sobaeku United"}, True),
        ({"entity": "Weakname"}, False),
        ({"entity": "KST"}, False),
        ({"entity": "anything", "list_entry": "54764"}, True),
        ({"entity": "Korea Sobaeksu Trading Corp.", "list_entry": "99"}, False),
    ],
)
def test_a_label_is_attributed_by_entry_or_by_name(changes: dict[str, Any], attributed: bool) -> None:
    knowledge = Knowledge(watchlist(), combine([listing(label(**changes))]))
    assert (EVM.lower() in knowledge.attributed) is attributed
    if attributed:
        _, match = knowledge.attributed[EVM.lower()]
        assert match.entry_id == "54764"
        assert match.matched.endswith("attributed by test")


def test_knowledge_has_the_hash_of_all_that_rules_look_up() -> None:
    reference = combine([listing(label())])
    hashes = {Knowledge(watchlist()).hash, Knowledge(None, reference).hash, Knowledge(watchlist(), reference).hash}
    assert len(hashes) == 3
    assert Knowledge(watchlist()).hash == watchlist().hash
    assert NOTHING.hash == ""


def test_knowledge_says_what_it_lacks() -> None:
    assert all(NOTHING.lacks(need) for need in Need)
    known = Knowledge(watchlist(), combine([listing(label())]))
    assert [need for need in Need if known.lacks(need)] == [Need.JURISDICTIONS, Need.NETWORKS, Need.VASPS]
    assert Knowledge(None, combine([listing(kind=ListKind.VASPS)])).lacks(Need.VASPS_OR_LABELS) is False


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("FR", "DE", 0, 0),
        ("US", "CA", 0, 0),
        ("UA", "RU", 0, 0),
        ("KP", "KP", 0, 0),
        ("KR", "NG", 9_000, 12_000),
        ("GB", "AU", 12_000, 15_200),
        ("SG", "KP", 4_000, 4_700),
        ("JP", "FJ", 5_000, 7_200),
    ],
)
def test_the_least_distance_is_never_more_than_the_true_one(one: str, other: str, least: int, most: int) -> None:
    distance = least_km(one, other)
    assert distance is not None
    assert distance == least_km(other, one)
    assert least <= distance <= most


def test_an_unknown_country_has_no_distance() -> None:
    assert least_km("XX", "FR") is None
    assert least_km("FR", "fr") is None


def test_another_watchlist_brings_its_own_attributions() -> None:
    reference = combine([listing(label(entity="x", list_entry="54764"))])
    nobody = merge([SanctionsList.of("OFAC", [])])
    before = Knowledge(nobody, reference)
    after = msgspec.structs.replace(before, watchlist=watchlist())
    assert before.attributed == {}
    assert list(after.attributed) == [EVM.lower()]
    assert msgspec.structs.replace(after, watchlist=nobody).attributed == {}


def test_a_region_hides_nobody() -> None:
    rows = [NetworkRow(network="198.51.100.0/24", kind=kind, jurisdiction="UA-43") for kind in Access]
    assert [row.kind for row in Networks(rows).hiding("198.51.100.1")] == [
        Access.TOR,
        Access.VPN,
        Access.PROXY,
        Access.HOSTING,
    ]


TRANSFER: dict[str, Any] = {
    "event_id": "e",
    "kind": "withdrawal",
    "account_id": "a",
    "asset": "USDT",
    "amount": "1",
    "value_usd": "1",
    "addresses": [],
    "occurred_at": 1_773_576_000_000,
}
WATCHED = combine(
    [
        listing(IRAN, kind=ListKind.JURISDICTIONS),
        listing(Vasp(name="Exchange", risk=VaspRisk.OTC, country="IR", source="x"), kind=ListKind.VASPS),
        listing(
            NetworkRow(network="198.51.100.0/24", kind=Access.VPN, jurisdiction="IR"),
            NetworkRow(network="203.0.113.0/24", kind=Access.VPN),
            kind=ListKind.NETWORKS,
        ),
    ]
)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ip_country": "ir"}, [("ip", "IR")]),
        ({"ip": "198.51.100.1", "ip_country": "DE"}, [("ip", "DE"), ("ip", "IR")]),
        ({"counterparty": {"country": "IR", "vasp": "EXCHANGE LTD"}}, [("counterparty", "IR"), ("vasp", "IR")]),
        ({"account": {"country": "IR"}}, [("holder", "IR")]),
    ],
)
def test_the_places_of_a_transfer_are_all_that_is_known(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    transfer = msgspec.convert(TRANSFER | fields, Transfer)
    assert list(places(transfer, WATCHED)) == expected
    assert touches(transfer, WATCHED) is True


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"counterparty": {"name": "x"}}, None),
        ({"ip": "no address"}, None),
        ({"ip": "203.0.113.9"}, None),
        ({"counterparty": {"vasp": "unheard of"}}, None),
        ({"ip_country": "DE"}, False),
        ({"counterparty": {"country": "DE"}}, False),
        ({"account": {"country": "DE"}}, False),
    ],
)
def test_where_no_place_is_known_nothing_is_clean(fields: dict[str, Any], expected: bool | None) -> None:
    transfer = msgspec.convert(TRANSFER | fields, Transfer)
    assert touches(transfer, WATCHED) is expected
    assert [code for _, code in places(transfer, WATCHED)] == ([] if expected is None else ["DE"])


CRIMEA = Jurisdiction(code="UA-43", name="Autonomous Republic of Crimea", aliases=("Крым",), tier=Tier.EMBARGOED, source="x")
REGIONS = combine([listing(CRIMEA, IRAN, kind=ListKind.JURISDICTIONS)])


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [
        ("UA-43", None, "UA-43"),
        (" ua-43 ", "RU", "UA-43"),
        ("43", "ua", "UA-43"),
        ("43", None, None),
        ("43", "RU", "RU-43"),
        ("Crimea", None, "UA-43"),
        ("CRIMEA", "RU", "UA-43"),
        ("Republic of Crimea", "UA", "UA-43"),
        ("республика Крым", "RU", "UA-43"),
        ("Kyiv", "UA", None),
        ("Oblast", None, None),
        ("Iran", None, None),
        ("", "UA", None),
        ("\u0301" * 128, "UA", None),
    ],
)
def test_a_region_is_known_by_code_part_name_or_alias(text: str, country: str | None, code: str | None) -> None:
    assert REGIONS.region(text, country) == code


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ip_country": "UA", "ip_region": "43"}, [("ip", "UA"), ("ip", "UA-43")]),
        ({"ip_region": "Crimea"}, [("ip", "UA-43")]),
        ({"counterparty": {"region": "Crimea"}}, [("counterparty", "UA-43")]),
        ({"account": {"region": "UA-43"}}, [("holder", "UA-43")]),
    ],
)
def test_a_named_region_is_a_place(fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    transfer = msgspec.convert(TRANSFER | fields, Transfer)
    assert list(places(transfer, REGIONS)) == expected
    assert touches(transfer, REGIONS) is True


def test_a_list_without_aliases_keeps_the_hash_it_had_before_there_were_any() -> None:
    row = Jurisdiction(code="IR", name="Iran", tier=Tier.EMBARGOED, source="x")
    assert msgspec.json.encode(row) == b'{"code":"IR","name":"Iran","tier":"embargoed","since":null,"source":"x"}'


def test_an_open_region_is_a_place_and_one_that_nothing_tells_is_none() -> None:
    assert touches(msgspec.convert(TRANSFER | {"ip_region": "UA-30"}, Transfer), REGIONS) is False
    assert touches(msgspec.convert(TRANSFER | {"ip_region": "Kyiv"}, Transfer), REGIONS) is None
