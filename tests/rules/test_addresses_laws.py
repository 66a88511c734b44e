"""Laws that hold for every address of every kind."""

import string

import bech32
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from spellings import ADDRESSES, Spelled

from rules.addresses import MalformedAddress, canonical, canonical_forms
from rules.addresses.bech32 import BECH32, BECH32M, checksum

NETWORKS = st.none() | st.sampled_from(
    ["eth", "btc", "bch", "ltc", "doge", "zec", "trc20", "xrp", "xmr", "sol", "bep2", "eos", "?", "dash", "eip155:1"]
)
PREFIXES = (
    "bc1", "ltc1", "btg1", "bnb1", "1", "3", "T", "r", "X7", "4", "8", "0x", "q", "bitcoincash:q", "41", "zs1", "tex1",
    "t1", "xdc", "ronin:", "tron:", "ltcmweb1", "u1",
)  # fmt: skip
SIGNS = string.ascii_letters + string.digits


@given(ADDRESSES)
def test_every_spelling_has_the_same_canonical_form(address: Spelled) -> None:
    for spelling in address.spellings:
        assert canonical(spelling, address.network) == address.canonical
    for spelling in address.by_shape:
        assert canonical(spelling) == address.canonical


@given(ADDRESSES)
def test_canonical_is_idempotent(address: Spelled) -> None:
    for network in (address.network, None):
        for form in canonical_forms(address.spellings[0], network):
            assert form in canonical_forms(form, network)
            assert canonical(canonical(form, network), network) == canonical(form, network)


@given(ADDRESSES, st.data())
def test_one_changed_character_of_a_checksummed_address_is_malformed(address: Spelled, data: st.DataObject) -> None:
    assume(address.checksummed and address.kind != "cosmos")  # a network we do not know
    place = data.draw(st.integers(0, len(address.canonical) - 1))
    sign = data.draw(st.sampled_from(SIGNS))
    assume(sign != address.canonical[place])
    changed = address.canonical[:place] + sign + address.canonical[place + 1 :]
    with pytest.raises(MalformedAddress):
        canonical(changed, address.network)


@given(ADDRESSES, st.data())
def test_a_change_behind_the_prefix_is_noticed_without_knowing_the_network(address: Spelled, data: st.DataObject) -> None:
    assume(address.checksummed and address.kind != "dogecoin script")  # 9... and A... are used by many chains
    spelling = data.draw(st.sampled_from(address.by_shape))
    assume(":" not in spelling and spelling.strip() == spelling and not spelling.startswith(("41", "0x41")))
    place = data.draw(st.integers(8, len(spelling) - 1))
    sign = data.draw(st.sampled_from("023456789acdefghjklmnpqrstuvwxyz"))
    sign = sign.upper() if spelling.isupper() else sign
    assume(sign != spelling[place])
    with pytest.raises(MalformedAddress):
        canonical(spelling[:place] + sign + spelling[place + 1 :])


@given(st.text() | st.text(SIGNS + ":. 0x1bc", max_size=140), NETWORKS)
def test_random_text_raises_nothing_but_malformed_address(text: str, network: str | None) -> None:
    try:
        forms = canonical_forms(text, network)
    except MalformedAddress as error:
        assert error.reason
    else:
        assert all(forms)
        assert canonical(forms[0], network) == forms[0]


@given(
    st.sampled_from(PREFIXES),
    st.text(SIGNS, max_size=110),
    NETWORKS,
)
def test_random_text_with_a_known_prefix_raises_nothing_but_malformed_address(
    prefix: str, text: str, network: str | None
) -> None:
    try:
        canonical_forms(prefix + text, network)
    except MalformedAddress as error:
        assert error.reason


@given(st.text("abcdefgh", min_size=1, max_size=9), st.binary(min_size=1, max_size=60))
def test_tabled_checksum_agrees_with_the_reference_code(hrp: str, raw: bytes) -> None:
    values = bech32.convertbits(raw, 8, 5)
    encoded = bech32.bech32_encode(hrp, values)
    assert checksum(hrp, encoded[len(hrp) + 1 :]) == BECH32
    assert checksum(hrp, encoded[len(hrp) + 1 :][::-1]) not in (BECH32, BECH32M) or encoded == encoded[::-1]
