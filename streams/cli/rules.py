"""`lockgate rules`: look at the rules, check your own, write the catalogue."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import msgspec

from rules.examples import failures
from rules.ruleset import Ruleset
from streams.cli.options import json_option, with_settings
from streams.cli.output import Output
from streams.errors import RulesError
from streams.evasion.saved import FILE, read_saved
from streams.exceptions import load_exceptions
from streams.rule_catalogue import catalogue, question
from streams.rule_lock import ENGINE, NAME, breaches, in_force, lock_of, read_lock, write_lock
from streams.rulefiles import load_rules
from streams.settings import Settings

_MEASURED: Final = Path("docs") / FILE
_CATALOGUE: Final = Path("rules/README.md")


@click.group()
def rules() -> None:
    """Look at the rules, check your own, write the catalogue.

    LOCKGATE_RULES, or --rules, names a folder of FAMILY/NAME.toml files (with NAME.py beside those of new rules)
    that replace or add to the built-in ones.
    """


def _load(settings: Settings) -> Ruleset:
    return load_rules(Path(settings.rules) if settings.rules else None)


@rules.command("list")
@with_settings("rules")
@json_option
def list_rules(settings: Settings, as_json: bool) -> None:
    """List the rules in force."""
    ruleset = _load(settings)
    Output(as_json).rows(
        f"{len(ruleset.rules)} rules, set {ruleset.hash}",
        ("id", "version", "status", "severity", "action", "title"),
        [
            (about.id, about.version, about.status, about.severity, about.action, about.title)
            for about in (rule.about for rule in ruleset.rules)
        ],
    )


@rules.command()
@click.argument("rule_id", metavar="ID")
@with_settings("rules")
@json_option
def show(settings: Settings, rule_id: str, as_json: bool) -> None:
    """Show one rule: its question, words, thresholds with sources, and examples."""
    ruleset = _load(settings)
    if rule_id not in ruleset.files:
        raise RulesError([f"there is no rule {rule_id!r}; `lockgate rules list` names all"])
    file, asks = ruleset.files[rule_id], question(ruleset[rule_id])
    output = Output(as_json)
    if output.as_json:
        output.line({"question": asks, **msgspec.to_builtins(file)})
        return
    about = file.rule
    click.echo(f"{about.id} {about.version} ({about.status}, {about.severity}, {about.action})")
    click.echo(f"{about.title}\n{asks}\n")
    words = {
        "typology": about.typology,
        "false positives": about.false_positives,
        "blind spots": about.blind_spots,
        "triage": (about.triage,),
        "references": about.references,
    }
    for name, lines in words.items():
        click.echo("\n".join((f"{name}:", *(f"  {line}" for line in lines))))
    parameters = [
        (name if table == "params" else f"{table}.{name}", one.value, one.source)
        for table, named in file.tables.items()
        for name, one in named.items()
    ]
    output.rows("Parameters", ("parameter", "value", "source"), parameters)
    output.rows("Examples", ("example", "answer"), [(example.name, example.expect) for example in file.example])


@rules.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@with_settings("rules")
@json_option
def check(settings: Settings, folder: Path | None, as_json: bool) -> None:
    """Read all rule files, those of FOLDER among them, run every example, and compare with versions.lock if there is one.

    Exit codes: 0 all as expected; 1 an example came out otherwise, or a rule is not as it is locked; 2 a file is wrong.
    """
    folder = folder or settings.rules_folder()
    ruleset = load_rules(folder)
    output = Output(as_json)
    known = read_lock(folder)
    unlocked = [] if known is None else list(breaches(in_force(ruleset, folder), known))
    for breach in unlocked:
        output.line(breach, f"{breach.rule_id}: {breach.says}")
    failed = list(failures(ruleset))
    for failure in failed:
        verb = "cannot be run" if failure.broken else f"expected {failure.expected}, got"
        output.line(failure, f"{failure.rule_id}: {failure.example!r} {verb}: {failure.got}")
    examples = sum(len(file.example) for file in ruleset.files.values())
    facts = {
        "rules": len(ruleset.rules),
        "examples": examples,
        "failed": len(failed),
        "not_as_locked": len(unlocked),
        "ruleset": ruleset.hash,
    }
    output.line(
        facts, f"{len(ruleset.rules)} rules, {examples} examples, {len(failed)} failed, {len(unlocked)} not as locked"
    )
    if failed or unlocked:
        sys.exit(2 if any(failure.broken for failure in failed) else 1)


@rules.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail when the lock is not up to date.")
@click.option("--release", is_flag=True, help="Release every version: from now on a change needs a higher one.")
@json_option
def lock(folder: Path | None, only_check: bool, release: bool, as_json: bool) -> None:
    """Write the version lock: rules/versions.lock of the built-in rules, or FOLDER/versions.lock of those in FOLDER.

    The lock holds each rule's version and a hash of its TOML file (examples left out), its code, and the modules that only
    rules share; of the built-in ones also the version of Lockgate and a hash of the engine, all other code of rules/. A
    version may change freely until it is released; then a change needs a higher version: patch for wording, minor for a
    threshold, major for logic. A released rule is never deleted: its status becomes retired.

    Exit codes: 0 written, or up to date; 1 a released version changed, or not up to date (--check); 2 a file is wrong.
    """
    place = folder or _CATALOGUE.parent
    current, known = in_force(load_rules(folder), folder), read_lock(place) or {}
    output = Output(as_json)
    found = list(breaches(current, known))
    lasting = found if only_check else [breach for breach in found if not breach.fixed]
    for breach in lasting:
        output.line(breach, f"{breach.rule_id}: {breach.says}")
    if lasting:
        sys.exit(1)
    entries = known if only_check else lock_of(current, known, release=release)
    if not only_check:
        try:
            (place / NAME).write_text(write_lock(entries), "utf-8")
        except OSError as error:
            raise RulesError([f"{place / NAME}: {error.strerror}"]) from None
    rules_locked = [one for name, one in entries.items() if name != ENGINE]
    released = sum(one.released for one in rules_locked)
    facts = {"rules": len(rules_locked), "released": released, "changed": len(found)}
    output.line(facts, f"{place / NAME}: {len(rules_locked)} rules, {released} released, {len(found)} changed")


@rules.command()
@with_settings("rules", "exceptions")
@json_option
def exceptions(settings: Settings, as_json: bool) -> None:
    """List the exceptions: which findings are not to be told, by whose decision, why, and whether they act today.

    Exit codes: 0 listed; 2 the file is wrong.
    """
    today = datetime.now(UTC)
    now_ms = int(today.timestamp() * 1000)
    rows = []
    for one in load_exceptions(settings.exceptions_file(), _load(settings)).exemptions:
        state = "acts" if one.acts_at(now_ms) else "expired" if one.expires < today.date() else "to come"
        rows.append((state, one.rule, one.account, one.address, one.entry, one.author, one.reason, one.since, one.expires))
    columns = ("state", "rule", "account", "address", "entry", "author", "reason", "since", "expires")
    Output(as_json).rows(f"{len(rows)} exceptions", columns, rows)


@rules.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail when the file is not up to date.")
@click.option(
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_CATALOGUE,
    show_default=True,
    help="The file to write, or to compare with.",
)
def docs(only_check: bool, path: Path) -> None:
    """Write the catalogue of the built-in rules, with what `lockgate evasion --save docs` has measured.

    Exit codes: 0 written, or up to date; 1 not up to date (--check); 2 cannot be written.
    """
    text = catalogue(load_rules(), read_saved(_MEASURED))
    if only_check:
        if not path.is_file() or path.read_text("utf-8") != text:
            click.echo(f"{path} is not up to date: run `lockgate rules docs`", err=True)
            sys.exit(1)
        return
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise RulesError([f"{path}: {error.strerror}"]) from None
