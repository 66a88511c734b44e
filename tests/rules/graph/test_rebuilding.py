"""The memory of the network, rebuilt from its log between any two batches, is the one that wrote it, whatever comes.

Own addresses become known late, an account has two of them, several accounts share one, transfers are late or from the
future, and nodes have more contacts than are kept.
"""

from collections import defaultdict
from collections.abc import Iterator
from random import Random

import pytest

from rules.graph import edges
from rules.graph.edges import DAY_MS, KEPT_MS, LOG_DAYS
from rules.graph.network import Network
from rules.illicit import Party
from rules.messages import Flow
from rules.reference import Category
from tests.rules.graph.test_network import T0

PARTY = Party(Category.SANCTIONED, "0xparty")
ACCOUNTS = [f"a{number}" for number in range(10)]
SHARED = "0xshared"


def own_addresses(account_id: str) -> tuple[str, str]:
    return f"0x{account_id}-1", f"0x{account_id}-2"


def batches(random: Random) -> Iterator[tuple[int, list[Flow]]]:
    """The time of judging and the flows of each batch; three days on average from one to the next."""
    now, number, sharing = T0, 0, random.random() < 0.5
    for _ in range(60):
        now += random.choice((0, 0, DAY_MS // 2, 3 * DAY_MS, random.choice((0, 0, 0, KEPT_MS, LOG_DAYS * DAY_MS))))
        flows = []
        for _ in range(random.choice((1, 4, 12))):
            number += 1
            mine, theirs = random.choice(ACCOUNTS), random.choice(ACCOUNTS)
            late = random.choice((0, 0, random.randrange(3 * DAY_MS), random.randrange(KEPT_MS)))
            ahead = random.choice((0,) * 40 + (3_650 * DAY_MS,))
            to = random.choice((*own_addresses(theirs), *own_addresses(theirs), "0xshop", SHARED, PARTY.entity))
            own = random.choice(("", *own_addresses(mine), SHARED if sharing else ""))
            inflow, value, first = random.random() < 0.5, random.choice((1, 500)), random.random() < 0.8
            said = (f"e{number}", str(value), "USDT", "ethereum", first, own)
            flows.append(Flow(now - late + ahead, "t", 0, number, to, mine, inflow, value * 1_000_000, *said))
        yield now + random.choice((0, DAY_MS)), sorted(flows)


def kept(network: Network) -> list[object]:
    """All of the graph, every edge in its place, and what is counted."""
    graph, touches = network.graph, network.touches
    contacts = [{node: [*held.items()] for node, held in side.items() if held} for side in (graph.outgoing, graph.incoming)]
    touched = [{account: held for account, held in side.items() if held} for side in (touches.came, touches.went)]
    return [*contacts, *touched, graph._owners, graph.now_ms, network.days, network.shares]


def enter(network: Network, flows: list[Flow], judged_ms: int) -> None:
    for flow in flows:
        if flow.address == PARTY.entity:
            network.touch(flow, PARTY, judged_ms)
        network.enter(flow, judged_ms)


@pytest.mark.parametrize("seed", range(40))
def test_memory_rebuilt_between_any_two_batches_is_the_one_that_wrote_it(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    if seed % 2:
        monkeypatch.setattr(edges, "EDGES", 6)
        monkeypatch.setattr(edges, "EDGES_OF_ADDRESS", 3)
    live, stored = Network(), defaultdict[int, bytes](bytes)
    for judged_ms, flows in batches(random):
        rebuilt = Network({day: stored[day] for day in live.days})
        assert kept(rebuilt) == kept(live)
        for node in [*rebuilt.graph.outgoing, *rebuilt.graph.incoming]:
            assert live.touches.may_come(node) or not rebuilt.touches.may_come(node)
            assert live.touches.may_go(node) or not rebuilt.touches.may_go(node)
        for network in (live, rebuilt):
            enter(network, flows, judged_ms)
        assert kept(rebuilt) == kept(live)
        appended, expired = live.take_changes()
        assert rebuilt.take_changes() == (appended, expired)
        for day, more in appended.items():
            stored[day] += more
        for day in expired:
            stored.pop(day, None)
