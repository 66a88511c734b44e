"""Screening a file: every line is accounted for, whatever stands in it, and judged as the worker would judge it."""

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fuzzed import dumps, fuzzed_lines

from rules.engine import AccountsEngine
from rules.knowledge import Knowledge
from streams.rulefiles import load_rules
from streams.scenarios import DEMO_LISTED, scenario
from streams.screening import BATCH_LINES, LONGEST_LINE_BYTES, Screened, Screening, read_records
from streams.watchlists import load_watchlist

JUDGED_MS = 1_790_000_000_000


def screening() -> Screening:
    return Screening(AccountsEngine(load_rules(), Knowledge(load_watchlist(["demo"]))), "transfers.jsonl")


def screened(session: Screening, data: bytes) -> list[Screened]:
    return [session.judge(batch, JUDGED_MS) for batch in read_records(io.BytesIO(data))]


def lines_of(data: bytes) -> list[tuple[int, bytes | None]]:
    return [(number, line) for batch in read_records(io.BytesIO(data)) for number, _, line in batch]


def to_listed(event_id: str = "w-1", **changes: Any) -> dict[str, Any]:
    transfer = {
        "event_id": event_id,
        "kind": "withdrawal",
        "account_id": "a-1",
        "asset": "ETH",
        "network": "ethereum",
        "amount": "1",
        "value_usd": "3000",
        "addresses": [DEMO_LISTED.lower()],
        "occurred_at": "2026-01-05T10:00:00Z",
    }
    return transfer | changes


