"""The pages of docs/ that are written from the code: up to date and complete."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client import REGISTRY

from streams import metrics
from streams.cli import lockgate
from streams.reference_pages import pages
from streams.reference_pages.settings import field_docs
from streams.settings import SECRETS, Settings

FOLDER = Path(__file__).resolve().parents[2] / "docs"
PAGES = dict(pages())


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == PAGES[name], "run `lockgate docs`"


def test_every_setting_is_on_its_page_with_a_meaning() -> None:
    for field in Settings.__struct_fields__:
        [line] = [line for line in PAGES["settings.md"].splitlines() if line.startswith(f"| `LOCKGATE_{field.upper()}`")]
        assert ("or `..._FILE`" in line) == (field in SECRETS)
        assert len(field_docs(Settings)[field]) > 10, field


def test_every_metric_of_ours_is_on_its_page_with_its_labels() -> None:
    ours = [family for family in REGISTRY.collect() if family.name.startswith("lockgate_")]
    rows = [line for line in PAGES["metrics.md"].splitlines() if line.startswith("| `lockgate_")]
    assert len(rows) == len(ours) > 20
    assert f"| `lockgate_claims_total` | counter | `stage`, `how` | {metrics.CLAIMS._documentation} |" in rows


def test_commands_within_commands_are_there_with_options_and_exit_codes() -> None:
    _, _, section = PAGES["commands.md"].partition("## rules check\n")
    section = section.partition("\n## ")[0]
    assert "`lockgate rules check [FOLDER] [OPTIONS]`" in section
    assert "**Exit codes:** 0 all as expected; 1 an example" in section
    assert "| `--rules` FOLDER | Rule files that replace" in section


def test_what_would_end_a_cell_is_escaped() -> None:
    rows = [line for page in PAGES.values() for line in page.splitlines() if line.startswith("| `")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {3, 4, 5}


def test_command_writes_them_and_says_which_are_old(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert CliRunner().invoke(lockgate, ["docs", str(folder)]).exit_code == 0
    assert {path.name: path.read_text("utf-8") for path in folder.iterdir()} == PAGES
    assert CliRunner().invoke(lockgate, ["docs", "--check", str(folder)]).exit_code == 0
    (folder / "metrics.md").write_text("old", "utf-8")
    result = CliRunner().invoke(lockgate, ["docs", "--check", str(folder)])
    assert (result.exit_code, "metrics.md is not up to date" in result.output) == (1, True)
    assert (folder / "metrics.md").read_text("utf-8") == "old"


def test_folder_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(lockgate, ["docs", str(tmp_path / "file" / "below")])
    assert result.exception is not None and "Not a directory" in str(result.exception)
