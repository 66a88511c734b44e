"""Names looked up in a compiled list."""

import re
from datetime import date

import pytest

from rules.lists import Alias, AliasStrength, EntryKind, ListEntry, SanctionsList, Watchlist, merge
from rules.names import THRESHOLD, Facts, NameIndex, NameKind
from rules.names.facts import births, country_code

PERSON = EntryKind.INDIVIDUAL


def listed(number: int, name: str, kind: EntryKind = PERSON, *aliases: Alias, **facts: tuple[str, ...]) -> ListEntry:
    return ListEntry(entry_id=str(number), name=name, source="OFAC SDN", kind=kind, aliases=aliases, **facts)


def watched(*entries: ListEntry) -> Watchlist:
    return merge([SanctionsList.of("OFAC SDN", entries, published=date(2026, 11, 1))])


KIM = listed(
    1, "KIM, Se Un", PERSON, Alias(name="KIM, Se-u'n"), dates_of_birth=("25 Mar 1970",), nationalities=("Korea, North",)
)
JO = listed(2, "JO, Kyong Hun")
MYONG = listed(3, "MYONG, Chol Min")
SOBAEKSU = listed(
    4, "KOREA SOBAEKSU TRADING CORPORATION", EntryKind.ENTITY, Alias(name="SOBAEKU UNITED CORP"), countries=("Korea, North",)
)
PRIGOZHIN = listed(
    5,
    "PRIGOZHIN, Yevgeniy Viktorovich",
    PERSON,
    Alias(name="KITCHENER", strength=AliasStrength.WEAK),
    dates_of_birth=("01 Jun 1961",),
)
OTHERS = [
    *(
        listed(100 + n, f"KIM, {given}")
        for n, given in enumerate(["Chol Su", "Yong Nam", "Kyong Il", "Myong Guk", "Il Sok"])
    ),
    *(
        listed(200 + n, f"{name} TRADING COMPANY", EntryKind.ENTITY)
        for n, name in enumerate(["DAESONG", "AMROGGANG", "TADBIR"])
    ),
    *(listed(300 + n, f"PETROV, {given}") for n, given in enumerate(["Ivan", "Oleg", "Yevgeniy"])),
    listed(400, "CHONG RIM 2", EntryKind.VESSEL),
]
FAMILIES = re.findall(
    "[A-Z][a-z]+",
    "Ali Omar Hasan Karimi Ahmadi Moradi Rahimi Hosseini Jafari Sadeghi Rezaei Mousavi Karami Amiri Salehi Bagheri Ebrahimi "
    "Akbari Nazari Shams Tavakoli Yazdi Zamani Farhadi Golzari Habibi Kazemi Latifi Norouzi Pahlavan Qasemi Vahidi Bahrami "
    "Daneshvar Eskandari Fallah Ghorbani Heidari Izadi Javadi Khalili Lotfi Najafi Omidi Parsa Rostami Safari Taheri Usefi "
    "Abbasi Babaei Chamran Darvish Emami Fazel Ganji Hakimi Imani Jalali Kamali Lari Naderi Olfat Piran Rad Sabet Talebi",
)
INDEX = NameIndex(watched(KIM, JO, MYONG, SOBAEKSU, PRIGOZHIN, *OTHERS))


def found(name: str, facts: Facts | None = None, threshold: float = THRESHOLD) -> list[str]:
    return [match.entry.entry_id for match in INDEX.search(name, facts or Facts(), threshold)]


