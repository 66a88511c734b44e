"""What has been told of the network: one story a group of transfers, told anew only when it has doubled."""

from collections import Counter
from collections.abc import Collection, Iterable

import msgspec


class Telling(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=2):
    """What a finding changed: transfers that joined a story, and accounts it cites.

    `size` is that of the story when it was told now, 0 when it only grew. `anew` are the cited accounts whose transfers
    were never in a citing story before.
    """

    told_ms: int
    story: str  # the id of its first alert
    joined: tuple[str, ...]
    size: int
    citing: bool
    cited: tuple[str, ...]
    anew: tuple[str, ...]


class Story(msgspec.Struct, gc=False):
    """The events of a story, and how many they were when it was last told."""

    events: set[str]
    size: int


class Stories:
    """Which event belongs to which story, and which events have been cited by stories that cite accounts."""

    def __init__(self) -> None:
        self._of_event: dict[str, str] = {}
        self._stories: dict[str, Story] = {}
        self.citing: set[str] = set()

    def find(self, events: Collection[str], share: tuple[int, int]) -> str | None:
        """The story that most of these events belong to, if more than a share of them belong to any: they tell it on."""
        met = Counter(story for event in sorted(events) if (story := self._of_event.get(event)) is not None)
        if share[1] * met.total() <= share[0] * len(events):
            return None
        return min(met, key=lambda story: (-met[story], story))

    def told_as(self, story: str) -> str | None:
        """The story, if it was told: what begins with the same transfer of the same subject is no other, however it grew."""
        return story if story in self._stories else None

    def grown(self, story: str, events: Iterable[str]) -> int:
        """How large a story becomes with these events when it has doubled since it was told, otherwise 0."""
        size = self.size(story, events)
        return size if size >= 2 * self._stories[story].size else 0

    def size(self, story: str, events: Iterable[str]) -> int:
        """How large a story becomes with these events."""
        return len(self._stories[story].events.union(events))

    def holds(self, story: str, events: Iterable[str]) -> bool:
        """Whether any of the events is in the story."""
        return not self._stories[story].events.isdisjoint(events)

    def missing(self, story: str | None, events: Iterable[str]) -> tuple[str, ...]:
        """Those of the events that the story does not have yet."""
        known = self._stories[story].events if story is not None else ()
        return tuple(sorted(event for event in set(events) if event not in known))

    def take(self, telling: Telling) -> None:
        """Keep what a finding changed."""
        story = self._stories.setdefault(telling.story, Story(set(), 0))
        story.events.update(telling.joined)
        story.size = telling.size or story.size
        for event in telling.joined:
            self._of_event.setdefault(event, telling.story)
        if telling.citing:
            self.citing.update(telling.joined)
