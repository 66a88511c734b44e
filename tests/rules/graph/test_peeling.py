"""Peel chains: how far they are followed, who ends them, and that a chain that goes on is one story."""

from collections import defaultdict
from collections.abc import Iterator

from rules.address_state import AddressState
from rules.graph.edges import DAY_MS, EDGES_OF_ADDRESS, HOUR_MS
from rules.graph.network import Network
from rules.messages import Alert, Flow
from rules.network import CounterpartiesEngine
from streams.rulefiles import load_rules

T0 = 1_767_225_600_000
ENGINE = CounterpartiesEngine(load_rules())


def paid(payer: str, payee: str, hour: int, value: int, *, inflow: bool = False) -> Flow:
    mine, other = (payee, payer) if inflow else (payer, payee)
    at, name = T0 + hour * HOUR_MS, f"{payer}-{payee}"
    return Flow(at, "t", 0, 0, f"0x{other}", mine, inflow, value * 10**6, name, str(value), "USDT", "", True, f"0x{mine}")


def chained(hops: int, first: int = 0) -> Iterator[Flow]:
    """A sum of 50,000 that loses 1,000 at each account."""
    for n in range(first, first + hops):
        yield paid(f"a{n}", f"peeled{n}", 10 * n, 1_000)
        yield paid(f"a{n}", f"a{n + 1}", 10 * n + 1, 50_000 - 1_000 * n)


def alerts(flows: Iterator[Flow] | list[Flow]) -> list[Alert]:
    told = ENGINE.judge(list(flows), defaultdict(AddressState), T0 + 60 * DAY_MS, Network()).alerts
    return [alert for alert in told if alert.rule_id == "laundering.peel_chain"]


def test_a_chain_that_goes_on_is_one_story_told_when_it_has_doubled() -> None:
    told = alerts(chained(18))
    assert [alert.refers_to for alert in told] == [None, *[told[0].alert_id] * (len(told) - 1)]
    assert 1 < len(told) <= 3
    assert told[-1].facts["hops"] > told[0].facts["hops"]
    assert all(len(alert.evidence) <= 20 for alert in told)


def test_its_accounts_are_cited() -> None:
    network = Network()
    list(ENGINE.judge(list(chained(5)), defaultdict(AddressState), T0 + 60 * DAY_MS, network).alerts)
    assert {node for node in network.company.all(network.now_ms)} >= {"a1", "a2", "a3", "a4"}


def test_a_service_that_nobody_labelled_ends_it() -> None:
    chain = [
        paid("a", "b", 21, 50_000),
        paid("b", "part", 22, 900),
        paid("b", "service", 23, 49_000),
        paid("service", "c", 24, 48_000, inflow=True),
        paid("c", "another", 25, 900),
        paid("c", "d", 26, 47_000),
    ]
    crowd = [paid(f"customer{n}", "service", n, 10) for n in range(EDGES_OF_ADDRESS)]
    assert [alert.facts["hops"] for alert in alerts(chain)] == [4]
    assert alerts([*crowd, *chain]) == []


def test_a_sum_that_goes_round_is_followed_once() -> None:
    round_trip = [*chained(4), paid("a4", "q", 41, 900), paid("a4", "a0", 42, 45_000)]
    assert all(alert.facts["hops"] <= 6 for alert in alerts(round_trip))
