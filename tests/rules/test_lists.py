"""Lists: what a match says, what the hash covers, and how lists become one watchlist."""

import random
from datetime import date, timedelta

import msgspec
import pytest
from spellings import check, classic_xrp, litecoin_script, x_address

from rules.addresses import MalformedAddress
from rules.lists import Alias, EntryKind, ListedAddress, ListEntry, SanctionsList, merge

RAW = bytes(range(1, 21))
EVM = "0x" + RAW.hex()
NO_ADDRESS = "45ezvPejNsKYntjhyyeb7fbfzilsxYQozc5Ffseh8jPGW4JZQQVXykNTfK5uGFiij7Hp3qPv3T5HCR7F3Fnmz2mzE1aKQwo"


def entry(entry_id: str, *addresses: tuple[str, str], name: str = "PARTY") -> ListEntry:
    listed = tuple(ListedAddress(currency=currency, address=address) for currency, address in addresses)
    return ListEntry(entry_id=entry_id, name=f"{name} {entry_id}", source="test", addresses=listed)


def listing(*entries: ListEntry, name: str = "test", published: date | None = None) -> SanctionsList:
    return SanctionsList.of(name, entries, published=published)


def test_match_names_the_entry_the_list_and_the_listed_spelling() -> None:
    found = listing(entry("7", ("ETH", EVM.upper().replace("X", "x"))), published=date(2026, 8, 20)).match(EVM, "Base")
    assert found is not None
    assert (found.entry_id, found.entry_name, found.list_name) == ("7", "PARTY 7", "test")
    assert (found.matched, found.currency) == (EVM.upper().replace("X", "x"), "ETH")
    assert found.published == date(2026, 8, 20)
    assert len(found.list_hash) == 64
    assert found.others == ()


def test_unlisted_address_is_no_match() -> None:
    assert listing(entry("7", ("ETH", EVM))).match("0x" + "11" * 20, "ethereum") is None


def test_token_ticker_does_not_decide_on_which_chain_an_address_is() -> None:
    tron = check(b"\x41", RAW)
    for ticker in ("USDT", "TRX", "XBT", "A TICKER OF NEXT YEAR"):
        found = listing(entry("7", (ticker, tron))).match("41" + RAW.hex(), "trc20")
        assert found is not None and found.currency == ticker


def test_old_litecoin_spelling_hits_the_new_one_with_and_without_a_network() -> None:
    new, old = litecoin_script(RAW).spellings
    for listed, asked in ((new, old), (old, new)):
        assert listing(entry("7", ("LTC", listed))).match(asked, "litecoin")
        assert listing(entry("7", ("LTC", listed))).match(asked)


def test_x_address_with_any_tag_hits_the_listed_account() -> None:
    lists = listing(entry("7", ("XRP", classic_xrp(RAW))))
    assert lists.match(x_address(RAW, None), "xrp")
    assert lists.match(x_address(RAW, 99))


def test_listed_string_that_is_no_address_hits_in_exactly_this_spelling() -> None:
    lists = listing(entry("7", ("XMR", NO_ADDRESS)))
    assert lists.literal_only == (ListedAddress(currency="XMR", address=NO_ADDRESS),)
    assert lists.match(f" {NO_ADDRESS} ", "monero")
    assert lists.literal(NO_ADDRESS)
    with pytest.raises(MalformedAddress):
        lists.match(NO_ADDRESS[:-1] + "p", "monero")


def test_listed_address_hits_even_under_a_network_that_cannot_hold_it() -> None:
    tron = check(b"\x41", RAW)
    assert listing(entry("7", ("TRX", tron))).match(tron, "ethereum")


def test_address_of_two_parties_names_both() -> None:
    shared = listing(entry("10", ("USDT", EVM)), entry("9", ("ETH", EVM), ("BSC", EVM.upper().replace("X", "x"))))
    found = shared.match(EVM, "bsc")
    assert found is not None
    everyone = [(each.entry_id, each.currency) for each in (found, *found.others)]
    assert everyone == [("9", "ETH"), ("9", "BSC"), ("10", "USDT")]
    assert shared.addresses_by_currency == {"BSC": 1, "ETH": 1, "USDT": 1}


