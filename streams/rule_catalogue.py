"""The generated catalogue of rules, `rules/README.md`: what each asks, with its thresholds and their sources."""

import sys
from collections.abc import Iterable, Iterator
from inspect import cleandoc

from rules.rule import CounterpartyRule, GroupRule, LookbackRule, Rule
from rules.ruleset import RuleFile, Ruleset
from streams.evasion.saved import Saved

_HEAD = """# Rules

Generated from the rule files by `lockgate rules docs`; do not edit. Each rule answers one question with a hit, no hit,
or the reason why it could not answer. Thresholds are parameters: copy a rule's TOML file to a folder of your own,
change it, check it with `lockgate rules check FOLDER`, and name the folder in `LOCKGATE_RULES`.

A rule on accounts may have other thresholds for some types of accounts (as the exchange names them in `account.type`, in
lower case) and classes of assets (stablecoin, native, privacy, other: `rules/assets.py`). Where both name one, the account
type's counts:

```toml
[by_account_type.business]
minimum = { value = "50000", source = "judgement; invoices are larger than wages" }
[by_asset_class.privacy]
minimum = { value = "1000", source = "judgement" }
```"""


def catalogue(ruleset: Ruleset, saved: Saved | None = None) -> str:
    """The whole page as Markdown, with what was measured where there is something."""
    lines = [_HEAD, "", "| rule | question | severity | action | status |", "| --- | --- | --- | --- | --- |"]
    for rule in ruleset.rules:
        about = rule.about
        link = f"[{about.id}](#{about.id.replace('.', '')})"
        lines.append(f"| {link} | {question(rule)} | {about.severity} | {about.action} | {about.status} |")
    for rule in ruleset.rules:
        lines += ["", *_section(rule, ruleset.files[rule.about.id], saved)]
    return "\n".join(lines) + "\n"


def question(rule: Rule) -> str:
    """The question that a rule answers: the first paragraph of its module's docstring."""
    text = cleandoc(sys.modules[type(rule).__module__].__doc__ or "")
    return " ".join(text.partition("\n\n")[0].split())


def _section(rule: Rule, file: RuleFile, saved: Saved | None) -> Iterator[str]:
    about = rule.about
    asked = "transfer"
    if isinstance(rule, CounterpartyRule):
        asked = "first transfer of an account on a device" if rule.of_device else "flow between an account and the address"
    elif isinstance(rule, GroupRule):
        asked = "flow with signals"
    elif isinstance(rule, LookbackRule):
        asked = "change of sanctions lists or labels"
    kinds = ", ".join(sorted(getattr(rule, "asked_on", ())))
    yield f"## {about.id}"
    yield ""
    yield f"**{about.title}.** {question(rule)}"
    yield ""
    yield f"Version {about.version}, {about.status}, severity {about.severity}, action {about.action}."
    if about.required:
        yield "A withdrawal for which it cannot be answered is held."
    yield f"Asked at every {asked}{f' ({kinds})' if kinds else ''}."
    yield ""
    yield from _listed("Typology", about.typology)
    yield from _listed("False positives", about.false_positives)
    yield from _listed("Blind spots", about.blind_spots)
    yield f"- Triage: {about.triage}"
    yield from _listed("References", about.references)
    if saved is not None and (said := saved.said_of(about.id)) is not None:
        yield f"- {said} [How](../docs/evasion.md)"
    if file.params:
        yield ""
        yield "| parameter | value | source |"
        yield "| --- | --- | --- |"
        for table, parameters in file.tables.items():
            only = "" if table == "params" else f" ({table.partition('.')[2].replace('_', ' ')})"
            for name, parameter in parameters.items():
                yield f"| {name}{only} | {parameter.value} | {parameter.source} |"
    yield ""
    yield "| example | answer |"
    yield "| --- | --- |"
    for example in file.example:
        severity = f", {example.severity}" if example.severity else ""
        yield f"| {example.name} | {example.expect.replace('_', ' ')}{severity} |"


def _listed(title: str, items: Iterable[str]) -> Iterator[str]:
    several = tuple(items)
    if several:
        yield f"- {title}: {' '.join(several)}" if len(several) == 1 else f"- {title}:"
    if len(several) > 1:
        yield from (f"  - {item}" for item in several)
