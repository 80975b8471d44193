"""constraints.txt names a release of everything that pyproject.toml asks for, on every Python that it allows."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mlc import data

ROOT = data.path("schemas").parent
PYTHONS = ("3.11", "3.12", "3.13")


def required() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = project["optional-dependencies"].values()
    return [
        Requirement(one) for one in (*project["dependencies"], *(one for group in groups for one in group))
    ]


def pinned() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("python", PYTHONS)
def test_each_requirement_has_its_release(python: str) -> None:
    here = {"python_version": python, "python_full_version": f"{python}.0"}
    releases = {
        canonicalize_name(one.name): next(iter(one.specifier)).version
        for one in pinned()
        if one.marker is None or one.marker.evaluate(here)
    }
    for one in required():
        if one.marker is not None and not one.marker.evaluate(here):
            continue
        release = releases.get(canonicalize_name(one.name))
        assert release is not None, f"{one.name} is not in constraints.txt: run `make constraints`"
        assert one.specifier.contains(release), f"{one}: {release} does not fit; run `make constraints`"


def test_no_host_is_named() -> None:
    assert "://" not in Path(ROOT / "constraints.txt").read_text(encoding="utf-8")
