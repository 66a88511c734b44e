"""What can go wrong in the shell, and what becomes of it.

    LockgateError
      SettingsError          we are wrong: refuse to start, all faults at once            exit 2
      ListsError             a sanctions list cannot be used: refuse to start              exit 2
      RulesError             rule files are wrong: refuse to start                         exit 2
      Unreachable            Kafka or Redis is away: a command ends, a worker waits        exit 3
      ComponentError         a server of `streams.components` is missing or fails           exit 3
      Lost                   a partition moved or its state changed under us: claim again
      Impossible             what Redis and the journal say cannot both be: stop loudly    (partition not served)

Their data being bad is no exception here: `rules.transfer.BadTransfer` becomes a dead letter where it is met.
"""

from collections.abc import Iterable


class LockgateError(Exception):
    """Base of all errors of the shell; `exit_code` is what the command line ends with."""

    exit_code = 1


class SettingsError(LockgateError):
    """Settings are wrong; `faults` names every one of them."""

    exit_code = 2

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class RulesError(SettingsError):
    """Rule files are wrong; `faults` names every one of them."""


class ListsError(SettingsError):
    """A sanctions list cannot be read; `faults` names file, place and reason."""


class Unreachable(LockgateError):
    """Kafka or Redis does not answer."""

    exit_code = 3


class Lost(LockgateError):
    """Ownership or state moved: everything in hand is void, claim again."""


class Impossible(LockgateError):
    """Redis and the journal contradict each other in a way no failure explains."""
