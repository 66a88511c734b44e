"""Checks of an installation: settings, rules and sanctions lists here; Kafka and Redis in modules beside this one.

Each check says what it found, what that means for withdrawals and alerts, and what mends it. None changes anything.
"""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from rules.examples import failures
from rules.lists import SanctionsList
from rules.reference import ListKind
from streams.errors import ListsError, RulesError, SettingsError
from streams.exceptions import load_exceptions
from streams.listfeed.sources import DEMO
from streams.referencefeed import load_reference
from streams.rulefiles import load_rules
from streams.settings import Settings
from streams.watchlists import load_watchlist

_OLD_LIST_DAYS: Final = 7  # judgement: OFAC publishes changes several times in most weeks
# Judgement: Tor exits change hourly, labels with every investigation; FATF meets three times a year.
_OLD_REFERENCE_DAYS: Final = {
    ListKind.NETWORKS: 7,
    ListKind.LABELS: 30,
    ListKind.VASPS: 180,
    ListKind.JURISDICTIONS: 180,
}


class Level(StrEnum):
    """ok: nothing to do. warn: it works, with a risk to know of. fail: it does not, or not with the guarantees."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `unreachable` says that Kafka or Redis did not answer, so that nothing is known."""

    name: str
    level: Level
    found: str
    means: str | None = None
    fix: str | None = None
    unreachable: bool = False


def good(name: str, found: str) -> Check:
    """Nothing to do."""
    return Check(name=name, level=Level.OK, found=found)


def concern(name: str, found: str, means: str, fix: str) -> Check:
    """It works, with a risk to know of."""
    return Check(name=name, level=Level.WARN, found=found, means=means, fix=fix)


def fault(name: str, found: str, means: str, fix: str) -> Check:
    """It does not work, or not with the guarantees."""
    return Check(name=name, level=Level.FAIL, found=found, means=means, fix=fix)


def check_settings(settings: Settings) -> Iterator[Check]:
    """What valid settings still leave open."""
    yield good("settings", f"group {settings.group}, metrics at {settings.http}, session {settings.session_timeout:g} s")
    if settings.max_list_age_hours is None:
        yield concern(
            "settings",
            "max_list_age_hours is not set",
            "withdrawals are released however old the sanctions list is",
            "LOCKGATE_MAX_LIST_AGE_HOURS=96, or what your policy says",
        )


def check_rules(settings: Settings) -> Iterator[Check]:
    """Rule files load, and every worked example comes out as its file says."""
    try:
        ruleset = load_rules(settings.rules_folder())
    except RulesError as error:
        for one in error.faults:
            yield fault("rules", one, "the worker does not start", "correct the file; `lockgate rules check` says more")
        return
    failed = list(failures(ruleset))
    for failure in failed:
        yield fault(
            "rules",
            f"{failure.rule_id}, example {failure.example!r}: expected {failure.expected}, got {failure.got}",
            "the rule does not do what its file promises",
            "lockgate rules check",
        )
    if not failed:
        examples = sum(len(file.example) for file in ruleset.files.values())
        yield good("rules", f"{len(ruleset.rules)} rules, set {ruleset.hash}; all {examples} examples pass")


def check_exceptions(settings: Settings, now: datetime) -> Iterator[Check]:
    """The file of exceptions can be used, and holds none whose end has passed."""
    if (path := settings.exceptions_file()) is None:
        return
    try:
        exceptions = load_exceptions(path, load_rules(settings.rules_folder()))
    except RulesError:  # told by the check of the rules
        return
    except SettingsError as error:
        for one in error.faults:
            yield fault("exceptions", one, "the worker does not start", "correct the file; docs/governance.md has its form")
        return
    ended = [one for one in exceptions.exemptions if one.expires < now.astimezone(UTC).date()]
    found = f"{len(exceptions.exemptions)} in {path}"
    if ended:
        means = f"{len(ended)} have ended: what they let pass is told again"
        yield concern("exceptions", found, means, "remove them, or have somebody decide anew")
    else:
        yield good("exceptions", found)


def check_archive(settings: Settings) -> Iterator[Check]:
    """Rule sets and lists that were in force can be kept."""
    folder = settings.archive_folder()
    standing = next(one for one in (folder, *folder.parents) if one.exists())
    if standing.is_dir() and os.access(standing, os.W_OK):
        yield good("archive", str(folder))
    else:
        yield concern(
            "archive",
            f"nothing can be written to {folder}",
            "alerts cannot be replayed, and after a change of rules a rebuilt Redis is not verified",
            "LOCKGATE_ARCHIVE_DIR=FOLDER that all workers share and may write to",
        )


def check_lists(settings: Settings, now: datetime) -> Iterator[Check]:
    """Lists load whole, are real ones, and are not old."""
    try:
        watchlist = load_watchlist(settings.lists)
    except ListsError as error:
        for one in error.faults:
            yield fault("lists", one, "the worker does not start", "correct LOCKGATE_LISTS; `lockgate lists load` shows all")
        return
    for listing in watchlist.lists:
        yield _age(listing, settings, now.astimezone(UTC).date())
        if listing.left_out:
            yield concern(
                "lists",
                f"{listing.name}: {len(listing.left_out):,} rows were left out",
                "who stands there is not screened for",
                "lockgate lists load",
            )
    if DEMO in settings.lists:
        yield concern(
            "lists",
            "the built-in demo list is in use",
            "it holds a handful of entries: nearly every sanctioned party passes",
            "LOCKGATE_LISTS=FOLDER with the official files (SDN.CSV, ADD.CSV, ALT.CSV, SDN_COMMENTS.CSV, or SDN.XML)",
        )


def check_reference(settings: Settings, now: datetime) -> Iterator[Check]:
    """Reference lists load, no row is left out, and they are not old for what they hold."""
    try:
        reference = load_reference(settings.reference)
    except ListsError as error:
        for one in error.faults:
            yield fault("reference", one, "the worker does not start", "docs/reference-lists.md has the forms")
        return
    for each in reference.lists:
        age = each.age(now.astimezone(UTC).date()).days
        about = f"{each.name}: {len(each.rows):,} {each.kind}, {age:,} days old"
        if each.left_out:
            yield concern(
                "reference",
                f"{about}; {len(each.left_out):,} rows were left out",
                "rules do not see what stands there",
                "lockgate reference load",
            )
        elif age > _OLD_REFERENCE_DAYS[each.kind]:
            yield concern(
                "reference",
                about,
                "what changed since is not seen",
                "put a newer one in its place: workers look every LOCKGATE_LISTS_REFRESH_SECONDS",
            )
        else:
            yield good("reference", about)


def _age(listing: SanctionsList, settings: Settings, today: date) -> Check:
    entries = f"{listing.name}: {len(listing.entries):,} entries"
    age = listing.age(today)
    limit = settings.max_list_age_hours
    if age is None:
        means = "its age is unknown, so that every withdrawal is held" if limit else "nobody notices when it grows old"
        make = fault if limit else concern
        return make(
            "lists", f"{entries}, without a date", means, "put published.toml with `published = YYYY-MM-DD` beside it"
        )
    found = f"{entries}, published {listing.published}, {age.days:,} days ago"
    if limit is not None and age.days * 24 > limit:
        return fault("lists", found, "it is older than allowed: every withdrawal is held", "load the current list")
    if age.days > _OLD_LIST_DAYS:
        return concern("lists", found, "who was listed since passes", "load the current list")
    return good("lists", found)
