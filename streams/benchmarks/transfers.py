"""The transfers that are measured: the `exchange` scenario, thinned to what an exchange has to send."""

import random
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from streams.scenarios import scenario

LINES_AT_ONCE: Final = 5_000

_LEFT_OUT: Final = ("tx_hash",)  # what no rule reads
_TRANSFERS_PER_ACCOUNT_AND_DAY: Final = 0.4  # of the scenario; below the true number, so that there are always enough

_SEED: Final = 7
_encode: Final = msgspec.json.Encoder().encode


def lines(count: int, accounts: int, hub: float = 0.0) -> Iterator[list[bytes]]:
    """So many transfers as JSON, in event-time order, in chunks; the same ones for the same numbers.

    Of all transfers a share of `hub`, 0 to 1, is with one and the same counterparty, which has an address on each network.
    """
    days = int(count / accounts / _TRANSFERS_PER_ACCOUNT_AND_DAY) + 30
    exchanged: Iterable[dict[str, Any]] = scenario("exchange", accounts=accounts, days=days).transfers()
    transfers = islice(map(_thin, _with_hub(exchanged, hub) if hub else exchanged), count)
    while chunk := list(islice(transfers, LINES_AT_ONCE)):
        yield chunk


def _with_hub(transfers: Iterable[dict[str, Any]], share: float) -> Iterator[dict[str, Any]]:
    rng, hubs = random.Random(_SEED), dict[str, list[str]]()  # noqa: S311  # no secret
    for transfer in transfers:
        hub = hubs.setdefault(transfer["network"], transfer["addresses"][:1])
        if rng.random() < share:
            transfer["addresses"] = hub
        yield transfer


def _thin(transfer: dict[str, Any]) -> bytes:
    for name in _LEFT_OUT:
        transfer.pop(name, None)
    return _encode(transfer)
