"""docs/settings.md: every setting with its default and meaning, from the type that reads them."""

import ast
import inspect
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import msgspec

from streams.reference_pages.table import table
from streams.settings import SECRETS, Settings

_HEAD: Final = """# Settings

Generated from `streams/settings.py` by `lockgate docs`; do not edit.

A setting comes from the environment under the name below, or from a TOML file (`--config`) under its name in small letters
without `LOCKGATE_`. The environment wins over the file, an option of the command over both
([commands.md](commands.md) names them). All faults are told at once, and nothing starts with a wrong setting. A name in the
environment that looks like a misspelt setting is a fault as well; `lockgate doctor` shows what is in force.

A secret may stand in a file: the same name with `_FILE` behind it holds the path.
"""
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "Where things are": ("kafka", "redis", "http", "group"),
    "Lists": ("lists", "lists_dir", "lists_refresh_seconds", "reference", "max_list_age_hours"),
    "Rules": ("rules", "exceptions", "archive_dir"),
    "Worker": ("session_timeout", "profile_cache", "log_level", "traces", "traces_share"),
    "Outputs": ("outputs",),
    "Console": tuple(field for field in Settings.__struct_fields__ if field.startswith("console")),
}
_SECURITY: Final = "TLS, credentials"


def settings_page() -> str:
    """The whole page as Markdown."""
    meanings = field_docs(Settings)
    defaults = msgspec.structs.asdict(Settings())
    named = {field for fields in _GROUPS.values() for field in fields}
    groups = {**_GROUPS, _SECURITY: tuple(field for field in defaults if field not in named)}
    lines = [_HEAD.rstrip()]
    for title, fields in groups.items():
        rows = [(_name(field), _default(defaults[field]), meanings[field]) for field in fields]
        lines += ["", f"## {title}", "", *table(("setting", "default", "meaning"), rows)]
    lines += ["", "How they go together: [outputs.md](outputs.md), [security.md](security.md), [lists.md](lists.md),"]
    lines += ["[reference-lists.md](reference-lists.md), [governance.md](governance.md)."]
    return "\n".join(lines) + "\n"


def field_docs(kind: type) -> dict[str, str]:
    """The text below each field of a class, as its source has it."""
    [body] = ast.parse(inspect.getsource(kind)).body
    found: dict[str, str] = {}
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, below in pairwise(statements):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[field.target.id] = str(below.value.value)
    return found


def _name(field: str) -> str:
    name = f"`LOCKGATE_{field.upper()}`"
    return f"{name}, or `..._FILE`" if field in SECRETS else name


def _default(value: Any) -> str:
    if not value and value != 0:
        return "unset"
    text = ",".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{text}`"
