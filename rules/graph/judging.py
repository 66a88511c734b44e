"""Asks the rules about the network, and turns what they find into stories. One flow at a time; pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple, Protocol

from rules.finding import Finding
from rules.graph.edges import Edge, address_of
from rules.graph.network import Network
from rules.graph.shapes import Shape
from rules.graph.telling import Telling
from rules.graph.touches import Touch
from rules.messages import Severity
from rules.outcome import RANK, Told, alert_id
from rules.rule import NetworkRule, Rule

CITED: Final = "cited"  # the signal with which a rule about an account has it taken for cited
EVIDENCE: Final = 20  # transfers cited at most, the latest
_SAME: Final = (1, 2)  # judgement: of more transfers than this share it is the story that they belong to already
_SAME_LEANING: Final = (
    2,
    3,
)  # measured: an account's contacts with cited ones are met in their stories, too (docs/network.md)
_SAME_APART: Final = (0, 1)  # nobody else's: whatever the subject shares with its own story goes on with that
_RIPPLES: Final = 3  # judgement: how far an account being cited is followed within one flow


class Noted(NamedTuple):
    """A finding that is to be sent, or whose story has been told far enough: then `told` is None."""

    rule: NetworkRule
    account_id: str
    told: Told | None


class Heard(Protocol):
    """What the judge's caller does about rules that raise and findings that must not count."""

    def raised(self, rule: Rule, error: Exception) -> None:
        """A rule raised."""

    def counts(self, rule: NetworkRule, account_id: str, addresses: tuple[str, ...]) -> bool:
        """Whether a finding counts: its rule is live and nobody has made an exception."""


class NetworkJudge:
    """The rules about the network: those that stand alone first, then those that lean on who is cited, by their ids."""

    def __init__(self, rules: Iterable[NetworkRule]) -> None:
        self.rules = tuple(sorted(rules, key=lambda rule: (rule.leans, rule.about.id)))
        self._of_company = tuple(rule for rule in self.rules if type(rule).at_node is not NetworkRule.at_node)

    def judge(self, edge: Edge, network: Network, heard: Heard) -> list[Noted]:
        """What a first contact completes, and what the citations that follow make telling around them."""
        noted: list[Noted] = []
        for rule in self.rules:
            try:
                shapes = [*rule.at_edge(edge, network)]
            except Exception as error:  # noqa: BLE001  # a broken rule must not stop the flow nor pass as clean
                heard.raised(rule, error)
                continue
            if shapes:
                noted += _noted(rule, shapes, network, heard)
        return noted + self.ripple(network, heard)

    def touched(self, touch: Touch, network: Network, heard: Heard) -> list[Noted]:
        """What a transfer with a listed or illicit party makes telling of those who dealt with its account."""
        return self._ask(lambda rule: rule.at_touch(touch, network), network, heard)

    def reached(self, account: str, network: Network, heard: Heard) -> list[Noted]:
        """What an account is told of that turns out to own an address which value of a party may have reached."""
        return self._ask(lambda rule: rule.at_owner(account, network), network, heard)

    def _ask(self, question: Callable[[NetworkRule], Iterable[Shape]], network: Network, heard: Heard) -> list[Noted]:
        noted: list[Noted] = []
        for rule in self.rules:
            try:
                shapes = [*question(rule)]
            except Exception as error:  # noqa: BLE001  # as above
                heard.raised(rule, error)
                continue
            noted += _noted(rule, shapes, network, heard)
        return noted

    def ripple(self, network: Network, heard: Heard) -> list[Noted]:
        """Ask about the company of the accounts that have just been cited."""
        noted: list[Noted] = []
        for _ in range(_RIPPLES):
            if not network.fresh:
                break
            near = set(network.fresh)
            for node in network.fresh:
                received, sent = network.around(node)
                near.update([edge.sender for edge in received])
                near.update([edge.receiver for edge in sent])
            network.fresh.clear()
            for node in sorted(near):
                for rule in self._of_company:
                    try:
                        shapes = [*rule.at_node(node, network)]
                    except Exception as error:  # noqa: BLE001  # as above
                        heard.raised(rule, error)
                        continue
                    if shapes:
                        noted += _noted(rule, shapes, network, heard)
        network.fresh.clear()
        return noted


