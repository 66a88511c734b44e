"""Generated transfers: valid, ordered, repeatable, and carrying exactly the patterns they are labelled with."""

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from rules.addresses import canonical
from rules.transfer import read_transfer
from streams.scenarios import DEMO_LISTED, SCENARIOS, scenario
from streams.scenarios.cells import CELLS
from streams.scenarios.coins import (
    BITCOIN,
    COINS,
    ETHER,
    LITECOIN,
    SOL,
    USDT_ETHEREUM,
    USDT_TRON,
    XRP,
    coin_of,
    evm_address,
    tron_address,
)
from streams.scenarios.lookalikes import LOOKALIKES
from streams.scenarios.typologies import TYPOLOGIES

Transfer = dict[str, Any]


def _moment(transfer: Transfer) -> datetime:
    return datetime.fromisoformat(transfer["occurred_at"])


def _usd(transfer: Transfer) -> float:
    return float(transfer["value_usd"])


def _patterns(name: str, **size: Any) -> dict[str, list[list[Transfer]]]:
    """The transfers of every pattern, by type."""
    made = scenario(name, **size)
    by_id = {transfer["event_id"]: transfer for transfer in made.transfers()}
    found: dict[str, list[list[Transfer]]] = defaultdict(list)
    for label in made.labels.values():
        found[label.type].append([by_id[event_id] for event_id in label.events])
    return found


@pytest.fixture(scope="module")
def planted() -> dict[str, list[list[Transfer]]]:
    return _patterns("typologies", accounts=40, seed=7)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_transfer_keeps_the_contract_and_every_address_is_valid(name: str) -> None:
    seen = set()
    for transfer in scenario(name, accounts=60, days=20).transfers():
        checked = read_transfer(msgspec.json.encode(transfer))
        assert checked.event_id not in seen
        seen.add(checked.event_id)
        assert float(checked.amount) > 0
        for address in (*checked.addresses, checked.own_address):
            assert address is not None
            canonical(address, checked.network)
    assert seen


@pytest.mark.parametrize("name", SCENARIOS)
def test_transfers_come_in_event_time_order(name: str) -> None:
    moments = [_moment(transfer) for transfer in scenario(name, accounts=40, days=20).transfers()]
    assert all(earlier <= later for earlier, later in pairwise(moments))


def test_the_same_seed_gives_the_same_transfers_and_labels() -> None:
    first, second = scenario("typologies", accounts=30), scenario("typologies", accounts=30)
    assert list(first.transfers()) == list(second.transfers())
    assert first.labels == second.labels


def test_reading_a_scenario_twice_gives_the_same_transfers_and_labels() -> None:
    made = scenario("demo")
    before, labels = list(made.transfers()), made.labels
    assert list(made.transfers()) == before
    assert made.labels == labels


def test_the_global_generator_is_not_touched() -> None:
    state = random.getstate()
    for _ in scenario("demo").transfers():
        pass
    assert random.getstate() == state


@pytest.mark.parametrize("other", [{"seed": 2}, {"accounts": 80}, {"days": 30}, {"start": date(2026, 1, 1)}])
def test_runs_of_other_size_seed_or_date_share_no_event_id(other: dict[str, Any]) -> None:
    ids = {transfer["event_id"] for transfer in scenario("demo").transfers()}
    assert ids.isdisjoint(transfer["event_id"] for transfer in scenario("demo", **other).transfers())


def test_a_scenario_starts_and_ends_on_the_days_asked_for() -> None:
    moments = [_moment(transfer) for transfer in scenario("quiet", accounts=30, days=10, start=date(2026, 3, 1)).transfers()]
    assert moments[0] >= datetime(2026, 3, 1, tzinfo=UTC)
    assert moments[0] < datetime(2026, 3, 2, tzinfo=UTC)
    assert datetime(2026, 3, 10, tzinfo=UTC) <= moments[-1] < datetime(2026, 3, 11, tzinfo=UTC)


def test_the_demo_has_about_two_thousand_transfers_and_one_of_each_pattern() -> None:
    made = scenario("demo")
    transfers = list(made.transfers())
    wicked = Counter(label.type for label in made.labels.values() if not label.type.startswith("benign:"))
    assert 1_700 <= len(transfers) <= 2_300
    assert _moment(transfers[-1]) - _moment(transfers[0]) <= timedelta(days=40)
    assert wicked == dict.fromkeys(set(TYPOLOGIES) - {"dormant_reactivation"}, 1)
    to_listed = [t["event_id"] for t in transfers if DEMO_LISTED in t["addresses"]]
    assert to_listed == made.labels["direct_exposure-1"].events


