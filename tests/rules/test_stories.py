"""Stories are told once, in bounded memory, and keep their key whichever transfer triggers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rules.stories import REMEMBERED, Stories, began

times = st.lists(st.integers(1, 10_000), min_size=1, max_size=30).map(sorted)


def test_a_story_is_told_once() -> None:
    stories = Stories()
    assert stories.tell("a", 100)
    assert not stories.tell("a", 200)
    assert stories.tell("b", 50)


def test_the_oldest_is_dropped_and_nothing_as_old_is_told_again() -> None:
    stories = Stories()
    for number in range(REMEMBERED + 1):
        assert stories.tell(f"story-{number}", 1_000 + number)
    assert len(stories.told) == REMEMBERED
    assert "story-0" not in stories.told
    assert not stories.tell("story-0", 1_000)
    assert not stories.tell("another as old", 1_000)
    assert stories.tell("newer", 1_001)


@given(st.lists(st.tuples(st.sampled_from([f"s{n}" for n in range(200)]), st.integers(1, 1_000)), max_size=300))
def test_memory_is_bounded_and_while_it_lasts_no_story_is_told_twice(tellings: list[tuple[str, int]]) -> None:
    stories = Stories()
    told = [name for name, at in tellings if stories.tell(name, at)]
    assert len(stories.told) <= REMEMBERED
    assert len(set(told[:REMEMBERED])) == len(told[:REMEMBERED])


@given(st.lists(st.integers(0, 99), min_size=200, max_size=400))
def test_no_id_is_sent_twice_however_many_stories_go_on(numbers: list[int]) -> None:
    stories, sent = Stories(), []
    for at, number in enumerate(numbers, 1):
        if stories.tell(f"story-{number}", at):
            sent.append(stories.sent_as(f"story-{number}"))
        assert stories.renamed.keys() <= stories.told.keys()
    assert len(sent) == len(set(sent))


@given(st.lists(st.tuples(st.integers(0, 200), st.just(0)), max_size=300))
def test_a_story_always_of_the_same_time_is_never_told_twice(tellings: list[tuple[int, int]]) -> None:
    stories = Stories()
    told = [number for number, _ in tellings if stories.tell(f"s{number}", 1_000 + number)]
    assert len(told) == len(set(told))


def test_a_run_begins_after_the_last_long_pause() -> None:
    assert began([10, 100, 105, 110], gap_ms=5, grain_ms=1) == 100
    assert began([10, 100, 105, 110], gap_ms=4, grain_ms=1) == 110
    assert began([10, 100, 105, 110], gap_ms=90, grain_ms=1) == 10
    assert began([10, 100, 105, 110], gap_ms=5, grain_ms=30) == 3


@given(times, st.integers(1, 500), st.integers(1, 1_000))
def test_every_transfer_of_a_run_has_the_same_anchor(run: list[int], gap: int, grain: int) -> None:
    anchors = [began(run[: count + 1], gap, grain) for count in range(len(run))]
    for (earlier, one), (later, other) in pairwise(zip(run, anchors, strict=True)):
        if later - earlier <= gap:
            assert one == other
        else:
            assert other == later // grain


def test_a_story_told_at_a_late_stage_is_not_told_at_an_earlier_one() -> None:
    stories = Stories()
    assert stories.tell_stage("first", ("second stage", "first stage"), 5) == ("first", "second stage", "first stage")
    assert stories.tell_stage("first", ("first stage",), 6) == ()
    assert stories.tell_stage("first", (), 7) == ()
    assert stories.tell_stage("first", ("third stage", "second stage", "first stage"), 8) == ("third stage",)
