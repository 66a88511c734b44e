"""The file of exceptions: what it may hold, and what it does to the worker's engines."""

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from streams.cli.rules import rules
from streams.cli.screen import screen
from streams.errors import SettingsError
from streams.exceptions import load_exceptions
from streams.rulefiles import load_rules
from streams.scenarios import scenario

GOOD = """
[[exception]]
rule = "{rule}"
account = "{account}"
author = "j.doe"
reason = "market maker, contract 2026-113"
expires = {expires}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "exceptions.toml"
    path.write_text(text, "utf-8")
    return path


def good(**changes: str) -> str:
    return GOOD.format(**{"rule": "laundering.velocity", "account": "acct-1", "expires": "2027-01-31", **changes})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (good(rule="laundering.nothing"), "there is no rule 'laundering.nothing'"),
        (good(rule="sanctions.direct_exposure"), "sanctions.direct_exposure rejects: it takes no exceptions"),
        (good(rule="sanctions.*"), "sanctions.direct_exposure rejects"),
        (good().replace('account = "acct-1"', ""), "neither an account nor an address"),
        (good().replace('account = "acct-1"', 'address = "0x12 \\u0007"'), "address: "),
        (good().replace('"j.doe"', '" "'), "author"),
        (good().replace("reason", "because"), "because"),
        (good().replace("expires = 2027-01-31", ""), "expires"),
        (good().replace("[[exception]]", "[exception]"), "two brackets"),
        (good() + "since = 2027-02-01", "before it begins"),
        ("[[exceptions]]", "exceptions"),
        ("[", "exceptions.toml"),
    ],
)
def test_every_fault_of_the_file_is_told(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault.replace("[", r"\[")) as caught:
        load_exceptions(written(tmp_path, text), load_rules())
    assert all("exceptions.toml" in one for one in caught.value.faults)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, good(rule="no.rule") + good().replace("reason", "because"))
    with pytest.raises(SettingsError) as caught:
        load_exceptions(path, load_rules())
    assert len(caught.value.faults) == 2


def test_no_file_means_no_exceptions() -> None:
    assert not load_exceptions(None, load_rules())


def test_the_list_says_which_act_today(tmp_path: Path) -> None:
    rows = [good(expires=day) for day in ("2099-01-01", "2020-01-01", "2099-01-01")]
    path = written(tmp_path, "".join(rows) + "since = 2098-01-01")
    result = CliRunner().invoke(rules, ["exceptions", "--exceptions", str(path)])
    assert [json.loads(line)["state"] for line in result.stdout.splitlines()] == ["acts", "expired", "to come"]


def test_screening_leaves_out_and_counts_what_is_excepted_in_both_stages(tmp_path: Path) -> None:
    transfers = tmp_path / "transfers.jsonl"
    transfers.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in _demo()))
    bare = _screened(transfers, tmp_path)
    for rule in ("laundering.structuring", "laundering.shared_payout_address"):
        alert = next(one for one in bare[0] if one["rule_id"] == rule)
        whom = (
            f'account = "{alert["account_id"]}"'
            if rule == "laundering.structuring"
            else f'address = "{alert["counterparty"]}"'
        )
        path = written(tmp_path, good(rule=rule).replace('account = "acct-1"', whom))
        alerts, counts = _screened(transfers, tmp_path, "--exceptions", str(path))
        assert (rule, alert["account_id"]) in {(one["rule_id"], one["account_id"]) for one in bare[0]}
        assert (rule, alert["account_id"]) not in {(one["rule_id"], one["account_id"]) for one in alerts}
        assert counts["excepted"][rule] >= 1
        assert bare[1]["excepted"] == {}


def _demo() -> list[dict[str, object]]:
    return [msgspec.to_builtins(one) for one in scenario("demo").transfers()]


def _screened(transfers: Path, folder: Path, *options: str) -> tuple[list[dict[str, str]], dict[str, dict[str, int]]]:
    summary = folder / "summary.json"
    result = CliRunner().invoke(screen, [str(transfers), "--summary", str(summary), *options])
    assert result.exit_code == 0, result.exception
    return [json.loads(line) for line in result.stdout.splitlines()], json.loads(summary.read_text())
