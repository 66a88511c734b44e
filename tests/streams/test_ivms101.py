"""IVMS101: what is read is written again, and the party drawn from it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.transfer import Kind, Party, PartyType
from streams.ivms101 import counterparty_of, payload_of, read_payload, write_payload

# Built after the data model of the standard; the people are made up.
FULL: dict[str, Any] = {
    "originator": {
        "originatorPersons": [
            {
                "naturalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {"primaryIdentifier": "Engel", "secondaryIdentifier": "Al", "nameIdentifierType": "ALIA"},
                            {"primaryIdentifier": "Engels", "secondaryIdentifier": "Alice", "nameIdentifierType": "LEGL"},
                        ],
                        "localNameIdentifier": [{"primaryIdentifier": "엥겔스", "nameIdentifierType": "LEGL"}],
                        "phoneticNameIdentifier": [{"primaryIdentifier": "enggelseu", "nameIdentifierType": "LEGL"}],
                    },
                    "geographicAddress": [
                        {
                            "addressType": "HOME",
                            "streetName": "Potential Street",
                            "buildingNumber": "123",
                            "postCode": "91765",
                            "townName": "Walnut",
                            "countrySubDivision": "California",
                            "country": "US",
                        },
                        {"addressType": "GEOG", "addressLine": ["line 1", "line 2"], "country": "DE"},
                    ],
                    "nationalIdentification": {
                        "nationalIdentifier": "998877",
                        "nationalIdentifierType": "IDCD",
                        "countryOfIssue": "DE",
                    },
                    "customerIdentification": "1002390",
                    "dateAndPlaceOfBirth": {"dateOfBirth": "1970-01-31", "placeOfBirth": "Berlin"},
                    "countryOfResidence": "DE",
                }
            }
        ],
        "accountNumber": ["10023909"],
    },
    "beneficiary": {
        "beneficiaryPersons": [
            {
                "legalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {"legalPersonName": "Short", "legalPersonNameIdentifierType": "SHRT"},
                            {"legalPersonName": "Company A Ltd", "legalPersonNameIdentifierType": "LEGL"},
                        ]
                    },
                    "nationalIdentification": {
                        "nationalIdentifier": "3M5E1GQGKL17HI6CPN30",
                        "nationalIdentifierType": "LEIX",
                        "registrationAuthority": "RA000001",
                    },
                    "geographicAddress": [{"addressType": "BIZZ", "country": "GB"}],
                }
            }
        ],
        "accountNumber": ["0x1f"],
    },
    "originatingVASP": {
        "originatingVASP": {
            "legalPerson": {
                "name": {"nameIdentifier": [{"legalPersonName": "VASP A", "legalPersonNameIdentifierType": "LEGL"}]},
                "countryOfRegistration": "DE",
            }
        }
    },
    "beneficiaryVASP": {
        "beneficiaryVASP": {
            "legalPerson": {
                "name": {"nameIdentifier": [{"legalPersonName": "VASP B", "legalPersonNameIdentifierType": "LEGL"}]}
            }
        }
    },
    "transferPath": {
        "transferPath": [
            {
                "intermediaryVASP": {
                    "legalPerson": {
                        "name": {"nameIdentifier": [{"legalPersonName": "VASP C", "legalPersonNameIdentifierType": "LEGL"}]}
                    }
                },
                "sequence": 0,
            }
        ]
    },
    "payloadMetadata": {"transliterationMethod": ["kore"]},
}


def test_every_element_that_is_read_is_written_again() -> None:
    payload = read_payload(json.dumps(FULL).encode())
    assert json.loads(write_payload(payload)) == FULL


def test_a_deposit_s_counterparty_is_the_originator() -> None:
    assert counterparty_of(read_payload(json.dumps(FULL).encode()), incoming=True) == Party(
        name="Alice Engels", type=PartyType.INDIVIDUAL, country="DE", date_of_birth="1970-01-31", vasp="VASP A"
    )


def test_a_withdrawal_s_counterparty_is_the_beneficiary_by_its_legal_name_and_address() -> None:
    assert counterparty_of(read_payload(json.dumps(FULL).encode()), incoming=False) == Party(
        name="Company A Ltd", type=PartyType.ENTITY, country="GB", vasp="VASP B"
    )


@pytest.mark.parametrize("content", [{}, {"originator": {}}, {"originator": {"originatorPersons": [{}]}}])
def test_nobody_named_is_nobody(content: dict[str, Any]) -> None:
    assert counterparty_of(read_payload(json.dumps(content).encode()), incoming=True) is None


def test_a_list_of_names_is_read_as_well() -> None:
    person = FULL["originator"]["originatorPersons"][0]["naturalPerson"]
    listed = {"originator": {"originatorPersons": [{"naturalPerson": {**person, "name": [person["name"]]}}]}}
    payload = read_payload(json.dumps(listed).encode())
    assert json.loads(write_payload(payload)) == listed
    assert counterparty_of(payload, incoming=True).name == "Alice Engels"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("address", "region"),
    [
        ({"countrySubDivision": "43", "country": "UA"}, "43"),
        ({"countrySubDivision": "Crimea"}, "Crimea"),
        ({"countrySubDivision": "Crimea", "country": "RU"}, None),
        ({"country": "UA"}, None),
    ],
)
def test_the_region_is_that_of_an_address_in_the_country(address: dict[str, str], region: str | None) -> None:
    original = FULL["originator"]["originatorPersons"][0]["naturalPerson"]
    person = {**original, "geographicAddress": [address], "countryOfResidence": "UA"}
    payload = read_payload(json.dumps({"originator": {"originatorPersons": [{"naturalPerson": person}]}}).encode())
    assert counterparty_of(payload, incoming=True).region == region  # type: ignore[union-attr]


names = st.text(min_size=1, max_size=40).filter(str.strip)
people = st.builds(
    Party,
    name=names,
    type=st.just(PartyType.INDIVIDUAL),
    country=st.sampled_from([None, "KP", "DE"]),
    region=st.sampled_from([None, "UA-43", "Crimea"]),
    date_of_birth=st.sampled_from([None, "1970-01-31"]),
    vasp=st.none() | names,
)
companies = st.builds(
    Party, name=names, type=st.just(PartyType.ENTITY), country=st.sampled_from([None, "KP"]), vasp=st.none() | names
)


@given(people | companies, st.sampled_from(Kind))
def test_a_party_comes_back_from_its_payload(party: Party, kind: Kind) -> None:
    payload = read_payload(write_payload(payload_of(party, kind)))
    assert counterparty_of(payload, incoming=kind is Kind.DEPOSIT) == party
