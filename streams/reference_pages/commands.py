"""docs/commands.md: every command with its options and exit codes, from its help."""

import re
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from typing import Final

import click

from streams.reference_pages.table import table

_HEAD: Final = """# Commands

Generated from the help of the commands by `lockgate docs`; do not edit. `lockgate COMMAND --help` says the same.

Exit codes everywhere: 0 done; 1 found something wrong; 2 wrong usage, settings, rules or lists; 3 Kafka or Redis not
reachable. Where a command has more to say about its own, it stands there.
"""
_EXIT_CODES: Final = re.compile(r"^Exit codes: (.+?)\.?$", re.DOTALL)


def commands_page() -> str:
    """The whole page as Markdown."""
    from streams.cli import lockgate  # it imports this package for `lockgate docs`

    found = list(_walk(lockgate, ()))
    rows = [(f"[{path}](#{_anchor(path)})", _summary(command)) for path, command in found]
    lines = [_HEAD.rstrip(), "", *table(("command", ""), rows)]
    for path, command in found:
        lines += ["", f"## {path}", "", *_section(path, command)]
    return "\n".join(lines) + "\n"


def _walk(group: click.Group, path: Sequence[str]) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something by itself, with its full name, in order."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from _walk(command, (*path, name))


def _section(path: str, command: click.Command) -> Iterator[str]:
    arguments = " ".join(
        name if one.required or name.startswith("[") else f"[{name}]"
        for one in command.params
        if isinstance(one, click.Argument)
        for name in [one.metavar or (one.name or "").upper()]
    )
    yield f"`lockgate {path}{f' {arguments}' if arguments else ''} [OPTIONS]`"
    for paragraph in _paragraphs(command):
        yield ""
        if codes := _EXIT_CODES.match(paragraph):
            yield f"**Exit codes:** {' '.join(codes[1].split())}."
        elif paragraph.startswith("\b\n"):
            yield from ("```", paragraph[2:], "```")
        else:
            yield " ".join(paragraph.split())
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    yield ""
    yield from table(("option", ""), [(_spelt(one), _meaning(one)) for one in options])


def _paragraphs(command: click.Command) -> list[str]:
    return [part for part in cleandoc(command.help or "").split("\n\n") if part.strip("\b\n ")]


def _summary(command: click.Command) -> str:
    first = " ".join(_paragraphs(command)[0].split())
    return first.partition(". ")[0].rstrip(".") + ("" if first.endswith("?") else ".")


def _spelt(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    kind = "N" if isinstance(option.type, click.IntRange | click.FloatRange) else option.type.name.upper()
    return f"{names} {option.metavar or kind}" if not _choices(option) else names


def _choices(option: click.Option) -> list[str]:
    return list(option.type.choices) if isinstance(option.type, click.Choice) else []


def _meaning(option: click.Option) -> str:
    words = [" ".join((option.help or "").split())]
    if choices := _choices(option):
        words.append(f"One of: {', '.join(choices)}.")
    if option.multiple and "repeatable" not in words[0]:
        words.append("Repeatable.")
    if option.show_default:
        shown = option.show_default if isinstance(option.show_default, str) else str(option.default)
        words.append(f"Default: {shown}.")
    return " ".join(word for word in words if word)


def _anchor(heading: str) -> str:
    return heading.replace(" ", "-")
