"""One partition of a stage while this worker owns it: its position, hash, cached states and waiting records."""

import secrets
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from streams.delivery.inbox import Inbox
from streams.delivery.journal import BatchRecord
from streams.delivery.stage import Stage
from streams.store import Keys

_ROUNDS: Final = 3  # between two ageings: one round is judged while another is on its way to Redis


class Condition(StrEnum):
    """claiming: not judged yet; ready: judged; failed: Redis and journal contradict each other, somebody must look."""

    CLAIMING = "claiming"
    READY = "ready"
    FAILED = "failed"


class StateCache:
    """The states used last, in two generations: when the young one is full the old one is dropped.

    Safe because a commit checks owner, number and hash: what is cached was judged by us up to exactly that hash. What is
    dropped was last used before the last two rounds, so that Redis has it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = max(1, limit // 2)
        self._young: dict[str, Any] = {}
        self._old: dict[str, Any] = {}
        self._rounds = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Those of `keys` that are not cached; the others are kept for the coming batch."""
        absent = []
        young, old = self._young, self._old
        for key in keys:
            if key not in young:
                if key in old:
                    young[key] = old.pop(key)
                else:
                    absent.append(key)
        return absent

    def put(self, key: str, state: Any) -> None:
        """Cache a state."""
        self._young[key] = state

    def states(self) -> dict[str, Any]:
        """The states of the coming batch, after `missing` and `put`; a state not among them is a KeyError."""
        return self._young

    def age(self) -> None:
        """After a batch: make room when there is too much. Never twice in two rounds: see above."""
        self._rounds += 1
        if len(self._young) > self._limit and self._rounds >= _ROUNDS:
            self._rounds = 0
            self._old, self._young = self._young, {}

    def clear(self) -> None:
        """Forget everything."""
        self._young, self._old = {}, {}


class Partition:
    """One partition of one stage. Fields after `claim` are valid only while the condition is ready."""

    def __init__(self, stage: Stage, number: int, group: str, cache_limit: int) -> None:
        self.stage = stage
        self.number = number
        self.keys = Keys(group, stage.name, number)
        self.noted = Keys(group, stage.noted_by, 0) if stage.noted_by else None  # where notes for this stage stand
        self.claim_id = f"{group}-{stage.name}-{number}"  # the transactional id under which claims are written
        self.inbox = Inbox(stage.sources)
        self.condition = Condition.CLAIMING
        self.full = False
        self.behind: frozenset[int] = frozenset()  # sources whose records on their way may be older than what waits
        self.held_since = 0.0  # since when what waits is held for them; 0: it is not
        self.owner = ""
        self.n = 0
        self.h = b""
        self.position: tuple[int, ...] = ()
        self.published: tuple[int, int] = (0, 0)  # number of the last batch known to be published, its journal offset
        self.cache = StateCache(cache_limit)
        self.memory: Any = None

    def __str__(self) -> str:
        return f"{self.stage.name}[{self.number}]"

    def new_owner(self, worker: str) -> str:
        """A fresh owner token. Random, since a counter in Redis would repeat after a flush or an old restore."""
        self.owner = f"{worker}-{secrets.token_hex(6)}"
        return self.owner

    def advance(self, record: BatchRecord) -> None:
        """A batch has been judged: the next one follows it. What is judged is ahead of Redis by one round at most."""
        self.n, self.h, self.position = record.n, record.h, record.position

    def reset(self) -> None:
        """Nothing is known any more; a claim must follow."""
        self.condition = Condition.CLAIMING
        self.inbox.open((1 << 62,) * len(self.stage.sources))
        self.cache.clear()
        self.full = False
        self.held_since = 0.0
