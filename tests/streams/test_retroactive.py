"""Looking back when lists change: who dealt with an address that is listed now, once, citing the old transfer."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
import pytest

from rules.exceptions import Exceptions, Exemption
from rules.knowledge import Knowledge
from rules.label_log import NO_LABELS, Labels, label_announcement
from rules.list_log import announcement
from rules.lists import Alias, EntryKind, ListedAddress, ListEntry, SanctionsList, merge
from rules.messages import Flow, Named
from rules.network import CounterpartiesEngine
from rules.outcome import alert_id
from rules.reference import Category, Label, ListKind, ReferenceList, combine
from streams.counterparties import CounterpartiesStage
from streams.rulefiles import load_rules
from streams.settings import ALERTS

RULESET = load_rules()
T0 = 1_767_225_600_000
BASE = range(1, 4)


def address(number: int) -> str:
    return f"0x{number:040x}"


def listing(numbers: Sequence[int], name: str = "TEST") -> SanctionsList:
    entries = [
        ListEntry(
            entry_id=str(number),
            name=f"PARTY {number}",
            source=name,
            addresses=(ListedAddress(currency="ETH", address=address(number).upper().replace("0X", "0x")),),
        )
        for number in numbers
    ]
    return SanctionsList.of(name, entries)


def flow(number: int, account: str, to: str, *, own: str = "", listed: bool = False, first: bool = True) -> Flow:
    place = (T0 + number, "exchange.withdrawals", 0, number)
    facts = (to, account, False, 25_000_000, f"w{number}", "25", "USDT", "ethereum", first)
    return Flow(*place, *facts, own, listed=listed)


class World:
    """A stage with a store, fed in batches as the delivery protocol feeds it."""

    def __init__(self) -> None:
        self.stage = CounterpartiesStage(CounterpartiesEngine(RULESET))
        self.store: dict[str, bytes] = {}
        self.states: dict[str, Any] = {}
        self.loaded: list[str] = []
        self._offset = 0
        self._lists: list[SanctionsList] = []
        self._announced = 0

    def batch(self, flows: Sequence[Flow] = (), lists: Sequence[bytes] = ()) -> list[dict[str, Any]]:
        """Judge one batch; the retroactive alerts it gives."""
        self._offset += 1
        bundles = [(self._offset, None, msgspec.msgpack.encode(list(flows)))] if flows else []
        records = [(self._offset * 1_000 + n, None, value) for n, value in enumerate(lists)]
        work = self.stage.decode(0, [bundles, records])
        self._load(work.keys)
        while work.settled and (more := self.stage.follow(work, self.states) - work.keys):
            work.keys |= more
            self._load(more)
        judged = self.stage.judge(work, 0, self.states, self.stage.open_memory({}), T0)
        for key, part in judged.writes.appended.items():
            self.store[key] = self.store.get(key, b"") + part
        for key, (limit, part) in judged.writes.bounded.items():
            if len(self.store.get(key, b"")) < limit:
                self.store[key] = self.store.get(key, b"") + part
        self.store |= judged.writes.replaced | judged.writes.lasting
        alerts = [msgspec.json.decode(one.value) for one in judged.outputs.messages if one.topic == ALERTS]
        return [alert for alert in alerts if alert["retroactive"]]

    def announcement(self, *lists: SanctionsList) -> list[bytes]:
        self._announced += 1
        records = announcement(self._lists, lists, name=str(self._announced), by="test", at_ms=0)
        self._lists = list(lists)
        return records

    def _load(self, keys: set[str]) -> None:
        for key in sorted(keys - self.states.keys()):
            self.loaded.append(key)
            packed = self.store.get(key)
            self.states[key] = self.stage.load_state(key, packed) if packed else self.stage.fresh_state(key)


@pytest.fixture
def world() -> World:
    one = World()
    assert one.batch(lists=one.announcement(listing(BASE))) == []
    return one


def told(alerts: Sequence[dict[str, Any]]) -> list[tuple[str, str, int, list[str]]]:
    return [
        (one["account_id"], one["counterparty"], one["facts"]["hops"], [each["event_id"] for each in one["evidence"]])
        for one in alerts
    ]


def test_accounts_that_dealt_with_a_newly_listed_address_are_alerted_once_with_their_old_transfer(world: World) -> None:
    world.batch([flow(1, "ann", address(9)), flow(2, "bob", address(9)), flow(3, "cat", address(8))])
    alerts = world.batch(lists=world.announcement(listing([*BASE, 9])))
    assert told(alerts) == [("ann", address(9), 0, ["w1"]), ("bob", address(9), 0, ["w2"])]
    assert {(one["rule_id"], one["severity"], one["action"], one["status"]) for one in alerts} == {
        ("sanctions.newly_listed", "critical", "hold", "new")
    }
    assert alerts[0]["list"]["entry_name"] == "PARTY 9"
    assert alerts[0]["source"]["topic"] == "lockgate.lists"
    assert world.batch(lists=world.announcement(listing([*BASE, 9, 10]))) == []


def test_flows_of_the_same_batch_count_as_well(world: World) -> None:
    alerts = world.batch([flow(1, "ann", address(9))], world.announcement(listing([*BASE, 9])))
    assert told(alerts) == [("ann", address(9), 0, ["w1"])]


def test_who_was_alerted_at_the_transfer_is_not_alerted_again(world: World) -> None:
    world.batch([flow(1, "ann", address(9), listed=True), flow(2, "bob", address(9))])
    assert told(world.batch(lists=world.announcement(listing([*BASE, 9])))) == [("bob", address(9), 0, ["w2"])]


def test_transfer_judged_by_the_lists_before_is_alerted_when_it_arrives(world: World) -> None:
    world.batch(lists=world.announcement(listing([*BASE, 9])))
    assert told(world.batch([flow(1, "ann", address(9)), flow(2, "bob", address(9), listed=True)])) == [
        ("ann", address(9), 0, ["w1"])
    ]
    without = world.batch(lists=world.announcement(listing(BASE)))
    assert [one["status"] for one in without] == ["closed", "closed"]


def test_closings_name_the_alert_that_was_sent_and_an_address_listed_once_more_is_another_story(world: World) -> None:
    world.batch([flow(1, "ann", address(9))])
    first = world.batch(lists=world.announcement(listing([*BASE, 9])))
    first += world.batch([flow(2, "bob", address(9))])  # judged by the list before
    world.batch([flow(3, "cat", address(9), listed=True)])  # alerted at the transfer
    closed = world.batch(lists=world.announcement(listing(BASE)))
    live = alert_id("sanctions.direct_exposure", "cat", ("w3", address(9)))
    assert [one["refers_to"] for one in closed] == [*(one["alert_id"] for one in first), live]
    again = world.batch(lists=world.announcement(listing([*BASE, 9])))
    assert told(again) == [("ann", address(9), 0, ["w1"]), ("bob", address(9), 0, ["w2"]), ("cat", address(9), 0, ["w3"])]
    assert not {one["alert_id"] for one in again} & {one["alert_id"] for one in first}
    closed_again = world.batch(lists=world.announcement(listing(BASE)))
    assert [one["refers_to"] for one in closed_again] == [one["alert_id"] for one in again]
    assert not {one["alert_id"] for one in closed_again} & {one["alert_id"] for one in closed}


def test_address_of_the_first_announcement_is_nobodys_past(world: World) -> None:
    assert world.batch([flow(1, "ann", address(1))]) == []


def test_one_hop_in_both_directions_and_no_more(world: World) -> None:
    world.batch(
        [
            flow(1, "mid", address(9), own=address(100)),  # dealt with the listed address, owns 100
            flow(2, "payer", address(100), own=address(101)),  # paid into mid's own address
            flow(3, "mid", address(102)),  # mid paid into the own address of payee
            flow(4, "payee", address(50), own=address(102)),
            flow(5, "far", address(101)),  # two hops away
            flow(6, "other", address(60)),
        ]
    )
    alerts = world.batch(lists=world.announcement(listing([*BASE, 9])))
    assert told(alerts) == [
        ("payee", address(9), 1, ["w3"]),
        ("payer", address(9), 1, ["w2"]),
        ("mid", address(9), 0, ["w1"]),
    ]
    assert [one["facts"].get("through_account") for one in alerts] == ["mid", "mid", None]
    assert [(one["rule_id"], one["severity"]) for one in alerts[1:]] == [
        ("sanctions.newly_exposed", "medium"),
        ("sanctions.newly_listed", "critical"),
    ]


def named(number: int, account: str, **names: str) -> Flow:
    told = tuple(Named(role, name) for role, name in names.items())
    return msgspec.structs.replace(flow(number, account, address(500 + number)), names=told)


def person(number: int, name: str, *aliases: str) -> ListEntry:
    others = tuple(Alias(name=alias) for alias in aliases)
    return ListEntry(entry_id=str(number), name=name, source="TEST", kind=EntryKind.INDIVIDUAL, aliases=others)


def test_bearers_of_a_newly_listed_name_are_alerted_once_whatever_their_role_and_spelling(world: World) -> None:
    world.batch(
        [
            named(1, "ann", counterparty="Se-Un Kim"),
            named(2, "bob", holder="KIM SE UN", counterparty="Jane Doe"),
            named(3, "cat", VASP="Korea Sobaeksu Trading Co., Ltd."),
            named(4, "dan", counterparty="Kim Min Jun"),
            named(5, "ann", counterparty="Kim Se Un"),
        ]
    )
    company = ListEntry(entry_id="64", name="KOREA SOBAEKSU TRADING CORPORATION", source="TEST")
    lists = [*listing(BASE).entries, person(63, "KIM, Se Un", "KIM, Se-u'n"), company]
    alerts = world.batch(lists=world.announcement(SanctionsList.of("TEST", lists)))
    assert [(one["account_id"], one["facts"]["party"], one["facts"]["entry_id"]) for one in alerts] == [
        ("ann", "counterparty", "63"),
        ("bob", "holder", "63"),
        ("cat", "VASP", "64"),
    ]
    assert {(one["rule_id"], one["severity"], one["action"]) for one in alerts} == {
        ("sanctions.newly_named", "high", "review")
    }
    assert alerts[0]["facts"]["score_percent"] >= alerts[0]["facts"]["score_percent_match"]
    assert alerts[0]["facts"]["why"]
    lists.append(person(65, "OTHER, Party"))
    assert world.batch(lists=world.announcement(SanctionsList.of("TEST", lists))) == []


def test_a_new_alias_is_looked_up_and_the_names_known_before_are_not(world: World) -> None:
    before = SanctionsList.of("TEST", [*listing(BASE).entries, person(63, "KIM, Se Un")])
    world.batch(lists=world.announcement(before))
    world.batch([named(1, "ann", counterparty="Se Un Kim"), named(2, "bob", counterparty="Pak Chol Su")])
    after = SanctionsList.of("TEST", [*listing(BASE).entries, person(63, "KIM, Se Un", "PAK, Chol Su")])
    (alert,) = world.batch(lists=world.announcement(after))
    assert (alert["account_id"], alert["list"]["matched"]) == ("bob", "PAK, Chol Su")


def test_delisting_closes_what_was_told(world: World) -> None:
    world.batch([flow(1, "ann", address(9))])
    (opened,) = world.batch(lists=world.announcement(listing([*BASE, 9])))
    (closed,) = world.batch(lists=world.announcement(listing(BASE)))
    assert (closed["status"], closed["refers_to"], closed["rule_id"]) == ("closed", opened["alert_id"], "sanctions.delisted")
    assert (closed["severity"], closed["account_id"], closed["retroactive"]) == ("info", "ann", True)


def test_address_that_moves_between_entries_or_lists_is_neither_listed_nor_delisted(world: World) -> None:
    world.batch([flow(1, "ann", address(1)), flow(2, "bob", address(9))])
    moved = SanctionsList.of("OTHER", listing([1]).entries)
    assert world.batch(lists=world.announcement(listing([2, 3]), moved)) == []


def test_parts_and_their_end_may_come_in_different_batches(world: World) -> None:
    world.batch([flow(1, "ann", address(9))])
    records = world.announcement(listing([*BASE, 9]))
    assert world.batch(lists=records[:-1]) == []
    world.states.clear()  # as after a takeover
    assert told(world.batch(lists=records[-1:])) == [("ann", address(9), 0, ["w1"])]


def test_announcement_that_does_not_take_force_says_nothing(world: World) -> None:
    world.batch([flow(1, "ann", address(9))])
    stale = announcement([listing([7])], [listing([7, 9])], name="stale", by="test", at_ms=0)
    assert world.batch(lists=stale) == []
    assert told(world.batch(lists=world.announcement(listing([*BASE, 9])))) == [("ann", address(9), 0, ["w1"])]


def test_cost_grows_with_the_change_and_not_with_what_is_stored(world: World) -> None:
    loads: list[int] = []
    listed = list(BASE)
    for size in (1_000, 20_000):
        before = len(world.store)
        world.batch([flow(n, f"acct-{n}", address(1_000_000 + n)) for n in range(before, before + size)])
        world.batch([flow(n, f"dealer-{size}", address(size + n)) for n in range(50)])
        world.loaded.clear()
        listed += range(size, size + 50)
        assert len(world.batch(lists=world.announcement(listing(listed)))) == 50
        loads.append(len([key for key in world.loaded if not key.startswith("named ")]))
        assert len(world.loaded) < 200 * 50  # the keys of the spellings of fifty names
    # two spellings of each address, its account, and the owner of each of its addresses
    assert max(loads) <= 6 * 50
    assert not [key for key in world.states if key.startswith(("dealt ", "met ", "named ", "bearers "))]


def test_flows_load_nothing_of_the_past(world: World) -> None:
    world.loaded.clear()
    world.batch([flow(1, "ann", address(9), own=address(10))])
    assert world.loaded == [address(9), address(10)]  # the states of its addresses, which are judged and written


def label(number: int, entity: str = "Example Hack", category: str = "stolen_funds", confidence: int = 90) -> Label:
    kind = Category(category)
    return Label(address=address(number), entity=entity, category=kind, confidence=confidence, source="test")


def labelled(*rows: Label, day: int = 1) -> Labels:
    lists = [ReferenceList.of("provider", ListKind.LABELS, date(2026, 11, day), rows)] if rows else []
    parties = [ListEntry(entry_id="77", name="Grey Exchange", source="TEST"), *listing(BASE).entries]
    return Labels.of(Knowledge(merge([SanctionsList.of("TEST", parties)]), combine(lists)))


class Labelling:
    """Announces labels to a world, one state of them after the other."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._held = NO_LABELS
        self._told = 0

    def records(self, after: Labels) -> list[bytes]:
        self._told += 1
        before, self._held = self._held, after
        return label_announcement(before, after, name=f"labels-{self._told}", by="test", at_ms=T0 + self._told)

    def tell(self, *rows: Label) -> list[dict[str, Any]]:
        return self._world.batch(lists=self.records(labelled(*rows)))


