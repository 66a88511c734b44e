"""The Kubernetes manifests: valid by the schemas of Kubernetes and KEDA, hardened, and in step with what a worker does."""

import copy
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from certificates import Authority

from streams.app import _SHUTDOWN_SECONDS
from streams.rights import Role
from streams.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "deploy" / "k8s"
KUBERNETES = ("1.33", "1.37")  # the oldest and the newest we say it is for
WRITTEN = ("LOCKGATE_ARCHIVE_DIR", "LOCKGATE_LISTS_DIR")


def documents(folder: str) -> Iterator[dict[str, Any]]:
    """The resources that a kustomization names, without those of its base."""
    named = yaml.safe_load((K8S / folder / "kustomization.yaml").read_text("utf-8"))["resources"]
    files = [name for name in named if name.endswith(".yaml")]
    assert sorted(files) == sorted(path.name for path in (K8S / folder).glob("*.yaml") if path.name != "kustomization.yaml")
    for name in files:
        yield from yaml.safe_load_all((K8S / folder / name).read_text("utf-8"))


EVERY = [one for folder in ("base", "components/keda", "overlays/example") for one in documents(folder)]
NAMES = [f"{one['kind']}-{one['metadata']['name']}" for one in EVERY]


def of_kind(kind: str, name: str | None = None) -> dict[str, Any]:
    return next(one for one in EVERY if one["kind"] == kind and name in (None, one["metadata"]["name"]))


def settings_of(folder: str) -> dict[str, str]:
    kustomization = yaml.safe_load((K8S / folder / "kustomization.yaml").read_text("utf-8"))
    [generator] = kustomization["configMapGenerator"]
    return dict(literal.split("=", 1) for literal in generator["literals"])


def validate(document: dict[str, Any]) -> None:
    if document["apiVersion"].startswith("keda.sh/"):
        file = ROOT / "tests" / "deploy" / "keda" / f"{document['kind'].lower()}s.v1alpha1.json"
        schema = closed(json.loads(file.read_text("utf-8")))
        jsonschema.Draft202012Validator(schema).validate(document)
    else:
        for version in KUBERNETES:
            kubernetes_validate.validate(document, version, strict=True)


def closed(schema: Any) -> Any:
    """The schema of a custom resource as the API server applies it with strict fields: nothing that is not named."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out = {name: closed(below) for name, below in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        out["additionalProperties"] = False
    return out


@pytest.mark.parametrize("document", EVERY, ids=NAMES)
def test_every_manifest_is_valid(document: dict[str, Any]) -> None:
    validate(document)


@pytest.mark.parametrize("kind", ["Deployment", "Job", "NetworkPolicy", "PodDisruptionBudget", "ScaledObject"])
def test_a_misspelt_field_is_refused(kind: str) -> None:
    wrong = copy.deepcopy(of_kind(kind))
    wrong["spec"]["replicaz"] = 1
    with pytest.raises((kubernetes_validate.ValidationError, jsonschema.ValidationError)):
        validate(wrong)


@pytest.mark.parametrize("name", ["base", "overlays/example"])
def test_kustomize_builds_it_and_the_result_is_valid(name: str) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl here: the files are validated one by one")
    built = subprocess.run(["kubectl", "kustomize", str(K8S / name)], capture_output=True, text=True, check=True, timeout=60)
    made = list(yaml.safe_load_all(built.stdout))
    for document in made:
        if document["apiVersion"].startswith("keda.sh/"):
            assert document["metadata"]["namespace"] == "lockgate"
        else:
            validate(document)
    [worker] = [one for one in made if one["kind"] == "Deployment"]
    [settings] = [one for one in made if one["kind"] == "ConfigMap"]
    [container] = worker["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]
    assert re.fullmatch(r"lockgate-settings-\w+", settings["metadata"]["name"])  # changed settings roll the workers
    assert ("replicas" in worker["spec"]) == (name == "base")


def pods() -> list[dict[str, Any]]:
    return [of_kind(kind)["spec"]["template"]["spec"] for kind in ("Deployment", "Job")]


def test_pods_run_without_any_privilege() -> None:
    for pod in pods():
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
        assert f"USER {security['runAsUser']}\n" in (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
        assert pod["automountServiceAccountToken"] is False
        [container] = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "limits" in container["resources"]
    assert of_kind("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_what_a_worker_writes_lies_on_a_volume() -> None:
    pod = of_kind("Deployment")["spec"]["template"]["spec"]
    kinds = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {one["mountPath"]: kinds[one["name"]] for one in pod["containers"][0]["volumeMounts"]}
    base = settings_of("base")
    for name in WRITTEN:
        [where] = [path for path in mounts if Path(base[name]).is_relative_to(path)]
        assert {"emptyDir", "persistentVolumeClaim"} & mounts[where].keys()
    assert "persistentVolumeClaim" in mounts[base["LOCKGATE_ARCHIVE_DIR"]]  # it has to outlive the workers
    paths = [field for field in Settings.__struct_fields__ if field.endswith("_dir")]
    assert {f"LOCKGATE_{field.upper()}" for field in paths} == set(WRITTEN)


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
@pytest.mark.parametrize("folder", ["base", "overlays/example"])
def test_the_settings_are_settings_and_fit_together(kind: str, folder: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("x")
    [container] = of_kind(kind)["spec"]["template"]["spec"]["containers"]
    environ = settings_of("base") | settings_of(folder) | {one["name"]: one["value"] for one in container["env"]}
    mounted = [volume["mountPath"] for volume in container["volumeMounts"]]
    for name, value in environ.items():
        if value.startswith("/run/secrets/"):
            assert any(Path(value).is_relative_to(path) for path in mounted), name
            environ[name] = str(authority.ca if name.endswith("_CA") else secret)
    settings = load_settings(environ=environ)
    assert settings.kafka_user in {f"lockgate-{role}" for role in Role}


def test_a_worker_is_given_the_time_it_takes_to_leave_and_probes_ask_what_it_serves() -> None:
    deployment = of_kind("Deployment")["spec"]
    pod = deployment["template"]["spec"]
    [container] = pod["containers"]
    assert pod["terminationGracePeriodSeconds"] > _SHUTDOWN_SECONDS + 3 + 1
    assert {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness")} == {"/healthz"}
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    [port] = container["ports"]
    assert settings_of("base")["LOCKGATE_HTTP"].endswith(f":{port['containerPort']}")


def test_selectors_meet_the_worker_and_no_more_workers_than_partitions_are_asked_for() -> None:
    labels = of_kind("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert of_kind("Service")["spec"]["selector"] == labels
    scaled = of_kind("ScaledObject")["spec"]
    assert scaled["scaleTargetRef"]["name"] == of_kind("Deployment")["metadata"]["name"]
    [job] = of_kind("Job")["spec"]["template"]["spec"]["containers"]
    assert scaled["maxReplicaCount"] == int(job["command"][-1])
    for trigger in scaled["triggers"]:
        assert trigger["metadata"]["consumerGroup"] == settings_of("base")["LOCKGATE_GROUP"]
        assert trigger["metadata"]["bootstrapServers"] == settings_of("base")["LOCKGATE_KAFKA"]


def test_everything_is_denied_but_what_is_named() -> None:
    deny = of_kind("NetworkPolicy", "deny-all")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    allowed = of_kind("NetworkPolicy", "lockgate")["spec"]
    assert [port["port"] for rule in allowed["egress"] for port in rule["ports"]] == [53, 53, 9093, 6379]
    assert all(rule.get("to") for rule in allowed["egress"])
    assert all(rule.get("from") for rule in allowed["ingress"])
