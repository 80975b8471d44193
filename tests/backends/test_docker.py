"""The image runs as nobody in particular, from a fixed base, with what was pinned."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
import yaml

from backends.project import DIGEST, SPECS, broken, emitted, graph_of, named
from mlc.emit import emit, quoting
from mlc.emit.verify import verify
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend


@pytest.fixture
def dockerfile(artifacts: tuple[Artifact, ...]) -> Artifact:
    return emitted(artifacts, "/Dockerfile")


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("USER 10001:10001", "USER root", "DL3002"),
        (f"@{DIGEST} AS build", " AS build\nRUN sudo true", "DL3004"),
        ("WORKDIR /srv", "WORKDIR srv", "DL3000"),
        ("--from=build", "--from=bulid", "DL3022"),
        ("HEALTHCHECK", "HEALTCHECK", "unexpected"),
    ],
)
def test_broken_dockerfile_is_rejected(
    old: str, new: str, rule: str, dockerfile: Artifact, backends: tuple[Backend, ...]
) -> None:
    found = verify(broken(dockerfile, old, new), named(backends, "docker"))
    assert found.outcome == "rejected"
    assert any(rule in finding for finding in found.findings), found.findings


def test_both_stages_stand_on_the_pinned_base(dockerfile: Artifact) -> None:
    bases = re.findall(r"^FROM (\S+)", dockerfile.content.decode(), re.MULTILINE)
    assert bases == [f"docker.io/library/python:3.11-slim-bookworm@{DIGEST}"] * 2


def test_it_runs_as_a_user_without_rights(dockerfile: Artifact) -> None:
    users = re.findall(r"^USER (\S+)", dockerfile.content.decode(), re.MULTILINE)
    assert users == ["10001:10001"]


def test_the_build_sees_only_what_it_copies(artifacts: tuple[Artifact, ...], dockerfile: Artifact) -> None:
    ignored = emitted(artifacts, ".dockerignore").content.decode().splitlines()
    rules = [line for line in ignored if not line.startswith("#")]
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )?(\S+)", dockerfile.content.decode(), re.MULTILINE)
    assert rules == ["*", "!requirements.txt", "!bundle", "!wheels"]
    assert {name.rstrip("/") for name in copied} == {"requirements.txt", "bundle", "wheels"}


def test_packages_are_pinned(artifacts: tuple[Artifact, ...]) -> None:
    lines = emitted(artifacts, "requirements.txt").content.decode().splitlines()[1:]
    assert lines == ["onnxruntime==1.32.0", "numpy==2.4.6"]


@pytest.mark.parametrize(
    "hostile", ["a\nUSER root", "$PATH ${HOME} \\ b", '" USER=root "', "a\\\nRUN id", "--from=x"]
)
def test_hostile_descriptions_stay_one_word(
    hostile: str, dockerfile: Artifact, backends: tuple[Backend, ...]
) -> None:
    specs = {**SPECS, "deployment.risk_image": {**SPECS["deployment.risk_image"], "description": hostile}}
    found = emitted(emit(graph_of(specs), backends, True), "/Dockerfile")
    lines, usual = found.content.decode().splitlines(), dockerfile.content.decode().splitlines()
    assert [i for i in range(len(usual)) if lines[i] != usual[i]] == [
        next(i for i, line in enumerate(usual) if "image.description" in line)
    ]
    assert len(lines) == len(usual)
    assert verify(found, named(backends, "docker")).outcome == "ok"


def test_a_package_name_cannot_be_an_option(backends: tuple[Backend, ...]) -> None:
    """Neither by the schema of a runtime nor by the filter that writes the requirement."""
    name = "a==1\n--index-url https://evil.example"
    runtime = {**SPECS["runtime.python"], "packages": {name: "1.0"}}
    with pytest.raises(msgspec.ValidationError, match="packages"):
        graph_of({**SPECS, "runtime.python": runtime})
    with pytest.raises(ValueError, match="exact version"):
        quoting.requirement(f"{name}==1.0")


@pytest.fixture
def compose(artifacts: tuple[Artifact, ...]) -> Artifact:
    return emitted(artifacts, "docker/risk_image/compose.yaml")


def service_of(artifact: Artifact) -> dict[str, Any]:
    ((name, service),) = yaml.safe_load(artifact.content)["services"].items()
    assert name == "risk-image"
    return dict(service)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("read_only: true", "read_only: [yes]"),
        ("cap_drop:", "cap_drops:"),
        ("    restart: unless-stopped", "    restart: {always: true}"),
        ("interval: 10s", "interval: [10]"),
        ("services:", "servces:"),
    ],
)
def test_broken_compose_file_is_rejected(
    old: str, new: str, compose: Artifact, backends: tuple[Backend, ...]
) -> None:
    assert verify(compose, named(backends, "docker")).outcome == "ok"
    found = verify(broken(compose, old, new), named(backends, "docker"))
    assert found.outcome == "rejected"
    assert found.checker == "json-schema vendor.compose-spec"


def test_the_service_has_the_least_rights(compose: Artifact, dockerfile: Artifact) -> None:
    service = service_of(compose)
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ports"][0]["host_ip"] == "127.0.0.1"
    assert f"USER {service['user']}" in dockerfile.content.decode()
    health = service["healthcheck"]["test"]
    assert f"CMD {json.dumps(health[1:])}" in dockerfile.content.decode()


@pytest.mark.parametrize(
    ("port", "replicas", "published"),
    [(8080, 1, "8080"), (8080, 3, "8080-8082"), (0, 1, None), (65535, 2, None)],
)
def test_replicas_have_ports_of_their_own(
    port: int, replicas: int, published: str | None, backends: tuple[Backend, ...]
) -> None:
    deployment = {**SPECS["deployment.risk_image"], "port": port, "replicas": replicas}
    specs = {**SPECS, "deployment.risk_image": deployment}
    found = service_of(emitted(emit(graph_of(specs), backends, True), "compose.yaml"))
    assert found["ports"][0].get("published") == published
    assert found["deploy"]["replicas"] == replicas


@pytest.mark.parametrize(("cpu", "cpus"), [("500m", "0.5"), ("2", "2"), ("1500m", "1.5"), ("0.25", "0.25")])
def test_processors_are_told_as_compose_has_them(cpu: str, cpus: str, backends: tuple[Backend, ...]) -> None:
    deployment = {**SPECS["deployment.risk_image"], "resources": {"cpu": cpu, "memory": "1.5Gi"}}
    specs = {**SPECS, "deployment.risk_image": deployment}
    found = service_of(emitted(emit(graph_of(specs), backends, True), "compose.yaml"))
    assert found["deploy"]["resources"]["limits"] == {"cpus": cpus, "memory": "1610612736b", "pids": 256}
