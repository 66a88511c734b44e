"""From text in any script to words, and the keys under which spellings meet."""

import pytest

from rules.names.cleaning import readings, words
from rules.names.han import korean_reading
from rules.names.korean import korean_names
from rules.names.parsing import organisation, person
from rules.names.rarity import ListRarity, Rarity
from rules.names.sound import drops_vowels, skeleton, sound
from rules.names.words import Role


def read(name: str) -> list[list[str]]:
    return [words(text.latin) for text in readings(name)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("KIM, Se-u'n", ["kim", "se", "un"]),
        ("J.-C. Juncker", ["j", "c", "juncker"]),
        ("GRUPO CIMA, S.A. de C.V.", ["grupo", "cima", "sa", "de", "cv"]),
        ("I9or Sech1n", ["igor", "sechin"]),
        ("REV0LUTIONARY 5ALAH", ["revolutionary", "salah"]),
        ("1425 BRICKELL 64E A320 1st", ["1425", "brickell", "64e", "a320", "1st"]),
        ("ＫＩＭ　Ｓｅ", ["kim", "se"]),
        ("I\u200bNVEST\u2060MENTS", ["investments"]),
        ("\u0410\u041d\u041c\u0410DI\u0410N", ["ahmadian"]),
        ("Łódź Ćwik Müller", ["lodz", "cwik", "muller"]),
        ("Юрий Щербаков", ["yuriy", "shcherbakov"]),
        ("박지성", ["bak", "ji", "seong"]),
        ("バラク・オバマ", ["baraku", "obama"]),
        ("عبد الله", ["abd", "allh"]),
    ],
)
def test_text_in_any_script_becomes_latin_words(name: str, expected: list[str]) -> None:
    assert read(name)[0] == expected


def test_letters_that_all_look_latin_are_read_both_ways() -> None:
    assert read("СОСО") == [["soso"], ["coco"]]


def test_chinese_characters_are_read_as_mandarin_korean_and_japanese() -> None:
    assert [["kim" if word == "gim" else word for word in found] for found in read("金正恩")] == [
        ["jin", "zheng", "en"],
        ["kim", "jeong", "eun"],
    ]
    assert ["yamada", "taro"] in read("山田太郎")


@pytest.mark.parametrize("name", ["", "   ", "...", "\u200b", "!?"])
def test_text_without_letters_has_no_words(name: str) -> None:
    assert [found for found in read(name) if found] == []


def test_only_korean_names_have_a_korean_reading() -> None:
    assert korean_reading("金正恩") == "김정은"
    assert korean_reading("贝拉克") is None
    assert korean_reading("金") is None


@pytest.mark.parametrize(
    "group",
    [
        ("mohamed", "muhammad", "mohammed", "mohamad"),
        ("dmitri", "dmitry", "dmitriy", "dmitrij"),
        ("hussein", "husayn"),
        ("sergei", "sergey", "sergej"),
        ("abdulla", "abdullah"),
        ("compra", "kompra"),
        ("rosales", "rozales"),
        ("muller", "mueller"),
    ],
)
def test_spellings_of_one_sound_share_a_key(group: tuple[str, ...]) -> None:
    assert len({sound(word) for word in group}) == 1


def test_numbers_have_no_sound() -> None:
    assert sound("1100") == "1100"


def test_vowels_left_out_keep_the_skeleton() -> None:
    assert skeleton("dehong") == skeleton("dhng")
    assert skeleton("popalzai") == skeleton("pplz")
    assert drops_vowels("pplz", "popalzai") and not drops_vowels("popalzai", "popalzai")
    assert not drops_vowels("wing", "wang")


def test_roles_tell_what_a_word_does() -> None:
    (text,) = readings("Dr. Hans J. von Friedrich")
    assert [(word.text, word.role) for word in person(text).words] == [
        ("dr", Role.TITLE),
        ("hans", Role.NAME),
        ("j", Role.INITIAL),
        ("von", Role.PARTICLE),
        ("friedrich", Role.NAME),
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Korea Sobaeksu Trading Corporation",
        "Choson Sobaeksu Muyok Hoesa",
        "조선소백수무역회사",
        "Korea Sobaeksu Trading Co.",
    ],
)
def test_words_of_organisations_have_a_meaning_in_any_language(name: str) -> None:
    meanings = {word.meaning for word in organisation(readings(name)[0]).words}
    assert {"TRADE", "CO", "KOREA"} <= meanings


def test_a_name_of_titles_alone_keeps_its_words() -> None:
    assert [word.role for word in person(readings("Shaykh Hajji")[0]).words] == [Role.NAME, Role.NAME]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("kim se un", "kim se woon", True),
        ("kim se un", "kim seun", True),
        ("jo kyong hun", "cho kyung hoon", True),
        ("myong chol min", "myeong cheol min", True),
        ("ri yong ho", "lee young ho", True),
        ("kim se un", "seun kim", True),
        ("kim se un", "kim se jun", False),
        ("kim se un", "kim so un", False),
        ("kim jong un", "kim jong il", False),
        ("jo kyong hun", "jo kyong hwan", False),
        ("pak chol min", "myong chol min", False),
    ],
)
def test_romanisations_of_one_korean_name_agree(one: str, other: str, same: bool) -> None:
    mine, theirs = korean_names(one.split()), korean_names(other.split())
    assert mine and theirs
    assert any(a.agrees(b) and set(a.keys) & set(b.keys) for a in mine for b in theirs) is same


@pytest.mark.parametrize("name", ["john smith", "maria garcia lopez", "kim", "kim jong un park lee"])
def test_other_names_are_not_read_as_korean(name: str) -> None:
    assert korean_names(name.split()) == ()


def test_the_rarer_a_word_is_on_the_list_the_more_it_proves() -> None:
    names = [person(readings(f"Kim Sobaek{number:04}")[0]).words for number in range(6_000)]
    counted = ListRarity(names)
    kim, sobaek = names[0]
    assert counted.bits(kim) < 2.0
    assert counted.bits(sobaek) > 12.0


def test_a_short_list_says_little_about_rarity() -> None:
    names = [person(readings(name)[0]).words for name in ["Kim Sobaek", "Kim Chol"]]
    kim, sobaek = names[0]
    assert ListRarity(names).bits(kim) == Rarity().bits(kim) < Rarity().bits(sobaek) == ListRarity(names).bits(sobaek)
