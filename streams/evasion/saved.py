"""What was measured, as the file that the page and the catalogue of rules are made from."""

from collections import Counter
from pathlib import Path
from typing import Final

import msgspec

from rules.ruleset import Ruleset
from streams.errors import SettingsError
from streams.evasion.measure import Found, Measured, Quiet

FILE: Final = "evasion.json"
_MONTH_DAYS: Final = 30


class Row(msgspec.Struct):
    """One disguise at one strength ("" and 0: none), and what was found of each typology."""

    disguise: str
    strength: int
    found: dict[str, Found]


class Saved(msgspec.Struct, kw_only=True):
    """All figures of a run, the versions of the rules they are about, and its size."""

    ruleset: str
    versions: dict[str, str]
    accounts: int
    days: int
    each: int
    seed: int
    rows: list[Row]
    quiet: Quiet

    @classmethod
    def of(
        cls, measured: Measured, quiet: Quiet, ruleset: Ruleset, *, accounts: int, days: int, each: int, seed: int
    ) -> "Saved":
        """Put a run's figures together."""
        return cls(
            ruleset=ruleset.hash,
            versions={rule.about.id: rule.about.version for rule in ruleset.rules},
            accounts=accounts,
            days=days,
            each=each,
            seed=seed,
            rows=[Row(disguise, strength, found) for (disguise, strength), found in measured.items()],
            quiet=quiet,
        )

    def found(self, disguise: str, strength: int) -> dict[str, Found]:
        """What was found in a disguise. Raises StopIteration when that was not measured."""
        return next(row.found for row in self.rows if (row.disguise, row.strength) == (disguise, strength))

    def quiet_rate(self, counts: "Counter[str] | dict[str, int]", rule: str) -> float:
        """Alerts of a rule on ordinary customers, for 1,000 accounts and 30 days."""
        return counts.get(rule, 0) * 1000 * _MONTH_DAYS / (self.quiet.accounts * self.quiet.days)

    def said_of(self, rule: str) -> str | None:
        """What the catalogue says of a rule; None when it was not measured."""
        if rule not in self.versions:
            return None
        bare = self.found("", 0)
        finds = [f"{kind} {found.by_rule[rule]} of {found.planted}" for kind, found in bare.items() if rule in found.by_rule]
        read, told = (self.quiet_rate(counts, rule) for counts in (self.quiet.read, self.quiet.told))
        return (
            f"Measured at {self.versions[rule]}: {_listed(finds)}. On ordinary "
            f"customers {read:.1f} alerts of medium severity or above for 1,000 accounts and month, {told:.1f} of any."
        )


def _listed(finds: list[str]) -> str:
    return f"finds {', '.join(finds)}" if finds else "none of the planted typologies is its own"


def read_saved(path: Path) -> Saved | None:
    """The figures of a file; None where there is none. Raises SettingsError."""
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Saved)
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError([f"{path}: not what `lockgate evasion --save` writes: {error}"]) from None
