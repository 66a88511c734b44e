"""The words of a withdrawal's request, and the company that accounts with signals keep."""

from datetime import date
from typing import Any

import msgspec
import pytest

from rules.address_state import AddressState
from rules.circles import DEVICES, MEMBERS, Circle, Member
from rules.dprk.company import is_service, kin, linked, met, others, signs
from rules.dprk.words import words
from rules.knowledge import Knowledge
from rules.lists import EntryKind, ListEntry, SanctionsList, merge
from rules.messages import Flow
from rules.profile import Profile
from rules.reference import combine
from rules.reference.listing import ListKind, ReferenceList
from rules.reference.rows import Access, Category, Label, NetworkRow
from rules.rule import Case
from rules.transfer import AccountFacts, Kind, Party, Transfer

SIGNAL = "dprk.wages_swept"
DAY = 86_400_000
NOW = 1_773_576_000_000


def case(*, labelled: tuple[tuple[str, Label], ...] = (), networks: tuple[NetworkRow, ...] = (), **told: Any) -> Case:
    transfer = Transfer(
        event_id="e",
        kind=Kind.WITHDRAWAL,
        account_id="a",
        asset="USDT",
        amount="1",
        value_usd="1",
        addresses=(),
        occurred_at=NOW,
        **told,
    )
    listed = combine([ReferenceList.of("vpn", ListKind.NETWORKS, date(2026, 1, 1), networks)] if networks else [])
    return Case(Profile(), 0, NOW, transfer, labelled=labelled, knowledge=Knowledge(reference=listed))


def holder(name: str | None = None, country: str | None = None) -> AccountFacts:
    return AccountFacts(holder_name=name, country=country)


def test_a_request_from_the_holders_country_says_nothing() -> None:
    assert list(words(case(account=holder(country="US"), ip_country="us"))) == []
    assert list(words(case(account=holder(), ip_country="RU"))) == []
    assert list(words(case(ip_country="RU"))) == []


def test_a_request_from_another_country_is_abroad() -> None:
    assert list(words(case(account=holder(country="US"), ip_country="RU"))) == ["abroad"]


def test_a_request_through_a_listed_vpn_is_hidden() -> None:
    vpn = (NetworkRow(network="198.18.0.0/24", kind=Access.VPN),)
    assert list(words(case(ip="198.18.0.7", networks=vpn))) == ["hidden"]
    assert list(words(case(ip="198.18.1.7", networks=vpn))) == []
    assert list(words(case(ip="no address", networks=vpn))) == []
    assert list(words(case(ip="198.18.0.7"))) == []


@pytest.mark.parametrize("named", ["Ada Bauer", "BAUER, ADA", "Ада Бауэр", "Carla Bauer"])
def test_spellings_of_the_holder_and_relatives_are_no_other_name(named: str) -> None:
    assert list(words(case(account=holder("Ada Bauer"), counterparty=Party(name=named)))) == []


def test_somebody_else_is_another_name() -> None:
    assert list(words(case(account=holder("Ada Bauer"), counterparty=Party(name="Omar Novak")))) == ["other_name"]
    assert list(words(case(account=holder(), counterparty=Party(name="Omar Novak")))) == []
    assert list(words(case(account=holder("Ada Bauer"), counterparty=Party()))) == []


def test_a_service_is_told_by_the_travel_rule_or_by_a_label() -> None:
    assert list(words(case(counterparty=Party(vasp="Harbor OTC")))) == ["hosted"]
    for category, said in ((Category.OTC_DESK, ["hosted"]), (Category.MIXER, [])):
        label = Label(address="x", entity="Harbor", category=category, confidence=90, source="test")
        assert list(words(case(labelled=(("x", label),)))) == said


def test_the_name_of_a_listed_party_is_told_of_holder_and_payee() -> None:
    entry = ListEntry(entry_id="1", name="KIM, Se Un", kind=EntryKind.INDIVIDUAL, source="test")
    knowledge = Knowledge(merge([SanctionsList.of("test", [entry])]))
    for told in ({"account": holder("Se Un Kim")}, {"counterparty": Party(name="Kim Se Un")}):
        assert list(words(msgspec.structs.replace(case(**told), knowledge=knowledge))) == ["listed_name"]
        assert list(words(case(**told))) == []
    assert list(words(msgspec.structs.replace(case(account=holder("Ada Bauer")), knowledge=knowledge))) == []