def test_the_quiet_scenario_has_no_crime() -> None:
    assert {kind.partition(":")[0] for kind in _patterns("quiet", accounts=60)} == {"benign"}


def test_labels_name_the_accounts_of_their_events_and_no_others() -> None:
    made = scenario("typologies", accounts=30)
    accounts = {transfer["event_id"]: transfer["account_id"] for transfer in made.transfers()}
    for label in made.labels.values():
        assert label.events
        assert len(set(label.events)) == len(label.events)
        assert set(label.accounts) == {accounts[event_id] for event_id in label.events}


def test_no_transfer_belongs_to_two_patterns() -> None:
    made = scenario("typologies", accounts=30)
    for _ in made.transfers():
        pass
    events = [event_id for label in made.labels.values() for event_id in label.events]
    assert len(set(events)) == len(events)


def test_a_dense_scenario_plants_patterns_by_the_thousand_accounts() -> None:
    made = scenario("exchange", accounts=2000, days=14)
    for _ in made.transfers():
        pass
    wicked = Counter(label.type for label in made.labels.values() if not label.type.startswith("benign:"))
    assert wicked == dict.fromkeys(TYPOLOGIES, 2)


def test_structuring_stays_just_below_ten_thousand_dollars_within_a_week(planted: Any) -> None:
    for events in planted["structuring"]:
        pieces = [transfer for transfer in events if transfer["kind"] == "deposit"]
        assert len(pieces) >= 5
        assert all(9_000 <= _usd(piece) < 10_000 for piece in pieces)
        assert _moment(pieces[-1]) - _moment(pieces[0]) < timedelta(days=7)


def test_pass_through_leaves_within_a_day_almost_whole_to_an_address_never_paid_before() -> None:
    made = scenario("typologies", accounts=30)
    transfers = list(made.transfers())
    for number in (1, 2):
        label = made.labels[f"pass_through-{number}"]
        events = [transfer for transfer in transfers if transfer["event_id"] in label.events]
        inward = sum(_usd(transfer) for transfer in events if transfer["kind"] == "deposit")
        last = events[-1]
        assert last["kind"] == "withdrawal"
        assert 0.95 < _usd(last) / inward < 1
        assert _moment(last) - _moment(events[0]) < timedelta(days=1)
        assert [t["event_id"] for t in transfers if last["addresses"][0] in t["addresses"]] == [last["event_id"]]


def test_a_velocity_burst_follows_weeks_of_modest_use() -> None:
    made = scenario("typologies", accounts=30)
    transfers = list(made.transfers())
    label = made.labels["velocity-1"]
    of_account = [transfer for transfer in transfers if transfer["account_id"] in label.accounts]
    burst = [transfer for transfer in of_account if transfer["event_id"] in label.events]
    before = [transfer for transfer in of_account if _moment(transfer) < _moment(burst[0])]
    assert len(burst) >= 14
    assert _moment(burst[-1]) - _moment(burst[0]) < timedelta(days=1)
    assert _moment(burst[0]) - _moment(before[0]) > timedelta(days=14)
    assert sum(map(_usd, burst)) > 5 * sum(map(_usd, before))


def test_fan_in_comes_from_many_wallets_and_fan_out_goes_to_many(planted: Any) -> None:
    for pattern, kind in (("fan_in", "deposit"), ("fan_out", "withdrawal")):
        for events in planted[pattern]:
            others = [transfer["addresses"][0] for transfer in events if transfer["kind"] == kind]
            assert len(set(others)) == len(others) >= 8


def test_a_dormant_account_rests_for_more_than_91_days() -> None:
    made = scenario("typologies", accounts=30)
    transfers = list(made.transfers())
    label = made.labels["dormant_reactivation-1"]
    moments = [_moment(transfer) for transfer in transfers if transfer["account_id"] in label.accounts]
    assert max(later - earlier for earlier, later in pairwise(moments)) > timedelta(days=91)


def test_a_new_account_is_drained_within_72_hours_of_its_opening(planted: Any) -> None:
    for events in planted["new_account_drained"]:
        opened = datetime.fromtimestamp(events[0]["account"]["opened_at"] / 1000, tz=UTC)
        assert timedelta(0) < _moment(events[-1]) - opened < timedelta(hours=72)
        inward = sum(_usd(transfer) for transfer in events if transfer["kind"] == "deposit")
        assert inward * 0.9 < sum(_usd(transfer) for transfer in events if transfer["kind"] == "withdrawal") < inward


def test_several_accounts_without_a_common_device_pay_one_address(planted: Any) -> None:
    for events in planted["shared_payout_address"]:
        payouts = [transfer for transfer in events if transfer["kind"] == "withdrawal"]
        assert len({transfer["account_id"] for transfer in payouts}) >= 4
        assert len({transfer["device_id"] for transfer in payouts}) >= 4
        assert len({transfer["addresses"][0] for transfer in payouts}) == 1


