"""Looking back when lists change: who dealt with an address that is listed now, directly or one hop away, and delistings.

What is known of dealings is the first contact between each account and address. A newly listed address is looked up in it;
the cost is that of the addresses in the change and of those who dealt with them, whatever else is remembered.

Newly listed names are looked up among the names told at those contacts, by keys that names of the same sound share.

One hop: the account never dealt with the listed address, but with the own address of an account that did, or the other way
round. What happens between addresses outside the exchange is not seen here.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from rules.list_changes import ListChange, names_of
from rules.list_log import Announced, Part, Record
from rules.lists import ListEntry, keys_of
from rules.messages import Action, Alert, AlertStatus, Evidence, Flow, ListMatch, Named, Severity, Source
from rules.name_keys import name_keys
from rules.names import THRESHOLD, compare, explain
from rules.outcome import alert_id
from rules.transfer import moment

NEWLY_LISTED: Final = "sanctions.newly_listed"
DELISTED: Final = "sanctions.delisted"
DIRECT: Final = "sanctions.direct_exposure"  # the rule that alerts at the transfer when the address is listed already
VERSION: Final = "1.0.0"
MIDDLEMEN: Final = 200  # judgement: accounts behind a listed address that one hop is followed from; more make it a service
FOLLOWED: Final = 200  # judgement: addresses of one account that are followed
_UNFINISHED: Final = 16
_TYPOLOGY: Final = ("OFAC-VC-2021: rescreening of past activity after a listing",)


class Dealing(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The first contact of an account with an address. `screened`: it was listed then, and alerted at the transfer."""

    account_id: str
    inflow: bool
    occurred_ms: int
    value: int
    event_id: str
    amount: str
    asset: str
    own_address: str
    screened: bool

    def evidence(self, shows: str) -> Evidence:
        """The transfer, and what it shows."""
        return Evidence.of(self.event_id, self.amount, self.asset, self.value, self.occurred_ms, shows)


