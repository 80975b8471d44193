"""The stages of DVC hang together as the resources do, and what is broken about them is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from backends.project import SPECS, broken, emitted, graph_of
from mlc import data
from mlc.emit import emit, load_backends
from mlc.emit.verify import official, verify_by
from mlc.ir.artifact import Artifact

BACKENDS = load_backends((data.path("templates"),))
FOLDER = "generated/prod/dvc"
SNAPSHOTS = [
    f"{FOLDER}/{resource}/{file}"
    for resource in ("dataset/loans", "model/default_risk", "deployment/risk_server")
    for file in ("dvc.yaml", "params.yaml")
]
KEPT = {"cache": False, "persist": True}


def stages_of(specs: dict[str, dict[str, Any]], **project: Any) -> tuple[Artifact, ...]:
    return emit(graph_of(specs, dvc=True, **project), BACKENDS, first_environment=True)


ALL = stages_of(SPECS)
MODEL, SERVER = (
    emitted(ALL, f"dvc/{name}/dvc.yaml") for name in ("model/default_risk", "deployment/risk_server")
)


def stage(artifact: Artifact) -> dict[str, Any]:
    (found,) = yaml.load(artifact.content, Loader=yaml.CSafeLoader)["stages"].values()
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("path", SNAPSHOTS)
def test_artifact(path: str, artifact_file: SnapshotAssertion) -> None:
    assert emitted(ALL, path).content == artifact_file(name=path)


def test_no_snapshot_is_left_over() -> None:
    folder = Path(__file__).parent / "__snapshots__" / Path(__file__).stem
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert files == set(SNAPSHOTS)


def test_only_where_it_is_asked_for(artifacts: tuple[Artifact, ...]) -> None:
    assert not [one.path for one in artifacts if one.backend == "dvc"]
    assert {one.path for one in ALL} - {one.path for one in artifacts} == {
        one.path for one in ALL if one.backend == "dvc"
    }


def test_every_step_is_a_result_and_waits_for_what_it_reads() -> None:
    graph = graph_of(SPECS, dvc=True)
    for resource in graph.resources:
        if not resource.operations:
            continue
        found = stage(emitted(ALL, f"dvc/{resource.address.kind}/{resource.address.name}/dvc.yaml"))
        results = {
            f"{FOLDER}/{str(one.address).replace('.', '/')}/{one.name}.json" for one in resource.operations
        }
        published = {path for one in resource.operations for path in one.publishes.values()}
        outs = {
            name: options for out in found["outs"] + found.get("metrics", []) for name, options in out.items()
        }
        assert outs == dict.fromkeys(results | published, KEPT)
        read = {need for one in resource.operations for need in one.needs}
        elsewhere = {one for one in read if one.rpartition("/")[0] != str(resource.address)}
        files = {file for one in resource.operations for file in one.files.values()}
        assert set(found["deps"]) == files | {f"{FOLDER}/{one.replace('.', '/')}.json" for one in elsewhere}


def test_the_metrics_are_the_evaluation() -> None:
    assert stage(MODEL)["metrics"] == [{"generated/prod/models/default_risk/evaluation.json": KEPT}]


def test_parameters_hold_all_that_the_resource_builds_on() -> None:
    specs = {
        **SPECS,
        "features.applicant": {"groups": {"amounts": {"columns": ["income"], "impute": "mean"}}},
    }
    before, after = (
        emitted(one, "model/default_risk/params.yaml").content for one in (ALL, stages_of(specs))
    )
    assert before != after
    assert yaml.safe_load(after)["features"]["groups"]["amounts"]["impute"] == "mean"


def test_deeper_folders_lead_back_to_the_project() -> None:
    artifact = emitted(stages_of(SPECS, artifacts="out/of/it"), "dvc/model/default_risk/dvc.yaml")
    assert artifact.path.startswith("out/of/it/prod/dvc/")
    assert stage(artifact)["wdir"] == "../../../../../../.."
    assert f"{artifact.path.rpartition('/')[0]}/params.yaml" in str(stage(artifact)["params"])


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("model/default_risk/export.json", "model/default_risk/exported.json", "no stage makes"),
        ("model/default_risk/export.json", "model/other/export.json", "no stage makes"),
        ("risk_server/params.yaml", "risk_server/parameters.yaml", "there is no file"),
        ("promote.json: {cache: false, persist: true}", "promote.json: {persist: true}", "second copy"),
        ("promote.json: {cache: false, persist: true}", "promote.json: {cache: false}", "delete it before"),
        ("model.onnx: {cache: false, persist: true}", "model.onnx", "second copy"),
        ('wdir: "../../../../.."', 'wdir: "../.."', "there is no file"),
        ("stages:", "stages: [", "expected"),
    ],
)
def test_what_dvc_is_blind_to_is_refused(old: str, new: str, finding: str) -> None:
    found = verify_by("dvc", broken(SERVER, old, new), beside=ALL)
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


def test_without_dvc_it_is_skipped(tmp_path: Path) -> None:
    found = verify_by("dvc", SERVER, tmp_path, ALL)
    assert found.outcome == "skipped"
    assert "make .checkers/dvc/.installed" in found.findings[0]


def naughty() -> list[str]:
    file = official("naughty_strings.json")
    if not file.is_file():
        pytest.skip(f"the list of naughty strings is not there: {file}")
    return [text for text in dict.fromkeys(json.loads(file.read_bytes())) if text]


def test_naughty_strings_stay_texts() -> None:
    before = {**stage(emitted(ALL, "loans/dvc.yaml")), "desc": "", "deps": []}
    for text in [*naughty(), "${item}", "\\${x}", "a: b # c"]:
        loans = {**SPECS["dataset.loans"], "description": text, "source": {"type": "file", "path": text}}
        found = stages_of({"dataset.loans": loans})
        written = stage(emitted(found, "dataset/loans/dvc.yaml"))
        assert written["desc"].replace("\\${", "${") == text
        assert written["deps"][0].replace("\\${", "${") == text
        assert {**written, "desc": "", "deps": []} == before
        content = emitted(found, "dataset/loans/params.yaml").content
        params = yaml.load(content, Loader=yaml.CSafeLoader)
        assert (params["description"], params["source"]["path"]) == (text, text)
