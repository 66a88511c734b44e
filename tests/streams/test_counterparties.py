"""The counterparties stage takes what the accounts stage sends, and is not stopped by what it did not send."""

from typing import Any

import msgspec

from rules.list_log import announcement
from rules.lists import ListedAddress, ListEntry, SanctionsList
from rules.messages import Flow
from rules.network import CounterpartiesEngine
from streams.counterparties import CounterpartiesStage
from streams.rulefiles import load_rules
from streams.settings import ALERTS, DEADLETTERS

STAGE = CounterpartiesStage(CounterpartiesEngine(load_rules()))
ADDRESS = "0x" + "ab" * 20
T0 = 1_767_225_600_000


def flow(number: int, account: str) -> Flow:
    place, value = (T0 + number, "exchange.withdrawals", 0, number), 900_000_000
    return Flow(*place, ADDRESS, account, False, value, f"w{number}", "900", "USDT", "ethereum", True)


def bundle(*flows: Flow) -> bytes:
    return msgspec.msgpack.encode(flows)


def test_a_record_that_is_no_bundle_is_a_dead_letter_and_the_others_are_judged() -> None:
    records = [
        (0, None, bundle(flow(1, "a"))),
        (1, None, b"\xc1 no bundle"),
        (2, None, None),
        (3, None, bundle(flow(2, "b"))),
    ]
    work = STAGE.decode(2, [records, []])
    states = {key: STAGE.fresh_state(key) for key in work.keys}
    judged = STAGE.judge(work, 2, states, STAGE.open_memory({}), T0)
    assert judged.counts == (2, 0, 0, 2)
    topics = [message.topic for message in judged.outputs.messages]
    assert topics == [ALERTS, DEADLETTERS, DEADLETTERS]
    letter = msgspec.json.decode(judged.outputs.messages[1].value)
    assert letter["source"] == {"topic": "lockgate.flows", "partition": 2, "offset": 1}
    assert letter["reason"].startswith("not a bundle of flows")


def test_a_stored_address_reads_back_as_it_was() -> None:
    work = STAGE.decode(0, [[(0, None, bundle(flow(1, "a"), flow(2, "b")))], []])
    states = {key: STAGE.fresh_state(key) for key in work.keys}
    writes = STAGE.judge(work, 0, states, STAGE.open_memory({}), T0).writes
    again = STAGE.load_state(ADDRESS, writes.replaced[ADDRESS])
    again.wake()
    assert again == states[ADDRESS]


def test_only_addresses_that_changed_are_written() -> None:
    work = STAGE.decode(0, [[(0, None, bundle(flow(2, "a")))], []])
    states = {key: STAGE.fresh_state(key) for key in work.keys}
    STAGE.judge(work, 0, states, STAGE.open_memory({}), T0)
    older = STAGE.decode(0, [[(1, None, bundle(msgspec.structs.replace(flow(1, "a"), first=False)))], []])
    assert STAGE.judge(older, 0, states, STAGE.open_memory({}), T0).writes.replaced == {}


def test_value_from_an_address_is_followed_from_the_day_it_is_listed() -> None:
    party = ListEntry(entry_id="1", name="PARTY", source="test", addresses=(ListedAddress(currency="ETH", address=ADDRESS),))
    before, after = [SanctionsList.of("test", [])], [SanctionsList.of("test", [party])]
    first = announcement([], before, name="1", by="test", at_ms=0)
    then = announcement(before, after, name="2", by="test", at_ms=1)
    ann = Flow(T0, "t", 0, 1, ADDRESS, "ann", True, 9_000_000_000, "d1", "9000", "USDT", "ethereum", True, "0xann")
    bob = Flow(T0 + 9, "t", 0, 2, "0xann", "bob", True, 8_000_000_000, "d2", "8000", "USDT", "ethereum", True, "0xbob")
    memory, states, told = STAGE.open_memory({}), dict[str, Any](), list[dict[str, Any]]()
    for flows, lists in (([], first), ([ann], []), ([], then), ([bob], [])):
        records = [[(0, None, bundle(*flows))] if flows else [], [(n, None, one) for n, one in enumerate(lists)]]
        work = STAGE.decode(0, records)
        while new := work.keys - states.keys() | STAGE.follow(work, states) - states.keys():
            states |= {key: STAGE.fresh_state(key) for key in new}
        judged = STAGE.judge(work, 0, states, memory, T0 + 9)
        told += [msgspec.json.decode(one.value) for one in judged.outputs.messages if one.topic == ALERTS]
    (alert,) = [alert for alert in told if alert["rule_id"] == "exposure.indirect"]
    assert (alert["account_id"], alert["facts"]["entity"], alert["severity"]) == ("bob", "PARTY", "high")
    assert [one["event_id"] for one in alert["evidence"]] == ["d1", "d2"]
