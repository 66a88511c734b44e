"""What the request for a withdrawal shows beyond the money, as words that go with a signal."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from rules.names import compare
from rules.reference import BadAddress
from rules.reference.rows import Category
from rules.rule import Case

ABROAD: Final = "abroad"  # asked for from another country than the holder's
HIDDEN: Final = "hidden"  # asked for through Tor, a VPN, a proxy or a hosting network, as far as lists are loaded
OTHER_NAME: Final = "other_name"  # for somebody of another name than the holder's
LISTED_NAME: Final = "listed_name"  # for or by somebody with the name of a listed party
RHYTHM: Final = "rhythm"  # not for the first time: wages were passed on some days apart
FIRM: Final = "firm"  # enough to live on, and most of it was passed on
HOSTED: Final = "hosted"  # to another service, as the travel rule's data or a label says

_ALIKE: Final = 0.5  # judgement; names of different people score far below, spellings of one name far above
_LISTED: Final = 0.78  # judgement; as sanctions.name_match
_REMEMBERED: Final = 4_096  # judgement; pairs of names
_SERVICES: Final = frozenset(
    {Category.OTC_DESK, Category.HIGH_RISK_EXCHANGE, Category.EXCHANGE_HOT_WALLET, Category.PAYMENT_SERVICE}
)


def words(case: Case) -> Iterator[str]:
    """The words for a withdrawal; none when it is judged again, since the request is not kept."""
    transfer = case.transfer
    if transfer is None:
        return
    account, party = transfer.account, transfer.counterparty
    if account and account.country and transfer.ip_country and account.country.upper() != transfer.ip_country.upper():
        yield ABROAD
    if transfer.ip and _hidden(case, transfer.ip):
        yield HIDDEN
    if account and party and account.holder_name and party.name and other_name(account.holder_name, party.name):
        yield OTHER_NAME
    named = (account.holder_name if account else None, party.name if party else None)
    if _listed(case, named):
        yield LISTED_NAME
    if (party and party.vasp) or any(label.category in _SERVICES for _, label in case.labelled):
        yield HOSTED


def _listed(case: Case, named: Iterable[str | None]) -> bool:
    names = case.knowledge.names
    return names is not None and any(names.lookup(name, threshold=_LISTED) for name in named if name)


def _hidden(case: Case, ip: str) -> bool:
    networks = case.knowledge.reference.networks
    try:
        return networks is not None and bool(networks.hiding(ip))
    except BadAddress:
        return False


@lru_cache(maxsize=_REMEMBERED)
def other_name(holder: str, named: str) -> bool:
    """Whether two names have no word in common and are not spellings of one name, in whatever script."""
    if not set(holder.casefold().split()).isdisjoint(named.casefold().split()):
        return False
    scored = compare(named, holder)
    return scored is not None and scored.score < _ALIKE
