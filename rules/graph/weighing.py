"""How likely the first contacts of an account with cited ones are to be laundering: a logistic score of nine measures.

The weights were fitted on ledgers with replanted patterns and checked on others; docs/network.md tells how, and how well.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import exp, log, log1p
from typing import Final

import msgspec

from rules.graph.company import surprise
from rules.graph.edges import DAY_MS, Edge
from rules.graph.network import Network

_BASE: Final = 1.185
_WEIGHTS: Final = {
    "surprise": 0.933,  # -log10 of the chance of so many cited ones among the contacts
    "popularity": -1.793,  # with how many others the cited ones deal: log, mean
    "span": -1.415,  # days between the first and the last of the contacts: log
    "pause": 0.124,  # days of the longest pause between them
    "self_cited": 1.689,  # on how many occasions the account was cited: log1p
    "company": 2.18,  # on how many the others were: log1p, mean
    "age": -0.052,  # days since they were, mean
    "lag": -0.114,  # days since the last of the contacts
    "activity": 0.748,  # contacts in the other direction: log1p
}
_MOST_SURPRISE: Final = 8.0


class Fan(msgspec.Struct, frozen=True, gc=False):
    """The first contacts of an account with cited ones in one direction, within a window that ends with the last.

    `among` is how many contacts there are in the window, `activity` how many in the other direction.
    """

    node: str
    inward: bool
    cited: tuple[Edge, ...]
    among: int
    activity: int

    @property
    def others(self) -> list[str]:
        """The cited accounts, in the order of the contacts."""
        return [other(edge, self.inward) for edge in self.cited]


def other(edge: Edge, inward: bool) -> str:
    """The far end of a contact."""
    return edge.sender if inward else edge.receiver


def fans(node: str, inward: bool, window_ms: int, pause_ms: int, network: Network) -> Iterator[Fan]:
    """All its contacts with cited ones within a window that ends with the last, then those of each run between long pauses.

    Contacts that a citing story has told are left out; of a fan of which most have been, nothing is left.
    """
    received, sent = network.around(node)
    edges, opposite = (received, sent) if inward else (sent, received)
    if inward:
        cited = [edge for edge in edges if network.is_cited(edge.sender)]
    else:
        cited = [edge for edge in edges if network.is_cited(edge.receiver)]
    runs = _runs(cited, pause_ms)
    for part in (cited, *runs) if len(runs) > 1 else runs:
        end = part[-1].occurred_ms
        part = [edge for edge in part if edge.occurred_ms > end - window_ms]
        untold = tuple(edge for edge in part if edge.event_id not in network.stories.citing)
        if 2 * len(untold) >= len(part):
            among = sum(end - window_ms < edge.occurred_ms <= end for edge in edges)
            yield Fan(node, inward, untold, among, len(opposite))


def _runs(edges: list[Edge], pause_ms: int) -> list[list[Edge]]:
    """Contacts, oldest first, parted where there is a longer pause than that."""
    runs: list[list[Edge]] = []
    for edge in edges:
        if runs and edge.occurred_ms - runs[-1][-1].occurred_ms <= pause_ms:
            runs[-1].append(edge)
        else:
            runs.append([edge])
    return runs


def measures(fan: Fan, network: Network) -> dict[str, float]:
    """What the weights are for, by name."""
    now, count, others = network.now_ms, len(fan.cited), fan.others
    standings = [standing for one in others if (standing := network.standing(one)) is not None]
    reach = [len(network.around(one)[1 if fan.inward else 0]) for one in others]
    own = network.standing(fan.node)
    share = network.shares.sender if fan.inward else network.shares.receiver
    times = [edge.occurred_ms for edge in fan.cited]
    return {
        "surprise": min(_MOST_SURPRISE, surprise(count, max(count, fan.among), share)),
        "popularity": sum(log(max(one, 1)) for one in reach) / count,
        "span": log(max(1.0, (times[-1] - times[0]) / DAY_MS)),
        "pause": max((later - one) / DAY_MS for one, later in pairwise(times)),
        "self_cited": log1p(own.occasions) if own is not None else 0.0,
        "company": sum(log1p(one.occasions) for one in standings) / count,
        "age": sum(now - one.last_ms for one in standings) / count / DAY_MS,
        "lag": (now - times[-1]) / DAY_MS,
        "activity": log1p(fan.activity),
    }


def probability(measured: dict[str, float]) -> float:
    """Of the fan being part of a laundering pattern."""
    return 1 / (1 + exp(-_BASE - sum(_WEIGHTS[name] * value for name, value in measured.items())))
