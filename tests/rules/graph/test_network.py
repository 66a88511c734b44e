"""The network of first contacts: what becomes an edge, what is forgotten, and that its log gives back the same memory."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from random import Random

import msgspec
import pytest

from rules.address_state import AddressState
from rules.graph.edges import DAY_MS, EDGES, EDGES_OF_ADDRESS, KEPT_MS, LOG_DAYS
from rules.graph.network import Network
from rules.messages import Flow
from rules.network import CounterpartiesEngine
from streams.rulefiles import load_rules

T0 = 1_767_225_600_000
ENGINE = CounterpartiesEngine(load_rules())
NETWORK_RULES = {rule.about.id for rule in ENGINE.ruleset.network_rules}


def own_address(account_id: str) -> str:
    """Customers told apart by a tag share one."""
    return "0xshared" if account_id.startswith("tag") else f"0x{account_id}"


def paid(payer: str, payee: str, at: int = T0, value: int = 500, *, leg: str = "withdrawal", first: bool = True) -> Flow:
    """One leg of a payment between two accounts with an address each, but for those who are told apart by a tag."""
    inflow = leg == "deposit"
    mine, other = (payee, payer) if inflow else (payer, payee)
    return Flow(
        at,
        "t",
        0,
        0,
        own_address(other),
        mine,
        inflow,
        value * 1_000_000,
        f"{leg[0]}-{payer}-{payee}-{at}",
        str(value),
        "USDT",
        "ethereum",
        first,
        own_address(mine),
    )


def both(payer: str, payee: str, at: int = T0, value: int = 500) -> list[Flow]:
    return [paid(payer, payee, at, value), paid(payer, payee, at + 600_000, value, leg="deposit")]


def entered(flows: Iterable[Flow]) -> Network:
    network = Network()
    for flow in flows:
        network.enter(flow, flow.occurred_ms)
    return network


def contacts(network: Network, node: str) -> list[tuple[str, str]]:
    received, sent = network.around(node)
    return [(edge.sender, edge.receiver) for edge in (*received, *sent)]


def test_both_legs_of_a_payment_are_one_contact_between_accounts() -> None:
    network = entered(both("a", "b"))
    assert contacts(network, "a") == contacts(network, "b") == [("a", "b")]


def test_an_address_that_becomes_an_accounts_brings_its_contacts_along() -> None:
    network = entered([paid("a", "b"), paid("c", "b", T0 + 1), paid("b", "d", T0 + 2)])
    assert contacts(network, "b")[:2] == [("a", "b"), ("c", "b")]


def test_an_address_that_several_accounts_call_their_own_is_nobodys() -> None:
    known = [*both("tag1", "a"), *both("tag2", "b", T0 + 1)]
    network = entered([*known, paid("c", "tag1", T0 + DAY_MS), *both("d", "tag2", T0 + DAY_MS)])
    assert contacts(network, "tag1") == [("tag1", "a")]
    assert contacts(network, "tag2") == [("d", "tag2"), ("tag2", "b")]
    assert contacts(network, "c") == contacts(network, "\0" + "0xshared") == []


def test_a_shared_address_is_noted_down_as_seldom_as_others() -> None:
    sizes = []
    for accounts in ("tag1", "tag2"), ("a", "b"):
        network = entered(paid(account_id, "c", T0 + number) for number, account_id in enumerate(accounts))
        network.take_changes()
        for number in range(20):
            network.enter(paid(accounts[number % 2], "c", T0 + 2 + number, first=False), T0 + 2 + number)
        sizes.append(sum(map(len, network.take_changes()[0].values())))
    assert sizes[0] == sizes[1]


def test_a_contact_that_is_not_the_first_is_none() -> None:
    network = entered([paid("a", "b", first=False)])
    assert contacts(network, "a") == []


def test_paying_back_is_no_second_contact() -> None:
    network = entered([*both("a", "b"), *both("b", "a", T0 + DAY_MS)])
    assert contacts(network, "a") == [("a", "b")]


@pytest.mark.parametrize(("age", "kept"), [(KEPT_MS - 1, 1), (KEPT_MS, 0)])
def test_contacts_are_forgotten_in_event_time(age: int, kept: int) -> None:
    network = entered([*both("a", "b"), *both("x", "y", T0 + age - 600_000)])
    assert len(contacts(network, "a")) == kept


def test_a_hub_is_nobodys_company() -> None:
    network = entered(flow for n in range(EDGES) for flow in both(f"p{n}", "hub", T0 + n))
    assert contacts(network, "hub") == []
    assert len(network.graph.incoming["hub"]) == EDGES


def test_an_address_of_nobody_is_a_hub_sooner() -> None:
    network = entered(paid(f"p{n}", "shop", T0 + n) for n in range(EDGES_OF_ADDRESS))
    assert contacts(network, "\0" + "0xshop") == []


def test_what_a_node_keeps_does_not_depend_on_the_order() -> None:
    flows = [paid(f"p{n}", "b", T0 + n) for n in range(EDGES_OF_ADDRESS + 9)]
    shuffled = Random(3).sample(flows, len(flows))
    one, other = entered(flows), entered(shuffled)
    assert one.graph.incoming == other.graph.incoming


def life(seed: int, days: int) -> Iterator[list[Flow]]:
    """A batch a day of payments among accounts: a small crew that deals with itself among many others."""
    random = Random(seed)
    crew, others = [f"c{n}" for n in range(12)], [f"o{n}" for n in range(145)] + [f"tag{n}" for n in range(5)]
    met: set[frozenset[str]] = set()
    for day in range(days):
        flows: list[Flow] = []
        for _ in range(24):
            pair = random.sample(crew if random.random() < 0.2 else others, 2)
            if frozenset(pair) not in met:
                met.add(frozenset(pair))
                flows += both(*pair, T0 + day * DAY_MS + random.randrange(DAY_MS - 600_000), random.randrange(100, 900))
        if day % 40 == 39:
            met.clear()
        yield flows


def test_memory_rebuilt_where_accounts_share_an_own_address_is_the_one_that_wrote_it() -> None:
    live, stored = Network(), defaultdict[int, bytes](bytes)
    declared = [msgspec.structs.replace(paid(payer, "z", T0 + 2), own_address="0xshared") for payer in ("a", "b")]
    for flow in (paid("c", "shared"), *declared):
        live.enter(flow, flow.occurred_ms)
        for number, more in live.take_changes()[0].items():
            stored[number] += more
    rebuilt = Network(dict(stored))
    assert contacts(live, "a")[0] == ("c", "a")
    for node in ("a", "b", "c"):
        assert rebuilt.around(node) == live.around(node)


def test_memory_rebuilt_when_the_log_of_a_contact_dated_ahead_has_expired_is_the_one_that_wrote_it() -> None:
    live, stored = Network(), defaultdict[int, bytes](bytes)
    days = (0, LOG_DAYS - 1, LOG_DAYS + 1)
    flows = [paid("a", "b", T0 + 3_650 * DAY_MS), *(paid(f"c{day}", "d", T0 + day * DAY_MS) for day in days)]
    for flow, judged_day in zip(flows, (0, *days), strict=True):
        live.enter(flow, T0 + judged_day * DAY_MS)
        appended, expired = live.take_changes()
        for number, more in appended.items():
            stored[number] += more
        for number in expired:
            stored.pop(number, None)
    rebuilt = Network({number: stored[number] for number in live.days})
    assert contacts(rebuilt, "a") == contacts(live, "a")


def test_memory_rebuilt_after_days_of_nothing_notes_what_comes_late_on_the_same_day() -> None:
    live, stored = Network(), defaultdict[int, bytes](bytes)

    def judged(network: Network, flow: Flow) -> tuple[dict[int, bytes], tuple[int, ...]]:
        ENGINE.judge([flow], defaultdict(AddressState), T0 + 2 * LOG_DAYS * DAY_MS, network)
        return network.take_changes()

    for flow in (paid("a", "b"), paid("c", "d", T0 + 90 * DAY_MS)):
        appended, expired = judged(live, flow)
        stored.update(appended)
        for number in expired:
            stored.pop(number, None)
    rebuilt = Network({number: stored[number] for number in live.days})
    assert rebuilt.days == live.days
    late = paid("e", "f", T0 + 80 * DAY_MS)
    assert judged(rebuilt, late) == judged(live, late)


def test_memory_rebuilt_from_its_log_is_the_one_that_wrote_it() -> None:
    live, stored = Network(), defaultdict[int, bytes](bytes)
    states, told = defaultdict[str, AddressState](AddressState), 0
    for day, flows in enumerate(life(1, LOG_DAYS + 30)):
        rebuilt = Network(dict(stored))
        now = T0 + (day + 1) * DAY_MS
        expected = ENGINE.judge(flows, states, now, live)
        again = ENGINE.judge(flows, defaultdict(AddressState), now, rebuilt)
        sent = [alert for alert in expected.alerts if alert.rule_id in NETWORK_RULES]
        assert [alert for alert in again.alerts if alert.rule_id in NETWORK_RULES] == sent
        changes = live.take_changes()
        assert rebuilt.take_changes() == changes
        for number, more in changes[0].items():
            stored[number] += more
        for number in changes[1]:
            stored.pop(number, None)
        told += len(sent)
    assert told > 10
    assert len(stored) <= LOG_DAYS


def test_no_alert_id_comes_twice_however_the_stories_of_a_crew_overlap() -> None:
    network, states = Network(), defaultdict[str, AddressState](AddressState)
    told = []
    for day, flows in enumerate(life(2, 60)):
        told += ENGINE.judge(flows, states, T0 + (day + 1) * DAY_MS, network).alerts
    ids = [alert.alert_id for alert in told]
    assert len(ids) == len(set(ids))
    assert sum(alert.rule_id == "laundering.known_company" for alert in told) > 10


def test_a_story_is_told_again_only_when_it_has_doubled() -> None:
    network, states = Network(), defaultdict[str, AddressState](AddressState)
    told = []
    for n, payer in enumerate("abcdef"):
        for m, payee in enumerate("uvwxyz"):
            told += ENGINE.judge(both(payer, payee, T0 + (6 * n + m) * 3_600_000), states, T0 + DAY_MS * 9, network).alerts
    layers = [alert for alert in told if alert.rule_id == "laundering.layers"]
    assert [alert.refers_to for alert in layers] == [None, *[layers[0].alert_id] * (len(layers) - 1)]
    assert 1 < len(layers) <= 4
    assert all(len(alert.evidence) <= 20 for alert in layers)


@pytest.mark.parametrize("workers", [1, 4])
def test_findings_are_those_of_one_worker_when_several_are_minutes_apart(workers: int) -> None:
    """Each worker's flows come in order, those of the others up to five minutes of event time earlier or later."""
    flows = sorted(flow for day in life(2, 60) for flow in day)
    random = Random(workers)
    late = {account: random.randrange(workers) * 300_000 // workers for account in sorted({one.account_id for one in flows})}
    alone = _findings([flows[first : first + 100] for first in range(0, len(flows), 100)])
    apart = sorted(flows, key=lambda flow: (flow.occurred_ms + late[flow.account_id], flow))
    assert _findings([[flow] for flow in apart]) == alone
    assert len(alone) > 10


def _findings(batches: Iterable[list[Flow]]) -> set[str]:
    """The ids of the network's alerts over all batches."""
    network, states = Network(), defaultdict[str, AddressState](AddressState)
    alerts = [alert for flows in batches for alert in ENGINE.judge(flows, states, flows[-1].occurred_ms, network).alerts]
    return {alert.alert_id for alert in alerts if alert.rule_id in NETWORK_RULES}
