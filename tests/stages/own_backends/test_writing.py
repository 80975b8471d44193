"""What a backend of a project's own writes goes the way of all artifacts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from mlc import own_backends, pipeline, tracing, workspace
from mlc.emit import _matrix, installed
from mlc.emit.verify import verify_each
from mlc.ir.backend import Backend
from mlc.ir.plan import Plan
from mlc.request import Request
from stages.emit.test_quoting import naughty
from stages.own_backends.shop import FILES, MANIFEST, UNIT, WRITTEN, artifacts, shop, told


def own(root: Path) -> tuple[Backend, ...]:
    return pipeline.validate(Request(root)).backends


def planned(root: Path) -> Plan:
    validated, (one,) = pipeline.compile_project(Request(root))
    assert validated.diagnostics == ()
    return pipeline.plan(root, one)


def test_it_writes_beside_mlc_s_own(tmp_path: Path) -> None:
    root = shop(tmp_path)
    assert artifacts(root)[WRITTEN].splitlines() == [
        "# Written by mlc from deployment/local.yaml; changes here are overwritten. "
        "`mlc explain` of this path says where each line comes from.",
        "[Unit]",
        "Description=Serves churn",
        "# a",
        "# b",
    ]
    assert any(step.artifact and step.artifact.path == WRITTEN for step in planned(root).steps)


def test_what_does_not_meet_its_conditions_is_not_written(tmp_path: Path) -> None:
    root = shop(tmp_path, {"backends/systemd/backend.yaml": MANIFEST.replace("local", "docker")})
    assert artifacts(root) == {}


def test_a_folder_may_be_named_and_a_file_copied(tmp_path: Path) -> None:
    manifest = MANIFEST.replace("unit.service.j2", "start.sh").replace("mlc-{{ name }}.service", "start.sh")
    root = shop(
        tmp_path,
        {
            "mlc.yaml": FILES["mlc.yaml"].replace("{systemd: {}}", "{systemd: {path: deploy/units}}"),
            "deploy/units/backend.yaml": manifest,
            "deploy/units/start.sh": "#!/bin/sh\necho {{ name }}\n",
        },
    )
    assert artifacts(root) == {"generated/dev/systemd/local/start.sh": "#!/bin/sh\necho {{ name }}\n"}


def test_a_kind_of_once_is_written_from_the_projects_folder(tmp_path: Path) -> None:
    root = shop(
        tmp_path,
        {
            "mlc.yaml": FILES["mlc.yaml"].replace("{systemd: {}}", "{systemd: {may_write: [.circleci]}}"),
            "pipeline/ci.yaml": "systems: [gitlab_ci]\ninstall: pip install mlc\napply: {dev: {}}\n",
            "backends/systemd/backend.yaml": MANIFEST
            + "  - {kind: pipeline, template: catalog.yaml.j2, path: 'catalog-{{name}}.yaml'}\n"
            "  - {kind: pipeline, template: catalog.yaml.j2, path: '.circleci/mlc-{{ name }}.yml'}\n",
            "backends/systemd/catalog.yaml.j2": "name: {{ name | yaml }}\n",
        },
    )
    assert {
        path: text for path, text in artifacts(root).items() if path not in (WRITTEN, ".gitlab/mlc-ci.yml")
    } == {
        "catalog-ci.yaml": "name: ci\n",
        ".circleci/mlc-ci.yml": "name: ci\n",
    }


def test_a_saved_plan_is_stale_once_a_template_has_changed(tmp_path: Path) -> None:
    from msgspec import structs

    root = shop(tmp_path)
    validated, (one,) = pipeline.compile_project(Request(root))
    files = own_backends.files(validated.backends)
    assert files == ("backends/systemd/backend.yaml", "backends/systemd/unit.service.j2")
    plan = structs.replace(
        pipeline.plan(root, one), made=workspace.made_from(root, validated.composed.sources, files)
    )
    assert workspace.stale(root, plan) == []
    (root / "backends/systemd/unit.service.j2").write_text(UNIT + "# more\n")
    assert workspace.stale(root, plan) == [
        "backends/systemd/unit.service.j2, of a backend of the project's own, has changed since"
    ]


def test_the_digest_is_that_of_all_its_files(tmp_path: Path) -> None:
    first = own(shop(tmp_path))[0].digest
    assert own(tmp_path)[0].digest == first
    (tmp_path / "backends/systemd/README").write_text("Read me\n")
    assert own(tmp_path)[0].digest != first


def test_its_lines_are_led_back(tmp_path: Path) -> None:
    _, traced = tracing.trace(Request(shop(tmp_path)), WRITTEN)
    assert traced is not None
    line = next(one for one in traced.lines if one.text.startswith("Description"))
    assert [str(source.explanation.winner.span) for source in line.sources if not source.shifts] == [
        "deployment/local.yaml:3:14"
    ]
    tag = next(one for one in traced.lines if one.text == "# b")
    assert str(tag.sources[0].explanation.winner.span) == "deployment/local.yaml:4:11"


SCHEMA = {"type": "object", "properties": {"name": {"maxLength": 3}, "text": {"type": "string"}}}


def checked(
    root: Path, schema: object, template: str = "name: {{ name | yaml }}\n"
) -> tuple[str, tuple[str, ...]]:
    shop(
        root,
        {
            "backends/systemd/backend.yaml": MANIFEST.replace("unit.service.j2", "unit.yaml.j2").replace(
                ".service", ".yaml"
            )
            + "    check: [jsonschema unit.schema.json]\n",
            "backends/systemd/unit.yaml.j2": template,
            "backends/systemd/unit.schema.json": json.dumps(schema),
        },
    )
    validated, (one,) = pipeline.compile_project(Request(root))
    assert validated.diagnostics == ()
    (artifact,) = one.artifacts
    (said,) = verify_each(artifact, validated.backends[0])
    return said.outcome, said.findings


def test_a_schema_of_its_own_is_held_against_what_it_writes(tmp_path: Path) -> None:
    assert checked(tmp_path, {**SCHEMA, "properties": {"name": {"maxLength": 5}}}) == ("ok", ())
    assert checked(tmp_path, SCHEMA) == ("rejected", ("$.name: 'local' is too long",))
    outcome, (said,) = checked(tmp_path, {"type": 7})
    assert (outcome, said.startswith("the schema itself is wrong at $")) == ("rejected", True)


@pytest.mark.parametrize("reference", ["https://schemas.invalid/x.json", "file:///etc/passwd", "other.json"])
def test_a_schema_leads_nowhere_else(reference: str, tmp_path: Path) -> None:
    assert checked(tmp_path, {"$ref": reference}) == (
        "rejected",
        (f"the schema refers to {reference}, which is not in it",),
    )


def test_a_schema_that_takes_for_ever_is_stopped(tmp_path: Path) -> None:
    schema = {"properties": {"text": {"pattern": "^(a|a)*$"}}}
    template = "text: {{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | yaml }}\n"
    assert checked(tmp_path, schema, template) == (
        "rejected",
        ("the schema takes too long, or too much memory",),
    )


def test_doctor_and_the_matrix_know_it(tmp_path: Path) -> None:
    checked(tmp_path, SCHEMA)
    backends = own(tmp_path)
    (row,) = installed.checkers(backends)
    assert (row.name, row.what_for) == ("jsonschema", "artifacts of systemd")
    tables = _matrix.tables(backends)
    assert (
        "| `systemd` | `systemd/{{ name }}/mlc-{{ name }}.yaml` | `jsonschema unit.schema.json` |" in tables
    )
    assert "| `systemd` | `target.type: local` |" in tables


def test_no_value_becomes_structure(tmp_path: Path) -> None:
    """The 515 strings, each as the description of a resource, in YAML and in a unit of systemd."""
    root = shop(
        tmp_path,
        {
            "backends/systemd/backend.yaml": MANIFEST
            + "  - {kind: deployment, template: card.yaml.j2, path: 'systemd/{{ name }}/card.yaml'}\n",
            "backends/systemd/card.yaml.j2": "a:\n  b: {{ resource.description | yaml }}\n  c: 1\n",
        },
    )
    (one,) = pipeline.compile_project(Request(root))[1]
    from msgspec import structs

    from mlc.emit import emit

    resource = next(found for found in one.graph.resources if str(found.address) == "deployment.local")
    for text in naughty():
        changed = structs.replace(resource, view={**resource.view, "description": text, "tags": [text]})
        graph = structs.replace(one.graph, resources=(changed,))
        unit, card = sorted(emit(graph, own(root), True), key=lambda found: found.path.endswith("yaml"))
        assert yaml.safe_load(card.content) == {"a": {"b": text, "c": 1}}
        assert unit.content.decode().count("\n") == 4, text


def test_a_project_without_one_loads_nothing_for_it(tmp_path: Path) -> None:
    lines = (
        "import sys; from pathlib import Path; from mlc import pipeline; from mlc.request import Request;"
        f"assert pipeline.validate(Request(Path({str(tmp_path)!r}))).diagnostics == ();"
        "assert not {'jinja2', 'mlc.emit', 'mlc.compose.backends'} & {*sys.modules}, sys.modules.keys()"
    )
    import subprocess

    from rules.project import lay

    lay(tmp_path)
    subprocess.run([sys.executable, "-c", lines], check=True)


def test_its_templates_are_shown_where_a_finding_points(tmp_path: Path) -> None:
    root = shop(tmp_path, {"backends/systemd/unit.service.j2": "{{ name }}\n"})
    validated = pipeline.validate(Request(root))
    assert validated.composed.sources["backends/systemd/unit.service.j2"] == "{{ name }}\n"
    assert len(told(root)) == 1
