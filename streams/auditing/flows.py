"""Flows sent by the accounts stage against the flows on their topic, as sums of hashes: memory stays small."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec
import xxhash

from rules.messages import Flow
from streams.auditing.report import FaultKind, Report

_GRAIN: Final = 10  # flows of 1,024 neighbouring source offsets are compared together
_WORD: Final = (1 << 64) - 1
_encode: Final = msgspec.msgpack.Encoder().encode

Place = tuple[str, int, int]  # source topic, partition, offset >> _GRAIN


class FlowSums:
    """Number and sum of hashes of flows, by where their transfers stand. The order of flows does not matter."""

    def __init__(self) -> None:
        self.expected: dict[Place, tuple[int, int]] = {}
        self.found: dict[Place, tuple[int, int]] = {}
        self.ends: dict[tuple[str, int], int] = {}  # (topic, partition) -> end of what was journalled when it was read
        self.doubtful: set[Place] = set()  # where what has to be there is not known
        self._comparable = True

    def expect(self, flows: Iterable[Flow]) -> None:
        """Flows that journalled batches must have sent."""
        _sum(flows, self.expected)

    def find(self, flows: Iterable[Flow]) -> None:
        """Flows on their topic; of batches journalled later than we looked they are no matter."""
        ends = self.ends
        _sum((flow for flow in flows if flow.offset < ends.get((flow.topic, flow.partition), 1 << 62)), self.found)

    def doubt(self, topic: str, partition: int, start: int, end: int) -> None:
        """Do not compare a range of source offsets."""
        self.doubtful |= {(topic, partition, grain) for grain in range(start >> _GRAIN, (end >> _GRAIN) + 1)}

    def doubt_all(self) -> None:
        """Compare nothing: flows are missing that are not to be had any more."""
        self._comparable = False

    def compare(self, report: Report) -> None:
        """Name every stretch of source offsets whose flows are not the ones that belong there."""
        if not self._comparable:
            return
        for place in sorted((self.expected.keys() | self.found.keys()) - self.doubtful):
            wanted, found = self.expected.get(place, (0, 0)), self.found.get(place, (0, 0))
            if wanted != found:
                topic, partition, grain = place
                start = grain << _GRAIN
                text = (
                    f"transfers [{start}, {start + (1 << _GRAIN)}) make {wanted[0]} flows; on the flows topic are {found[0]}"
                )
                if wanted[0] == found[0]:
                    text += " others"
                report.add(FaultKind.FLOWS, topic, partition, start, text)


def _sum(flows: Iterable[Flow], into: dict[Place, tuple[int, int]]) -> None:
    fresh: dict[Place, list[int]] = defaultdict(lambda: [0, 0])
    for flow in flows:
        entry = fresh[flow.topic, flow.partition, flow.offset >> _GRAIN]
        entry[0] += 1
        entry[1] += xxhash.xxh3_64_intdigest(_encode(flow))
    for place, (count, total) in fresh.items():
        known = into.get(place, (0, 0))
        into[place] = (known[0] + count, (known[1] + total) & _WORD)
