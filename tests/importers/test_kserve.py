"""An InferenceService that was imported is rendered again as it was, but for what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from importers.project import (
    LOADER,
    findings,
    imported,
    laid,
    leaves,
    read,
    refusals,
    rendered,
    spec_of,
    told,
    translated,
)
from mlc import importing

SNAPSHOTS = Path(__file__).parents[1] / "backends" / "__snapshots__"
FOLDERS = sorted(SNAPSHOTS.glob("*/generated/prod/kserve"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parts[-4])
def test_what_mlc_rendered_is_rendered_again(folder: Path, tmp_path: Path) -> None:
    found = imported("kserve", [folder], tmp_path)
    assert told(found) == []
    assert findings(tmp_path) == []
    texts = {path: text for path, text in rendered(tmp_path).items() if path.endswith(".yaml")}
    again = {path: yaml.load(text, Loader=LOADER) for path, text in texts.items()}
    for file in sorted(folder.rglob("*.yaml")):
        before = yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)
        name = f"generated/prod/kserve/{file.relative_to(folder).as_posix()}"
        # the folder of what belongs to a target is the target's name, which is not in it
        if file.name == "servingruntime.yaml":
            found_of = [one for one in again.values() if one.get("kind") == "ServingRuntime"]
            (after,) = (one for one in found_of if one["metadata"]["name"] == before["metadata"]["name"])
            for one in (before, after):
                one["metadata"]["annotations"].pop("mlc/resource")
        elif file.name in ("kustomization.yaml", "references.yaml"):
            (after,) = (one for path, one in again.items() if path.endswith(f"/{file.name}"))
        else:
            after = again[name]
        for one in (before, after):  # the signature is the stub's, whose columns are nobody's yet
            for predictor in predictors(one):
                for variable in predictor.get("env", []):
                    assert variable.pop("value").startswith('{"inputs":')
        assert after == before, name


def predictors(service: dict[str, Any]) -> list[dict[str, Any]]:
    """What serves in an InferenceService: its model, and a canary's; none of another object."""
    spec = service["spec"] if service.get("kind") == "InferenceService" else {}
    return [one["predictor"]["model"] for one in [spec, *spec.get("canary", [])] if "predictor" in one]


PLAIN = """\
# what a team wrote
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: fraud-scorer
  namespace: payments
spec:
  predictor:
    minReplicas: 2
    maxReplicas: 8
    scaleMetric: concurrency
    scaleTarget: 20
    canaryTrafficPercent: 25
    serviceAccountName: reader
    model:
      modelFormat: {name: onnx}
      runtime: triton
      storageUri: gs://models/fraud/scorer/live
      resources:
        requests: {cpu: 750m, memory: 1Gi}
        limits: {cpu: 750m, memory: 1Gi}
"""
STANDARD = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: fraud
  annotations: {serving.kserve.io/deploymentMode: RawDeployment, serving.kserve.io/autoscalerClass: hpa}
spec:
  predictor:
    minReplicas: 1
    maxReplicas: 3
    scaleMetric: cpu
    scaleTarget: 60
    model:
      modelFormat: {name: onnx}
      runtime: triton
      protocolVersion: v2
      storageUri: pvc://models/fraud/scorer/live
"""
RICH = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: iris
  labels: {team: flowers}
  annotations:
    sidecar.istio.io/inject: "false"
spec:
  predictor:
    timeout: 30
    batcher: {maxBatchSize: 32}
    nodeSelector: {disk: ssd}
    minReplicas: 0
    scaleMetric: rps
    scaleTarget: 5
    model:
      modelFormat:
        name: sklearn
        version: "1"
      storageUri: gs://kfserving-examples/models/sklearn/1.0/model
      env:
        - {name: A, value: b}
      resources:
        requests: {cpu: 100m, memory: 512Mi, nvidia.com/gpu: "1"}
        limits: {cpu: "1", memory: 2Gi}
  transformer:
    containers: [{image: "acme/transform:1"}]
"""


@pytest.mark.parametrize("source", [PLAIN, STANDARD, RICH], ids=["plain", "standard", "rich"])
def test_what_is_not_rendered_again_was_told_with_its_line(source: str, tmp_path: Path) -> None:
    file = laid(tmp_path, {"service.yaml": source}) / "service.yaml"
    found = imported("kserve", [file], tmp_path / "new")
    assert findings(tmp_path / "new") == []
    (text,) = (one for path, one in rendered(tmp_path / "new").items() if path.endswith("service.yaml"))
    after = dict(leaves(read(text, "after")))
    lines = [
        range(one.primary.span.line, one.primary.span.end_line + 1)
        for one in found.diagnostics
        if one.rule == "import-left-out" and one.primary is not None
    ]
    node = read(source, "before")
    for path, leaf in leaves(node):
        same = path in after and str(after[path].value) == str(leaf.value)
        spelled_alike = path[-1] == "serving.kserve.io/deploymentMode" and leaf.value == "RawDeployment"
        around = [
            at.key_span.line
            for length in range(len(path))
            if (at := node.at(path[: length + 1])) and at.key_span
        ]
        is_told = any(line in told_lines for told_lines in lines for line in (leaf.span.line, *around))
        assert same or spelled_alike or is_told, (path, leaf.value)