# The entries of July 2025 in spellings of our own making.
SPELLINGS = {
    "1": [
        "Kim Se Un",
        "KIM SE UN",
        "Se Un Kim",
        "Kim, Se-un",
        "Kim Seun",
        "Kim Se-woon",
        "Kim Sewoon",
        "Gim Se Un",
        "Kim Se-eun",
        "김세운",
        "김 세운",
        "金世運",
        "К\u0456m S\u0435 Un",
        "K1m Se Un",
        "Mr Kim Se-un",
        "Kim\u200b Se Un",
        "Ким Се Ун",
    ],
    "2": [
        "Jo Kyong Hun",
        "Cho Kyung-hoon",
        "Jo Gyeong-hun",
        "Cho Kyong-hun",
        "Kyong-Hun Jo",
        "JO KYONGHUN",
        "조경훈",
        "Dr. Jo Kyong Hun",
    ],
    "3": [
        "Myong Chol Min",
        "Myeong Cheol-min",
        "MYONG CHOLMIN",
        "Chol-min Myong",
        "Myung Chul Min",
        "명철민",
        "Comrade Myong Chol-Min",
    ],
    "4": [
        "Korea Sobaeksu Trading Company",
        "Korea Sobaeksu Trading Corp.",
        "Sobaeksu Trading Corporation",
        "Sobaeksu United Corp",
        "SOBAEKU UNITED CORPORATION",
        "So Baek Su Trading Co",
        "Korea So-Baek-Su Trading Co., Ltd.",
        "Choson Sobaeksu Muyok Hoesa",
        "조선소백수무역회사",
        "Sobaeksu",
        "KOREA S0BAEKSU TRADING C0RPORATION",
        "Korea Sobaksu Trading Corporation",
        "Trading Corporation Sobaeksu Korea",
        "K\u043erea S\u043ebaeksu Trading Company",
    ],
}


@pytest.mark.parametrize(("entry", "name"), [(entry, name) for entry, names in SPELLINGS.items() for name in names])
def test_the_entries_of_july_2025_are_hit_in_every_spelling(entry: str, name: str) -> None:
    assert entry in found(name)


def test_there_are_at_least_thirty_spellings() -> None:
    assert sum(map(len, SPELLINGS.values())) >= 30


@pytest.mark.parametrize(
    "name",
    ["Kim", "Un", "Kim Se Jun", "Corp", "Trading Company", "Korea Trading Corporation", "Yevgeniy", "John Smith"],
)
def test_common_words_alone_find_nothing(name: str) -> None:
    assert found(name) == []


def test_a_rare_word_proves_what_a_frequent_one_does_not() -> None:
    assert found("Prigozhin Yevgeniy") == ["5"]
    assert "300" not in found("Petrov Yevgeniy") and found("Petrov Yevgeniy") == ["302"]


def test_matches_come_best_first_with_what_an_alert_cites() -> None:
    first, *rest = INDEX.search("Kim Se-un", threshold=0.3)
    assert first.cited.entry_id == "1" and first.cited.matched in ("KIM, Se Un", "KIM, Se-u'n")
    assert (first.cited.name, first.cited.published) == ("OFAC SDN", "2026-11-01")
    scores = [first.score, *(match.score for match in rest)]
    assert scores == sorted(scores, reverse=True)


def test_an_entry_comes_once_however_many_of_its_names_match() -> None:
    assert found("Kim Se Un").count("1") == 1


def test_date_of_birth_raises_and_lowers() -> None:
    def score(born: str | None) -> float:
        (match,) = INDEX.search("Kim Se-woon", Facts(born=born), 0.3)[:1]
        return match.score

    assert score("1970-03-25") > score("1970") > score(None) > score("1985-03-25")
    assert score("1971") == score(None)
    assert score("1985-03-25") < THRESHOLD


def test_country_raises_and_lowers_less() -> None:
    def score(*countries: str) -> float:
        return INDEX.search("Kim Se-woon", Facts(countries=countries), 0.3)[0].score

    assert score("KP") > score() > score("BR")
    assert score("BR") >= THRESHOLD


def test_another_kind_of_party_lowers() -> None:
    (as_any,) = INDEX.search("Sobaeksu United Corp")
    (as_person,) = INDEX.search("Sobaeksu United Corp", Facts(kind=NameKind.PERSON), 0.3)[:1]
    assert as_person.score < as_any.score
    assert "the listed party is of another kind: entity" in as_person.why


def test_a_weak_alias_scores_less_than_a_name() -> None:
    (match,) = INDEX.search("Kitchener", threshold=0.3)
    assert match.score < 1.0 and "a weak alias" in match.why


