"""An address state: the latest contact of each account and direction, the same whatever the order of arrival, bounded."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from rules.address_state import CONTACTS, AddressState
from rules.messages import Flow

T0 = 1_773_576_000_000


def flow(at: int, account: str, inflow: bool, number: int) -> Flow:
    return Flow(T0 + at, "t", 0, number, "0xa", account, inflow, number, f"e{number}", "1", "USDT", "ethereum", True)


arrivals = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abcd"), st.booleans()), max_size=20)


@given(arrivals, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(given_flows: list[tuple[int, str, bool]], shuffle: Random) -> None:
    flows = [flow(*one, number) for number, one in enumerate(given_flows)]
    other = list(flows)
    shuffle.shuffle(other)
    states = AddressState(), AddressState()
    for state, arrived in zip(states, (flows, other), strict=True):
        for one in arrived:
            state.add(one)
    assert states[0] == states[1]
    assert {(one.account_id, one.inflow) for one in states[0].contacts} == {(one.account_id, one.inflow) for one in flows}


def test_an_older_transfer_of_the_same_account_changes_nothing() -> None:
    state = AddressState()
    assert state.add(flow(5, "a", True, 1))
    assert not state.add(flow(4, "a", True, 2))
    assert state.add(flow(4, "a", False, 3))
    assert [contact.event_id for contact in state.contacts] == ["e3", "e1"]


def test_more_accounts_than_there_is_room_for_are_a_service() -> None:
    state = AddressState()
    for number in range(CONTACTS):
        state.add(flow(number, f"account {number}", True, number))
    assert not state.service
    assert len(state.contacts) == CONTACTS
    assert state.add(flow(CONTACTS, "account 1", True, CONTACTS))
    assert not state.service
    assert state.add(flow(CONTACTS, "one more", True, CONTACTS + 1))
    assert state.service
    assert len(state.contacts) == CONTACTS
