"""A match in the words of an analyst: which word met which, why, and what lowered the score."""

from __future__ import annotations

from rules.names.likeness import Why
from rules.names.scoring import Scored
from rules.names.words import Role

_SAME = (Why.SAME, Why.NUMBER)


def explain(match: Scored) -> tuple[str, ...]:
    """Short sentences, the strongest evidence first."""
    mine, theirs = match.mine.words, match.theirs.words
    said = []
    for pair in sorted(match.pairs, key=lambda each: (-each.bits, each.mine)):
        left = " ".join(mine[i].text for i in pair.mine)
        right = " ".join(theirs[j].text for j in pair.theirs)
        said.append(f"{left} = {right}" if pair.why in _SAME else f"{left} ~ {right}: {pair.why.value}")
    met_mine = {i for pair in match.pairs for i in pair.mine}
    met_theirs = {j for pair in match.pairs for j in pair.theirs}
    extra = [word.text for i, word in enumerate(mine) if i not in met_mine and word.role is not Role.TITLE]
    lacking = [word.text for j, word in enumerate(theirs) if j not in met_theirs and word.role is not Role.TITLE]
    if extra:
        said.append(f"not in the listed name: {' '.join(extra)}")
    if lacking:
        said.append(f"only in the listed name: {' '.join(lacking)}")
    said += match.lowered
    said += dict.fromkeys(note for note in (match.mine.note, match.theirs.note) if note)
    return tuple(said)
