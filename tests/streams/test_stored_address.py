"""A stored address is small, and reads back as the state that was judged with, whatever order its batches came in."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.address_state import CONTACTS
from rules.knowledge import Knowledge
from rules.messages import Flow
from rules.network import CounterpartiesEngine
from rules.past import dealing_of
from rules.stories import Stories
from streams import compact, stored_address
from streams.counterparties import CounterpartiesStage
from streams.delivery.stage import FORGOTTEN_DAYS, REFRESHED_DAYS, Writes
from streams.rulefiles import load_rules
from streams.stored_address import DEALINGS, KeptAddress

STAGE = CounterpartiesStage(CounterpartiesEngine(load_rules(), Knowledge()))
DAY_MS = 86_400_000
T0 = 20_454 * DAY_MS
HUB = "0x" + "ab" * 20


def flow(number: int, account: str, *, to: str = HUB, after_ms: int = 0, inflow: bool = False, **other: Any) -> Flow:
    first = {"first": True, **other}
    facts = {"value": 5_000_000, "event_id": f"e{number}", "amount": "5", "asset": "USDT", "network": "ethereum"}
    place = {"occurred_ms": T0 + after_ms, "topic": "t", "partition": 0, "offset": number, "address": to}
    return Flow(**place, account_id=account, inflow=inflow, **facts, **first)


class Carried:
    """The stage, with or without states kept in memory between batches."""

    def __init__(self, *, forgetful: bool) -> None:
        self.states: dict[str, Any] = {}
        self.kept: dict[str, bytes] = {}
        self.memory = STAGE.open_memory({})
        self._forgetful = forgetful

    def batch(self, flows: Sequence[Flow], judged_ms: int = T0) -> Writes:
        if self._forgetful:
            self.states = {}
        work = STAGE.decode(0, [[(0, None, msgspec.msgpack.encode(list(flows)))], []])
        for key in work.keys - self.states.keys():
            packed = self.kept.get(key)
            self.states[key] = STAGE.load_state(key, packed) if packed else STAGE.fresh_state(key)
        writes = STAGE.judge(work, 0, self.states, self.memory, judged_ms).writes
        self.kept.update(writes.replaced)
        for key, (_, part) in writes.bounded.items():
            self.kept[key] = self.kept.get(key, b"") + part
        return writes


@st.composite
def batches(draw: st.DrawFn) -> list[list[Flow]]:
    made = []
    for number in range(draw(st.integers(1, 90))):
        account = f"acct-{draw(st.integers(0, 50))}"
        other = {
            "first": draw(st.booleans()),
            "own_address": draw(st.sampled_from(["", "0x" + "cd" * 20, "bc1qown"])),
            "signals": draw(st.sampled_from([(), (), ("dprk.wages_swept",)])),
            "device_id": draw(st.sampled_from(["", "", "phone"])),
            "listed": draw(st.booleans()),
            "labelled": draw(st.sampled_from([0, 0, 3])),
        }
        to = draw(st.sampled_from([HUB, HUB, HUB, "bc1qaddress", "0x" + "cd" * 20]))
        after_ms, inflow = draw(st.integers(0, 40 * DAY_MS)), draw(st.booleans())
        made.append(flow(number, account, to=to, after_ms=after_ms, inflow=inflow, **other))
    size = draw(st.sampled_from([1, 7, 90]))
    return [made[at : at + size] for at in range(0, len(made), size)]


@settings(max_examples=60, deadline=None)
@given(made=batches())
def test_a_worker_that_reads_every_state_again_leaves_the_same_bytes(made: list[list[Flow]]) -> None:
    held, read = Carried(forgetful=False), Carried(forgetful=True)
    for one in made:
        held.batch(one)
        read.batch(one)
    assert read.kept == held.kept
    for key, state in held.states.items():
        if isinstance(state, KeptAddress) and key in held.kept:
            again = STAGE.load_state(key, held.kept[key])
            again.wake()
            state.wake()
            assert again == state


def test_a_service_with_stories_leaves_the_same_bytes_whether_or_not_its_dealings_were_taken_in() -> None:
    held, read = Carried(forgetful=False), Carried(forgetful=True)
    met = [flow(number, f"acct-{number:03}", after_ms=number) for number in range(CONTACTS)]
    further = [flow(number, f"acct-{number:03}", after_ms=number) for number in range(CONTACTS, CONTACTS + 2)]
    owned = flow(99, "acct-777", to="bc1qother", after_ms=100, own_address=HUB)
    for carried in (held, read):
        carried.batch(met)
        told = STAGE.load_state(HUB, carried.kept[HUB])
        told.wake()
        told.stories = Stories()
        told.stories.tell("ab12", T0)
        carried.states[HUB], carried.kept[HUB] = told, stored_address.stored(told, T0)
        carried.batch(further)
        carried.batch([owned])
    assert held.states[HUB].service and held.states[HUB].is_plain
    assert read.kept == held.kept


@settings(max_examples=60, deadline=None)
@given(made=batches())
def test_every_first_dealing_is_remembered_with_the_address_or_beside_it(made: list[list[Flow]]) -> None:
    carried = Carried(forgetful=True)
    for one in made:
        carried.batch(one)
    expected = [
        dealing_of(flow, screened=flow.listed, labelled=flow.labelled)
        for one in made
        for flow in sorted(one)
        if flow.first and flow.address == HUB
    ]
    held = STAGE.load_state(HUB, carried.kept[HUB]).first_dealings() if HUB in carried.kept else []
    beside = STAGE.load_state(f"dealt {HUB}", carried.kept.get(f"dealt {HUB}", b""))
    assert sorted([*held, *beside], key=lambda one: one.event_id) == sorted(expected, key=lambda one: one.event_id)


def test_an_address_of_many_is_no_larger_than_its_first_dealings() -> None:
    carried = Carried(forgetful=True)
    for number in range(3 * DEALINGS):
        carried.batch([flow(number, f"acct-{number}", after_ms=number)])
    state = STAGE.load_state(HUB, carried.kept[HUB])
    state.wake()
    assert state.service
    assert (len(state.contacts), state.dealings) == (CONTACTS, DEALINGS)
    assert len(carried.kept[HUB]) < 64 * DEALINGS
    assert len(STAGE.load_state(f"dealt {HUB}", carried.kept[f"dealt {HUB}"])) == 2 * DEALINGS


def test_a_first_dealing_takes_less_than_sixty_bytes() -> None:
    """The own address as its twenty bytes, the asset as a number."""
    state = KeptAddress()
    assert state.deal(flow(1, "acct-0001", own_address="0x" + "cd" * 20))
    assert len(stored_address.stored(state, T0)) < 75
    before = len(stored_address.stored(state, T0))
    assert state.deal(flow(2, "acct-0002", own_address="0x" + "cd" * 20))
    assert len(stored_address.stored(state, T0)) - before < 60


def test_the_expiry_is_put_off_while_there_is_something_to_judge() -> None:
    carried = Carried(forgetful=True)
    carried.batch([flow(1, "ann")])
    again = flow(2, "ann", first=False)
    assert HUB not in carried.batch([msgspec.structs.replace(again, occurred_ms=T0 - 1)], T0 + DAY_MS).replaced
    late = msgspec.structs.replace(again, occurred_ms=T0 - 1)
    assert HUB in carried.batch([late], T0 + REFRESHED_DAYS * DAY_MS).replaced


@pytest.mark.parametrize(("silent", "known"), [(FORGOTTEN_DAYS, 2), (FORGOTTEN_DAYS + 1, 1)])
def test_an_address_of_which_nothing_was_heard_for_years_is_met_for_the_first_time(silent: int, known: int) -> None:
    carried = Carried(forgetful=True)
    carried.batch([flow(1, "ann", after_ms=1)])
    carried.batch([flow(2, "bob", after_ms=2)], T0 + silent * DAY_MS)
    state = STAGE.load_state(HUB, carried.kept[HUB])
    assert len(state.first_dealings()) == known


alone = st.tuples(
    st.text(max_size=300) | st.binary(min_size=20, max_size=20).map(lambda each: "0x" + each.hex()), st.booleans()
)


@given(st.lists(alone))
def test_addresses_standing_alone_read_back(each: list[tuple[str, bool]]) -> None:
    stored = b"".join(compact.alone(text, own=own) for text, own in each)
    assert list(compact.each_alone(stored, len(stored))) == each


def test_what_begins_beyond_the_limit_is_left_out() -> None:
    one = compact.alone("0x" + "ab" * 20)
    assert len(list(compact.each_alone(one * 3, 2 * len(one)))) == 2
    assert len(list(compact.each_alone(one * 3, 2 * len(one) + 1))) == 3


def test_an_own_address_of_several_accounts_is_nobodys_and_noted_once() -> None:
    """As where customers share an address and are told apart by a tag."""
    carried, own = Carried(forgetful=True), "0x" + "cd" * 20
    for number in range(6):
        carried.batch([flow(number, f"acct-{number % 2}", after_ms=number, own_address=own)])
    assert STAGE.load_state(own, carried.kept[own]).owner is None
    assert [STAGE.load_state(f"met acct-{number}", carried.kept[f"met acct-{number}"]).own for number in range(2)] == [
        [own],
        [],
    ]
