"""The core is pure: no file of `rules/` does I/O, reads a clock, draws a random number, or knows the shell."""

import ast
import sys
from pathlib import Path

import pytest

import rules

ROOT = Path(rules.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LIBRARIES = {
    *("msgspec", "base58", "bech32", "Crypto", "xxhash", "rules"),
    *("anyascii", "japanese_personal_name_dataset", "rapidfuzz", "rigour"),
}
IMPURE = {
    *("os", "io", "pathlib", "shutil", "tempfile", "glob", "fcntl", "mmap", "sqlite3", "importlib", "pkgutil"),
    *("socket", "ssl", "http", "urllib", "select", "selectors", "subprocess", "multiprocessing", "signal"),
    *("asyncio", "threading", "concurrent", "queue", "sched", "logging", "warnings", "atexit"),
    *("time", "random", "secrets", "uuid", "locale", "getpass", "platform", "sys", "builtins"),
}
CALLS = {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint", "globals", "hash", "id"}
CLOCKS = {"now", "utcnow", "today"}


def faults(source: str) -> list[str]:
    """What in a module's source is not pure."""
    found = []
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [] if node.level else [node.module or ""]
        else:
            names = []
        for name in names:
            top = name.partition(".")[0]
            if top in IMPURE or (top not in LIBRARIES and top not in sys.stdlib_module_names):
                found.append(f"line {line}: imports {name}")
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in CALLS:
                found.append(f"line {line}: calls {called.id}()")
            if isinstance(called, ast.Attribute) and called.attr in CLOCKS:
                found.append(f"line {line}: calls {called.attr}()")
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Global):
            found.append(f"line {line}: {type(node).__name__}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_module_is_pure(path: Path) -> None:
    assert faults(path.read_text("utf-8")) == []


def test_every_rule_is_among_the_files_judged() -> None:
    assert len([path for path in FILES if path.with_suffix(".toml").exists()]) >= 10


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "from os.path import join",
        "import faust",
        "from streams import settings",
        "import streams.errors",
        "def f():\n    import random",
        "from time import monotonic",
        "open('x')",
        "datetime.now(UTC)",
        "date.today()",
        "async def f(): ...",
        "import logging",
        "hash('x')",
        "print(1)",
    ],
)
def test_an_impure_line_is_found(source: str) -> None:
    assert faults(source)


def test_pure_lines_are_let_through() -> None:
    source = "import hashlib\nfrom datetime import UTC, datetime\nfrom rules.rule import Case\nfrom .errors import X\n"
    assert faults(source) == []
