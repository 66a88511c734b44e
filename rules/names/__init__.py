"""Name screening: is this name, however it is written, the name of a listed party?

`compare` judges two names, `NameIndex` one name against all names of a watchlist. Both are pure and deterministic. The way
of a name: `cleaning` reads its text, in any script, as Latin words; `parsing` tells what each word is; `alignment` finds
which word meets which, by `likeness`; `scoring` weighs what was met against what was not, and against how rare it is.
"""

from rules.names.cleaning import fault
from rules.names.comparing import NameKind, compare
from rules.names.explaining import explain
from rules.names.facts import Facts
from rules.names.index import NameIndex, NameMatch
from rules.names.scoring import THRESHOLD, Scored

__all__ = ["THRESHOLD", "Facts", "NameIndex", "NameKind", "NameMatch", "Scored", "compare", "explain", "fault"]
