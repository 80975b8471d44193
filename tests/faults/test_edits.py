"""Whatever is edited: after apply the plan is empty, and the files are those of a project made from scratch."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.forking import Server
from faults.small import LOGISTIC, model, rows, write
from faults.soundness import LONG, REGISTRY, folders, settled_files
from mlc.drivers.registry import verify

SEEDS = range(40 if LONG else 3)
EDITS = 8 if LONG else 4

Project = dict[str, str]
"""The files of a project and their text."""


@pytest.mark.parametrize("seed", SEEDS)
def test_edited_at_random(server: Server, root: Path, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    project = project_files(root)
    done = []
    for _ in range(EDITS):
        before = dict(project)
        while project == before:  # some edits have nothing to edit
            edit = draw.choice(CHOICES)
            edit(project, draw)
        done.append(edit.__name__)
        lay(root, project)
        ended = server.run(root, "apply", "--yes")
        assert ended.code == 0, (done, ended)
        planned = server.run(root, "plan", "--detailed-exitcode")
        assert planned.code == 0, (done, planned)
        assert verify(root, REGISTRY) == ()
    scratch = tmp_path / "scratch"
    lay(scratch, project)
    assert server.run(scratch, "apply", "--yes").code == 0
    assert settled_files(root) == settled_files(scratch), done
    assert folders(root) == folders(scratch), done


def test_what_names_its_environment_is_not_shared(server: Server, root: Path) -> None:
    """Of two environments that are described alike, each has its own bundle."""
    write(root, "deployment/image.yaml", "model: risk\ntarget: container\nruntime: serving\nalias: best\n")
    for environment in ("dev", "prod"):
        assert server.run(root, "apply", "--yes", f"env={environment}").code == 0
        bundle = json.loads((root / f"generated/{environment}/docker/image/bundle/bundle.json").read_bytes())
        assert bundle["environment"] == environment


def test_what_names_its_model_is_not_shared(server: Server, root: Path) -> None:
    """Of two models that are described alike, each has its own report; and neither is trained twice."""
    write(root, "model/twin.yaml", model())
    ended = server.run(root, "apply", "--yes")
    assert ended.code == 0, ended
    assert "✓ model.twin/train" in ended.out
    for name in ("risk", "twin"):
        report = (root / f"generated/dev/models/{name}/evaluation.html").read_text(encoding="utf-8")
        assert f"<h1>{name}</h1>" in report


def parameter(project: Project, draw: random.Random) -> None:
    path = draw.choice(_models(project))
    written = f"params: {{C: {draw.choice([0.25, 0.5, 1.0, 2.0])}}}"
    project[path] = _after(project[path], "params: {", "}", written)


def gate_bound(project: Project, draw: random.Random) -> None:
    project["gate/quality.yaml"] = f"metrics:\n  roc_auc: {{min: {draw.choice([0.55, 0.6, 0.65])}}}\n"


def description(project: Project, draw: random.Random) -> None:
    path = draw.choice([*_models(project), "dataset/loans.yaml", "features/applicant.yaml"])
    lines = [line for line in project[path].splitlines() if not line.startswith("description:")]
    project[path] = "\n".join([f"description: Number {draw.randrange(1000)}.", *lines]) + "\n"


def data(project: Project, draw: random.Random) -> None:
    project["data/loans.csv"] = rows(draw.choice([7, 8, 9]))


def feature(project: Project, draw: random.Random) -> None:
    columns = draw.choice(["[income, age]", "[income]"])
    scale = draw.choice(["standard", "none"])
    project["features/applicant.yaml"] = f"groups:\n  amounts: {{columns: {columns}, scale: {scale}}}\n"


def add_model(project: Project, draw: random.Random) -> None:
    project[f"model/{draw.choice(['risk', 'second', 'third'])}.yaml"] = model(
        LOGISTIC.replace("1.0", str(draw.choice([0.5, 3.0])))
    )


def remove_model(project: Project, draw: random.Random) -> None:
    """And the deployments of it; one model always stays."""
    if len(_models(project)) > 1:
        path = draw.choice(_models(project))
        del project[path]
        for deployment in _deployments(project):
            if f"model: {Path(path).stem}\n" in project[deployment]:
                del project[deployment]


def add_deployment(project: Project, draw: random.Random) -> None:
    name = draw.choice(["online", "image", "another"])
    target = draw.choice(["target: here\n", "target: container\nruntime: serving\n"])
    project[f"deployment/{name}.yaml"] = f"model: {Path(draw.choice(_models(project))).stem}\n{target}"


def remove_deployment(project: Project, draw: random.Random) -> None:
    if _deployments(project):
        del project[draw.choice(_deployments(project))]


def rename_deployment(project: Project, draw: random.Random) -> None:
    if _deployments(project):
        text = project.pop(draw.choice(_deployments(project)))
        project[f"deployment/renamed_{draw.randrange(100)}.yaml"] = text


def rename_model(project: Project, draw: random.Random) -> None:
    path = draw.choice(_models(project))
    name = f"renamed_{draw.randrange(100)}"
    project[f"model/{name}.yaml"] = project.pop(path)
    for deployment in _deployments(project):
        project[deployment] = project[deployment].replace(f"model: {Path(path).stem}\n", f"model: {name}\n")


CHOICES: tuple[Callable[[Project, random.Random], None], ...] = (
    parameter,
    gate_bound,
    description,
    data,
    feature,
    add_model,
    remove_model,
    add_deployment,
    remove_deployment,
    rename_deployment,
    rename_model,
)


def _models(project: Project) -> list[str]:
    return sorted(path for path in project if path.startswith("model/"))


def _deployments(project: Project) -> list[str]:
    return sorted(path for path in project if path.startswith("deployment/"))


def _after(text: str, start: str, end: str, written: str) -> str:
    before, _, rest = text.partition(start)
    return before + written + rest.partition(end)[2]


def project_files(root: Path) -> Project:
    paths = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in paths}


def lay(root: Path, project: Project) -> None:
    """The project's own files, and no others; what was generated stays."""
    for folder in ("model", "deployment", "features"):
        for file in (root / folder).glob("*.yaml"):
            if str(file.relative_to(root)) not in project:
                file.unlink()
    for path, text in project.items():
        write(root, path, text)