def test_values_are_where_the_language_has_them(tmp_path: Path) -> None:
    found = translated("kserve", [laid(tmp_path, {"a.yaml": PLAIN}) / "a.yaml"], tmp_path / "new")
    assert spec_of(found, "deployment/fraud-scorer.yaml") == {
        "model": "scorer",
        "target": "payments",
        "alias": "live",
        "resources": {"cpu": "750m", "memory": "1Gi"},
        "autoscaling": {"min": 2, "max": 8, "concurrency": 20},
        "rollout": {"strategy": "canary", "steps": {"imported": {"traffic": "25%"}}},
    }
    assert spec_of(found, "target/payments.yaml") == {
        "type": "kserve",
        "namespace": "payments",
        "storage": "gs://models",
        "serving_runtime": "triton",
        "service_account": "reader",
    }
    assert spec_of(found, "mlc.yaml")["project"] == "fraud"
    assert "model/scorer.yaml" in found.texts  # a stand-in, which is told
    assert [one.address for one in found.diagnostics if "stands in for it" in one.detail] == ["model.scorer"]


def test_a_model_that_is_there_needs_no_stand_in(tmp_path: Path) -> None:
    imported("kserve", [laid(tmp_path, {"a.yaml": PLAIN}) / "a.yaml"], tmp_path / "p")
    laid(tmp_path, {"b.yaml": PLAIN.replace("fraud-scorer", "second").replace("fraud/scorer", "fraud/other")})
    found = translated("kserve", [tmp_path / "b.yaml"], tmp_path / "p", is_new=False, model="scorer")
    assert set(found.texts) == {"deployment/second.yaml"}
    assert spec_of(found, "deployment/second.yaml")["target"] == "payments"
    assert any("fraud/scorer/live" in one for one in told(found))  # where the model lies then


def test_what_is_there_is_not_written_over_unasked(tmp_path: Path) -> None:
    source = laid(tmp_path, {"a.yaml": PLAIN}) / "a.yaml"
    imported("kserve", [source], tmp_path / "p")
    again = translated("kserve", [source], tmp_path / "p", is_new=False)
    assert all(again.before[file] == text for file, text in again.texts.items())
    laid(tmp_path, {"a.yaml": PLAIN.replace("maxReplicas: 8", "maxReplicas: 9")})
    refused = refusals("kserve", [source], tmp_path / "p", is_new=False)
    assert [one.rule for one in refused if one.severity == "error"] == ["import-refused"]
    found = translated("kserve", [source], tmp_path / "p", is_new=False, overwrite=True)
    assert spec_of(found, "deployment/fraud-scorer.yaml")["autoscaling"]["max"] == 9


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        (
            PLAIN.replace("v1beta1", "v1alpha2"),
            "import-unreadable",
            "is read as serving.kserve.io/v1beta1 has it",
        ),
        ("kind: Pod\napiVersion: v1\n", "import-unreadable", "holds no InferenceService"),
        ("a: [1\n", "yaml-syntax", "bracket"),
        ("", "import-unreadable", "holds no InferenceService"),
    ],
)
def test_what_is_no_service_is_refused(text: str, rule: str, words: str, tmp_path: Path) -> None:
    found = refusals("kserve", [laid(tmp_path, {"a.yaml": text}) / "a.yaml"], tmp_path / "new")
    assert rule in [one.rule for one in found]
    assert any(words in one.detail for one in found), [one.detail for one in found]


def test_an_interpolation_of_theirs_is_none_of_ours(tmp_path: Path) -> None:
    text = PLAIN.replace("serviceAccountName: reader", 'serviceAccountName: "${oc.env:HOME}"')
    found = imported("kserve", [laid(tmp_path, {"a.yaml": text}) / "a.yaml"], tmp_path / "new")
    assert "service_account" not in spec_of(found, "target/payments.yaml")
    assert any(one.startswith("14: service_account") for one in told(found))


def test_a_value_stays_a_value(tmp_path: Path) -> None:
    naughty = [
        "a: b",
        "# no comment",
        "'",
        '"',
        "{x: y}",
        "&a *b",
        "!!python/object:x",
        "yes",
        "1e3",
        "a\nb",
        "\u202e",
    ]
    for word in naughty:
        node: dict[str, Any] = yaml.load(PLAIN, Loader=LOADER)
        node["spec"]["predictor"]["serviceAccountName"] = word
        source = laid(tmp_path, {"a.yaml": yaml.safe_dump(node)}) / "a.yaml"
        try:
            found = translated("kserve", [source], tmp_path / "new")
        except importing.Unreadable as error:  # the loader's own refusal of what is hidden in it
            assert {one.rule for one in error.diagnostics} <= {"control-character"}
            continue
        assert spec_of(found, "target/payments.yaml").get("service_account", word) == word


def test_a_signature_without_its_runtime_is_told(tmp_path: Path) -> None:
    folder = SNAPSHOTS / "test_cluster_artifacts" / "generated" / "prod" / "kserve"
    found = imported("kserve", [folder / "risk_python" / "inferenceservice.yaml"], tmp_path)
    assert any("spec.predictor.model.env" in text for text in told(found)), told(found)


def test_a_predictor_that_was_changed_is_told(tmp_path: Path) -> None:
    folder = SNAPSHOTS / "test_cluster_artifacts" / "generated" / "prod" / "kserve"
    text = "---\n".join(
        (folder / name).read_text(encoding="utf-8")
        for name in ("risk_python/inferenceservice.yaml", "python/servingruntime.yaml")
    )
    (tmp_path / "all.yaml").write_text(text.replace("--enable_grpc=false", "--workers=2"))
    found = imported("kserve", [tmp_path / "all.yaml"], tmp_path / "project")
    assert [one for one in told(found) if "args" in one], told(found)
    assert not [one for one in told(found) if "Probe" in one], told(found)
