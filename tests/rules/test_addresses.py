"""Known addresses: published test vectors, ambiguous ones, and texts that are no address."""

import base58
import pytest
from spellings import cashaddr, check, classic_xrp, plain, segwit, x_address

from rules.addresses import MalformedAddress, canonical, canonical_forms, destination_tag, family_of

EVM = "0x098b716b8aaf21512996dc57eb0615e2383e2f96"
RAW = bytes.fromhex(EVM[2:])


@pytest.mark.parametrize(
    "network",
    ["ethereum", "ETH", "erc20", "ERC-20", "BEP20", "Polygon PoS", "matic", "Arbitrum One", "OP", "base",
     "AVAX C-Chain", "eip155:8453", "chain of next year", "", None],
)  # fmt: skip
def test_one_evm_address_counts_on_every_evm_chain(network: str | None) -> None:
    for spelling in (EVM, EVM.upper(), "0x" + EVM[2:].upper(), EVM[2:], "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"):
        assert canonical(spelling, network) == EVM


def test_wrong_capital_in_an_evm_address_is_only_spelling() -> None:
    assert canonical("0x098b716B8Aaf21512996dC57EB0615e2383E2f96", "ethereum") == EVM


def test_xdc_prefix_stands_for_0x() -> None:
    assert canonical("xdc" + EVM[2:], "XDC") == canonical("XDC" + EVM[2:].upper()) == EVM


# BIP 173 and BIP 350
@pytest.mark.parametrize(
    "address",
    ["BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
     "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", "BC1SW50QGDZ25J"],
)  # fmt: skip
def test_valid_segwit_vectors_are_lower_case(address: str) -> None:
    assert canonical(address) == canonical(address, "bitcoin") == address.lower()


@pytest.mark.parametrize(
    "address",
    ["bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", "bc1pw5dgrnzv", "bc1gmk9yu",
     "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
     "bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"],
)  # fmt: skip
def test_invalid_segwit_vectors_are_malformed_on_bitcoin(address: str) -> None:
    with pytest.raises(MalformedAddress):
        canonical(address, "bitcoin")


