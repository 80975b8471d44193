"""Which artifacts a graph gives, where they go, and what becomes of a broken backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from backends.project import SPECS, graph_of
from mlc import data
from mlc.emit import BackendError, TemplateError, emit, load_backends, render
from mlc.emit.verify import verify, verify_each
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.kinds import _schemas

MANIFEST: dict[str, Any] = {
    "backend": "own",
    "description": "A backend of the user's own.",
    "emits": [{"kind": "deployment", "template": "a.yaml.j2", "path": "own/{{ name }}.yaml"}],
}
TEMPLATE = "# {{ header | comment }}\nname: {{ name | yaml }}\n"


def own(folder: Path, template: str = TEMPLATE, **changes: Any) -> tuple[Backend, ...]:
    """The backends of a folder that holds one, called `own`."""
    emission = MANIFEST["emits"][0] | changes.pop("emission", {})
    written = MANIFEST | {"emits": [emission]} | changes
    (folder / "own").mkdir()
    (folder / "own" / "backend.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    (folder / "own" / "a.yaml.j2").write_text(template, encoding="utf-8")
    return load_backends((folder,))


def paths(backends: tuple[Backend, ...], **project: Any) -> list[str]:
    return [artifact.path for artifact in emit(graph_of(SPECS, **project), backends, True)]


def test_a_users_own_backend_is_a_folder(tmp_path: Path) -> None:
    artifacts = emit(graph_of(SPECS, "dev", artifacts="out"), own(tmp_path), first_environment=True)
    assert [artifact.path for artifact in artifacts] == [
        f"out/dev/own/risk_{name}.yaml" for name in ("image", "local", "online", "server", "steady")
    ]
    assert artifacts[0].content == (
        b"# Written by mlc from deployment/risk_image.yaml; changes here are overwritten. "
        b"`mlc explain` of this path says where each line comes from.\nname: risk_image\n"
    )


@pytest.mark.parametrize(
    ("when", "names"),
    [
        ({"target.type": "kserve"}, ["online", "steady"]),
        ({"target.type": ["docker", "mlserver"]}, ["image", "server"]),
        ({"target.type": "kserve", "replicas": 3}, ["steady"]),
        ({"replicas": True}, []),
        ({"autoscaling": None, "target.type": "kserve"}, ["steady"]),
        ({"autoscaling.max": 6}, ["online"]),
        ({"model.dataset.split.method": "stratified", "runtime.name": "python"}, ["image"]),
        ({"tags": "eu"}, ["online"]),
        ({"tags": ["us", "gpu"]}, ["online"]),
        ({"no.such.field": "x"}, []),
    ],
)
def test_conditions_compare_values_of_the_view(
    when: dict[str, Any], names: list[str], tmp_path: Path
) -> None:
    backends = own(tmp_path, emission={"when": when})
    specs = {**SPECS, "deployment.risk_online": {**SPECS["deployment.risk_online"], "tags": ["eu", "gpu"]}}
    found = [artifact.address.name for artifact in emit(graph_of(specs), backends, True)]
    assert found == [f"risk_{name}" for name in names]


def test_what_exists_once_knows_no_environment(tmp_path: Path) -> None:
    emission = {"kind": "pipeline", "path": "ci/{{ name }}.yaml"}
    backends = own(tmp_path, template="name: {{ environment | yaml }}\n", emission=emission)
    with pytest.raises(TemplateError, match="'environment' is undefined"):
        paths(backends)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a: {{ name }}\n", "own/a.yaml.j2 .* line 1 does not end in a quoting filter"),
        ("a: {{ name | yaml }}: b\n", "own/a.yaml.j2 .* cannot be read back"),
        ("a: {{ resource.nam | yaml }}\n", "own/a.yaml.j2 .* 'nam'"),
        ("a: {% if %}\n", "own/a.yaml.j2 .* Expected an expression"),
        ("a: {{ header | requirement }}\n", "own/a.yaml.j2 .* exact version"),
    ],
)
def test_a_broken_template_is_named(template: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=message):
        paths(own(tmp_path, template))


def test_broken_json_is_found(tmp_path: Path) -> None:
    backends = own(tmp_path, "{{ name | shell }}\n", emission={"path": "own/{{ name }}.json"})
    with pytest.raises(TemplateError, match="cannot be read back"):
        paths(backends)


@pytest.mark.parametrize("path", ["../{{ name }}.yaml", "a/../../../{{ name }}.yaml"])
def test_an_artifact_cannot_leave_the_project(path: str, tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="leaves the project's folder"):
        paths(own(tmp_path, emission={"path": path}))


def test_two_artifacts_cannot_share_a_path(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"deployment\.risk_local.* already|has written .* already"):
        paths(own(tmp_path, emission={"path": "own/all.yaml"}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backend": "other"}, "its folder is called own"),
        ({"describe": "x"}, "schemas/backend.json"),
        ({"by": "driver"}, "rendered by a driver"),
        ({"emission": {"template": "b.j2"}}, "holds no file of that name"),
        ({"emission": {"when": {"a": {"b": 1}}}}, "schemas/backend.json"),
        ({"emission": {"path": "/etc/{{ name }}"}}, "schemas/backend.json"),
        (
            {"pins": {"a": {"uses": "a/b", "revision": "v4", "version": "v4", "seen": "x"}}},
            "schemas/backend.json",
        ),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(BackendError, match=message):
        own(tmp_path, **changes)


def test_a_name_belongs_to_one_backend(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    own(tmp_path / "one")
    with pytest.raises(BackendError, match="another backend has already"):
        load_backends((tmp_path / "one", tmp_path / "one"))


def test_the_digest_covers_every_template(tmp_path: Path) -> None:
    before = own(tmp_path)[0].digest
    assert load_backends((tmp_path,))[0].digest == before
    (tmp_path / "own" / "a.yaml.j2").write_text(TEMPLATE + "\n", encoding="utf-8")
    assert load_backends((tmp_path,))[0].digest != before


def test_drivers_render_a_template_by_name(tmp_path: Path) -> None:
    backends = own(tmp_path)
    assert render(backends, "own", "a.yaml.j2", {"header": "h", "name": "no"}) == b'# h\nname: "no"\n'
    for backend, template in (("own", "b.j2"), ("other", "a.yaml.j2")):
        with pytest.raises(LookupError, match="there is no template"):
            render(backends, backend, template, {})


def test_every_backend_loads_and_has_its_schema() -> None:
    names = {backend.name for backend in load_backends((data.path("templates"),))}
    assert {"docker", "github_actions", "kserve", "mlserver"} <= names
    assert _schemas.read("backend") == _schemas.generate()["backend"]


def test_a_missing_checker_skips_and_is_never_ok(tmp_path: Path) -> None:
    home = tmp_path / "main"
    home.mkdir()
    backends = {backend.name: backend for backend in load_backends((data.path("templates"),))}
    for artifact in emit(graph_of(SPECS), tuple(backends.values()), True):
        if artifact.path.endswith((".json", "inferenceservice.yaml")):
            found = verify(artifact, backends[artifact.backend], root=home)
            assert found.outcome == "skipped"
            assert "is not there" in found.findings[0]


def test_without_programs_their_checks_are_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    backends = {backend.name: backend for backend in load_backends((data.path("templates"),))}
    artifacts = emit(graph_of(SPECS), tuple(backends.values()), True)
    workflow = next(artifact for artifact in artifacts if artifact.path.startswith(".github/workflows/"))
    found = verify_each(workflow, backends["github_actions"])
    assert [one.outcome for one in found] == ["skipped"] * 3
    assert verify(workflow, backends["github_actions"]).outcome == "skipped"


def test_no_named_checker_is_never_ok(tmp_path: Path) -> None:
    backends = own(tmp_path)
    artifact: Artifact = emit(graph_of(SPECS), backends, True)[0]
    assert verify(artifact, backends[0]).outcome == "skipped"
    unknown = msgspec.structs.replace(
        backends[0].manifest,
        emits=[msgspec.structs.replace(backends[0].manifest.emits[0], check=["nonesuch"])],
    )
    found = verify(artifact, msgspec.structs.replace(backends[0], manifest=unknown))
    assert (found.outcome, found.checker) == ("skipped", "nonesuch")
