"""Did an account deal with an address that has been listed since?"""

from collections.abc import Iterable

from rules.change import Change
from rules.finding import Finding
from rules.past import Past
from rules.rule import LookbackRule


class NewlyListed(LookbackRule):
    """Told once for each account and address; whoever was alerted at the transfer itself is not told again."""

    def look_back(self, change: Change, past: Past) -> Iterable[tuple[str, Finding]]:
        """Answer for each listed address from those who dealt with it."""
        for address, match in change.listed.items():
            again = change.again(address)
            forgotten = {"others_forgotten": True} if past.others_forgotten(address) else {}
            for account_id, dealings in past.met(address).items():
                if any(dealing.screened for dealing in dealings) and not again:
                    continue
                yield (
                    account_id,
                    Finding(
                        story=(address, match.entry_id, *again),
                        evidence=tuple(
                            one.evidence("First contact with an address that has been listed since") for one in dealings
                        ),
                        counterparty=address,
                        match=match,
                        facts={"hops": 0, "entry_id": match.entry_id, "entry_name": match.entry_name} | forgotten,
                    ),
                )
