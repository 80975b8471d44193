"""The header of an artifact names the files that values of its resource stand in, and no others."""

from __future__ import annotations

from pathlib import Path

from mlc.emit.origin import supplying
from mlc.pipeline import Compiled, compile_project, reads_in
from mlc.request import Request
from stages.emit.test_provenance import FILES


def compiled(root: Path, changed: dict[str, str], *overrides: str) -> Compiled:
    for name, text in {**FILES, **changed}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    validated, (one,) = compile_project(Request(root, ("dev",), overrides))
    assert {one.rule for one in validated.diagnostics} <= {"packages-unlocked"}, validated.diagnostics
    return one


def files_of(one: Compiled, address: str) -> tuple[str, ...]:
    resource = next(found for found in one.graph.resources if str(found.address) == address)
    return supplying(resource, reads_in(one.graph))


def test_a_resource_of_one_file_is_named_by_it(tmp_path: Path) -> None:
    one = compiled(tmp_path, {})
    assert files_of(one, "deployment.image") == ("deployment/image.yaml",)


def test_layers_are_named_where_a_value_of_theirs_holds(tmp_path: Path) -> None:
    one = compiled(
        tmp_path,
        {
            "mlc.yaml": FILES["mlc.yaml"] + "presets: {deployment: {port: 9000, replicas: 7}}\n",
            "env/dev.yaml": "defaults: [_low, _self_]\npatch: {deployment: {image: {replicas: 4}}}\n",
            "env/_low.yaml": "presets: {deployment: {replicas: 5}}\n",  # overwritten by the patch
            "deployment/_web.yaml": "resources: {cpu: 250m}\n",
            "deployment/image.yaml": "defaults: [_web, _self_]\n" + FILES["deployment/image.yaml"],
        },
    )
    assert files_of(one, "deployment.image") == (
        "deployment/image.yaml",
        "deployment/_web.yaml",
        "env/dev.yaml",
        "mlc.yaml",
    )
    written = next(found for found in one.artifacts if found.path.endswith("docker/image/Dockerfile"))
    assert written.content.decode().splitlines()[0] == (
        "# Written by mlc from deployment/image.yaml, deployment/_web.yaml, env/dev.yaml and mlc.yaml; changes here "
        "are overwritten. `mlc explain` of this path says where each line comes from."
    )


def test_what_an_interpolation_reads_is_named(tmp_path: Path) -> None:
    one = compiled(
        tmp_path,
        {
            "mlc.yaml": FILES["mlc.yaml"] + "vars: {words: 'for ${vars.whom}'}\n",
            "env/dev.yaml": "vars: {whom: all}\n",
            "deployment/image.yaml": FILES["deployment/image.yaml"].replace("Serves churn", "${vars.words}"),
            "deployment/online.yaml": FILES["deployment/online.yaml"].replace(
                "replicas: 3", "replicas: 3\ndescription: ${deployment.image.model}"
            ),
        },
    )
    assert files_of(one, "deployment.image") == ("deployment/image.yaml", "env/dev.yaml", "mlc.yaml")
    assert files_of(one, "deployment.online") == ("deployment/online.yaml", "deployment/image.yaml")


def test_the_command_line_is_no_file(tmp_path: Path) -> None:
    one = compiled(tmp_path, {}, "deployment.image.replicas=9")
    assert files_of(one, "deployment.image") == ("deployment/image.yaml",)
