"""The engines of the worker with their state in memory: for `screen` and `backtest`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from rules.address_state import AddressState
from rules.engine import NO_NOTES, AccountsEngine
from rules.graph.network import Network
from rules.intake import Intake
from rules.knowledge import NOTHING, Knowledge
from rules.messages import Flow
from rules.network import CounterpartiesEngine
from rules.note import Note
from rules.outcome import Outcome
from rules.profile import Profile
from rules.ruleset import Ruleset
from rules.seen import Seen


class AccountsInMemory:
    """The accounts stage of one partition."""

    def __init__(self, engine: AccountsEngine, partition: int = 0) -> None:
        self._engine = engine
        self._partition = partition
        self._profiles: defaultdict[str, Profile] = defaultdict(Profile)
        self._seen = Seen()

    def judge(self, intake: Intake, judged_ms: int, notes: Mapping[str, Note] = NO_NOTES) -> Outcome:
        """Judge a batch, given what is noted on addresses."""
        outcome = self._engine.judge(intake, self._partition, self._profiles, self._seen, judged_ms, notes)
        self._seen.take_changes()
        return outcome


class NetworkInMemory:
    """The counterparties stage."""

    def __init__(self, ruleset: Ruleset, knowledge: Knowledge = NOTHING) -> None:
        self._engine = CounterpartiesEngine(ruleset, knowledge)
        self._addresses: defaultdict[str, AddressState] = defaultdict(AddressState)
        self._network = Network()

    def judge(self, flows: Iterable[Flow], judged_ms: int) -> Outcome:
        """Judge the flows of one batch or of several."""
        outcome = self._engine.judge(list(flows), self._addresses, judged_ms, self._network)
        self._network.take_changes()
        return outcome