def test_a_payroll_cell_shares_devices_and_sweeps_wages_to_one_address_within_a_day() -> None:
    for events in _patterns("typologies", accounts=20)["worker_cell"]:
        accounts = {transfer["account_id"] for transfer in events}
        payouts = [transfer for transfer in events if transfer["kind"] == "withdrawal"]
        wages = [transfer for transfer in events if transfer["kind"] == "deposit"]
        assert len(accounts) >= 4
        assert len({transfer["device_id"] for transfer in events}) < len(accounts)
        assert len({transfer["ip"] for transfer in events}) == 1
        assert len({transfer["addresses"][0] for transfer in payouts}) == 1
        assert all(transfer["network"] in ("tron", "ethereum") for transfer in events)
        assert 1_300 < min(map(_usd, wages)) < max(map(_usd, wages)) < 3_000
        for payout in payouts:
            waited = [
                _moment(payout) - _moment(wage)
                for wage in wages
                if wage["account_id"] == payout["account_id"] and _moment(wage) < _moment(payout)
            ]
            assert min(waited) < timedelta(days=1)


@pytest.fixture(scope="module")
def cells() -> dict[str, list[list[Transfer]]]:
    return _patterns("dprk", accounts=20, seed=3)


def _workers(events: list[Transfer]) -> dict[str, list[Transfer]]:
    """The transfers of a cell by worker; a facilitator, who is paid by workers alone, is none."""
    own = {transfer["own_address"] for transfer in events}
    accounts: dict[str, list[Transfer]] = defaultdict(list)
    for transfer in events:
        accounts[transfer["account_id"]].append(transfer)
    outside = {t["account_id"] for t in events if t["kind"] == "deposit" and t["addresses"][0] not in own}
    return {name: transfers for name, transfers in accounts.items() if name in outside}


def _paid_to(events: list[Transfer]) -> set[str]:
    return {transfer["addresses"][0] for transfer in events if transfer["kind"] == "withdrawal"}


@pytest.mark.parametrize("way", CELLS)
def test_workers_of_every_cell_earn_a_wage_and_pass_most_of_it_on(cells: Any, way: str) -> None:
    assert len(cells[way]) == 3
    for events in cells[way]:
        workers = _workers(events)
        assert 3 <= len(workers) < 10
        for transfers in workers.values():
            paid = sum(_usd(transfer) for transfer in transfers if transfer["kind"] == "deposit")
            left = sum(_usd(transfer) for transfer in transfers if transfer["kind"] == "withdrawal")
            months = (_moment(transfers[-1]) - _moment(transfers[0])).days / 30
            assert 1_500 < paid / months < 12_000
            assert 0.8 < left / paid <= 1


def test_a_cell_uses_one_consolidation_address_or_several(cells: Any) -> None:
    for events in cells["dprk_whole"]:
        assert len(_paid_to(events)) <= 2  # one for each family of chains
    for events in cells["dprk_parts"]:
        payouts = Counter(transfer["kind"] for transfer in events)
        assert payouts["withdrawal"] >= 2 * payouts["deposit"]
        assert len(_paid_to(events)) >= 2


def test_honest_people_use_the_desks_of_a_cell_too(cells: Any) -> None:
    honest = {address for events in cells["benign:desk_customer"] for address in _paid_to(events)}
    assert any(_paid_to(events) & honest for events in cells["dprk_desks"])
    for events in cells["dprk_desks"]:
        told = [t["counterparty"] for t in events if t["kind"] == "withdrawal" and "counterparty" in t]
        assert told
        assert all(party["vasp"] for party in told)
        devices = {transfer["device_id"] for transfer in events}
        assert sum(len({t["account_id"] for t in events if t["device_id"] == device}) > 1 for device in devices)


def test_a_facilitator_collects_on_the_same_exchange_and_leaves_in_bulk(cells: Any) -> None:
    for events in cells["dprk_facilitator"]:
        workers = _workers(events)
        [facilitator] = {transfer["account_id"] for transfer in events} - set(workers)
        of_facilitator = [transfer for transfer in events if transfer["account_id"] == facilitator]
        own = {transfer["own_address"] for transfer in of_facilitator}
        assert {address for one in workers.values() for address in _paid_to(one)} <= own
        wages = [_usd(transfer) for transfer in of_facilitator if transfer["kind"] == "deposit"]
        bulk = [_usd(transfer) for transfer in of_facilitator if transfer["kind"] == "withdrawal"]
        assert len(bulk) < len(wages) * 2 / 3
        assert sum(wages) * 0.6 < sum(bulk) < sum(wages)


