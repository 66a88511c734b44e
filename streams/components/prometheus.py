"""A real Prometheus, for tests of alert rules, dashboards and metrics."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from streams.components.network import LOOPBACK
from streams.components.process import ComponentMissing
from streams.components.server import Server

_START_SECONDS: Final = 30.0


class Prometheus(Server):
    """A Prometheus with its data below `folder`, asked over its HTTP API.

    `configuration` is what stands in prometheus.yml. Where that names `targets` of this object under `file_sd_configs`,
    `watch` says who is scraped.
    """

    def __init__(self, folder: Path, configuration: Mapping[str, Any]) -> None:
        super().__init__("Prometheus", folder / "prometheus.log", port=0, outlives_parent=False)
        self.folder = folder
        self.configuration = configuration
        self._client = httpx.Client(base_url=f"http://{LOOPBACK}:{self.port}", timeout=10)

    @property
    def targets(self) -> Path:
        """The file that names who is scraped."""
        return self.folder / "targets.json"

    def watch(self, addresses: Iterable[str]) -> None:
        """Scrape these, host:port each, and nobody else; takes effect within a second."""
        written = self.targets.with_suffix(".new")
        written.write_text(json.dumps([{"targets": sorted(addresses)}]), "utf-8")
        written.replace(self.targets)

    def start(self) -> None:
        """Start the server and wait until it answers. Raises ComponentMissing or ComponentFailed."""
        if self.running:
            return
        program = shutil.which("prometheus")
        if program is None:
            raise ComponentMissing("prometheus", "apt-get install prometheus")
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "prometheus.yml"
        config.write_text(json.dumps(self.configuration), "utf-8")  # YAML is a superset of JSON
        options = {
            "config.file": str(config),
            "storage.tsdb.path": str(self.folder / "data"),
            "web.listen-address": f"{LOOPBACK}:{self.port}",
        }
        self._launch([program, *(f"--{name}={value}" for name, value in options.items())])
        self._wait_until(self._ready, timeout_seconds=_START_SECONDS)

    def stop(self) -> None:
        """End it."""
        super().stop()
        self._client.close()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query. Raises ValueError for one that is refused."""
        answer = self._client.post("/api/v1/query", data={"query": expression}).json()
        if answer["status"] != "success":
            raise ValueError(f"{expression}: {answer['error']}")
        return list(answer["data"]["result"])

    def value(self, expression: str) -> float:
        """The sum of the values of an instant query; 0 when it has none."""
        return sum(float(series["value"][1]) for series in self.query(expression))

    def rules(self) -> dict[str, dict[str, Any]]:
        """The alert rules by name, with state, health and what is active."""
        answer = self._client.get("/api/v1/rules").json()
        return {rule["name"]: rule for group in answer["data"]["groups"] for rule in group["rules"]}

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        return {name for name, rule in self.rules().items() if rule["state"] == "firing"}

    def _ready(self) -> bool:
        try:
            return self._client.get("/-/ready").is_success
        except httpx.TransportError:
            return False
