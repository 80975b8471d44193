"""A small project with a backend of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mlc import pipeline
from mlc.ir.diagnostic import Diagnostic
from mlc.request import Request
from rules.project import FILES as PROJECT
from rules.project import lay

MANIFEST = """backend: systemd
description: A unit of systemd for each deployment on this machine.
emits:
  - kind: deployment
    when: {target.type: local}
    template: unit.service.j2
    path: "systemd/{{ name }}/mlc-{{ name }}.service"
"""
UNIT = """# {{ header | comment }}
[Unit]
Description={{ (resource.description or name) | comment }}
{% for tag in resource.tags %}
# {{ tag | comment }}
{% endfor %}
"""
FILES = {
    "mlc.yaml": PROJECT["mlc.yaml"] + "backends: {systemd: {}}\n",
    "deployment/local.yaml": PROJECT["deployment/local.yaml"] + "description: Serves churn\ntags: [a, b]\n",
    "backends/systemd/backend.yaml": MANIFEST,
    "backends/systemd/unit.service.j2": UNIT,
}
WRITTEN = "generated/dev/systemd/local/mlc-local.service"


def shop(root: Path, changed: Mapping[str, str] | None = None) -> Path:
    return lay(root, FILES, changed or {})


def found(root: Path, *environments: str) -> tuple[Diagnostic, ...]:
    return pipeline.validate(Request(root, environments)).diagnostics


def told(root: Path) -> list[str]:
    """Each finding with its place: `rule file:line detail help`."""
    return [
        f"{one.rule} {one.primary.span.file if one.primary else ''}:{one.primary.span.line if one.primary else 0} "
        f"{one.detail} {one.help}"
        for one in found(root)
    ]


def artifacts(root: Path, *environments: str) -> dict[str, str]:
    validated, compiled = pipeline.compile_project(Request(root, environments))
    assert validated.diagnostics == ()
    return {found.path: found.content.decode() for one in compiled for found in one.artifacts}