class Bearer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Somebody whom a transfer of an account named for the first time, and the transfer."""

    named: Named
    address: str
    dealing: Dealing


class Unfinished(msgspec.Struct, array_like=True):
    """The parts of an announcement whose end has not been read; of the first one only their number matters."""

    parts: int = 0
    changes: list[ListChange] = []


class ListsSeen(msgspec.Struct, array_like=True):
    """How far the log of lists has been read, and every address that was listed since its beginning."""

    version: str = ""
    unfinished: dict[str, Unfinished] = {}
    recent: dict[str, ListMatch] = {}

    def take(self, record: Record) -> Announced | None:
        """Read a record of the log; what comes into force and is worth looking back for, or None."""
        if isinstance(record, Part):
            open_ = self.unfinished.setdefault(record.announcement, Unfinished())
            open_.parts += 1
            if record.before:
                open_.changes.append(record.change)
            while len(self.unfinished) > _UNFINISHED:
                del self.unfinished[next(iter(self.unfinished))]
            return None
        open_ = self.unfinished.pop(record.announcement, Unfinished())
        if record.before != self.version or open_.parts != record.parts:
            return None
        self.version = record.version
        return Announced(record, tuple(open_.changes)) if record.before else None

    def learn(self, difference: "Difference") -> None:
        """Remember what is listed now."""
        for address in difference.delisted:
            self.recent.pop(address, None)
        self.recent.update(difference.listed)


class Difference(msgspec.Struct, frozen=True):
    """The addresses that an announcement lists and delists, by every key they can be met under, and the names it lists."""

    listed: dict[str, ListMatch]
    delisted: dict[str, ListMatch]
    named: tuple[ListMatch, ...] = ()  # `matched` is the name


def difference_of(announced: Announced) -> Difference:
    """What an announcement changes; an address that only moves between entries or lists is not among it."""
    hashes = {(fact.name, fact.slot): fact for fact in announced.end.lists}
    listed: dict[str, ListMatch] = {}
    delisted: dict[str, ListMatch] = {}
    named: list[ListMatch] = []
    for change in announced.changes:
        fact = hashes.get((change.name, change.slot))
        after = fact.hash if fact is not None else change.hash_before
        published = fact.published if fact is not None else change.published_before
        day = published.isoformat() if published is not None else None
        pairs: list[tuple[ListEntry | None, ListEntry | None]] = [(None, entry) for entry in change.added]
        pairs += [(entry, None) for entry in change.removed]
        pairs += change.changed
        for before, now in pairs:
            old = _matches(change.name, after, day, before)
            new = _matches(change.name, after, day, now)
            listed |= {key: match for key, match in new.items() if key not in old}
            delisted |= {key: match for key, match in old.items() if key not in new}
            if now is not None:
                known = names_of(before) if before is not None else ()
                named += [_match(change.name, after, day, now, name) for name in names_of(now) if name not in known]
    moved = listed.keys() & delisted.keys()
    return Difference(
        {key: listed[key] for key in sorted(listed.keys() - moved)},
        {key: delisted[key] for key in sorted(delisted.keys() - moved)},
        tuple(named),
    )


def _matches(name: str, digest: str, published: str | None, entry: ListEntry | None) -> dict[str, ListMatch]:
    if entry is None:
        return {}
    return {key: _match(name, digest, published, entry, each.address) for each in entry.addresses for key in keys_of(each)}


def _match(name: str, digest: str, published: str | None, entry: ListEntry, matched: str) -> ListMatch:
    return ListMatch(
        name=name, hash=digest, published=published, entry_id=entry.entry_id, entry_name=entry.name, matched=matched
    )


class Lookups(msgspec.Struct):
    """What is stored of dealings, as far as it was asked for."""

    dealings: Mapping[str, Sequence[Dealing]]  # by address
    contacts: Mapping[str, Sequence[str]]  # the addresses of an account
    owners: Mapping[str, str]  # the account of an own address
    bearers: Mapping[str, Sequence[Bearer]]  # by the key of a name


class LookingBack:
    """Composes the alerts of one batch."""

    def __init__(self, ruleset_hash: str, detected_at: datetime) -> None:
        self._ruleset = ruleset_hash
        self._detected_at = detected_at
        self.alerts: list[Alert] = []

    def late(self, flow: Flow, match: ListMatch) -> None:
        """A transfer judged by the lists before, when its address was listed already."""
        dealing = dealing_of(flow, screened=False)
        self._direct(flow.address, match, flow.account_id, [dealing], flow.source)

    def change(self, difference: Difference, found: Lookups, source: Source) -> None:
        """Everything that a change of lists says about the past."""
        for address, match in difference.listed.items():
            by_account = _by_account(found.dealings.get(address, ()))
            for account_id, dealings in by_account.items():
                if not any(dealing.screened for dealing in dealings):
                    self._direct(address, match, account_id, dealings, source)
            self._one_hop(address, match, by_account, found, source)
        self._names(difference, found, source)
        for address, match in difference.delisted.items():
            for account_id, dealings in _by_account(found.dealings.get(address, ())).items():
                self._close(address, match, account_id, dealings, source)

    def _names(self, difference: Difference, found: Lookups, source: Source) -> None:
        """Who bears a newly listed name: once for each account and entry, by the name that agrees best."""
        best: dict[tuple[str, str, str], tuple[float, Bearer, ListMatch, tuple[str, ...]]] = {}
        for match in difference.named:
            met = dict.fromkeys(bearer for key in name_keys(match.matched) for bearer in found.bearers.get(key, ()))
            for bearer in met:
                agreement = compare(bearer.named.name, match.matched)
                if agreement is None or agreement.score < THRESHOLD:
                    continue
                place = (bearer.dealing.account_id, match.name, match.entry_id)
                if place not in best or best[place][0] < agreement.score:
                    best[place] = (agreement.score, bearer, match, explain(agreement))
        for (account_id, _, entry_id), (score, bearer, match, why) in sorted(best.items(), key=lambda one: one[0]):
            self._tell(
                alert=alert_id(NEWLY_LISTED, account_id, ("name", match.name, entry_id)),
                title=f"The name of a {bearer.named.role} is on a sanctions list now",
                severity=Severity.HIGH,
                account_id=account_id,
                address=bearer.address,
                match=match,
                dealings=[bearer.dealing],
                shows=f"The first transfer that named this {bearer.named.role}",
                facts={
                    "role": bearer.named.role,
                    "name": bearer.named.name,
                    "score": round(score, 4),
                    "score_minimum": THRESHOLD,
                    "why": list(why),
                    "entry_id": entry_id,
                    "entry_name": match.entry_name,
                },
                source=source,
                action=Action.REVIEW,
            )

    def _direct(self, address: str, match: ListMatch, account_id: str, dealings: Sequence[Dealing], source: Source) -> None:
        shows = "First contact with an address that has been listed since"
        self._tell(
            alert=_direct_id(address, match, account_id),
            title="Dealt with an address that is on a sanctions list now",
            severity=Severity.CRITICAL,
            account_id=account_id,
            address=address,
            match=match,
            dealings=dealings,
            shows=shows,
            facts={"hops": 0, "entry_id": match.entry_id, "entry_name": match.entry_name},
            source=source,
            action=Action.HOLD,
        )

    def _one_hop(
        self,
        address: str,
        match: ListMatch,
        direct: Mapping[str, Sequence[Dealing]],
        found: Lookups,
        source: Source,
    ) -> None:
        """Accounts that dealt with the own address of an account that dealt with the listed one, or it with theirs."""
        if len(direct) > MIDDLEMEN:
            return
        met: dict[str, tuple[str, str, Dealing]] = {}  # account -> through which account and address, and the transfer
        for middle, dealings in direct.items():
            for own in own_addresses(dealings):
                for dealing in found.dealings.get(own, ()):
                    met.setdefault(dealing.account_id, (middle, own, dealing))
            for contact in found.contacts.get(middle, ())[:FOLLOWED]:
                owner = found.owners.get(contact)
                if owner is not None:
                    reached = [one for one in found.dealings.get(contact, ()) if one.account_id == middle]
                    if reached:
                        met.setdefault(owner, (middle, contact, reached[0]))
        for account_id, (middle, through, dealing) in sorted(met.items()):
            if account_id in direct:
                continue
            self._tell(
                alert=alert_id(NEWLY_LISTED, account_id, (address, match.entry_id, "one hop")),
                title="Dealt with an account that dealt with an address on a sanctions list",
                severity=Severity.MEDIUM,
                account_id=account_id,
                address=address,
                match=match,
                dealings=[dealing],
                shows="First contact between this account and the one in between",
                facts={
                    "hops": 1,
                    "through_account": middle,
                    "through_address": through,
                    "entry_id": match.entry_id,
                    "entry_name": match.entry_name,
                },
                source=source,
                action=Action.REVIEW,
            )

    def _close(self, address: str, match: ListMatch, account_id: str, dealings: Sequence[Dealing], source: Source) -> None:
        first = next((dealing for dealing in dealings if dealing.screened), None)
        opened = (
            alert_id(DIRECT, account_id, (first.event_id, address))
            if first is not None
            else _direct_id(address, match, account_id)
        )
        self._tell(
            alert=alert_id(DELISTED, account_id, (address, match.entry_id, source.offset)),
            rule=DELISTED,
            title="An address this account dealt with was taken off a sanctions list",
            severity=Severity.INFO,
            account_id=account_id,
            address=address,
            match=match,
            dealings=dealings,
            shows="First contact with the address that was delisted",
            facts={"delisted": True, "entry_id": match.entry_id, "entry_name": match.entry_name},
            source=source,
            action=Action.REVIEW,
            refers_to=opened,
        )

    def _tell(
        self,
        *,
        alert: str,
        title: str,
        severity: Severity,
        account_id: str,
        address: str,
        match: ListMatch,
        dealings: Sequence[Dealing],
        shows: str,
        facts: dict[str, object],
        source: Source,
        action: Action,
        rule: str = NEWLY_LISTED,
        refers_to: str | None = None,
    ) -> None:
        ordered = sorted(dealings, key=lambda one: (one.occurred_ms, one.event_id))
        self.alerts.append(
            Alert(
                alert_id=alert,
                rule_id=rule,
                rule_version=VERSION,
                ruleset=self._ruleset,
                severity=severity,
                title=title,
                typology=_TYPOLOGY,
                account_id=account_id,
                counterparty=address,
                evidence=tuple(one.evidence(shows) for one in ordered),
                facts=facts,
                list=match,
                source=source,
                occurred_at=moment(ordered[-1].occurred_ms),
                detected_at=self._detected_at,
                retroactive=True,
                action=action,
                status=AlertStatus.CLOSED if refers_to else AlertStatus.NEW,
                refers_to=refers_to,
            )
        )


def dealing_of(flow: Flow, *, screened: bool) -> Dealing:
    """What a flow tells of the first contact of its account and address."""
    return Dealing(
        flow.account_id,
        flow.inflow,
        flow.occurred_ms,
        flow.value,
        flow.event_id,
        flow.amount,
        flow.asset,
        flow.own_address,
        screened,
    )


def middlemen(dealings: Iterable[Dealing]) -> dict[str, list[Dealing]]:
    """The accounts that one hop is followed from, with their dealings; empty for an address of too many."""
    by_account = _by_account(dealings)
    return by_account if len(by_account) <= MIDDLEMEN else {}


def own_addresses(dealings: Iterable[Dealing]) -> list[str]:
    """The own addresses that an account had at its dealings."""
    return sorted({dealing.own_address for dealing in dealings if dealing.own_address})


def _by_account(dealings: Iterable[Dealing]) -> dict[str, list[Dealing]]:
    found: dict[str, list[Dealing]] = {}
    for dealing in dealings:
        found.setdefault(dealing.account_id, []).append(dealing)
    return dict(sorted(found.items()))


def _direct_id(address: str, match: ListMatch, account_id: str) -> str:
    return alert_id(NEWLY_LISTED, account_id, (address, match.entry_id))
