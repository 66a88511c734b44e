"""Apache Kafka from Maven Central: resolved once into a cache folder, and the Java to run it with."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from streams.components.process import ComponentFailed, ComponentMissing

# streams/components/kafka_libs.py is two folders below the root of a checkout. A wheel has no deploy folder,
# and a broker of 43 MB that takes Java to run is for development only: from a wheel there is the embedded
# broker.
DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "kafka"

_RESOLVE_SECONDS = 600  # 43 MB; 6 to 15 s on a usual line
_LINES_SHOWN = 15


def deploy_file(name: str) -> Path:
    """A file of deploy/kafka. Raises ComponentMissing outside a checkout."""
    path = DEPLOY / name
    if not path.exists():
        raise ComponentMissing("deploy/kafka", f"Apache Kafka starts from a source checkout only ({path} is not there)")
    return path


def java() -> str:
    """The path of the Java program: from JAVA_HOME, else from PATH. Raises ComponentMissing."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if found is None:
        raise ComponentMissing("java", "apt-get install openjdk-17-jre-headless (Kafka 4 needs Java 17 or later)")
    return found


def kafka_libs() -> Path:
    """The folder with Kafka's jars, resolved with Maven when it is not in the cache.

    The cache is LOCKGATE_CACHE, by default ~/.cache/lockgate. A folder there is complete or absent, and its
    name follows from pom.xml, so that another Kafka version resolves anew. Raises ComponentMissing without
    Maven and ComponentFailed when it cannot resolve.
    """
    pom = deploy_file("pom.xml")
    cache = Path(os.environ.get("LOCKGATE_CACHE") or Path.home() / ".cache" / "lockgate")
    libs = cache / f"kafka-libs-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    if not libs.exists():
        maven = shutil.which("mvn")
        if maven is None:
            raise ComponentMissing("mvn", f"apt-get install maven (once, to fetch Apache Kafka into {libs})")
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="kafka-libs-unfinished-") as unfinished:
            _resolve(maven, pom, Path(unfinished) / "libs")
            _publish(Path(unfinished) / "libs", libs)
    return libs


def _resolve(maven: str, pom: Path, target: Path) -> None:
    command = [maven, "--batch-mode", "--quiet", "--file", str(pom), "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={target}", "-DincludeScope=runtime"]
    try:
        outcome = subprocess.run(  # noqa: S603 - a list, never a shell, and no input from outside
            command, capture_output=True, text=True, timeout=_RESOLVE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as slow:
        raise ComponentFailed("Maven", f"did not fetch Kafka within {_RESOLVE_SECONDS} s") from slow
    if outcome.returncode != 0 or not any(target.glob("kafka_2.13-*.jar")):
        end = "\n".join(f"  {line}" for line in (outcome.stdout + outcome.stderr).splitlines()[-_LINES_SHOWN:])
        raise ComponentFailed("Maven", f"could not fetch Kafka (exit code {outcome.returncode})\n{end}")


def _publish(resolved: Path, libs: Path) -> None:
    """Move the finished folder to its name, unless another process was faster with the same."""
    try:
        resolved.rename(libs)
    except OSError:
        if not libs.exists():
            raise
