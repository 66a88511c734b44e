"""What waits in a partition is cut into batches that lose nothing and repeat nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.delivery.inbox import Chunk, Inbox
from streams.errors import Lost

TOPICS = ("deposits", "withdrawals")


def chunk(topic: str, offsets: list[int], *, start: int | None = None, end: int | None = None, seek: int = 1) -> Chunk:
    first, last = offsets[0], offsets[-1] + 1
    records = [(offset, b"key", b"value") for offset in offsets]
    stamps = [1_000 + offset for offset in offsets]
    return Chunk(topic, 0, seek, first if start is None else start, last if end is None else end, records, stamps)


def opened() -> Inbox:
    inbox = Inbox(TOPICS)
    inbox.open((1, 1))
    return inbox


def test_everything_that_waits_is_one_batch_when_it_fits() -> None:
    inbox = opened()
    inbox.put(chunk("deposits", [0, 1, 2]))
    inbox.put(chunk("withdrawals", [0, 1]))
    inbox.put(chunk("deposits", [3, 4]))
    taken = inbox.take((0, 0), 100)
    assert taken.ranges == ((0, 5, 5), (0, 2, 2))
    assert [offset for offset, _, _ in taken.records[0]] == [0, 1, 2, 3, 4]
    assert (taken.count, taken.oldest_ms, inbox.waiting) == (7, 1_000, 0)


def test_offsets_without_a_record_belong_to_the_range() -> None:
    inbox = opened()
    inbox.put(chunk("deposits", [5, 9], start=2, end=11))
    assert inbox.take((2, 0), 100).ranges == ((2, 11, 2), (0, 0, 0))


def test_a_hole_is_noticed() -> None:
    inbox = opened()
    inbox.put(chunk("deposits", [7, 8]))
    with pytest.raises(Lost, match=r"deposits\[0\] goes on at 7, expected 5"):
        inbox.take((5, 0), 100)


def test_a_chunk_fetched_before_the_seek_is_dropped() -> None:
    inbox = opened()
    inbox.open((2, 2))
    inbox.put(chunk("deposits", [7, 8], seek=1))
    assert inbox.waiting == 0
    assert inbox.take((5, 0), 100).count == 0


def test_topics_advance_together_when_not_all_fits() -> None:
    inbox = opened()
    inbox.put(chunk("deposits", list(range(100))))
    inbox.put(chunk("withdrawals", list(range(100))))
    deposits, withdrawals = inbox.take((0, 0), 50).ranges
    assert deposits[2] + withdrawals[2] == 50
    assert abs(deposits[1] - withdrawals[1]) <= 1


@given(
    sizes=st.lists(st.tuples(st.sampled_from(TOPICS), st.integers(1, 40), st.integers(0, 3)), max_size=12),
    limit=st.integers(1, 60),
)
def test_batches_cover_every_offset_once_and_never_exceed_the_limit(sizes: list[tuple[str, int, int]], limit: int) -> None:
    inbox, ends, expected = opened(), [0, 0], [[], []]
    for topic, size, gap in sizes:
        place = TOPICS.index(topic)
        start = ends[place]
        offsets = list(range(start + gap, start + gap + size))
        inbox.put(chunk(topic, offsets, start=start))
        expected[place] += offsets
        ends[place] = offsets[-1] + 1
    position, seen = (0, 0), [[], []]
    while (taken := inbox.take(position, limit)).count:
        assert taken.count <= limit
        for place, (first, last, count) in enumerate(taken.ranges):
            assert first == position[place]
            offsets = [offset for offset, _, _ in taken.records[place]]
            assert len(offsets) == count
            assert all(first <= offset < last for offset in offsets)
            seen[place] += offsets
        position = tuple(last for _, last, _ in taken.ranges)
    assert seen == expected
    assert list(position) == ends
    assert inbox.waiting == 0