def jsonl(transfers: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(dumps(transfer) + b"\n" for transfer in transfers)


def test_lines_are_numbered_and_every_one_counts() -> None:
    assert lines_of(b"a\nb\n") == [(0, b"a"), (1, b"b")]
    assert lines_of(b"a\nb") == [(0, b"a"), (1, b"b")]
    assert lines_of(b"\n\na\n\n") == [(0, b""), (1, b""), (2, b"a"), (3, b"")]
    assert lines_of(b"") == []


def test_line_ends_of_windows_and_a_byte_order_mark_are_no_content() -> None:
    assert lines_of(b"\xef\xbb\xbfa\r\nb\r\n\r\nc\r") == [(0, b"a"), (1, b"b"), (2, b""), (3, b"c\r")]
    assert lines_of(b"a\n\xef\xbb\xbfb") == [(0, b"a"), (1, b"\xef\xbb\xbfb")]


def test_batches_have_a_fixed_size_however_the_bytes_arrive() -> None:
    class Dripping(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            return self._data.readinto(memoryview(buffer)[:7])

    data = b"".join(b"line %d\n" % number for number in range(1_000))
    at_once = list(read_records(io.BytesIO(data), 300))
    assert [len(batch) for batch in at_once] == [300, 300, 300, 100]
    assert list(read_records(io.BufferedReader(Dripping(data)), 300)) == at_once


def test_a_line_too_long_is_a_dead_letter_and_the_next_one_is_whole() -> None:
    fits = dumps(to_listed(memo="fits")).ljust(LONGEST_LINE_BYTES)
    data = fits + b"\n" + b"x" * (LONGEST_LINE_BYTES + 1) + b"\n" + b"y" * (3 * LONGEST_LINE_BYTES) + b"\n"
    session = screening()
    [batch] = screened(session, data + dumps(to_listed("w-2")) + b"\n")
    assert [letter.source.offset for letter in batch.deadletters] == [1, 2]
    assert all("bytes" in letter.reason for letter in batch.deadletters)
    assert [verdict.event_id for verdict in batch.verdicts] == ["w-1", "w-2"]


def test_fuzzed_lines_are_all_accounted_for() -> None:
    """The number of lines is the sum of what became of them; a hundred thousand were tried by hand."""
    lines = list(fuzzed_lines(30_000))
    session = screening()
    batches = screened(session, b"\n".join(lines) + b"\n")
    totals = session.totals
    assert totals.lines == len(lines)
    assert totals.deposits + totals.withdrawals + totals.duplicates + totals.deadletters == len(lines)
    assert min(totals.deposits, totals.withdrawals, totals.deadletters) > 3_000
    assert totals.duplicates > 100
    assert not totals.raised
    letters = [letter for batch in batches for letter in batch.deadletters]
    assert len(letters) == len({letter.source.offset for letter in letters}) == totals.deadletters
    assert all(letter.reason and letter.field and letter.source.partition == 0 for letter in letters)
    verdicts = [verdict for batch in batches for verdict in batch.verdicts]
    assert len(verdicts) == len({verdict.event_id for verdict in verdicts}) == totals.withdrawals
    assert sum(totals.decisions.values()) == totals.withdrawals
    alerts = [alert for batch in batches for alert in batch.alerts]
    assert len(alerts) == totals.alerts == sum(totals.alerts_by_rule.values()) - sum(len(one.related) for one in alerts)
    assert len(alerts) == len({alert.alert_id for alert in alerts})
    msgspec.json.encode((letters, verdicts, alerts))


def test_the_same_lines_give_the_same_answers() -> None:
    data = b"\n".join(fuzzed_lines(5_000, seed=3))
    assert screened(screening(), data) == screened(screening(), data)


def test_the_demo_scenario_gives_a_rejection_and_the_patterns_planted_in_it() -> None:
    session = screening()
    batches = screened(session, jsonl(scenario("demo").transfers()))
    rules = {alert.rule_id for batch in batches for alert in batch.alerts}
    assert {"sanctions.direct_exposure", "laundering.structuring", "laundering.shared_payout_address"} <= rules
    assert session.totals.decisions["reject"] == 1
    assert session.totals.duplicates == session.totals.deadletters == 0


def test_state_outlives_a_batch() -> None:
    session = screening()
    screened(session, jsonl(to_listed(f"w-{number}") for number in range(BATCH_LINES)))
    [again] = screened(session, jsonl([to_listed("w-0"), to_listed("w-1", amount="2"), to_listed("new")]))
    assert [verdict.event_id for verdict in again.verdicts] == ["new"]
    assert (session.totals.duplicates, session.totals.deadletters) == (1, 1)


def run(*arguments: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-c", "from streams.cli import main; main()", "screen", *map(str, arguments)]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LOCKGATE_")}
    return subprocess.run(program, input=given, capture_output=True, timeout=60, check=False, env=environ)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_the_command_writes_alerts_verdicts_dead_letters_and_counts(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    file.write_bytes(jsonl([to_listed(), to_listed()]) + b"\xff\n")
    outputs = {name: tmp_path / f"{name}.out" for name in ("verdicts", "deadletters", "summary")}
    done = run(file, *(part for name, path in outputs.items() for part in (f"--{name}", path)))
    assert done.returncode == 0, done
    [alert] = map(json.loads, done.stdout.splitlines())
    assert (alert["rule_id"], alert["list"]["matched"]) == ("sanctions.direct_exposure", DEMO_LISTED)
    assert alert["source"] == {"topic": "day.jsonl", "partition": 0, "offset": 0}
    [verdict] = read(outputs["verdicts"])
    assert (verdict["decision"], verdict["alert_ids"]) == ("reject", [alert["alert_id"]])
    [letter] = read(outputs["deadletters"])
    assert (letter["original"], letter["source"]["offset"]) == ("/w==", 2)
    summary = json.loads(outputs["summary"].read_bytes())
    counts = {name: summary[name] for name in ("lines", "deposits", "withdrawals", "duplicates", "deadletters", "alerts")}
    assert counts == {"lines": 3, "deposits": 0, "withdrawals": 1, "duplicates": 1, "deadletters": 1, "alerts": 1}
    assert b"3 lines" in done.stderr


def test_standard_input_and_a_packed_file_give_the_same_alerts(tmp_path: Path) -> None:
    data = jsonl(scenario("demo").transfers())
    packed = tmp_path / "demo.jsonl.gz"
    packed.write_bytes(gzip.compress(data))
    piped, unpacked = run("-", given=data), run(packed)
    assert piped.returncode == unpacked.returncode == 0
    ids = [[json.loads(line)["alert_id"] for line in done.stdout.splitlines()] for done in (piped, unpacked)]
    assert ids[0] == ids[1] != []
    assert {json.loads(line)["source"]["topic"] for line in piped.stdout.splitlines()} == {"stdin"}


def test_the_lists_named_are_the_ones_screened_against(tmp_path: Path) -> None:
    address = "0x52908400098527886E0F7030069857D2E4169EE7"
    remarks = f'"Digital Currency Address - ETH {address}; "'
    cells = ["9", '"EXAMPLE PARTY"', "-0- ", '"DPRK3"', *["-0- "] * 7, remarks]
    (tmp_path / "sdn.csv").write_bytes((",".join(cells) + "\r\n\x1a").encode())
    given = jsonl([to_listed("w-1"), to_listed("w-2", addresses=[address.lower()])])
    done = run("-", "--list", tmp_path, given=given)
    assert [json.loads(line)["list"]["entry_name"] for line in done.stdout.splitlines()] == ["EXAMPLE PARTY"]
    both = run("-", "--list", tmp_path, "--list", "demo", given=given)
    assert len(both.stdout.splitlines()) == 2


def test_a_reader_that_has_seen_enough_ends_it_quietly_and_the_files_are_still_whole(tmp_path: Path) -> None:
    count = 3 * BATCH_LINES
    file, verdicts = tmp_path / "many.jsonl", tmp_path / "verdicts"
    file.write_bytes(jsonl(to_listed(f"w-{number}", account_id=f"a-{number}") for number in range(count)))
    for options in ([], ["--verdicts", str(verdicts)]):
        program = [sys.executable, "-c", "from streams.cli import main; main()", "screen", str(file), *options]
        with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stderr is not None
            assert process.stdout.readline()
            process.stdout.close()
            assert b"Traceback" not in process.stderr.read()
            assert process.wait(60) == 0
    assert len(read(verdicts)) == count


def test_what_cannot_be_used_is_named_and_ends_with_exit_code_2(tmp_path: Path) -> None:
    file, broken = tmp_path / "a.jsonl", tmp_path / "b.gz"
    file.write_bytes(jsonl([to_listed()]))
    broken.write_bytes(gzip.compress(jsonl([to_listed()] * 100))[:50])
    wrong: list[tuple[list[str | Path], bytes]] = [
        ([tmp_path / "absent.jsonl"], b"does not exist"),
        ([tmp_path], b"is a directory"),
        ([broken], b"b.gz"),
        ([file, "--list", tmp_path / "nowhere"], b"nowhere"),
        ([file, "--rules", tmp_path / "nowhere"], b"nowhere"),
        ([file, "--verdicts", file], b"would be overwritten"),
        ([file, "--summary", file], b"would be overwritten"),
        ([file, "--summary", tmp_path / "no" / "such" / "folder"], b"there is no folder"),
        ([file, "--verdicts", tmp_path / "out", "--summary", tmp_path / "out"], b"is named for two outputs"),
    ]
    for arguments, word in wrong:
        done = run(*arguments)
        assert (done.returncode, word in done.stderr, b"Traceback" in done.stderr) == (2, True, False), done
    assert file.read_bytes() == jsonl([to_listed()])


def test_an_old_list_holds_withdrawals_when_so_set() -> None:
    engine = AccountsEngine(load_rules(), Knowledge(load_watchlist(["demo"])), max_list_age_seconds=3600)
    session = Screening(engine, "x")
    screened(session, jsonl([to_listed(addresses=["0x52908400098527886E0F7030069857D2E4169EE7"])]))
    assert session.totals.decisions == {"hold": 1}


@pytest.mark.parametrize("seed", [4, 5])
def test_a_seed_always_gives_the_same_damaged_lines(seed: int) -> None:
    assert list(fuzzed_lines(500, seed)) == list(fuzzed_lines(500, seed))
    assert b"\n" not in b"".join(fuzzed_lines(500, seed))
