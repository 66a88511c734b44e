"""Did an account deal with an address that no sanctions list names any more?"""

from collections.abc import Iterable, Sequence
from typing import Final

from rules.change import Change
from rules.finding import Finding
from rules.messages import ListMatch
from rules.outcome import alert_id
from rules.past import Dealing, Past
from rules.rule import LookbackRule

_AT_THE_TRANSFER: Final = "sanctions.direct_exposure"
_LOOKING_BACK: Final = "sanctions.newly_listed"


class Delisted(LookbackRule):
    """Closes what was told when the address was listed, or at the transfer when it was listed already."""

    def look_back(self, change: Change, past: Past) -> Iterable[tuple[str, Finding]]:
        """Answer for each delisted address from those who dealt with it."""
        for address, match in change.delisted.items():
            again = change.again(address)
            for account_id, dealings in past.met(address).items():
                yield (
                    account_id,
                    Finding(
                        story=(address, match.entry_id, change.offset),
                        evidence=tuple(one.evidence("First contact with the address that was delisted") for one in dealings),
                        counterparty=address,
                        match=match,
                        facts={"delisted": True, "entry_id": match.entry_id, "entry_name": match.entry_name},
                        continues=_opened(address, match, account_id, dealings, again),
                    ),
                )


def _opened(address: str, match: ListMatch, account_id: str, dealings: Sequence[Dealing], again: tuple[int, ...]) -> str:
    """The alert that was sent."""
    first = next((dealing for dealing in dealings if dealing.screened), None)
    if first is not None and not again:
        return alert_id(_AT_THE_TRANSFER, account_id, (first.event_id, address))
    return alert_id(_LOOKING_BACK, account_id, (address, match.entry_id, *again))
