"""Name screening against a list: names a second, beside RapidFuzz's plain `extractOne` over the same names.

Nothing is remembered between names, every name is another one: people on no list, and listed names with a slip.
"""

import random
import resource
import time
from collections.abc import Sequence
from typing import Final

import msgspec
from rapidfuzz import process

from rules.lists import Watchlist
from rules.names import NameIndex
from streams.benchmarks.report import Ratio

LIST_NAMES: Final = 20_000  # what a list needs for the bars to say something; the SDN list of 2021 has 23,327
NAMES_PER_SECOND: Final = 5_000.0
P99_MS: Final = 3.0
COMPILE_SECONDS: Final = 10.0
MEMORY_MB: Final = 400.0
_LISTED_SHARE: Final = 0.1
_SEED: Final = 5

_GIVEN: Final = """
Adam Adele Agnieszka Ahmed Aisha Alejandro Alexander Ali Alice Ana Andrea Andrei Anna Anton Aylin Beatriz Ben Bruno
Camille Carlos Chen Chloe Claire Daniel David Diego Dmitri Elena Elif Emma Erik Fatima Felix Francesca Gabriel Giulia
Grace Hana Hannah Hassan Hugo Ibrahim Ines Ivan Jack Jakub James Jan Jana Ji-woo John Jonas Jose Julia Jun Karim
Katarzyna Kevin Kim Lars Laura Lea Lena Leo Linh Luca Lucia Magda Mai Marco Maria Marie Mark Marta Mateo Max Mehmet
Mei Michael Min-jun Mohamed Nadia Natalia Nguyen Nina Noah Nora Olga Olivia Omar Oscar Pablo Paul Pedro Petra Pierre
Rafael Raj Robert Rosa Sara Sergei Seo-yeon Sofia Stefan Sven Tariq Thomas Tomasz Victor Wei William Xin Yasmin Yuki
Yusuf Zoe
"""
_FAMILY: Final = """
Adeyemi Ahmadi Ali Almeida Andersen Bakker Barbosa Bauer Bernard Bianchi Brown Castro Chen Costa Demir Diaz Dubois
Evans Fernandez Ferrari Fischer Garcia Gonzalez Gruber Haddad Hansen Hoffmann Horvat Hussein Ivanov Jansen Johnson
Jones Kaplan Kaur Keller Khan Kim Kowalski Kumar Larsen Lee Lefebvre Lopez Mancini Marino Martin Martinez Mehta Mendes
Meyer Moreau Mueller Murphy Nakamura Nguyen Novak Nowak OBrien Okafor Oliveira Park Patel Pereira Petrov Popescu Ramos
Ricci Rodriguez Romano Rossi Sato Schmidt Schneider Silva Singh Smirnov Smith Suzuki Svensson Takahashi Tanaka Taylor
Torres Tran Vargas Visser Volkov Wagner Walker Wang Weber Williams Wilson Wisniewski Wright Yamamoto Yilmaz Zhang
Zimmermann
"""


class NamesReport(msgspec.Struct, frozen=True, kw_only=True):
    """`lockgate bench names`. Times are CPU time of one process; `extract_one_per_second` is measured on fewer names."""

    benchmark: str = "names"
    list_names: int
    names: int
    matched: int
    per_second: float
    p50_ms: float
    p99_ms: float
    slowest_ms: float
    compile_seconds: float
    memory_mb: float
    extract_one_per_second: float
    ratios: tuple[Ratio, ...]


def run_names(watchlist: Watchlist, count: int, extracted: int) -> NamesReport:
    """Compile the list, screen `count` different names, and `extracted` of them with RapidFuzz."""
    before = _memory_mb()
    started = time.process_time()
    index = NameIndex(watchlist)
    compiled = time.process_time() - started
    listed = [name for _, entry in watchlist.entries for name in (entry.name, *(alias.name for alias in entry.aliases))]
    names = _names(listed, count)
    seconds, matched = [], 0
    for name in names:
        started = time.process_time()
        matched += bool(index.search(name))
        seconds.append(time.process_time() - started)
    memory = _memory_mb() - before
    ordered = sorted(seconds)
    per_second = count / sum(seconds)
    plain = _extract_one(names[:extracted], listed)
    p99 = ordered[int(0.99 * len(ordered))] * 1e3
    return NamesReport(
        list_names=len(listed),
        names=count,
        matched=matched,
        per_second=round(per_second, 1),
        p50_ms=round(ordered[len(ordered) // 2] * 1e3, 3),
        p99_ms=round(p99, 3),
        slowest_ms=round(ordered[-1] * 1e3, 3),
        compile_seconds=round(compiled, 2),
        memory_mb=round(memory, 1),
        extract_one_per_second=round(plain, 1),
        ratios=(
            Ratio(name="names a second", value=per_second, bar=NAMES_PER_SECOND, met=per_second >= NAMES_PER_SECOND),
            Ratio(name="p99 in ms, at most", value=p99, bar=P99_MS, met=p99 <= P99_MS),
            Ratio(name="seconds to compile, at most", value=compiled, bar=COMPILE_SECONDS, met=compiled <= COMPILE_SECONDS),
            Ratio(name="MB of memory, at most", value=memory, bar=MEMORY_MB, met=memory <= MEMORY_MB),
            Ratio(name="times extractOne", value=per_second / plain, bar=1.0, met=per_second >= plain),
        ),
    )


def _extract_one(names: Sequence[str], listed: Sequence[str]) -> float:
    started = time.process_time()
    for name in names:
        process.extractOne(name, listed)
    return len(names) / (time.process_time() - started)


def _names(listed: Sequence[str], count: int) -> list[str]:
    """Different names: mostly of people on no list, some listed with two neighbouring letters swapped."""
    draw = random.Random(_SEED)  # noqa: S311  # a benchmark, no secret
    given, family = _GIVEN.split(), _FAMILY.split()
    found: dict[str, None] = {}
    while len(found) < count:
        if draw.random() < _LISTED_SHARE:
            name = draw.choice(listed)
            at = draw.randrange(len(name) - 1) if len(name) > 1 else 0
            found[name[:at] + name[at : at + 2][::-1] + name[at + 2 :]] = None
        else:
            middle = f" {draw.choice(given)}" if draw.random() < 0.25 else ""
            found[f"{draw.choice(given)}{middle} {draw.choice(family)}"] = None
    return list(found)


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
