"""The cache of states keeps what two rounds may still need."""

from rules.engine import AccountsEngine
from streams.accounts import AccountsStage
from streams.delivery.partition import Condition, Partition, StateCache
from streams.delivery.stage import Writes, framed, parts
from streams.rulefiles import load_rules


def partition_of_accounts() -> Partition:
    return Partition(AccountsStage(AccountsEngine(load_rules())), 0, "group", 100)


def touched(cache: StateCache, *keys: str) -> None:
    for key in cache.missing(keys):
        cache.put(key, f"state of {key}")


def test_a_cached_state_is_not_asked_for_again() -> None:
    cache = StateCache(10)
    touched(cache, "a", "b")
    assert cache.missing(["a", "b", "c"]) == ["c"]
    assert cache.states()["a"] == "state of a"


def test_the_states_of_the_last_two_rounds_survive_ageing() -> None:
    cache = StateCache(2)
    for number in range(50):
        recent = {f"{number - 1}.{one}" for one in range(3)} | {f"{number}.{one}" for one in range(3)}
        touched(cache, *sorted(f"{number}.{one}" for one in range(3)))
        if number:
            assert cache.missing(sorted(recent)) == []
        cache.age()
    assert len(cache) < 30


def test_a_partition_that_is_reset_takes_nothing_in() -> None:
    partition = partition_of_accounts()
    partition.cache.put("a", "state")
    partition.condition = Condition.READY
    partition.reset()
    assert partition.condition is Condition.CLAIMING
    assert partition.cache.missing(["a"]) == ["a"]


def test_owner_tokens_never_repeat() -> None:
    partition = partition_of_accounts()
    assert len({partition.new_owner("worker") for _ in range(1_000)}) == 1_000


def test_writes_of_following_batches_come_out_as_if_written_one_by_one() -> None:
    first = Writes(replaced={"a": b"A"}, appended={"b": b"b1"})
    first.then(Writes(replaced={"c": b"C"}, appended={"a": b"a1", "b": b"b2"}))
    first.then(Writes(replaced={"b": b"B"}, appended={"c": b"c1"}))
    assert first.replaced == {"a": b"Aa1", "c": b"Cc1", "b": b"B"}
    assert first.appended == {}


def test_parts_of_a_stored_state_come_back_in_order() -> None:
    stored = framed(b"snapshot") + framed(b"") + framed(b"x" * 70_000)
    assert list(parts(stored)) == [b"snapshot", b"", b"x" * 70_000]
