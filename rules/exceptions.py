"""What somebody has decided not to be told: findings of a rule about an account, or about an address, until a day.

An exception names who decided it, why, and when it ends. It acts on transfers that occur before the end of that day, and it
is told whenever it acts: counted, and named in the verdict. A rule that rejects takes none.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import chain
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from rules.addresses import canonical_forms
from rules.messages import Excepted

EVERY: Final = ".*"  # after a family: all its rules

Words = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]


class Exemption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One exception: `rule` is the id of a rule or FAMILY.* ; it is about `account`, `address`, or both together.

    With `entry`, the id of an entry of a sanctions list, it acts on findings that cite that entry alone: the account's
    counterparty, VASP or holder was found to be somebody else of that name.

    It acts from `since` (from ever where that is left out) to the end of `expires`, by event time.
    """

    rule: Words
    account: Words | None = None
    address: Words | None = None
    entry: Words | None = None
    author: Words
    reason: Words
    since: date | None = None
    expires: date

    def acts_at(self, occurred_ms: int) -> bool:
        """Whether it acts on a transfer of that event time."""
        return _ms(self.since) <= occurred_ms < _ms(self.expires + timedelta(days=1))

    @property
    def told(self) -> Excepted:
        """How a verdict names it."""
        return Excepted(rule_id=self.rule, author=self.author, reason=self.reason, expires=self.expires.isoformat())


class Exceptions:
    """All exceptions in force. `hash` covers every word of them; it is empty when there is none."""

    def __init__(self, exemptions: Sequence[Exemption] = ()) -> None:
        self.exemptions = tuple(exemptions)
        self.hash = sha256(msgspec.json.encode(self.exemptions)).hexdigest() if exemptions else ""
        self._of: defaultdict[str, list[tuple[Exemption, frozenset[str]]]] = defaultdict(list)
        for one in self.exemptions:
            self._of[one.rule].append((one, frozenset(_forms(one.address))))

    def acting(
        self, rule_id: str, account_id: str, addresses: Iterable[str], occurred_ms: int, entry: str | None = None
    ) -> Exemption | None:
        """The first exception that acts on a finding of a rule about an account and canonical addresses, citing an entry."""
        family = rule_id.partition(".")[0] + EVERY
        for one, forms in chain(self._of.get(rule_id, ()), self._of.get(family, ())):
            if (
                one.acts_at(occurred_ms)
                and (one.account is None or one.account == account_id)
                and (one.entry is None or one.entry == entry)
                and (not forms or not forms.isdisjoint(addresses))
            ):
                return one
        return None

    def entries(self, rule_id: str, account_id: str, occurred_ms: int) -> frozenset[str]:
        """The list entries that an account's parties were found not to be."""
        return frozenset(
            one.entry
            for one, _ in self._of.get(rule_id, ())
            if one.entry is not None and one.account == account_id and one.address is None and one.acts_at(occurred_ms)
        )

    def __bool__(self) -> bool:
        return bool(self.exemptions)


NO_EXCEPTIONS: Final = Exceptions()


def _forms(address: str | None) -> tuple[str, ...]:
    """The canonical spellings of an address. Raises MalformedAddress."""
    return () if address is None else tuple(canonical_forms(address, None))


def _ms(day: date | None) -> int:
    """Midnight UTC in which a day begins; 0 for none."""
    return 0 if day is None else int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
