"""Reads the file of exceptions: TOML, with a table `[[exception]]` for each."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from rules.addresses import MalformedAddress
from rules.exceptions import EVERY, NO_EXCEPTIONS, Exceptions, Exemption
from rules.knowledge import Knowledge
from rules.messages import Action
from rules.ruleset import Ruleset
from streams.errors import SettingsError

_KEY: Final = "exception"


def load_exceptions(path: Path | None, ruleset: Ruleset) -> Exceptions:
    """The exceptions of a file; none where no file is named.

    Raises:
        SettingsError: with every fault of the file.
    """
    if path is None:
        return NO_EXCEPTIONS
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError([f"exceptions: {path}: {error}"]) from None
    faults = [f"there is nothing called {name!r} here, only [[{_KEY}]]" for name in table if name != _KEY]
    rows = table.get(_KEY, [])
    if not isinstance(rows, list):
        rows, faults = [], [f"write [[{_KEY}]], with two brackets"]
    exemptions = []
    for number, row in enumerate(rows, 1):
        try:
            one = msgspec.convert(row, Exemption)
        except msgspec.ValidationError as error:
            faults.append(f"exception {number}: {error}")
            continue
        faults += [f"exception {number}: {fault}" for fault in _faults(one, ruleset)]
        exemptions.append(one)
    if faults:
        raise SettingsError([f"exceptions: {path}: {fault}" for fault in faults])
    return Exceptions(exemptions)


def with_exceptions(knowledge: Knowledge, path: Path | None, ruleset: Ruleset) -> Knowledge:
    """Lists together with the exceptions of a file. Raises SettingsError."""
    return msgspec.structs.replace(knowledge, exceptions=load_exceptions(path, ruleset))


def _faults(one: Exemption, ruleset: Ruleset) -> Iterator[str]:
    concerned = [
        about
        for about in (rule.about for rule in ruleset.rules)
        if one.rule in (about.id, about.id.partition(".")[0] + EVERY)
    ]
    if not concerned:
        yield f"there is no rule {one.rule!r}"
    yield from (f"{about.id} rejects: it takes no exceptions" for about in concerned if about.action is Action.REJECT)
    if one.account is None and one.address is None:
        yield "it names neither an account nor an address"
    if one.entry is not None and one.account is None:
        yield "it is about a list entry, and names no account"
    if one.since is not None and one.expires < one.since:
        yield f"it ends on {one.expires}, before it begins"
    try:
        Exceptions([one])
    except MalformedAddress as error:
        yield f"address: {error.reason}"