def test_a_withdrawal_judged_again_has_no_words() -> None:
    assert list(words(Case(Profile(), 0, NOW))) == []


def flow(account: str, day: float, *signals: str, device: str = "", event: str = "") -> Flow:
    at = NOW + int(day * DAY)
    event = event or f"{account}-{day}"
    return Flow(at, "t", 0, 0, "x", account, False, 1, event, "1", "USDT", "tron", True, "", device, (SIGNAL, *signals))


def circle(*flows: Flow) -> Circle:
    made = Circle()
    for one in flows:
        made = made.joined(one)
    return made


def accounts(members: list[Member]) -> list[str]:
    return [member.account_id for member in members]


def test_a_member_keeps_its_latest_transfer_and_all_it_showed() -> None:
    made = circle(
        flow("a", 0, "abroad", device="old"), flow("a", 2, "hosted", device="new"), flow("a", 1, "hidden", device="mid")
    )
    [member] = made.members
    assert member.event_id == "a-2"
    assert set(member.signals) == {SIGNAL, "abroad", "hosted", "hidden"}
    assert set(member.devices) == {"old", "new", "mid"}


def test_the_order_of_arrival_does_not_change_the_circle_beyond_devices() -> None:
    flows = [flow("a", 0), flow("b", 1, "abroad"), flow("a", 2, "hosted"), flow("c", 1)]
    assert circle(*flows) == circle(*reversed(flows))


def test_a_circle_and_its_devices_are_bounded() -> None:
    made = circle(*(flow(f"a{n}", n) for n in range(MEMBERS + 3)))
    assert accounts(made.members) == [f"a{n}" for n in range(3, MEMBERS + 3)]
    [member] = circle(*(flow("a", n, device=f"d{n}") for n in range(DEVICES + 2))).members
    assert member.devices == tuple(f"d{n}" for n in range(2, DEVICES + 2))


def test_only_members_with_the_signal_in_the_window_are_met_and_the_account_last() -> None:
    late, other = flow("c", 10), msgspec.structs.replace(flow("b", 5), signals=("other",))
    state = AddressState(circle=circle(flow("a", 0), other, late))
    assert accounts(met(late, state, 20 * DAY)) == ["a", "c"]
    assert accounts(met(late, state, 10 * DAY)) == ["c"]
    assert met(flow("a", 0), state, 20 * DAY) != []
    assert met(flow("c", 3), state, 20 * DAY) == []


def test_kin_are_linked_by_devices_through_others() -> None:
    state = circle(flow("a", 0, device="1"), flow("b", 1, device="1"), flow("b", 2, device="2"), flow("e", 3, device="9"))
    state = state.joined(flow("d", 4, device="9")).joined(flow("c", 5, device="2"))
    assert accounts(linked(state.members)) == ["a", "b", "e", "d", "c"]
    assert accounts(kin(state.members)) == ["a", "b", "c"]


def test_signs_count_when_one_in_so_many_shows_them() -> None:
    members = circle(flow("a", 0, "abroad"), flow("b", 1, "hidden"), flow("c", 2), flow("d", 3, "other_name")).members
    assert signs(members, 2) == {
        "sharing_devices": 0,
        "used_from_abroad": 1,
        "used_hidden": 1,
        "for_other_names": 1,
        "listed_names": 0,
        "signs": 1,
    }
    assert signs(members, 4)["signs"] == 2


def test_a_listed_name_counts_for_two_signs() -> None:
    facts = signs(circle(flow("a", 0, "listed_name"), flow("b", 1)).members, 2)
    assert (facts["listed_names"], facts["signs"]) == (1, 2)


def test_others_are_those_who_dealt_with_the_address_without_the_signal() -> None:
    state = AddressState(circle=circle(flow("a", 0)))
    for one in (flow("a", 0), flow("x", 1), flow("y", 2)):
        state.add(one)
    assert others(state, state.circle.members) == 2
    assert not is_service(state)
    state.circle = state.circle.noted("a", ("hosted",))
    assert is_service(state)