@pytest.fixture
def labels(world: World) -> Labelling:
    one = Labelling(world)
    assert one.tell(label(1)) == []  # the first announcement is nobody's past
    return one


def rules_told(alerts: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one["rule_id"], one["account_id"], one["severity"]) for one in alerts]


def test_accounts_that_dealt_with_a_newly_labelled_address_are_alerted_once(world: World, labels: Labelling) -> None:
    dear = [msgspec.structs.replace(flow(n, who, address(9)), value=100_000_000) for n, who in ((1, "ann"), (2, "bob"))]
    world.batch([*dear, flow(3, "cat", address(9)), flow(4, "dan", address(8))])
    alerts = labels.tell(label(1), label(9))
    assert rules_told(alerts) == [
        ("exposure.newly_labelled", "ann", "high"),
        ("exposure.newly_labelled", "bob", "high"),
        ("exposure.newly_labelled", "cat", "low"),
    ]
    assert (alerts[0]["retroactive"], alerts[0]["evidence"][0]["event_id"]) == (True, "w1")
    assert alerts[0]["source"]["topic"] == "lockgate.lists"
    assert labels.tell(label(1), label(9), label(10)) == []
    assert labels.tell(label(1), label(9, confidence=95)) == []


def test_one_hop_is_followed_for_a_theft_and_not_behind_a_mixer(world: World, labels: Labelling) -> None:
    world.batch([flow(1, "mid", address(9), own=address(100)), flow(2, "payer", address(100), own=address(101))])
    assert rules_told(labels.tell(label(1), label(9, category="mixer"))) == [("exposure.newly_labelled", "mid", "low")]
    labels.tell(label(1))
    assert rules_told(labels.tell(label(1), label(9))) == [
        ("exposure.newly_labelled", "mid", "low"),
        ("sanctions.newly_exposed", "payer", "medium"),
    ]


