"""What holds for every name, however odd: it is answered, in bounded time, and never clean when it cannot be read."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.lists import EntryKind, ListEntry, SanctionsList, merge
from rules.names import NameIndex, compare, fault

GIVEN = [
    "Ali",
    "Ahmad",
    "Muhammad",
    "Hassan",
    "Khalid",
    "Omar",
    "Yusuf",
    "Ibrahim",
    "Sergei",
    "Yevgeniy",
    "Se-Un",
    "Kyong-Hun",
    "Chol-Min",
    "Carlos",
    "Maria",
]
FAMILY = ["KIM", "JO", "MYONG", "KHAN", "PETROV", "PRIGOZHIN", "AL-TIKRITI", "GARCIA", "HUSSEIN", "OULD-AHMED", "CHEN"]
NAMES = [f"{family}, {given}" for family in FAMILY for given in GIVEN]
ENTRIES = [
    ListEntry(entry_id=str(number), name=name, source="x", kind=EntryKind.INDIVIDUAL) for number, name in enumerate(NAMES)
]
COMPANIES = [
    ListEntry(entry_id=f"c{number}", name=f"{word} TRADING AND SHIPPING CO. LTD.", source="x", kind=EntryKind.ENTITY)
    for number, word in enumerate(FAMILY)
]
INDEX = NameIndex(merge([SanctionsList.of("x", [*ENTRIES, *COMPANIES])]))
INVISIBLE = "\u200b\u200d\u2060\ufeff\u00ad\u202e\u202c"
SCRIPTS = st.sampled_from("abkmz AL-'.,&0189$@|\u200b\u202e\u0301\u0328кіем김세운金世運محمدאבアプកไ\U0001f600\ufdfa\ud800")
SECONDS = 0.5  # of CPU time for one name; the slowest take some hundredths


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(SCRIPTS, max_size=60), st.text(max_size=60)))
@example("\ufdfa" * 400)
@example("K" + "\u0301\u0328" * 5_000 + "im")
def test_every_text_is_answered(name: str) -> None:
    found = INDEX.search(name)
    assert found == INDEX.search(name)
    assert all(0.78 <= match.score <= 1 and match.why for match in found)
    compare(name, "KIM, Se Un")
    if found:
        assert fault(name) != "no word can be read from it"


@pytest.mark.parametrize(
    "name",
    [
        "muhammad ali " * 800,
        "a. " * 3_000,
        "김세운" * 3_000,
        "محمد " * 2_000,
        "x" * 10_000,
        "\ufdfa" * 10_000,
        "K" + "\u0301\u0328" * 5_000,
        "kim jo khan chen trading shipping co ltd " * 200,
        "1a" * 5_000,
        "金世運" * 3_000,
        "Ki" * 5_000,
    ],
    ids=lambda name: ascii(name[:12]),
)
def test_the_time_for_a_name_is_bounded(name: str) -> None:
    started = time.process_time()
    INDEX.search(name)
    assert fault(name) is not None
    assert time.process_time() - started < SECONDS


@given(st.sampled_from(NAMES), st.lists(st.tuples(st.integers(0, 20), st.sampled_from(INVISIBLE)), min_size=1, max_size=5))
def test_invisible_characters_hide_nothing(name: str, hidden: list[tuple[int, str]]) -> None:
    disguised = name
    for at, character in hidden:
        disguised = disguised[:at] + character + disguised[at:]
    assert [match.entry for match in INDEX.search(disguised)] == [match.entry for match in INDEX.search(name)]


@pytest.mark.parametrize("padding", ["\u200b", " ", "\u202e\u2066", "\u00ad"])
def test_padding_hides_nothing(padding: str) -> None:
    (match,) = INDEX.search(padding * 5_000 + "Prigozhin" + padding * 5_000 + " Yevgeniy")
    assert match.entry.name == "PRIGOZHIN, Yevgeniy" and fault(padding * 5_000 + "Prigozhin") is None


@pytest.mark.parametrize(
    "name", ["", " ", "\u200b", "...", "J. K.", "12345", "1 2 3", "\U0001f600", "\u2192 \u2665", "\u0301"]
)
def test_what_holds_no_word_has_a_fault(name: str) -> None:
    assert fault(name) == "no word can be read from it"


@pytest.mark.parametrize("name", ["Li", "김", "王", "Kim Se Un", "محمد", "3M Co", "\U0001f600 Kim"])
def test_what_holds_a_word_has_none(name: str) -> None:
    assert fault(name) is None
