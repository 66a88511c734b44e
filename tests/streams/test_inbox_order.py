"""Deposits and withdrawals of a partition advance together, also when polls bring thousands of one before the other."""

from streams.delivery.inbox import Chunk, Inbox

DEPOSITS, WITHDRAWALS = 0, 1
TOPICS = ("deposits", "withdrawals")


def opened() -> Inbox:
    inbox = Inbox(TOPICS)
    inbox.open((1, 1))
    return inbox


def chunk(source: int, start: int, stamps: list[int]) -> Chunk:
    records = [(start + place, b"key", b"value") for place in range(len(stamps))]
    return Chunk(TOPICS[source], 0, 1, start, start + len(stamps), records, stamps)


def test_nothing_is_ripe_while_older_records_may_come_from_the_other_topic() -> None:
    inbox = opened()
    inbox.put(chunk(WITHDRAWALS, 0, [10, 20]))
    assert not inbox.ripe(frozenset({DEPOSITS}))
    assert inbox.take((0, 0), 100, frozenset({DEPOSITS})).count == 0
    assert inbox.ripe(frozenset())
    assert inbox.ripe(frozenset({WITHDRAWALS}))


def test_a_topic_is_not_judged_beyond_what_has_come_of_one_that_is_behind() -> None:
    inbox = opened()
    inbox.put(chunk(WITHDRAWALS, 0, [10, 20, 30, 40]))
    inbox.put(chunk(DEPOSITS, 0, [5, 25]))
    taken = inbox.take((0, 0), 100, frozenset({DEPOSITS}))
    assert taken.ranges == ((0, 2, 2), (0, 2, 2))
    assert inbox.waiting == 2
    inbox.put(chunk(DEPOSITS, 2, [35, 50]))
    assert inbox.take((2, 2), 100).ranges == ((2, 4, 2), (2, 4, 2))


def test_what_is_behind_itself_is_taken_up_to_its_end() -> None:
    inbox = opened()
    inbox.put(chunk(DEPOSITS, 0, [5, 6, 7]))
    assert inbox.take((0, 0), 100, frozenset({DEPOSITS})).ranges == ((0, 3, 3), (0, 0, 0))


def test_how_far_a_topic_has_come_is_told_with_and_without_records_waiting() -> None:
    inbox = opened()
    assert inbox.reached(DEPOSITS, (7, 9)) == 7
    inbox.put(chunk(DEPOSITS, 7, [1, 2, 3]))
    assert inbox.reached(DEPOSITS, (7, 9)) == 10
    assert inbox.reached(WITHDRAWALS, (7, 9)) == 9
