"""docker-compose.yml: valid, safe to run, and in step with the starters, which are what the other tests use."""

import json
import re
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from streams.components.kafka import CLUSTER_ID, HEAP_OPTIONS
from streams.components.redis_server import SETTINGS as REDIS_SETTINGS
from streams.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"\$\{(?P<name>\w+):-(?P<default>[^}]*)\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(compose["services"])


@pytest.fixture(scope="module")
def broker_settings() -> dict[str, str]:
    lines = (ROOT / "deploy/kafka/server.properties").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_compose_file_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    parsed = compose_spec.PyCompose.from_json(json.dumps(compose))
    assert set(parsed.service_names()) == {"kafka", "redis", "topics", "worker", "prometheus", "grafana"}


def test_compose_file_with_a_misspelt_key_is_refused(compose: dict[str, Any]) -> None:
    misspelt = json.loads(json.dumps(compose))
    misspelt["services"]["redis"]["helthcheck"] = {}
    with pytest.raises(ValueError, match="helthcheck"):
        compose_spec.PyCompose.from_json(json.dumps(misspelt))


def test_every_image_is_pinned_to_a_version(services: dict[str, dict[str, Any]]) -> None:
    pulled = {name: service["image"] for name, service in services.items() if "build" not in service}
    assert pulled.keys() == {"kafka", "redis", "prometheus", "grafana"}
    for image in pulled.values():
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", image), image


def test_ports_are_published_on_the_loopback_address_only(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for port in service.get("ports", []):
            host = port["host_ip"] if isinstance(port, dict) else port.split(":")[0]
            assert host == "127.0.0.1", (name, port)


def test_every_service_that_stays_up_has_a_health_check(services: dict[str, dict[str, Any]]) -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    for name, service in services.items():
        if service["restart"] != "no":
            assert "test" in service.get("healthcheck", {}) or ("build" in service and "HEALTHCHECK" in dockerfile), name


def test_worker_starts_when_the_topics_are_there(services: dict[str, dict[str, Any]]) -> None:
    waits_for = {name: how["condition"] for name, how in services["worker"]["depends_on"].items()}
    assert waits_for == {
        "topics": "service_completed_successfully",
        "kafka": "service_healthy",
        "redis": "service_healthy",
    }
    assert services["topics"]["command"] == ["lockgate", "topics", "create"]


def test_environment_of_lockgate_holds_valid_settings_only(services: dict[str, dict[str, Any]]) -> None:
    environment = {
        name: VARIABLE.sub(lambda match: match["default"], str(value))
        for name, value in services["worker"]["environment"].items()
    }
    assert {name.removeprefix("LOCKGATE_").lower() for name in environment} <= set(Settings.__struct_fields__)
    settings = load_settings(environ=environment)
    assert (settings.kafka, settings.redis) == ("kafka:19092", "redis://redis:6379/0")


def test_variables_that_a_user_may_set_are_documented_settings(services: dict[str, dict[str, Any]]) -> None:
    for name, value in services["worker"]["environment"].items():
        for match in VARIABLE.finditer(str(value)):
            assert match["name"] == name


def test_broker_reads_the_settings_that_the_starters_read(
    services: dict[str, dict[str, Any]], broker_settings: dict[str, str]
) -> None:
    kafka = services["kafka"]
    assert "./deploy/kafka/server.properties:/mnt/shared/config/server.properties:ro" in kafka["volumes"]
    overridden = {
        name.removeprefix("KAFKA_").lower().replace("_", ".") for name in kafka["environment"] if name != "KAFKA_HEAP_OPTS"
    }
    assert not overridden & broker_settings.keys()


def test_broker_has_the_cluster_id_and_the_heap_of_the_starters(services: dict[str, dict[str, Any]]) -> None:
    environment = services["kafka"]["environment"]
    assert environment["CLUSTER_ID"] == CLUSTER_ID
    assert set(environment["KAFKA_HEAP_OPTS"].split()) <= set(HEAP_OPTIONS)


def test_broker_listeners_have_a_protocol_each(services: dict[str, dict[str, Any]], broker_settings: dict[str, str]) -> None:
    protocols = dict(pair.split(":") for pair in broker_settings["listener.security.protocol.map"].split(","))
    listeners = {url.partition("://")[0] for url in services["kafka"]["environment"]["KAFKA_LISTENERS"].split(",")}
    assert listeners == protocols.keys()
    assert broker_settings["controller.listener.names"] in listeners
    assert broker_settings["inter.broker.listener.name"] in listeners


def test_broker_image_and_maven_artefacts_have_one_version(services: dict[str, dict[str, Any]]) -> None:
    pom = (ROOT / "deploy/kafka/pom.xml").read_text(encoding="utf-8")
    version = re.search(r"<kafka\.version>(.+)</kafka\.version>", pom)
    assert version is not None
    assert services["kafka"]["image"] == f"apache/kafka:{version[1]}"


def test_redis_has_the_settings_of_the_starter(services: dict[str, dict[str, Any]]) -> None:
    program, *options = services["redis"]["command"]
    assert program == "redis-server"
    assert dict(zip(options[::2], options[1::2], strict=True)) == {
        f"--{name}": value for name, value in REDIS_SETTINGS.items()
    }


def test_prometheus_scrapes_the_port_that_the_worker_serves(services: dict[str, dict[str, Any]]) -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    targets = [target for job in config["scrape_configs"] for target in job["dns_sd_configs"]]
    served = int(services["worker"]["environment"]["LOCKGATE_HTTP"].rpartition(":")[2])
    assert [(target["names"], target["port"]) for target in targets] == [(["worker"], served)]
    assert services["worker"]["ports"][0]["target"] == served


def test_what_is_mounted_from_the_checkout_is_there(services: dict[str, dict[str, Any]]) -> None:
    mounted = [volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])]
    # ./lists is the user's own; an engine makes it when it is not there.
    for path in (source for source in mounted if source.startswith("./") and source != "./lists"):
        assert (ROOT / path).exists(), path


def test_image_is_built_from_what_the_build_context_lets_through() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    dockerfile = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, flags=re.MULTILINE)
    assert {name for names in copied for name in names.split()} == allowed


def test_image_does_not_run_as_root() -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (\S+)$", dockerfile, flags=re.MULTILINE) == ["10001"]
