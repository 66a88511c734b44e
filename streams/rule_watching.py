"""Looks at the files of rules and exceptions: what has changed is put into force as a whole, or refused as a whole."""

import asyncio
import hashlib
import logging
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from rules.exceptions import Exceptions
from rules.ruleset import Ruleset
from streams import metrics
from streams.errors import SettingsError
from streams.exceptions import load_exceptions
from streams.rulefiles import load_rules

log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 5.0  # judgement: soon enough for a person, and reading some files costs nothing

Install = Callable[[Ruleset, Exceptions], None]


class RuleWatch:
    """Watches one folder of rules and one file of exceptions.

    `install` is called in a thread, with rules and exceptions that are right and differ from those in force.
    """

    def __init__(self, folder: Path | None, exceptions: Path | None, install: Install) -> None:
        self._folder = folder
        self._exceptions = exceptions
        self._install = install
        self._seen = b""  # so that the first look finds what changed since the start
        self._in_force = ("", "")
        self._wake = asyncio.Event()
        metrics.RULES_CURRENT.set(1)

    def begin(self, ruleset: Ruleset, exceptions: Exceptions) -> None:
        """What is in force at the start."""
        self._in_force = (ruleset.hash, exceptions.hash)

    async def run(self) -> None:
        """Look until cancelled; SIGHUP looks at once, and reads also what seems unchanged. Never raises."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._wake.set)
        while True:
            asked = await self._asked()
            try:
                await asyncio.to_thread(self.look, asked)
            except Exception:  # a fault of ours must not end the worker: it goes on with the rules it has
                metrics.count_rule_reload("refused", current=False)
                log.exception("rules are not watched for an unknown reason")

    async def _asked(self) -> bool:
        """Wait for the next look; whether a person has asked for it."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    def look(self, asked: bool = False) -> None:
        """Read the files when they have changed, or when `asked` to, and put into force what is right."""
        seen = self._look()
        if seen == self._seen and not asked:
            return
        self._seen = seen
        try:
            ruleset = load_rules(self._folder)
            exceptions = load_exceptions(self._exceptions, ruleset)
        except SettingsError as error:
            metrics.count_rule_reload("refused", current=False)
            log.error("changed rules are refused: those in force stay", extra={"faults": list(error.faults)[:20]})
            return
        found = (ruleset.hash, exceptions.hash)
        if found == self._in_force:
            metrics.count_rule_reload("unchanged", current=True)
            return
        self._install(ruleset, exceptions)
        before, self._in_force = self._in_force, found
        metrics.expect_rules(rule.about.id for rule in ruleset.rules)
        metrics.count_rule_reload("changed", current=True)
        facts = {"ruleset": found[0], "before": before[0], "exceptions": len(exceptions.exemptions)}
        log.info("rules in force", extra=facts)

    def _look(self) -> bytes:
        """A hash of the contents of all files there are."""
        digest = hashlib.blake2b(digest_size=16)
        files = [] if self._folder is None else [*self._folder.rglob("*.toml"), *self._folder.rglob("*.py")]
        for path in (*sorted(files), *([self._exceptions] if self._exceptions else [])):
            try:
                content = path.read_bytes()
            except OSError as error:  # it went while we looked, or must not be read: reading all of it will tell
                content = str(error.errno).encode()
            digest.update(f"{path}\0{len(content)}\0".encode() + content)
        return digest.digest()
