"""What is wrong with a backend of a project's own is told at its line, all of it at once; and nothing of it is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stages.own_backends.shop import FILES, MANIFEST, shop, told

_YAML = "backends/systemd/backend.yaml"
_UNIT = "backends/systemd/unit.service.j2"


def declaring(text: str) -> dict[str, str]:
    return {"mlc.yaml": FILES["mlc.yaml"].replace("{systemd: {}}", text)}


def emitting(path: str, kind: str = "deployment", more: str = "") -> dict[str, str]:
    return {_YAML: MANIFEST + f"  - {{kind: {kind}, template: unit.service.j2, path: '{path}'{more}}}\n"}


CI = {"pipeline/ci.yaml": "systems: [gitlab_ci]\ninstall: pip install mlc\napply: {dev: {}}\n"}


@pytest.mark.parametrize(
    ("changed", "place", "said"),
    [
        # where it is
        (declaring("{sytemd: {}}"), "mlc.yaml:5", 'should stand in backends/sytemd, which is no folder'),
        (declaring("{sytemd: {}}"), "mlc.yaml:5", 'Did you mean "systemd"?'),
        (declaring("{systemd: {path: deploy}}"), "mlc.yaml:5", "deploy, which is no folder"),
        (declaring("{systemd: {path: model}}"), "mlc.yaml:5", "model, which holds no backend.yaml"),
        (declaring("{systemd: {path: ../x}}"), "mlc.yaml:5", 'takes a path of letters'),
        (declaring("{systemd: {module: acme}}"), "mlc.yaml:5", 'the module "acme", which mlc.yaml does not have'),
        (declaring("{systemd: {path: a, module: b}}"), "mlc.yaml:5", "has a `path` and a `module`"),
        (declaring("{systemd: {file: a}}"), "mlc.yaml:5", '"file"'),
        (declaring("{systemd: {may_write: [.git]}}"), "mlc.yaml:5", "other than .git and .mlc"),
        (declaring("{docker: {path: backends/systemd}}"), "mlc.yaml:5", "mlc has a backend called docker already"),
        (declaring("{units: {path: backends/systemd}}"), f"{_YAML}:1", 'and mlc.yaml "units"'),
        # backend.yaml
        ({_YAML: MANIFEST.replace("emits", "emit")}, f"{_YAML}:3", 'emits'),
        ({_YAML: MANIFEST.replace("deployment", "deploymnet", 2)}, f"{_YAML}:4", 'Did you mean "deployment"?'),
        ({_YAML: MANIFEST.replace("template: unit", "template: unti")}, f"{_YAML}:6",
         'Did you mean "unit.service.j2"?'),
        ({_YAML: MANIFEST.replace("target.type", "tagret.type")}, f"{_YAML}:5", 'Did you mean "target"?'),
        ({_YAML: MANIFEST.replace("target.type", "project.nmae")}, f"{_YAML}:5", 'mlc.yaml has no field "nmae"'),
        ({_YAML: MANIFEST.replace("kind: deployment", "kind: 7")}, f"{_YAML}:4", "text"),
        ({_YAML: "backend: systemd\n"}, f"{_YAML}:1", "description"),
        ({_YAML: "backend: systemd\ndescription: x\nby: driver\n"}, f"{_YAML}:3", "`by` is for what mlc's own steps"),
        ({_YAML: "backend: systemd\ndescription: x\n"}, f"{_YAML}:1", "emits nothing"),
        ({_YAML: "backend: systemd\ndescription: [\n"}, f"{_YAML}:", ""),
        ({_YAML: "- a\n"}, f"{_YAML}:1", ""),
        ({_YAML: ""}, f"{_YAML}:1", ""),
        # paths
        (emitting("a/../b/{{ name }}"), f"{_YAML}:8", '".." is no name'),
        (emitting("a//{{ name }}"), f"{_YAML}:8", "is no name of a file"),
        (emitting("a b/{{ name }}"), f"{_YAML}:8", "is no name of a file"),
        (emitting("systemd/.git/hooks/{{ name }}"), f"{_YAML}:8", "nothing into .git"),
        (emitting("systemd/{{ name | yaml }}"), f"{_YAML}:8", "a brace that is part of no value"),
        (emitting("systemd/{% if x %}y{% endif %}"), f"{_YAML}:8", "a brace that is part of no value"),
        (emitting("systemd/{{ secret.x }}"), f"{_YAML}:8", "may hold name, kind"),
        (emitting("systemd/{{ resource.mdoel.name }}"), f"{_YAML}:8", 'Did you mean "model"?'),
        (emitting("systemd/{{ resource.description }}"), f"{_YAML}:8", "cannot be a part of an artifact's path"),
        (emitting("../{{ name }}"), f"{_YAML}:8", ""),
        ({**emitting(".github/workflows/{{ name }}.yml", "pipeline"), **CI}, f"{_YAML}:8", "`may_write: [.github]`"),
        ({**emitting(".mlc/state/x", "pipeline"), **CI}, f"{_YAML}:8", "leads to .mlc"),
        ({**emitting("model/{{ name }}.yaml", "pipeline"), **CI}, f"{_YAML}:8", "model is of the specs"),
        ({**emitting("mlc.yaml", "pipeline"), **CI}, f"{_YAML}:8", "mlc.yaml is of the specs"),
        ({**emitting("backends/systemd/x", "pipeline"), **CI}, f"{_YAML}:8", "backends is of the specs"),
        ({**emitting("{{ resource.runner }}/x", "pipeline"), **CI,
          "pipeline/ci.yaml": CI["pipeline/ci.yaml"] + "runner: env\n"}, f"{_YAML}:8", "env is of the specs"),
        ({**emitting("{{ environment }}/x", "pipeline"), **CI}, f"{_YAML}:8", "knows no environment"),
        # checks
        (emitting("systemd/{{ name }}/x", more=", check: [shell id]"), f"{_YAML}:8", '"shell" is no checker'),
        (emitting("systemd/{{ name }}/x", more=", check: [mlserver Settings]"), f"{_YAML}:8",
         '"mlserver" is no checker'),
        (emitting("systemd/{{ name }}/x", more=", check: [kustomize]"), f"{_YAML}:8", '"kustomize" is no checker'),
        (emitting("systemd/{{ name }}/x", more=", check: [hadolnt]"), f"{_YAML}:8", 'Did you mean "hadolint"?'),
        (emitting("systemd/{{ name }}/x", more=", check: [hadolint --config=/etc/passwd]"), f"{_YAML}:8",
         "is not written as"),
        (emitting("systemd/{{ name }}/x", more=", check: [json-schema vendor.x --schemafile http://x]"), f"{_YAML}:8",
         "vendor.NAME"),
        (emitting("systemd/{{ name }}/x", more=", check: [crd ../../etc/passwd]"), f"{_YAML}:8", "crd FILE"),
        (emitting("systemd/{{ name }}/x", more=", check: [jsonschema unit.json]"), f"{_YAML}:8",
         'no file called "unit.json"'),
        ({**emitting("systemd/{{ name }}/x", more=", check: [jsonschema unit.service.j2]")}, f"{_YAML}:8",
         "is no JSON"),
        # what is taken
        (emitting("systemd/all"), "", None),
        ({**emitting("systemd/all"), "deployment/other.yaml": "model: churn\ntarget: here\n"}, f"{_YAML}:8",
         "systemd writes it for deployment.local"),
        (emitting("systemd/{{ name }}/mlc-{{ name }}.service"), f"{_YAML}:8", "systemd writes it for deployment.local"),
        (emitting("systemd/{{ name }}"), f"{_YAML}:8", "it is a folder, in which"),
        (emitting("systemd/{{ name }}/mlc-{{ name }}.service/x"), f"{_YAML}:8", "systemd writes it for"),
        (emitting("models/{{ name }}/{{ kind }}.txt", "model"), "", None),
        (emitting("openapi/{{ name }}/openapi.yaml") | {
            "deployment/local.yaml": FILES["deployment/local.yaml"] + "openapi: true\n"}, f"{_YAML}:8",
         "openapi writes it"),
        ({**emitting("people.csv", "pipeline"), **CI}, f"{_YAML}:8", "dataset.people reads it"),
        ({**emitting("generated/dev/x", "pipeline"), **CI}, f"{_YAML}:8", "generated is for what is written in each"),
        # templates
        ({_UNIT: "a\n{{ resource.replcas | comment }}\n"}, f"{_UNIT}:2", 'Did you mean "replicas"?'),
        ({_UNIT: "a\n{{ project.nmae | comment }}\n"}, f"{_UNIT}:2", 'the project has no field "nmae"'.capitalize()),
        ({_UNIT: "a\n{{ resource.model.nmae | comment }}\n"}, f"{_UNIT}:2", "For deployment.local, there is no"),
        ({_UNIT: "a\n{{ facts.x | comment }}\n"}, f"{_UNIT}:2", 'there is no "x"'),
        ({_UNIT: "\n\n{{ name }}\n"}, f"{_UNIT}:3", "does not end in a quoting filter"),
        ({_UNIT: "{{ resource | json }}" * 500}, f"{_UNIT}:1", "costs more than"),
        ({**emitting("systemd/{{ name }}/x.yaml"), _UNIT: "a: [\n{{ name | comment }}\n"}, f"{_UNIT}:1",
         "cannot be read back"),
    ],
)  # fmt: skip
def test_is_told_at_its_line(changed: dict[str, str], place: str, said: str | None, tmp_path: Path) -> None:
    found = told(shop(tmp_path, changed))
    if said is None:
        assert found == []
        return
    assert any(f" {place}" in one and said in one for one in found), found


def test_all_of_it_is_told_at_once(tmp_path: Path) -> None:
    root = shop(
        tmp_path,
        {
            "mlc.yaml": FILES["mlc.yaml"].replace("{systemd: {}}", "{systemd: {}, other: {}, third: {}}"),
            "model/churn.yaml": "task: nothing\n",
            _YAML: MANIFEST.replace("deployment", "deploymnet").replace("target.type", "x.y"),
            "backends/other/backend.yaml": MANIFEST.replace("systemd", "other"),
            "backends/other/unit.service.j2": "{{ a }}\n{{ b | yaml }}\n",
        },
    )
    places = [" ".join(one.split()[:2]) for one in told(root)]
    assert [place for place in places if "backend" in place or "mlc.yaml" in place] == [
        "bad-template backends/other/unit.service.j2:1",
        "bad-template backends/other/unit.service.j2:1",
        "bad-template backends/other/unit.service.j2:2",
        "bad-backend backends/systemd/backend.yaml:4",
        "backend-missing mlc.yaml:5",
    ]
    assert any(place.endswith("model/churn.yaml:1") for place in places)


@pytest.mark.parametrize("name", ["backend.yaml", "unit.service.j2", "more.j2"])
def test_what_a_link_leads_to_is_not_read(name: str, tmp_path: Path) -> None:
    root = shop(tmp_path / "project")
    (tmp_path / "secret").write_text(MANIFEST)
    file = root / "backends" / "systemd" / name
    file.unlink(missing_ok=True)
    file.symlink_to(tmp_path / "secret")
    (one,) = told(root)
    assert one.startswith("backend-missing mlc.yaml:5")
    assert "no link leads to" in one


def test_nor_is_a_folder_that_a_link_leads_to(tmp_path: Path) -> None:
    root = shop(tmp_path / "project")
    (root / "backends").rename(tmp_path / "backends")
    (root / "backends").symlink_to(tmp_path / "backends")
    (one,) = told(root)
    assert "is no folder of the project that may be read" in one


def test_a_pipe_and_bytes_and_much_are_no_templates(tmp_path: Path) -> None:
    root = shop(tmp_path)
    folder = root / "backends" / "systemd"
    os.mkfifo(folder / "pipe.j2")
    (folder / "more.j2").write_bytes(b"\xff\xfe")
    (one,) = told(root)
    assert "more.j2 is not UTF-8 text" in one
    (folder / "more.j2").write_text("x" * 200_000)
    (one,) = told(root)
    assert "100,000 bytes of templates" in one
    (folder / "more.j2").unlink()
    for number in range(101):
        (folder / f"f{number}").write_text("x")
    (one,) = told(root)
    assert "at most 100 files" in one


def test_many_artifacts_that_cost_little_each_cost_too_much_together(tmp_path: Path) -> None:
    more = "".join(
        f"  - {{kind: deployment, template: unit.service.j2, path: 'systemd/{{{{ name }}}}/{number}'}}\n"
        for number in range(90)
    )
    loops = (
        "{% for a in resource.tags %}{% for b in resource.tags %}{% for c in resource.tags %}{% endfor %}" * 1
    )
    root = shop(
        tmp_path,
        {
            _YAML: MANIFEST + more,
            _UNIT: loops + "{% endfor %}{% endfor %}\n",
            "deployment/local.yaml": f"model: churn\ntarget: here\ntags: [{', '.join(f't{n}' for n in range(40))}]\n",
        },
    )
    (one,) = told(root)
    assert "costs more than" in one