def test_a_cut_name_is_found() -> None:
    assert found("PRIGOZHIN, Yevgeniy V") == ["5"]
    (match,) = INDEX.search("KOREA SOBAEKSU TRA")
    assert "the name is cut off after tra" in match.why


COMPANIES = NameIndex(
    watched(
        listed(1, "JEHOVA LTDA.", EntryKind.ENTITY),
        listed(2, "MEXGLOBO, S.A. DE C.V.", EntryKind.ENTITY),
        listed(3, "IMPAN-COL, S.A.", EntryKind.ENTITY),
        listed(4, "AL-QATIRJI COMPANY", EntryKind.ENTITY),
        listed(5, "AL-QATIRJI, Nasim"),
        listed(6, "MINA'I, Mohammad"),
        *(listed(100 + n, f"{name}, Mohammad") for n, name in enumerate(FAMILIES)),
    )
)


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("J. LTDA.", "1"),
        ("J Limitada", "1"),
        ("M. S.A. DE C.V.", "2"),
        ("M S.A. DE C.V.", "2"),
        ("I. C. S.A.", "3"),
        ("A. COMPANY", "4"),
        ("A. Nasim", "5"),
        ("M. Mohammad", "6"),
    ],
)
def test_an_initial_stands_for_a_word_that_nothing_else_stands_for(name: str, entry: str) -> None:
    assert entry in [match.entry.entry_id for match in COMPANIES.search(name)]


@pytest.mark.parametrize("name", ["J. S.A.", "K. LTDA.", "J. K. LTDA.", "J. Mendez LTDA.", "J.", "LTDA.", "J. K."])
def test_initials_and_a_legal_form_stand_for_a_whole_name_or_for_none(name: str) -> None:
    assert COMPANIES.search(name) == ()


def test_initials_and_a_legal_form_say_that_they_tell_nobody_apart() -> None:
    (match,) = COMPANIES.search("J. LTDA.")
    assert THRESHOLD <= match.score < 0.8
    assert "initials and a legal form: nothing of it contradicts, and nothing tells it from others" in match.why


def test_a_ships_number_tells_it_from_its_sisters() -> None:
    assert found("MV Chong Rim 2") == ["400"]
    assert found("Chong Rim 3") == []


@pytest.mark.parametrize("name", ["", " ", "\u200b", "...", "1", "a", "Z" * 600, "\ud83d\ude00", "x" * 50 + " " + "y" * 50])
def test_odd_names_find_nothing_and_raise_nothing(name: str) -> None:
    assert found(name) == []


def test_answers_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.names.index._REMEMBERED", 2)
    index = NameIndex(watched(KIM))
    assert [index.remember(number, str(number)) for number in range(3)] == ["0", "1", "2"]
    assert index.answers == {2: "2"}


def test_the_order_of_entries_does_not_matter() -> None:
    entries = [KIM, JO, MYONG, SOBAEKSU, PRIGOZHIN, *OTHERS]
    other = NameIndex(watched(*reversed(entries)))
    for name in ("Kim Se-woon", "Sobaeksu", "Yevgeniy Petrov", "Kim Chol"):
        assert [(m.entry, m.score) for m in other.search(name)] == [(m.entry, m.score) for m in INDEX.search(name)]


def test_an_empty_list_matches_nothing() -> None:
    assert NameIndex(merge([])).search("Kim Se Un") == ()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("19 Mar 1970", 1970, 1970),
        ("Mar 1970", 1970, 1970),
        ("1970", 1970, 1970),
        ("circa 1965", 1963, 1967),
        ("1958 to 1962", 1958, 1962),
        ("01 Jan 1970 to 31 Dec 1975", 1970, 1975),
        ("1970-03-19", 1970, 1970),
    ],
)
def test_dates_of_birth_are_read_in_publishers_words(text: str, first: int, last: int) -> None:
    (birth,) = births(text)
    assert (birth.first, birth.last) == (first, last)


def test_dates_and_countries_that_cannot_be_read_change_nothing() -> None:
    assert births("unknown") == ()
    assert country_code("undetermined") is None
    assert country_code("Korea, North") == "KP"
