"""The transfers that are measured: the `exchange` scenario, thinned to what an exchange has to send."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from streams.scenarios import scenario

LINES_AT_ONCE: Final = 5_000

_LEFT_OUT: Final = ("tx_hash",)  # what no rule reads
_TRANSFERS_PER_ACCOUNT_AND_DAY: Final = 0.4  # of the scenario; below the true number, so that there are always enough

_encode: Final = msgspec.json.Encoder().encode


def lines(count: int, accounts: int) -> Iterator[list[bytes]]:
    """So many transfers as JSON, in event-time order, in chunks; the same ones for the same numbers."""
    days = int(count / accounts / _TRANSFERS_PER_ACCOUNT_AND_DAY) + 30
    transfers = islice(map(_thin, scenario("exchange", accounts=accounts, days=days).transfers()), count)
    while chunk := list(islice(transfers, LINES_AT_ONCE)):
        yield chunk


def _thin(transfer: dict[str, Any]) -> bytes:
    for name in _LEFT_OUT:
        transfer.pop(name, None)
    return _encode(transfer)
