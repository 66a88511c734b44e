"""A rule: one specific behavioural question with typed parameters, and its metadata.

A rule is a class in `rules/FAMILY/NAME.py` beside `NAME.toml` with its words, thresholds and worked examples. It subclasses
`AccountRule` (asked at every transfer of an account), `CounterpartyRule` (asked at every flow to or from an address) or
`GroupRule` (asked at flows with signals, with who else was met at the same places), `NetworkRule` (asked at first contacts,
with all of them) or `LookbackRule` (asked when lists or labels change, with what is remembered).
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, ClassVar, Final, Self

import msgspec

from rules.address_state import AddressState
from rules.assets import AssetClass
from rules.change import Change
from rules.finding import AccountAnswer, Answer, Finding
from rules.graph.edges import Edge
from rules.graph.network import Network
from rules.graph.shapes import Shape
from rules.graph.touches import Touch
from rules.knowledge import NOTHING, Knowledge, Need
from rules.messages import Action, Evidence, Flow, ListMatch, Named, Severity
from rules.note import Note
from rules.past import Past
from rules.profile import Profile
from rules.reference import Label
from rules.transfer import MAX_VALUE_USD, MICRO, Kind, Transfer, value_micros

_UNITS_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([smhd])", re.ASCII)


class Window(int):
    """A length of time in milliseconds; a rule file writes it as `90s`, `15m`, `24h` or `30d`."""

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read the text form. Raises ValueError."""
        parts = _DURATION.fullmatch(text) if isinstance(text, str) else None
        if parts is None:
            raise ValueError(f"{text!r} is not a length of time such as 24h or 30d")
        return cls(int(parts[1]) * _UNITS_MS[parts[2]])


class Usd(int):
    """An amount in micro-dollars; a rule file writes dollars as text, such as `10000` or `0.50`."""

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read the text form. Raises ValueError."""
        if not isinstance(text, str):
            raise ValueError(f"{text!r} is not US dollars as text")
        return cls(value_micros(text, "value"))


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The typed parameters of a rule; a subclass for each rule names them."""

    @classmethod
    def read(cls, values: dict[str, Any]) -> Self:
        """From the values of a rule file. Raises msgspec.ValidationError naming every parameter at fault."""
        fields = {field.name: field for field in msgspec.structs.fields(cls)}
        faults = [f"there is no parameter {name}" for name in values if name not in fields]
        for name, field in fields.items():
            if name not in values:
                faults += [f"parameter {name} is missing"] if field.required else []
                continue
            try:
                msgspec.convert(values[name], field.type, dec_hook=_parse_parameter)
            except msgspec.ValidationError as error:
                faults.append(f"parameter {name}: {error}")
        if faults:
            raise msgspec.ValidationError("; ".join(faults))
        return msgspec.convert(values, cls, dec_hook=_parse_parameter)


def _parse_parameter(kind: type, value: object) -> object:
    if issubclass(kind, Window | Usd):
        return kind.parse(value)
    raise NotImplementedError(kind)


