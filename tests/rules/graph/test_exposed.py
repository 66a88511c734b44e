"""Exposure over several hops: who is asked about, in which order things may become known, and what the log brings back."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from random import Random

import pytest
from msgspec.structs import replace

from rules.address_state import AddressState
from rules.graph.edges import DAY_MS, EDGES, EDGES_OF_ADDRESS, HOUR_MS, LOG_DAYS
from rules.graph.exposed import exposed
from rules.graph.network import Network
from rules.graph.touches import Touches
from rules.knowledge import Knowledge
from rules.messages import Alert, Flow, Severity
from rules.network import CounterpartiesEngine
from rules.reference import Category, Label, ListKind, ReferenceList, combine
from streams.rulefiles import load_rules

T0 = 1_767_225_600_000
MIXER = "0x" + "77" * 20
LABELS = (Label(address=MIXER, entity="Example Mixer", category=Category.MIXER, confidence=90, source="test"),)
KNOWLEDGE = Knowledge(reference=combine([ReferenceList.of("test", ListKind.LABELS, date(2026, 1, 1), LABELS)]))
ENGINE = CounterpartiesEngine(load_rules(), KNOWLEDGE)
RULE = "exposure.indirect"


def leg(account: str, other: str, hour: int, value: int, *, inflow: bool, first: bool = True) -> Flow:
    """One leg of a transfer between an account and an address, or another account that owns the address named after it."""
    address = other if other.startswith("0x") else f"0x{other}"
    name = f"{'d' if inflow else 'w'}-{account}-{other}-{hour}"
    return Flow(
        T0 + hour * HOUR_MS,
        "t",
        0,
        0,
        address,
        account,
        inflow,
        value * 10**6,
        name,
        str(value),
        "USDT",
        "",
        first,
        f"0x{account}",
    )


def got(account: str, other: str, hour: int, value: int = 5_000, *, first: bool = True) -> Flow:
    return leg(account, other, hour, value, inflow=True, first=first)


def paid(account: str, other: str, hour: int, value: int = 5_000) -> Flow:
    return leg(account, other, hour, value, inflow=False)


def judged(batches: Iterable[list[Flow]], network: Network | None = None) -> list[Alert]:
    network, states = network or Network(), defaultdict[str, AddressState](AddressState)
    told = [alert for flows in batches for alert in ENGINE.judge(flows, states, T0 + 400 * DAY_MS, network).alerts]
    return [alert for alert in told if alert.rule_id == RULE]


def accounts(alerts: Iterable[Alert]) -> list[tuple[str, int]]:
    return [(alert.account_id, alert.facts["hops"]) for alert in alerts]


def test_an_account_known_by_its_own_leg_only_is_told_of_when_that_arrives() -> None:
    told = judged([[got("a", MIXER, 0)], [paid("a", "b", 1)], [got("b", "a", 2)]])
    assert accounts(told) == [("b", 2)]
    assert told[0].severity is Severity.MEDIUM
    assert told[0].facts["path"] == [MIXER, "a", "b"]


def test_each_account_has_a_story_of_its_own_on_the_same_path() -> None:
    flows = [got("a", MIXER, 0), got("b", "a", 1, 4_000), got("c", "b", 2, 3_000), got("d", "c", 3, 2_000)]
    told = judged([flows])
    assert accounts(told) == [("b", 2), ("c", 3), ("d", 4)]
    assert [alert.refers_to for alert in told] == [None] * 3
    assert [one.event_id for one in told[-1].evidence] == [flow.event_id for flow in flows]


def test_several_payers_are_one_story_told_again_when_it_has_doubled() -> None:
    payers = [flow for n in range(30) for flow in (got(f"a{n}", MIXER, n), got("b", f"a{n}", 40 + n))]
    told = judged([[flow] for flow in sorted(payers)])
    assert {alert.account_id for alert in told} == {"b"}
    assert [alert.refers_to for alert in told] == [None, *[told[0].alert_id] * (len(told) - 1)]
    assert len(told) <= 5
    assert all(len(alert.evidence) <= 20 for alert in told)


def test_a_story_that_has_become_more_severe_is_told_again() -> None:
    payers = [flow for n in range(6) for flow in (got(f"a{n}", MIXER, n), got("b", f"a{n}", 40 + n, 1_000))]
    friend = got("b", "friend", 20, 9_000)
    told = judged(
        [[flow] for flow in sorted([*payers, friend, got("rich", MIXER, 5, 90_000), got("b", "rich", 60, 90_000)])]
    )
    assert [(alert.severity, alert.refers_to) for alert in told] == [
        (Severity.LOW, None),
        (Severity.LOW, told[0].alert_id),
        (Severity.LOW, told[0].alert_id),
        (Severity.MEDIUM, told[0].alert_id),
    ]
    assert len({alert.alert_id for alert in told}) == len(told)


def test_a_late_link_in_the_middle_tells_of_those_behind_it() -> None:
    flows = [got("a", MIXER, 0), got("c", "b", 2, 3_000), got("b", "a", 1, 4_000)]
    assert accounts(judged([[flow] for flow in flows])) == [("b", 2), ("c", 3)]


def test_a_late_transfer_with_the_party_tells_of_those_behind_it() -> None:
    flows = [got("b", "a", 1, 4_000), got("c", "b", 2, 3_000), got("a", MIXER, 0)]
    assert accounts(judged([[flow] for flow in flows])) == [("b", 2), ("c", 3)]


def test_a_party_paid_tells_of_those_who_paid_its_account() -> None:
    flows = [paid("c", "b", 0), paid("b", "a", 1), paid("a", MIXER, 2)]
    both = [flows[0], got("b", "c", 0), flows[1], got("a", "b", 1), flows[2]]
    told = judged([both])
    assert accounts(told) == [("b", 2), ("c", 3)]
    assert told[-1].facts["path"] == ["c", "b", "a", MIXER]


def test_an_address_on_the_way_is_named_so_that_others_hear_of_it() -> None:
    (told,) = judged([[got("a", MIXER, 0), paid("a", "0xnobody", 1), got("b", "0xnobody", 2)]])
    assert told.counterparty == "0xnobody"


def test_a_crowded_address_ends_the_path() -> None:
    crowd = [paid(f"c{n}", "0xshop", n, 10) for n in range(EDGES_OF_ADDRESS)]
    path = [got("a", MIXER, 50), paid("a", "0xshop", 51), got("b", "0xshop", 52)]
    assert accounts(judged([path])) == [("b", 3)]
    assert judged([[*crowd, *path]]) == []


def test_an_account_that_pays_a_crowd_ends_the_path() -> None:
    crowd = [paid("a", f"0xc{n}", n, 10) for n in range(EDGES)]
    path = [got("a", MIXER, 70), got("b", "a", 71)]
    assert accounts(judged([path])) == [("b", 2)]
    assert judged([[*crowd, *path]]) == []


def test_every_transfer_with_a_party_counts_once() -> None:
    twice = [got("a", MIXER, 0, 10), got("a", MIXER, 1, 5_000, first=False)]
    (told,) = judged([[*twice, twice[1], got("b", "a", 2)]])
    assert told.facts["exposed_usd"] == "5000.00"


def test_a_transfer_without_value_exposes_nobody() -> None:
    assert judged([[got("a", MIXER, 0, 0), got("b", "a", 1)]]) == []


def life(seed: int, days: int) -> Iterator[list[Flow]]:
    """A batch a day of payments among accounts, some of which deal with a mixer."""
    random, met = Random(seed), set[frozenset[str]]()
    people = [f"p{n}" for n in range(60)]
    for day in range(days):
        flows: list[Flow] = []
        for _ in range(12):
            payer, payee = random.sample(people, 2)
            hour = 24 * day + random.randrange(24)
            if frozenset((payer, payee)) not in met:
                met.add(frozenset((payer, payee)))
                flows += [paid(payer, payee, hour, 3_000), replace(got(payee, payer, hour, 3_000), first=True)]
        for person in random.sample(people, 1):
            flows.append(leg(person, MIXER, 24 * day, 4_000, inflow=random.random() < 0.5))
        if day % 30 == 29:
            met.clear()
        yield random.sample(flows, len(flows))


def test_memory_rebuilt_from_its_log_says_the_same() -> None:
    live, stored, told = Network(), defaultdict[int, bytes](bytes), 0
    for day, flows in enumerate(life(1, LOG_DAYS + 20)):
        rebuilt, now = Network(dict(stored)), T0 + (day + 1) * DAY_MS
        expected = ENGINE.judge(list(flows), defaultdict(AddressState), now, live).alerts
        assert ENGINE.judge(list(flows), defaultdict(AddressState), now, rebuilt).alerts == expected
        changes = live.take_changes()
        assert rebuilt.take_changes() == changes
        for number, more in changes[0].items():
            stored[number] += more
        for number in changes[1]:
            stored.pop(number, None)
        told += sum(alert.rule_id == RULE for alert in expected)
    assert told > 20


def test_the_marks_leave_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    network, states, ways = Network(), defaultdict[str, AddressState](AddressState), 0
    may_come, may_go = Touches.may_come, Touches.may_go
    monkeypatch.setattr(Touches, "may_come", lambda touches, node: True)
    monkeypatch.setattr(Touches, "may_go", lambda touches, node: True)
    for flows in life(2, 50):
        ENGINE.judge(flows, states, T0 + 400 * DAY_MS, network)
        for person in (f"p{n}" for n in range(60)):
            for way in exposed(person, network, inward=True, window_ms=30 * DAY_MS, hops=4).ways:
                assert may_come(network.touches, way.edges[-1].sender)
                ways += 1
            for way in exposed(person, network, inward=False, window_ms=30 * DAY_MS, hops=4).ways:
                assert may_go(network.touches, way.edges[-1].receiver)
                ways += 1
    assert ways > 1_000
