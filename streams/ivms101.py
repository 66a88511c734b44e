"""IVMS101, the travel rule's data standard (InterVASP Messaging, 2020): who sends and who receives.

Reads the standard's JSON in camel case, keeps all of it (what is written is what was read), and draws from it the party that
rules look at. The contract has room for one person a side: of several originators only the first is screened.
"""

from typing import Any, Final

import msgspec

from rules.transfer import Kind, Party, PartyType


class _Element(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What all elements have in common: camel case, and no empty fields."""


class NaturalNameId(_Element, frozen=True):
    """One name of a person; `primary_identifier` is the family name."""

    primary_identifier: str
    secondary_identifier: str | None = None
    name_identifier_type: str = msgspec.field(default="")  # LEGL | ALIA | BIRT | MAID | MISC


class NaturalName(_Element, frozen=True):
    """All names of a person, also in other scripts and as they sound."""

    name_identifier: tuple[NaturalNameId, ...] = ()
    local_name_identifier: tuple[NaturalNameId, ...] = ()
    phonetic_name_identifier: tuple[NaturalNameId, ...] = ()


class Address(_Element, frozen=True):
    """A geographic address."""

    address_type: str | None = None
    department: str | None = None
    sub_department: str | None = None
    street_name: str | None = None
    building_number: str | None = None
    building_name: str | None = None
    floor: str | None = None
    post_box: str | None = None
    room: str | None = None
    post_code: str | None = None
    town_name: str | None = None
    town_location_name: str | None = None
    district_name: str | None = None
    country_sub_division: str | None = None
    address_line: tuple[str, ...] = ()
    country: str | None = None


class NationalId(_Element, frozen=True):
    """A number that a state or a registry gave."""

    national_identifier: str
    national_identifier_type: str | None = None
    country_of_issue: str | None = None
    registration_authority: str | None = None


class Birth(_Element, frozen=True):
    """When and where a person was born."""

    date_of_birth: str
    place_of_birth: str | None = None


class NaturalPerson(_Element, frozen=True):
    """A natural person."""

    name: NaturalName | tuple[NaturalName, ...]  # the standard says a list, many implementations send one
    geographic_address: tuple[Address, ...] = ()
    national_identification: NationalId | None = None
    customer_identification: str | None = None
    date_and_place_of_birth: Birth | None = None
    country_of_residence: str | None = None


class LegalNameId(_Element, frozen=True):
    """One name of a legal person."""

    legal_person_name: str
    legal_person_name_identifier_type: str = msgspec.field(default="")  # LEGL | SHRT | TRAD


class LegalName(_Element, frozen=True):
    """All names of a legal person."""

    name_identifier: tuple[LegalNameId, ...] = ()
    local_name_identifier: tuple[LegalNameId, ...] = ()
    phonetic_name_identifier: tuple[LegalNameId, ...] = ()


class LegalPerson(_Element, frozen=True):
    """A legal person, VASPs among them."""

    name: LegalName
    geographic_address: tuple[Address, ...] = ()
    customer_number: str | None = None
    customer_identification: str | None = None
    national_identification: NationalId | None = None
    country_of_registration: str | None = None


class Person(_Element, frozen=True):
    """A natural or a legal person."""

    natural_person: NaturalPerson | None = None
    legal_person: LegalPerson | None = None


class Originator(_Element, frozen=True):
    """Who sends."""

    originator_persons: tuple[Person, ...] = ()
    account_number: tuple[str, ...] = ()


class Beneficiary(_Element, frozen=True):
    """Who receives."""

    beneficiary_persons: tuple[Person, ...] = ()
    account_number: tuple[str, ...] = ()


class OriginatingVasp(_Element, frozen=True):
    """The VASP that sends for the originator."""

    originating_vasp: Person | None = msgspec.field(default=None, name="originatingVASP")


class BeneficiaryVasp(_Element, frozen=True):
    """The VASP that receives for the beneficiary."""

    beneficiary_vasp: Person | None = msgspec.field(default=None, name="beneficiaryVASP")


class Intermediary(_Element, frozen=True):
    """A VASP on the way."""

    intermediary_vasp: Person = msgspec.field(name="intermediaryVASP")
    sequence: int


class TransferPath(_Element, frozen=True):
    """The VASPs on the way, in order."""

    transfer_path: tuple[Intermediary, ...] = ()


class Payload(_Element, frozen=True):
    """The identity payload of one transfer."""

    originator: Originator | None = None
    beneficiary: Beneficiary | None = None
    originating_vasp: OriginatingVasp | None = msgspec.field(default=None, name="originatingVASP")
    beneficiary_vasp: BeneficiaryVasp | None = msgspec.field(default=None, name="beneficiaryVASP")
    transfer_path: TransferPath | None = None
    payload_metadata: dict[str, Any] | None = None


read_payload: Final = msgspec.json.Decoder(Payload).decode
write_payload: Final = msgspec.json.Encoder().encode

_PREFERRED: Final = ("LEGL", "BIRT", "MAID", "TRAD", "SHRT")  # the name that identifies comes first; an alias last


def counterparty_of(payload: Payload, *, incoming: bool) -> Party | None:
    """The other side, a deposit's originator or a withdrawal's beneficiary, as rules see it. None: nobody is named.

    Where several persons are named, the first one with a name counts.
    """
    if incoming:
        persons = payload.originator.originator_persons if payload.originator else ()
        vasp = payload.originating_vasp.originating_vasp if payload.originating_vasp else None
    else:
        persons = payload.beneficiary.beneficiary_persons if payload.beneficiary else ()
        vasp = payload.beneficiary_vasp.beneficiary_vasp if payload.beneficiary_vasp else None
    person = next((one for one in persons if name_of(one)), None)
    vasp_name = name_of(vasp) if vasp else None
    if person is None:
        return Party(vasp=vasp_name) if vasp_name else None
    natural = person.natural_person
    return Party(
        name=name_of(person),
        type=PartyType.INDIVIDUAL if natural else PartyType.ENTITY,
        country=_country(person),
        region=_region(person),
        date_of_birth=natural.date_and_place_of_birth.date_of_birth if natural and natural.date_and_place_of_birth else None,
        vasp=vasp_name,
    )


def payload_of(party: Party, kind: Kind) -> Payload:
    """The least payload that says what the party says: `counterparty_of` gives the party back."""
    person = _person(party)
    vasp = _company(party.vasp) if party.vasp else None
    if kind is Kind.DEPOSIT:
        return Payload(
            originator=Originator(originator_persons=(person,)) if person else None,
            originating_vasp=OriginatingVasp(originating_vasp=vasp) if vasp else None,
        )
    return Payload(
        beneficiary=Beneficiary(beneficiary_persons=(person,)) if person else None,
        beneficiary_vasp=BeneficiaryVasp(beneficiary_vasp=vasp) if vasp else None,
    )


def name_of(person: Person) -> str | None:
    """The name that identifies a person: the legal one where there is one. Given names before the family name."""
    if (legal := person.legal_person) is not None:
        companies = sorted(legal.name.name_identifier, key=lambda one: _rank(one.legal_person_name_identifier_type))
        return companies[0].legal_person_name if companies else None
    if (natural := person.natural_person) is None:
        return None
    names = natural.name if isinstance(natural.name, tuple) else (natural.name,)
    every = [one for name in names for one in name.name_identifier]
    if not every:
        return None
    first = min(every, key=lambda one: _rank(one.name_identifier_type))
    return " ".join(part for part in (first.secondary_identifier, first.primary_identifier) if part)


def _rank(kind: str) -> int:
    return _PREFERRED.index(kind) if kind in _PREFERRED else len(_PREFERRED)


def _country(person: Person) -> str | None:
    """Where a person lives or a company is registered, else the country of the first address that names one."""
    natural, legal = person.natural_person, person.legal_person
    told = natural.country_of_residence if natural else legal.country_of_registration if legal else None
    return told or next((address.country for address in _addresses(person) if address.country), None)


def _region(person: Person) -> str | None:
    """The region of the first address that names one and does not lie in another country than the person's."""
    country = _country(person)
    return next(
        (
            each.country_sub_division
            for each in _addresses(person)
            if each.country_sub_division and each.country in (None, country)
        ),
        None,
    )


def _addresses(person: Person) -> tuple[Address, ...]:
    one = person.natural_person or person.legal_person
    return one.geographic_address if one else ()


def _person(party: Party) -> Person | None:
    if party.name is None:
        return None
    places = (Address(country_sub_division=party.region, country=party.country),) if party.region else ()
    if party.type is PartyType.ENTITY:
        return _company(party.name, party.country, places)
    birth = Birth(date_of_birth=party.date_of_birth) if party.date_of_birth else None
    named = NaturalName(name_identifier=(NaturalNameId(primary_identifier=party.name, name_identifier_type="LEGL"),))
    person = NaturalPerson(
        name=named, geographic_address=places, date_and_place_of_birth=birth, country_of_residence=party.country
    )
    return Person(natural_person=person)


def _company(name: str, country: str | None = None, places: tuple[Address, ...] = ()) -> Person:
    named = LegalName(name_identifier=(LegalNameId(legal_person_name=name, legal_person_name_identifier_type="LEGL"),))
    return Person(legal_person=LegalPerson(name=named, geographic_address=places, country_of_registration=country))