def _noted(rule: NetworkRule, shapes: Iterable[Shape], network: Network, heard: Heard) -> Iterator[Noted]:
    """The findings of a rule that count, each put to its story before the next is looked for."""
    for shape in shapes:
        account, address = _account(shape), _address(shape)
        if heard.counts(rule, account, (address,) if address else ()):
            yield Noted(rule, account, _told(rule, shape, network))


def _told(rule: NetworkRule, shape: Shape, network: Network) -> Told | None:
    """Put a shape to its story: a new one, or one told again when it has doubled. None when there is no more to say."""
    stories, events = network.stories, {_event(rule, shape, edge) for edge in shape.edges}
    first = alert_id(rule.about.id, shape.subject, (min(shape.edges).event_id,))
    share = _SAME_APART if rule.apart else _SAME_LEANING if rule.leans else _SAME
    known = stories.find(events, share) or stories.told_as(first)
    first = known or first
    size = len(events) if known is None else stories.grown(known, events)
    joined = set(stories.missing(known, events))
    if rule.apart:
        level, *above = _levels(rule, shape)
        if known is not None and not size and not stories.holds(known, (level, *above)):
            size = stories.size(known, (*events, level))
        joined |= {level} if size else set()
    cited: set[str] = set()
    if shape.citing:
        joined |= events - stories.citing
        cited = {node for edge in shape.edges for node in (edge.sender, edge.receiver) if address_of(node) is None}
    if joined or size or any(map(network.stale, cited)):
        anew = {
            node for edge in shape.edges if _event(rule, shape, edge) in joined for node in (edge.sender, edge.receiver)
        } & cited
        lists = (tuple(sorted(joined)), size, shape.citing, tuple(sorted(cited)), tuple(sorted(anew)))
        network.tell(Telling(network.now_ms, first, *lists))
    if not size:
        return None
    this = first if known is None else alert_id(rule.about.id, shape.subject, (first, "size", size))
    return Told(rule, _finding(shape), this, known)


def _event(rule: NetworkRule, shape: Shape, edge: Edge) -> str:
    """What a transfer is called in stories: there is one more for each subject of a rule that tells its stories apart."""
    return f"{rule.about.id} {shape.subject} {edge.event_id}" if rule.apart else edge.event_id


def _levels(rule: NetworkRule, shape: Shape) -> list[str]:
    """What stands in a story for having been told as severe as this, and for more severe."""
    rank = RANK[shape.severity or rule.about.severity]
    return [f"{rule.about.id} {shape.subject} {severity}" for severity in Severity if RANK[severity] >= rank]


def _finding(shape: Shape) -> Finding:
    cited = {edge.event_id: edge for edge in sorted((*shape.context, *shape.edges))}
    return Finding(
        story=(),
        evidence=tuple(edge.evidence(shape.shows) for edge in list(cited.values())[-EVIDENCE:]),
        facts=_readable(shape.facts),
        counterparty=_address(shape),
        severity=shape.severity,
    )


def _readable(facts: dict[str, object]) -> dict[str, object]:
    """Addresses as they are written, without the mark that tells them from accounts."""
    return {name: _spelled(value) for name, value in facts.items()}


def _spelled(value: object) -> object:
    if isinstance(value, str):
        return address_of(value) or value
    if isinstance(value, list):
        return [_spelled(one) for one in value]
    return value


def _address(shape: Shape) -> str | None:
    return address_of(shape.subject) or (address_of(shape.address) if shape.address is not None else None)


def _account(shape: Shape) -> str:
    """The account that the alert names: the subject, or the one that dealt with it last."""
    if address_of(shape.subject) is None:
        return shape.subject
    nodes = [node for edge in sorted(shape.edges, reverse=True) for node in (edge.sender, edge.receiver)]
    return next((node for node in nodes if address_of(node) is None), shape.subject)  # an account's id may look like one
