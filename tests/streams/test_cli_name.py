"""`lockgate name`: names against the lists, and pairs of names."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli.name import UnusableNames, name
from streams.errors import ListsError


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCKGATE_LISTS", raising=False)


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(name, arguments, input=stdin)


def answers(*arguments: str, stdin: str | bytes = "", exit_code: int = 0) -> list[dict[str, Any]]:
    done = run(*arguments, stdin=stdin)
    assert done.exit_code == exit_code, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_name_is_answered_with_its_matches_and_why() -> None:
    [answer] = answers("Kim Se-woon")
    assert answer["name"] == "Kim Se-woon"
    [match] = answer["matches"]
    assert (match["entry_id"], match["entry_name"]) == ("54763", "KIM, Se Un")
    assert match["score"] >= 0.9
    assert match["why"] == ["kim se woon ~ kim se un: another romanisation of the same Korean name"]


def test_words_need_no_quotes() -> None:
    assert answers("Kim", "Se", "Un")[0]["name"] == "Kim Se Un"


def test_every_line_of_a_file_has_its_answer(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_text("Cho Kyung-hoon\r\n\nJohn Smith\n조선소백수무역회사\n", "utf-8-sig")
    found = answers("--file", str(file), exit_code=1)
    assert [answer["name"] for answer in found] == ["Cho Kyung-hoon", "", "John Smith", "조선소백수무역회사"]
    assert [[match["entry_id"] for match in answer["matches"]] for answer in found] == [["54800"], [], [], ["54764"]]
    assert answers("--file", "-", stdin="John Smith\n")[0]["matches"] == []


@pytest.mark.parametrize("unread", ["", " ", "\u200b", "12345", "J. K.", "\U0001f600", "-"])
def test_a_name_that_cannot_be_read_is_not_clean(unread: str) -> None:
    [answer] = answers(unread, exit_code=1)
    assert answer == {"name": unread, "matches": [], "not_evaluated": "no word can be read from it"}
    [pair] = answers("compare", "Kim Se Un", unread, exit_code=1)
    assert pair["match"] is False and "no word can be read from it" in pair["not_evaluated"]


def test_a_blank_line_is_not_clean() -> None:
    found = answers("--file", "-", stdin="Ada Bauer\n\nBo Lind\x0bBauer\n", exit_code=1)
    assert [("not_evaluated" in answer, answer["name"]) for answer in found] == [
        (False, "Ada Bauer"),
        (True, ""),
        (False, "Bo Lind\x0bBauer"),
    ]


def test_what_is_not_read_of_a_long_name_is_told() -> None:
    [answer] = answers("Ada " * 200 + "Kim Se Un", exit_code=1)
    assert answer["not_evaluated"] == "only its first 400 characters are read"


def test_a_date_of_birth_and_a_threshold_decide() -> None:
    assert answers("Myong Chol Min", "--born", "1931")[0]["matches"] == [] or answers("Myong Chol Min")[0]["matches"]
    assert answers("Sobaeksu", "--threshold", "1.0")[0]["matches"] == []


def test_two_names_are_compared() -> None:
    [answer] = answers("compare", "Jo Kyong Hun", "Cho Kyung-hoon")
    assert answer["match"] is True and answer["score"] >= 0.9 and answer["why"]
    [answer] = answers("compare", "Jo Kyong Hun", "John Smith")
    assert answer["match"] is False and answer["score"] < 0.3
    [answer] = answers("compare", "...", "John Smith", exit_code=1)
    assert (answer["match"], answer["score"]) == (False, 0.0)


def test_a_file_of_pairs_is_compared(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text(
        'schema,name1,name2\nCompany,"Deutsche Bank, AG",Deutsche Bank\nPerson,A. Khamenei,Ali Khamenei\n,,x\n', "utf-8"
    )
    found = answers("compare", "--file", str(file), exit_code=1)
    assert [answer["match"] for answer in found] == [True, True, False]
    assert found[0]["name1"] == "Deutsche Bank, AG"


def test_compare_alone_is_a_name() -> None:
    assert answers("compare")[0]["name"] == "compare"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name1,other\na,b\n", "no column name2"),
        (b"", "no column name1 and no column name2"),
        (b"name1,name2\nonly one\n", "too few fields"),
        (b"name1,name2\n\xff\xfe,b\n", "utf-8"),
    ],
)
def test_a_file_of_pairs_that_cannot_be_used_says_why(content: bytes, said: str) -> None:
    done = run("compare", "--file", "-", stdin=content)
    assert isinstance(done.exception, UnusableNames)
    assert done.exception.exit_code == 2
    assert said in str(done.exception)


@pytest.mark.parametrize(
    "arguments", [(), ("Kim", "--file", "-"), ("compare", "a", "b", "c"), ("compare", "a", "b", "--file", "-")]
)
def test_wrong_usage_is_told(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_list_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    done = run("Kim Se Un", "--list", str(tmp_path / "absent"))
    assert isinstance(done.exception, ListsError)