# cashaddr specification
@pytest.mark.parametrize(
    ("legacy", "cash"),
    [("1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
     ("3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC", "ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq")],
)  # fmt: skip
def test_cashaddr_and_legacy_are_one_address(legacy: str, cash: str) -> None:
    for network in ("bch", None):
        for spelling in (cash, cash.upper(), f"bitcoincash:{cash}", f"BITCOINCASH:{cash.upper()}", legacy):
            assert canonical(spelling, network) == legacy


def test_cashaddr_of_a_32_byte_script_stays_as_it_is() -> None:
    data = cashaddr(11, RAW + RAW[:12])
    assert canonical(f"bitcoincash:{data}", "bch") == canonical(data) == data


def test_cashaddr_with_another_prefix_than_its_checksum_is_malformed() -> None:
    with pytest.raises(MalformedAddress):
        canonical(f"ecash:{cashaddr(0, RAW)}")


# XRP Ledger X-address specification
@pytest.mark.parametrize(
    ("address", "account", "tag"),
    [("X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59", None),
     ("XVLhHMPHU98es4dbozjVtdWzVrDjtV18pX8yuPT7y4xaEHi", "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf", 4294967295)],
)  # fmt: skip
def test_x_address_is_its_classic_address_and_a_tag(address: str, account: str, tag: int | None) -> None:
    assert canonical(address, "xrp") == canonical(address) == canonical(account, "XRPL") == account
    assert destination_tag(address) == tag
    assert destination_tag(account) is None


def test_x_address_of_the_test_network_is_malformed() -> None:
    with pytest.raises(MalformedAddress, match="test network"):
        canonical(x_address(RAW, 1, prefix=b"\x04\x93"), "xrp")


def test_tag_of_something_else_is_malformed() -> None:
    with pytest.raises(MalformedAddress):
        destination_tag(EVM)


def test_script_address_without_network_can_be_bitcoin_or_litecoin() -> None:
    old, new = check(b"\5", RAW), check(b"\x32", RAW)
    assert canonical_forms(old) == (old, new)
    assert canonical_forms(old, "bitcoin") == (old,)
    assert canonical_forms(old, "litecoin") == canonical_forms(new) == (new,)


def test_digits_without_network_are_evm_and_on_tron_they_are_tron() -> None:
    assert canonical(EVM[2:]) == EVM
    assert canonical(EVM, "tron") == check(b"\x41", RAW)


def test_bare_digits_that_look_like_bech32_are_digits() -> None:
    assert canonical("bc1" + "0" * 37) == "0xbc1" + "0" * 37
    assert canonical("BC1" + "0" * 61) == "bc1" + "0" * 61


def test_tron_address_is_known_by_its_shape_in_base58_and_hexadecimal() -> None:
    for network in ("trc20", None):
        for spelling in (check(b"\x41", RAW), "41" + RAW.hex(), "0x41" + RAW.hex().upper()):
            assert canonical(spelling, network) == check(b"\x41", RAW)


# ZIP 320
def test_zcash_tex_address_is_its_transparent_address() -> None:
    for spelling in ("tex1s2rt77ggv6q989lr49rkgzmh5slsksa9khdgte", "TEX1S2RT77GGV6Q989LR49RKGZMH5SLSKSA9KHDGTE"):
        assert canonical(spelling) == canonical(spelling, "zec") == "t1VmmGiyjVNeCjxDZzg7vZmd99WyzVby9yC"
    with pytest.raises(MalformedAddress):
        canonical(segwit("tex", 1, RAW), "zcash")


def test_uri_schemes_are_no_part_of_an_address() -> None:
    legacy = check(b"\0", RAW)
    assert canonical(f"bitcoin:{legacy}") == canonical(f"bitcoin:{legacy}", "btc") == legacy
    assert canonical(f"ethereum:{EVM}", "eth") == canonical(f"ronin:{EVM[2:]}") == canonical(f"eth:{EVM}") == EVM
    with pytest.raises(MalformedAddress):
        canonical(f"bitcoin:{legacy}", "litecoin")


@pytest.mark.parametrize(
    "address",
    ["0x" + "0" * 63 + "1", "EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N", "11111111111111111111111111111111",
     "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY", "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"],
)  # fmt: skip
def test_address_of_a_chain_we_do_not_know_passes_as_it_is(address: str) -> None:
    assert canonical(address) == canonical(address, "a chain of next year") == address


@pytest.mark.parametrize("address", ["0.0.1234567", "alice.near", "binancecleos", "0x1654653399040a61"])
def test_account_names_may_be_short_on_chains_that_use_names(address: str) -> None:
    assert canonical(address, "hedera") == address
    with pytest.raises(MalformedAddress):
        canonical(address)


@pytest.mark.parametrize(
    ("address", "network"),
    [("", None), ("   ", "eth"), ("0x1234", None), (EVM + "0", None), (EVM[:-1], "base"), (EVM[:-1] + "g", "eth"),
     (EVM[:10] + "\u200b" + EVM[10:], None), ("\ufeff" + EVM, None), (EVM[:10] + " " + EVM[10:], None),
     (EVM.replace("0", "\u0660"), None), ("x" * 5, None), ("x" * 129, None), ("x" * 100_000, None),
     (check(b"\0", RAW), "ethereum"), (check(b"\x41", RAW), "bitcoin"), (EVM, "bitcoin"), (EVM, "solana"), (EVM, "xrp"),
     (check(b"\x6f", RAW), "bitcoin"), (check(b"\0", RAW + b"\0"), "bitcoin"), (check(b"\0", RAW[1:]), "btc"),
     (plain("cosmos", RAW), "bep2"), (plain("bnb", RAW + RAW), "bep2"), ("T" + "1" * 33, None), ("1" * 30, None),
     (classic_xrp(RAW)[:-1], "xrp"), ("4" + "A" * 94, "xmr"), ("bitcoincash:", "bch"), ("tron:", None)],
)  # fmt: skip
def test_no_address_is_malformed(address: str, network: str | None) -> None:
    with pytest.raises(MalformedAddress) as raised:
        canonical(address, network)
    assert raised.value.reason


def test_error_message_does_not_quote_the_address() -> None:
    address = check(b"\0", RAW)[:-1] + "z"
    with pytest.raises(MalformedAddress) as raised:
        canonical(address, "bitcoin")
    assert address not in str(raised.value)
    assert address[:8] not in str(raised.value)


def test_network_names_are_known_in_any_spelling() -> None:
    assert family_of("Bitcoin Cash") == family_of("bitcoin-cash") == family_of("BCH")
    assert family_of("no such chain") is family_of(None) is None


def test_two_names_in_one_are_known_unless_they_contradict_each_other() -> None:
    assert family_of("TRX(TRC20)") == family_of("Tron (unheard of)") == family_of("tron")
    assert family_of("BNB Smart Chain (BEP20)") == family_of("Polygon(POL)") == family_of("ethereum")
    assert family_of("Ethereum (TRC20)") is family_of("this (that)") is None


def test_leading_ones_stand_for_zero_bytes() -> None:
    zero = base58.b58encode_check(b"\0" * 21).decode()
    assert canonical(zero, "bitcoin") == zero
    with pytest.raises(MalformedAddress):
        canonical("1" + zero, "bitcoin")
