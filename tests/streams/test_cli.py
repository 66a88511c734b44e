"""The command line as a whole."""

import pytest
from click.testing import CliRunner

from streams.cli import _COMMANDS, lockgate


@pytest.mark.parametrize("name", sorted(_COMMANDS))
def test_every_command_has_help_that_names_its_exit_codes_or_those_of_its_subcommands(name: str) -> None:
    result = CliRunner().invoke(lockgate, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Exit codes" in result.output or "Commands:" in result.output


def test_help_lists_every_command() -> None:
    output = CliRunner().invoke(lockgate, ["--help"]).output
    assert all(f"  {name} " in output for name in _COMMANDS)


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(lockgate, ["no-such-command"])
    assert result.exit_code == 2
    assert "No such command" in result.output
