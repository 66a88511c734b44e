"""Stages whose engine is swapped as a whole: other lists or rules come in between two rounds, earlier ones for replays."""

from collections.abc import Callable
from typing import Final, Generic, Protocol, Self, TypeVar

from rules.knowledge import Knowledge
from rules.ruleset import Ruleset
from streams.delivery.stage import Stage


class Engine(Protocol):
    """What judges by a rule set and by lists."""

    ruleset: Ruleset
    knowledge: Knowledge


_Engine = TypeVar("_Engine", bound=Engine)

_KEPT: Final = 3  # judgement: replays go through time in order; partitions may be a version or two apart

# The engine of a batch by the identity of its lists and the hash of its rules, None where they are not kept.
Earlier = Callable[[str, str], _Engine | None]


class SwappingStage(Stage, Generic[_Engine]):
    """A stage that judges with one engine at a time."""

    def __init__(self, engine: _Engine, earlier: Earlier[_Engine] | None = None) -> None:
        self._use(engine)
        self._next: _Engine | None = None
        self._earlier = earlier
        self._known: dict[tuple[str, str], Self] = {}  # the last ones that a replay asked for

    def _use(self, engine: _Engine) -> None:
        self._engine = engine
        self.list_hash = engine.knowledge.identity
        self.ruleset = engine.ruleset.hash

    def put(self, engine: _Engine) -> None:
        """Judge with this engine from the next round on."""
        self._next = engine

    def take_over(self) -> None:
        """Begin to judge with the engine put in place last."""
        following, self._next = self._next, None
        if following is not None:
            self._use(following)

    def as_of(self, list_hash: str, ruleset: str) -> Self:
        """The stage with the lists and rules of then, if they are known."""
        key = (list_hash, ruleset)
        if key not in self._known:
            engine = self._earlier(*key) if self._earlier is not None else None
            if engine is None:
                return self
            while len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = type(self)(engine)
        return self._known[key]
