"""What `lockgate doctor` makes of rights and of who else works on the topics."""

from collections.abc import Iterator, Mapping
from typing import Final

from streams.doctor import Check, concern, fault, good
from streams.kafka_rights import TopicRights
from streams.rights import Role, kafka_rights
from streams.settings import JOURNAL_ACCOUNTS, JOURNAL_COUNTERPARTIES, Settings

_SHOWN: Final = 4


def rights(found: TopicRights | None, settings: Settings) -> Iterator[Check]:
    """Whose rights on topics we have: those of a role, of none, or more than anybody should.

    `found` are the operations that the broker lets us do, by topic; None where it does not tell.
    """
    if found is None:
        return
    who = settings.kafka_user or "whoever connects as we do"
    if any("DELETE" in found.get(journal, ()) for journal in (JOURNAL_ACCOUNTS, JOURNAL_COUNTERPARTIES)):
        yield concern(
            "rights",
            f"{who} may delete the journals, and do all the rest",
            "no access list protects what was judged: it can be erased or forged",
            "give each role its least rights: `lockgate acls kafka`, docs/security.md",
        )
        return
    lacking = {role: list(_lacking(role, found, settings)) for role in Role}
    if held := [role.value for role, missing in lacking.items() if not missing]:
        yield good("rights", f"{who} has those of {', '.join(held)} on topics")
        return
    nearest = min(lacking, key=lambda role: len(lacking[role]))
    missing = lacking[nearest]
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    yield fault(
        "rights",
        f"{who} has those of no role; for {nearest.value} there lacks {', '.join(missing[:_SHOWN])}{more}",
        "what runs as this user waits for ever, or is refused",
        f"lockgate acls kafka --role {nearest.value}",
    )


def _lacking(role: Role, found: TopicRights, settings: Settings) -> Iterator[str]:
    for right in kafka_rights(role, settings.group, settings.form_topics()):
        if right.resource_type == "topic" and right.operation not in found.get(right.name, ()):
            yield f"{right.operation} on {right.name}"


def groups(working: Mapping[str, int], settings: Settings) -> Iterator[Check]:
    """Which consumer groups judge these topics now; `working` has their numbers of workers."""
    own = working.get(settings.group, 0)
    if others := sorted(set(working) - {settings.group}):
        yield fault(
            "groups",
            f"other workers judge the same topics: {', '.join(f'{name} ({working[name]})' for name in others)}",
            "they share the journals: two groups take the partitions from each other without end, and little is judged",
            f"stop the workers of all groups but one (LOCKGATE_GROUP is {settings.group} here)",
        )
    elif own:
        yield good("groups", f"only {settings.group} judges these topics, {own} {'worker' if own == 1 else 'workers'} of it")
    else:
        yield good("groups", "nobody judges these topics now")
