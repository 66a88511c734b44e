"""What the numbers were measured on: processor, interpreter, versions."""

import os
import platform
import subprocess
import sysconfig
import timeit
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from streams.components.kafka_libs import kafka_libs
from streams.components.redis_server import redis_program

_LIBRARIES: Final = ("lockgate", "faust-streaming", "aiokafka", "redis", "msgspec")
_LOOP: Final = 1_000_000


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where a benchmark ran.

    `python_loop_ns` is what one turn of an empty loop took: the quickest way to see whether two interpreters compare.
    `load_average` is the machine's over the minute before the start: near 0 when nothing else ran.
    """

    processor: str
    cores: int
    system: str
    python: str
    python_optimised: bool
    python_loop_ns: float
    load_average: float
    versions: dict[str, str]

    def caption(self) -> str:
        """One line for a plot or a table."""
        cores = f"{self.cores} core{'s' if self.cores != 1 else ''}"
        told = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"{self.processor}, {cores}; CPython {self.python}; {told}"


def this_machine() -> Machine:
    """Ask the system. Raises ComponentMissing without Kafka's libraries or Redis."""
    configured = sysconfig.get_config_var("CONFIG_ARGS") or ""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        system=platform.platform(),
        python=platform.python_version(),
        python_optimised="--enable-optimizations" in configured or _is_distribution_build(),
        python_loop_ns=round(min(timeit.repeat("pass", number=_LOOP, repeat=5)) / _LOOP * 1e9, 2),
        load_average=round(os.getloadavg()[0], 2),
        versions={name: version(name) for name in _LIBRARIES} | {"kafka": _kafka(), "redis-server": _redis()},
    )


def _is_distribution_build() -> bool:
    """Debian and its kin build with profile feedback through rules of their own, which CONFIG_ARGS does not show."""
    return "--with-wheel-pkg-dir=/usr/share/python-wheels/" in (sysconfig.get_config_var("CONFIG_ARGS") or "")


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    for line in cpuinfo.read_text().splitlines() if cpuinfo.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _kafka() -> str:
    jars = kafka_libs().glob("kafka_2.13-*.jar")
    return next((jar.stem.partition("-")[2] for jar in jars), "unknown")


def _redis() -> str:
    """From a line such as `Redis server v=7.0.15 sha=...`."""
    told = subprocess.run([redis_program(), "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    return next((word[2:] for word in told.stdout.split() if word.startswith("v=")), "unknown")
