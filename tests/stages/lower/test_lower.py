"""A checked document becomes a graph: dependencies first, references replaced by what they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlc import lower, pipeline
from mlc.ir.address import Address
from mlc.ir.graph import Graph
from mlc.request import Request
from rules.project import lay

MORE = {
    "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev, prod]\nregistry: main\n",
    "env/prod.yaml": "",
    "registry/main.yaml": "type: hybrid\nfiles: .mlc/elsewhere\n",
    "gate/quality.yaml": "metrics: {roc_auc: {min: 0.7, confidence: 0.9}}\n",
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\nowner: sales\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\ngates: [quality]\n",
    "target/cluster.yaml": "type: kserve\nstorage: s3://models/\nserving_runtime: kserve-mlserver\n",
    "deployment/web.yaml": "model: churn\ntarget: cluster\nalias: live\nresources: {memory: 1024Mi}\n",
    "pipeline/ci.yaml": "systems: [github_actions]\ninstall: pip install mlc\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return lay(tmp_path, MORE)


def graph(root: Path, environment: str = "dev") -> Graph:
    validated = pipeline.validate(Request(root, (environment,)))
    assert validated.diagnostics == ()
    return lower.lower(validated.checked[environment])


def test_every_reference_is_an_edge(project: Path) -> None:
    found = [(str(edge.source), str(edge.target), edge.path) for edge in graph(project).edges]
    assert found == [
        ("deployment.local", "model.churn", "model"),
        ("deployment.local", "target.here", "target"),
        ("deployment.web", "model.churn", "model"),
        ("deployment.web", "target.cluster", "target"),
        ("model.churn", "dataset.people", "dataset"),
        ("model.churn", "features.basic", "features"),
        ("model.churn", "gate.quality", "gates.0"),
    ]


def test_dependencies_come_first(project: Path) -> None:
    found = graph(project)
    order = [resource.address for resource in found.resources]
    assert len(order) == len(set(order))
    for edge in found.edges:
        assert order.index(edge.target) < order.index(edge.source)


def test_the_order_does_not_depend_on_the_order_of_the_files(project: Path, tmp_path: Path) -> None:
    other = lay(tmp_path / "other", dict(reversed(MORE.items())))
    assert [one.address for one in graph(project).resources] == [
        one.address for one in graph(other).resources
    ]


def test_a_view_holds_what_a_resource_refers_to(project: Path) -> None:
    deployment = graph(project).resource(Address("deployment", "web"))
    assert deployment is not None
    model = deployment.view["model"]
    assert deployment.spec["model"] == "churn"
    assert (deployment.view["kind"], deployment.view["name"]) == ("deployment", "web")
    assert model["dataset"]["columns"]["left"]["role"] == "label"
    assert [gate["name"] for gate in model["gates"]] == ["quality"]
    assert deployment.view["target"]["namespace"] == "default"


def test_an_owner_is_ones_own_or_the_projects(project: Path) -> None:
    owners = {str(one.address): one.view["owner"] for one in graph(project).resources}
    assert owners["model.churn"] == "sales"
    assert owners["deployment.web"] == "growth"


def test_the_registry_is_the_one_named_or_the_default(project: Path, tmp_path: Path) -> None:
    assert graph(project).project["registry"]["files"] == ".mlc/elsewhere"
    assert graph(lay(tmp_path / "plain")).project["registry"]["files"] == ".mlc/registry/files"


def test_operations_read_only_what_comes_before_them(project: Path) -> None:
    seen: set[str] = set()
    for resource in graph(project).resources:
        for operation in resource.operations:
            assert set(operation.needs) <= seen
            assert operation.address == str(resource.address)
            seen.add(operation.id)
    assert {
        "dataset.people/ingest",
        "model.churn/train",
        "model.churn/gate",
        "deployment.local/deploy",
    } <= seen


def test_a_model_without_gates_is_registered_all_the_same(tmp_path: Path) -> None:
    model = graph(lay(tmp_path)).resource(Address("model", "churn"))
    assert model is not None
    names = [operation.name for operation in model.operations]
    assert "gate" not in names
    assert names[0] == "train"
    assert names[-1] == "register"


def test_templates_are_given_values_rather_than_computing_them(project: Path) -> None:
    deployment = graph(project, "prod").resource(Address("deployment", "web"))
    assert deployment is not None
    assert deployment.facts["alias"] == "live"
    assert deployment.facts["memory"] == "1Gi"
    assert deployment.facts["model_uri"] == "s3://models/shop/churn/live"


def test_a_pipeline_exists_once_per_project(project: Path) -> None:
    ci = Address("pipeline", "ci")
    assert graph(project, "dev").resource(ci) is not None
    assert graph(project, "prod").resource(ci) is None
