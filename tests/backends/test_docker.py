"""The image runs as nobody in particular, from a fixed base, with what was pinned."""

from __future__ import annotations

import re

import msgspec
import pytest

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