def test_a_label_becomes_news_again_when_its_party_is_listed(world: World, labels: Labelling) -> None:
    world.batch([flow(1, "ann", address(9))])
    (first,) = labels.tell(label(1), label(9, "Unknown Exchange", "mixer"))
    (second,) = labels.tell(label(1), label(9, "Grey Exchange", "mixer"))
    assert first["alert_id"] != second["alert_id"]
    assert (second["list"]["entry_id"], second["list"]["matched"]) == ("77", "Grey Exchange, attributed by test")


def test_who_was_alerted_at_the_transfer_is_not_told_and_who_was_not_is_told_when_the_flow_arrives(
    world: World, labels: Labelling
) -> None:
    world.batch([msgspec.structs.replace(flow(1, "ann", address(9)), labelled=90)])
    assert labels.tell(label(1), label(9)) == []
    late = [flow(2, "bob", address(9)), msgspec.structs.replace(flow(3, "cat", address(9)), labelled=90)]
    assert rules_told(world.batch(late)) == [("exposure.newly_labelled", "bob", "low")]


def test_a_withdrawn_label_closes_what_was_told_and_comes_back_as_another_story(world: World, labels: Labelling) -> None:
    world.batch([flow(1, "ann", address(9)), msgspec.structs.replace(flow(2, "bob", address(9)), labelled=90)])
    (opened,) = labels.tell(label(1), label(9))
    closed = labels.tell(label(1))
    assert [(one["account_id"], one["status"], one["refers_to"]) for one in closed] == [
        ("ann", "closed", opened["alert_id"]),
        ("bob", "new", None),  # what the transfer itself was alerted for may rest on more
    ]
    again = labels.tell(label(1), label(9))
    assert [one["account_id"] for one in again] == ["ann", "bob"]
    assert opened["alert_id"] not in {one["alert_id"] for one in again}