def test_hash_does_not_depend_on_the_order_of_anything() -> None:
    names = tuple(Alias(name=name) for name in "ABC")
    full = [
        ListEntry(entry_id=str(i), name="N", source="s", aliases=names, programs=("P", "Q"), countries=("X", "Y"))
        for i in range(20)
    ]
    shuffled = [
        msgspec.structs.replace(each, aliases=names[::-1], programs=("Q", "P"), countries=("Y", "X")) for each in full
    ]
    random.Random(1).shuffle(shuffled)
    first, second = listing(*full), listing(*shuffled, published=date(2026, 1, 1))
    assert first.hash == second.hash
    assert [each.entry_id for each in first.entries] == [each.entry_id for each in second.entries]


@pytest.mark.parametrize(
    "change",
    [{"name": "M"}, {"entry_id": "2"}, {"kind": EntryKind.VESSEL}, {"programs": ("P",)}, {"nationalities": ("X",)},
     {"aliases": (Alias(name="A"),)}, {"addresses": (ListedAddress(currency="ETH", address=EVM),)},
     {"dates_of_birth": ("1970",)}, {"countries": ("X",)}],
)  # fmt: skip
def test_hash_changes_with_every_fact_a_rule_can_see(change: dict[str, object]) -> None:
    plain = ListEntry(entry_id="1", name="N", source="s")
    assert listing(plain).hash != listing(msgspec.structs.replace(plain, **change)).hash
    assert listing(plain).hash != listing(plain, name="other").hash


def test_entry_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="entry 1 stands twice"):
        listing(entry("1"), entry("2"), entry("1"))


def test_age_counts_from_publication_and_is_unknown_without_one() -> None:
    assert listing(published=date(2026, 8, 20)).age(date(2026, 8, 30)) == timedelta(days=10)
    assert listing().age(date(2026, 8, 30)) is None


def test_watchlist_is_as_old_as_its_oldest_list() -> None:
    old, new = listing(entry("1"), published=date(2026, 1, 1)), listing(entry("2"), published=date(2026, 2, 1))
    assert merge([new, old]).published == date(2026, 1, 1)
    assert merge([new, old]).age(date(2026, 1, 3)) == timedelta(days=2)
    assert merge([new, old, listing(entry("3"))]).age(date(2026, 1, 3)) is None
    assert merge([]).published is None


def test_watchlist_does_not_depend_on_the_order_of_its_lists() -> None:
    one, two = listing(entry("1", ("ETH", EVM)), name="a"), listing(entry("2", ("BSC", EVM)), name="b")
    assert merge([one, two]).hash == merge([two, one]).hash != merge([one]).hash
    for lists in ([one, two], [two, one]):
        found = merge(lists).match(EVM)
        assert found is not None
        assert (found.list_name, [each.list_name for each in found.others]) == ("a", ["b"])


def test_list_given_twice_counts_once() -> None:
    undated, dated = listing(entry("1")), listing(entry("1"), published=date(2026, 1, 1))
    both = merge([dated, undated])
    assert both.entry_count == 1
    assert both.published == date(2026, 1, 1)
    assert both.hash == merge([undated]).hash


def test_watchlist_gives_every_entry_with_its_list() -> None:
    one, two = listing(entry("1"), entry("2"), name="a"), listing(entry("1"), name="b")
    assert [(each.name, party.entry_id) for each, party in merge([one, two]).entries] == [
        ("a", "1"), ("a", "2"), ("b", "1")
    ]  # fmt: skip


def test_empty_watchlist_matches_nothing_and_still_refuses_malformed_addresses() -> None:
    assert merge([]).match(EVM) is None
    with pytest.raises(MalformedAddress):
        merge([]).match("0x12", "eth")
