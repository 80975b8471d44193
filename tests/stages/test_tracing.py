"""Every line of an artifact is led back to the values that it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlc import tracing
from mlc.ir.tracing import Line, Traced
from mlc.request import Request
from stages.emit.test_provenance import FILES


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def traced(root: Path, asked: str, folder: str = "", *overrides: str) -> Traced:
    validated, found = tracing.trace(Request(root, (), overrides), asked, folder)
    assert found is not None, validated.diagnostics
    return found


def refused(root: Path, asked: str) -> str:
    validated, found = tracing.trace(Request(root), asked)
    assert found is None
    (one,) = (one for one in validated.diagnostics if one.severity == "error")
    assert one.rule == "not-an-artifact"
    return f"{one.detail} {one.help}"


def places(line: Line) -> list[str]:
    return [
        str(source.explanation.winner.span) if source.kind == "value" else source.explanation.path
        for source in line.sources
    ]


def line(one: Traced, text: str) -> Line:
    return next(found for found in one.lines if text in found.text)


def test_lines_lead_to_values_names_and_the_project(shop: Path) -> None:
    one = traced(shop, "generated/dev/docker/image/Dockerfile")
    assert (one.address, one.environment, one.backend) == ("deployment.image", "dev", "docker")
    assert [found.number for found in one.lines] == list(range(1, len(one.lines) + 1))
    assert places(line(one, "FROM python")) == ["runtime/base.yaml:2:8"]
    assert places(line(one, "mlc.model=")) == ["deployment/image.yaml:2:8"]
    assert places(line(one, "mlc.project=")) == ["mlc.yaml:2:10"]
    assert places(line(one, "mlc.environment=")) == ["mlc.yaml:4:16"]
    assert places(line(one, "image.title=")) == ["deployment.image"]
    assert places(line(one, "USER 10001")) == []


def test_what_decides_whether_a_line_is_there_is_told_with_it(shop: Path) -> None:
    one = traced(shop, ".github/workflows/mlc-ci.yml")
    assert places(line(one, "runs-on:"))[0] == "pipeline/ci.yaml:3:9"
    served = traced(shop, "generated/dev/kserve/online/inferenceservice.yaml")
    assert places(line(served, "minReplicas"))[0] == "deployment/online.yaml:3:11"


def test_one_line_has_the_layers_of_its_values(shop: Path) -> None:
    (shop / "env" / "dev.yaml").write_text("patch: {deployment: {online: {replicas: 5}}}\n", encoding="utf-8")
    whole = traced(shop, "generated/dev/kserve/online/inferenceservice.yaml")
    number = line(whole, "minReplicas").number
    one = traced(shop, f"generated/dev/kserve/online/inferenceservice.yaml:{number}:7")
    (found,) = one.lines
    explained = found.sources[0].explanation
    assert (explained.path, explained.winner.value) == ("deployment.online.replicas", 5)
    assert [str(lost.span) for lost in explained.overwrote] == [
        "deployment/online.yaml:3:11",
        "<field default>",
    ]


def test_an_override_of_the_command_line_counts(shop: Path) -> None:
    one = traced(shop, "generated/dev/docker/image/Dockerfile", "", "deployment.image.description=Other")
    assert places(line(one, "image.description=Other")) == ["<command line>"]


def test_a_path_may_be_told_from_a_folder_of_the_project_and_absolutely(shop: Path) -> None:
    path = "generated/dev/docker/image/Dockerfile"
    assert traced(shop, f"../{path}", "deployment").path == path
    assert traced(shop, f"{shop}/{path}").path == path
    assert traced(shop, f"./{path}:3").lines[0].number == 3


def test_what_is_no_artifact_is_said_kindly(shop: Path) -> None:
    assert 'Did you mean "generated/dev/docker/image/Dockerfile"?' in refused(
        shop, "generated/dev/docker/imgae/Dockerfile"
    )
    assert "`mlc render --env all` lists" in refused(shop, "some/thing/else.txt")
    assert "`mlc explain runtime.base`" in refused(shop, "runtime/base.yaml")
    assert "is a file of the specs" in refused(shop, "mlc.yaml")
    count = len(traced(shop, "generated/dev/docker/image/Dockerfile").lines)
    assert f"has {count} lines, and none has the number 400" in refused(
        shop, "generated/dev/docker/image/Dockerfile:400"
    )


def test_what_a_step_publishes_is_told_from_artifacts(shop: Path) -> None:
    (shop / "dataset" / "people.yaml").write_text(
        FILES["dataset/people.yaml"]
        + "describe: [croissant]\nlicence: {name: CC-BY-4.0, origin: a survey}\n",
        encoding="utf-8",
    )
    said = refused(shop, "generated/dev/datasets/people/croissant.json")
    assert "the step dataset.people/" in said
    assert "`mlc explain dataset.people`" in said


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("generated/dev/x.yaml", True),
        (".github/workflows/mlc-ci.yml:3", True),
        ("mlc.yaml", True),  # it is there
        ("mlc.yaml:2:1", True),
        ("catalog-info.yaml", False),
        ("./catalog-info.yaml", True),
        ("model.churn", False),
        ("modle.churn", False),
        ("dataset.people.columns[a/b]", False),
        ("vars.a/b", False),
    ],
)
def test_addresses_are_told_from_paths(text: str, wanted: bool, shop: Path) -> None:
    assert tracing.is_path(text, shop) is wanted