def test_labels_of_several_parts_count_when_their_end_has_come(world: World, labels: Labelling) -> None:
    world.batch([flow(n, f"acct-{n}", address(10_000 + n)) for n in range(3)])
    records = labels.records(labelled(label(1), *(label(10_000 + n) for n in range(2_500))))
    assert len(records) == 4
    assert world.batch(lists=records[:2]) == []
    world.states.clear()
    assert len(world.batch(lists=records[2:])) == 3


def test_findings_that_somebody_made_an_exception_for_are_counted_and_not_told(world: World) -> None:
    clear = Exemption(
        rule="sanctions.name_match", account="ann", entry="63", author="A", reason="another person", expires=date(2027, 1, 1)
    )
    knowledge = Knowledge(None, exceptions=Exceptions([clear]))
    world.stage = CounterpartiesStage(CounterpartiesEngine(RULESET, knowledge))
    world.batch([named(1, "ann", counterparty="Se-Un Kim"), named(2, "bob", counterparty="Kim Se Un")])
    listed = SanctionsList.of("TEST", [*listing(BASE).entries, person(63, "KIM, Se Un")])
    assert [one["account_id"] for one in world.batch(lists=world.announcement(listed))] == ["bob"]


def test_an_address_that_very_many_met_is_remembered_up_to_a_limit_and_alerts_say_so(world: World) -> None:
    crowd = 12_000
    for first in range(0, crowd, 4_000):
        world.batch([flow(n, f"acct-{n}", address(9)) for n in range(first, first + 4_000)])
    stored = len(world.store[f"dealt {address(9)}"])
    assert stored < 1 << 20
    world.batch([flow(crowd, "too late", address(9))])
    assert len(world.store[f"dealt {address(9)}"]) == stored
    alerts = world.batch(lists=world.announcement(listing([*BASE, 9])))
    assert 6_000 < len(alerts) < crowd
    assert all(one["facts"]["others_forgotten"] for one in alerts)


def test_what_is_older_than_five_years_is_not_told(world: World) -> None:
    old = msgspec.structs.replace(flow(1, "ann", address(9)), occurred_ms=T0 - 6 * 365 * 86_400_000)
    world.batch([old, flow(2, "bob", address(9))])
    records = announcement([listing(BASE)], [listing([*BASE, 9])], name="later", by="test", at_ms=T0)
    assert [one["account_id"] for one in world.batch(lists=records)] == ["bob"]