class Status(StrEnum):
    """shadow: judged and counted, nothing sent. live: sends. retired: kept for the record, never run."""

    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[rule]` table of a rule file: its words for people, and what it does to a verdict.

    `required` holds a withdrawal for which the rule could not be evaluated. `signal` tells the counterparties stage of every
    finding, so that its rules can put accounts together; with severity info, `weak`, that is all it does, at every finding
    anew.
    """

    id: str
    title: str
    status: Status
    severity: Severity
    version: str
    action: Action
    required: bool = False
    signal: bool = False
    typology: tuple[str, ...]
    false_positives: tuple[str, ...]
    blind_spots: tuple[str, ...]
    triage: str
    references: tuple[str, ...] = ()

    @property
    def weak(self) -> bool:
        """Whether its findings are signals and nothing else."""
        return self.signal and self.severity is Severity.INFO


class Case(msgspec.Struct, frozen=True, gc=False):
    """All that a rule may look at when it judges one transfer of an account.

    `profile` already holds the transfer, at `index`. `index` is -1 for a transfer older than the kept history: then rules
    that look back are not asked. `transfer` is None when a transfer is judged again because a late one landed before it:
    then only rules that look back are asked. `addresses` are the canonical ones of the counterparty's side; `unreadable`
    holds a reason for each that could not be read, `listed` the list entry of each that is on a list, by canonical address;
    likewise `labelled` holds their labels, and `noted`, of a withdrawal, what the counterparties stage has found about them.
    `contacts` are the keys under which the profile remembers the addresses, `named` the parties that the transfer names.
    """

    profile: Profile
    index: int
    occurred_ms: int
    transfer: Transfer | None = None
    addresses: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    listed: tuple[tuple[str, ListMatch], ...] = ()
    knowledge: Knowledge = NOTHING  # the lists in force
    labelled: tuple[tuple[str, Label], ...] = ()
    noted: tuple[tuple[str, Note], ...] = ()
    contacts: tuple[int, ...] = ()
    named: tuple[Named, ...] = ()

    @property
    def marked(self) -> bool:
        """Whether something is known of an address of the transfer, one cannot be read, or there is none."""
        return bool(self.listed or self.labelled or self.noted or self.unreadable or not self.addresses)

    @property
    def value(self) -> int:
        """The value of the transfer in micro-dollars; works for one too old for the profile, too."""
        if self.index >= 0 or self.transfer is None:
            return self.profile.value[self.index]
        return value_micros(self.transfer.value_usd)

    def own_evidence(self, shows: str) -> Evidence:
        """The transfer being judged, as evidence; works for one too old for the profile, too."""
        transfer = self.transfer
        if transfer is None:
            return self.profile.evidence((self.index,), shows)[0]
        return Evidence.of(transfer.event_id, transfer.amount, transfer.asset, self.value, self.occurred_ms, shows)


class Rule:
    """What both kinds of rules share."""

    about: About
    Parameters: ClassVar[type[Params]] = Params

    def __init__(self, about: About, params: dict[str, Any]) -> None:
        self.about = about
        self.bind(self.Parameters.read(params))

    def bind(self, params: Any) -> None:
        """Take the parameters; a rule copies what it needs often to attributes of its own."""
        self.params = params


class AccountRule(Rule):
    """Asked at every transfer of the directions in `asked_on`, with the account's profile.

    `looks_back` says that the answer comes from the profile alone, so that the rule is asked again about later transfers
    when a late one lands before them. `event_story` says that every finding is a story of its own, which needs no memory.
    `needs` names the lists without which the rule is not asked, but noted as not evaluated. `floor` and `ceiling` are the
    smallest and the largest value in micro-dollars of a transfer that may give the rule something to say: it is not asked
    about others. Neither is one that is `marked_only` about transfers that are not `Case.marked`, nor one with an
    `asset_class` about assets of other classes.
    """

    asked_on: frozenset[Kind] = frozenset(Kind)
    looks_back: bool = True
    event_story: bool = False
    needs: tuple[Need, ...] = ()
    marked_only: bool = False
    asset_class: AssetClass | None = None
    floor: int = 0
    ceiling: int = MAX_VALUE_USD * MICRO

    def variant(self, account_type: str, asset: str) -> "AccountRule":
        """The rule with the thresholds for an account of this type and this asset."""
        return self

    @property
    def variants(self) -> "tuple[AccountRule, ...]":
        """Every form in which the rule is asked."""
        return (self,)

    def judge(self, case: Case) -> AccountAnswer:
        """Answer the rule's question for `case.profile` at `case.index`; one that is `weak` with a sign, if it likes."""
        raise NotImplementedError


class CounterpartyRule(Rule):
    """Asked at every flow between an account and a counterparty address, with what is known of the address.

    One `of_device` is asked when an account is met on a device for the first time, with what is known of the device.
    """

    asked_on: ClassVar[frozenset[Kind]] = frozenset(Kind)
    of_device: ClassVar[bool] = False

    def judge(self, flow: Flow, state: AddressState) -> Answer:
        """Answer the rule's question; `state` already holds the flow."""
        raise NotImplementedError


class Near(msgspec.Struct, frozen=True, gc=False):
    """What is known around a flow with signals: of its address, of the device, and of the account's own address.

    The flow is among what is known already. `device` and `own` are None where the flow does not tell them.
    """

    address: AddressState
    device: AddressState | None
    own: AddressState | None


class GroupRule(Rule):
    """Asked at every flow with signals; the subject of its findings is the account."""

    def judge(self, flow: Flow, near: Near) -> Answer:
        """Answer the rule's question."""
        raise NotImplementedError


class NetworkRule(Rule):
    """Asked at every first contact, with the whole network of first contacts, which holds it already.

    The subject of its findings is an account or an address of the network; what makes two findings one story are the
    transfers they share. A rule that `leans` on citations is asked after those that do not. One that tells `apart` shares
    no stories with others and has one for each subject, which is told again when it has become more severe, too.
    """

    leans: ClassVar[bool] = False
    apart: ClassVar[bool] = False

    def at_edge(self, edge: Edge, network: Network) -> Iterable[Shape]:
        """The shapes that this first contact completes."""
        return ()

    def at_touch(self, touch: Touch, network: Network) -> Iterable[Shape]:
        """The shapes that an account's transfer with a listed or illicit party completes."""
        return ()

    def at_owner(self, account: str, network: Network) -> Iterable[Shape]:
        """The shapes around an account of which an address has just become known that value of a party may have reached."""
        return ()

    def at_node(self, node: str, network: Network) -> Iterable[Shape]:
        """The shapes around an account or address that an account near it being cited has made telling."""
        return ()


class LookbackRule(Rule):
    """Asked when sanctions lists or address labels change; the subject of its findings is an account.

    A finding that `continues` another alert closes it. `clears_with` is another rule whose exceptions about an account and
    a list entry hold here, too.
    """

    clears_with: ClassVar[str] = ""

    def look_back(self, change: Change, past: Past) -> Iterable[tuple[str, Finding]]:
        """The accounts that the change tells something about, and what."""
        raise NotImplementedError