def test_a_recycled_device_goes_from_worker_to_worker() -> None:
    used: dict[str, list[str]] = defaultdict(list)
    for seed in range(4):
        for way in CELLS:
            for events in _patterns("dprk", accounts=1, seed=seed)[way]:
                for transfer in events:
                    if transfer["account_id"] not in used[transfer["device_id"]]:
                        used[transfer["device_id"]].append(transfer["account_id"])
    assert max(map(len, used.values())) >= 4


@pytest.mark.parametrize("kind", LOOKALIKES)
def test_every_look_alike_is_planted_and_labelled_as_honest(cells: Any, kind: str) -> None:
    assert cells[f"benign:{kind}"]
    assert all(cells[f"benign:{kind}"])


def test_ordinary_life_has_holidays_newcomers_and_nothing_to_label() -> None:
    made = scenario("ordinary", accounts=120, days=60)
    transfers = list(made.transfers())
    assert not made.labels
    start = _moment(transfers[0]).timestamp() * 1000
    joined = {t["account_id"] for t in transfers if t["account"]["opened_at"] > start}
    away = {t["account_id"] for t in transfers if t["ip_country"] != t["account"]["country"]}
    assert 5 <= len(joined) <= 20
    assert len(away) >= 10
    assert all(t["account"]["opened_at"] <= _moment(t).timestamp() * 1000 for t in transfers)


def test_planted_exposure_takes_the_listed_addresses_in_turn() -> None:
    listed = (DEMO_LISTED, tron_address(random.Random(1)))
    events = _patterns("typologies", accounts=20, listed=listed)["direct_exposure"]
    assert [transfers[0]["addresses"] for transfers in events] == [(listed[0],), (listed[1],)]
    assert [transfers[0]["network"] for transfers in events] == ["ethereum", "tron"]


def test_couples_share_a_device_and_freelancers_have_several_payers() -> None:
    found = _patterns("quiet", accounts=60)
    for events in found["benign:couple"]:
        assert len({transfer["account_id"] for transfer in events}) == 2
        assert len({transfer["device_id"] for transfer in events}) == 1
    payers = [{t["addresses"][0] for t in events if t["kind"] == "deposit"} for events in found["benign:freelancer"]]
    assert max(map(len, payers)) >= 3


def test_a_market_maker_moves_hundreds_of_transfers_a_day_both_ways() -> None:
    transfers = list(scenario("quiet", accounts=20, days=5).transfers())
    [(busiest, count)] = Counter(transfer["account_id"] for transfer in transfers).most_common(1)
    kinds = Counter(transfer["kind"] for transfer in transfers if transfer["account_id"] == busiest)
    assert count > 5 * 100
    assert min(kinds.values()) > count / 3


def test_one_hot_wallet_deals_with_many_customers() -> None:
    accounts = defaultdict(set)
    for transfer in scenario("quiet", accounts=100, days=20).transfers():
        for address in transfer["addresses"]:
            accounts[address].add(transfer["account_id"])
    assert max(map(len, accounts.values())) > 20


@pytest.mark.parametrize("coin", COINS, ids=lambda coin: f"{coin.asset}-{coin.network}")
def test_generated_addresses_are_canonical_for_their_network(coin: Any) -> None:
    rng = random.Random(3)
    spellings = {coin.address(rng) for _ in range(200)}
    assert len(spellings) == 200
    for address in spellings:
        canonical(address, coin.network)


class _Fixed(random.Random):
    """Gives the bytes of an EIP-55 example, and asks for the checksummed spelling."""

    def randbytes(self, n: int) -> bytes:
        return bytes.fromhex("5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")

    def random(self) -> float:
        return 0.9


def test_a_checksummed_evm_address_follows_eip_55() -> None:
    assert evm_address(_Fixed()) == "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.mark.parametrize("coin", [ETHER, USDT_TRON, XRP, BITCOIN, LITECOIN, SOL], ids=lambda coin: coin.asset)
def test_a_coin_is_found_for_every_kind_of_address(coin: Any) -> None:
    rng = random.Random(5)
    assert all(coin_of(coin.address(rng)).family == coin.family for _ in range(50))


def test_stablecoins_are_worth_their_face_value_and_others_their_price() -> None:
    assert USDT_ETHEREUM.amount(1_234_56, 1000) == "1234.56"
    assert BITCOIN.amount(95_000_00, 1000) == "1.00000000"
    assert BITCOIN.amount(95_000_00, 2000) == "0.50000000"


def test_a_scenario_of_no_size_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one account"):
        scenario("demo", accounts=0)
