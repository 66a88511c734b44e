"""Name screening: is this name, however it is written, the name of a listed party?

`compare` judges two names, `NameIndex` one name against all names of a watchlist. Both are pure and deterministic. The way
of a name, a module a step:

1. `cleaning` reads its text, in any script, as Latin words (with `han`, `japanese`, `wade_giles`).
2. `parsing` makes `words` of it, each with its role, its `sound`, and the `variants` of a given name; `korean` and `chinese`
   say what else a name can be. Word lists are in `tables`.
3. `scoring` weighs two names: `alignment` finds which word meets which by `likeness`, `rarity` says what that proves.
4. Against a list, `vocabulary` knows what each word is worth and may stand for (`spelling`), and `postings` finds the few
   listed names that are worth comparing; `index` asks both. `compiled` keeps the index of each list in use.
5. `facts` weighs date of birth, country and kind; `explaining` says it all in an analyst's words.
"""

from rules.names.cleaning import fault
from rules.names.comparing import NameKind, compare
from rules.names.explaining import explain
from rules.names.facts import Facts
from rules.names.index import NameIndex, NameMatch
from rules.names.scoring import THRESHOLD, Scored

__all__ = ["THRESHOLD", "Facts", "NameIndex", "NameKind", "NameMatch", "Scored", "compare", "explain", "fault"]
