"""Is the account used from two countries that are further apart than anybody can travel in the time between?"""

from typing import Annotated, Final

from msgspec import Meta

from rules.finding import Answer, Finding, Unanswered
from rules.messages import Evidence, Severity
from rules.profile import contact_key
from rules.reference import BadAddress
from rules.reference.places import least_km
from rules.rule import AccountRule, Case, Params
from rules.transfer import Kind

_HOUR_MS: Final = 3_600_000
_TOLD_ONCE_IN: Final = 30 * 24 * _HOUR_MS  # judgement
_NO_COUNTRY: Final = Unanswered("the withdrawal does not say from which country it was ordered")
_NO_PLACE: Final = Unanswered("no earlier transfer says from which country it was ordered")


class Thresholds(Params, frozen=True, kw_only=True):
    """Faster than `speed_kmh` between countries whose nearest points are more than `distance_km` apart."""

    speed_kmh: Annotated[int, Meta(ge=1)]
    distance_km: Annotated[int, Meta(ge=0)]


class ImpossibleTravel(AccountRule):
    """Compares with the newest place known; whichever of the two came first, the way between is the same."""

    Parameters = Thresholds
    looks_back = False

    def judge(self, case: Case) -> Answer:
        """Medium when the account may be in other hands: a device and an address never met before come with the place."""
        transfer, profile = case.transfer, case.profile
        if transfer is None or transfer.ip_country is None:
            return _NO_COUNTRY if transfer is not None and transfer.kind is Kind.WITHDRAWAL else None
        here, there = transfer.ip_country.upper(), profile.ip_country
        if here == there:
            return None
        if not there:
            return _NO_PLACE
        distance = least_km(there, here)
        if distance is None:
            return Unanswered(f"it is not known where {there} or {here} is")
        apart_ms = abs(case.occurred_ms - profile.ip_country_ms)
        params: Thresholds = self.params
        if distance <= params.distance_km or distance * _HOUR_MS <= apart_ms * params.speed_kmh:
            return None
        taken = not _hidden(case) and _in_other_hands(case)
        return Finding(
            story=(case.occurred_ms // _TOLD_ONCE_IN,),
            stage=int(taken),
            evidence=_evidence(case, here, there),
            facts={
                "countries": [there, here],
                "least_distance_km": distance,
                "least_distance_km_minimum": params.distance_km,
                "hours_between": apart_ms / _HOUR_MS,
                "speed_kmh_maximum": params.speed_kmh,
            },
            severity=None if taken else Severity.LOW,
        )


def _in_other_hands(case: Case) -> bool:
    """Whether a withdrawal is asked for on a new device and goes to new addresses: else it is a VPN by far most often."""
    transfer, contacts = case.transfer, case.profile.contacts
    if transfer is None or transfer.kind is not Kind.WITHDRAWAL or not transfer.device_id:
        return False
    met = (transfer.device_id, *case.addresses)
    return not any(contact_key(one) in contacts for one in met)


def _hidden(case: Case) -> bool:
    networks = case.knowledge.reference.networks
    if networks is None or case.transfer is None or case.transfer.ip is None:
        return False
    try:
        return bool(networks.hiding(case.transfer.ip))
    except BadAddress:
        return False


def _evidence(case: Case, here: str, there: str) -> tuple[Evidence, ...]:
    """The transfer from the other country, where it is still kept, and this one; the later one last."""
    profile, own = case.profile, case.own_evidence(f"Ordered from {here}")
    other = profile.evidence(profile.at(profile.ip_country_ms)[:1], f"Ordered from {there}")
    both = {one.event_id: one for one in (*other, own)}
    return tuple(sorted(both.values(), key=lambda one: one.occurred_at))
