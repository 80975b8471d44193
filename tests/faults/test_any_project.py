"""For any project and any other: after apply the plan is empty, and applying one over the other is applying the other.

Artifact for artifact, and in what the state holds; but for version numbers, which are history, and for what rests on a
measurement of time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faults.forking import Server
from faults.small import LOGISTIC, make_project, model, rows
from faults.soundness import LONG, REGISTRY, folders, remembered, settled_files
from faults.test_edits import Project, lay, project_files
from mlc.drivers.registry import verify

EXAMPLES = int(os.environ.get("MLC_FAULTS_PROJECTS", "200" if LONG else "4"))

NAMES = ("risk", "second", "third", "fourth")
COLUMNS = ("[income, age]", "[income]", "[age, income]")
TARGETS = ("target: here\n", "target: container\nruntime: serving\n")


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """Models, features, gates, data and deployments in any number and shape, without a mistake."""
    files: Project = {"data/loans.csv": rows(draw(st.sampled_from([7, 8])))}
    features = draw(st.lists(st.sampled_from(["applicant", "wealth"]), min_size=1, unique=True))
    for name in features:
        columns = draw(st.sampled_from(COLUMNS))
        scale = draw(st.sampled_from(["standard", "none"]))
        files[f"features/{name}.yaml"] = f"groups:\n  amounts: {{columns: {columns}, scale: {scale}}}\n"
    minimum = draw(st.sampled_from([0.5, 0.55]))
    files["gate/quality.yaml"] = f"metrics:\n  roc_auc: {{min: {minimum}, bound: point}}\n"
    models = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    for name in models:
        c = draw(st.sampled_from([0.5, 1.0]))
        text = model(LOGISTIC.replace("1.0", str(c)), draw(st.sampled_from(["One.", "Two."])))
        text = text.replace("features: applicant", f"features: {draw(st.sampled_from(features))}")
        if draw(st.booleans()):
            text = text.replace("gates: [quality]\n", "")
        files[f"model/{name}.yaml"] = text
    for name in draw(st.lists(st.sampled_from(["online", "image", "canary"]), max_size=3, unique=True)):
        text = f"model: {draw(st.sampled_from(models))}\n{draw(st.sampled_from(TARGETS))}"
        if draw(st.booleans()):
            text += f"alias: {draw(st.sampled_from(['best', 'next']))}\n"
        files[f"deployment/{name}.yaml"] = text
    return files


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Project, Project]:
    """A project, and another one; or the same with a model that has a new name."""
    before = draw(projects())
    if draw(st.booleans()):
        return before, draw(projects())
    named = [Path(path).stem for path in before if path.startswith("model/")]
    was = draw(st.sampled_from(named))
    now = draw(st.sampled_from(sorted({*NAMES, "renamed"} - set(named))))
    after = {
        path.replace(f"model/{was}.yaml", f"model/{now}.yaml"): text.replace(
            f"model: {was}\n", f"model: {now}\n"
        )
        for path, text in before.items()
    }
    return before, {**after, "moved": f"moved: {{model.{was}: model.{now}}}\n"}


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(pair=pairs(), at_once=st.sampled_from(["1", "3"]))
def test_one_over_another_is_the_other(server: Server, pair: tuple[Project, Project], at_once: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = project_files(make_project(folder / "base"))
        for path in [*base]:
            if path.startswith(("model/", "deployment/", "features/")):
                del base[path]
        shutil.rmtree(folder / "base")
        root, scratch = folder / "root", folder / "scratch"
        for project in pair:
            applied(server, root, base, project, at_once)
        applied(server, scratch, base, pair[1], at_once)
        assert settled_files(root) == settled_files(scratch)
        assert folders(root) == folders(scratch)
        assert remembered(root) == remembered(scratch)


def applied(server: Server, root: Path, base: Project, project: Project, at_once: str) -> None:
    files = {**base, **{path: text for path, text in project.items() if path != "moved"}}
    files["mlc.yaml"] = base["mlc.yaml"] + project.get("moved", "")
    lay(root, files)
    ended = server.run(root, "apply", "--yes", "--parallelism", at_once)
    assert ended.code == 0, ended
    planned = server.run(root, "plan", "--detailed-exitcode")
    assert planned.code == 0, planned
    assert verify(root, REGISTRY) == ()


def test_destroyed_and_applied_again_is_applied(server: Server, tmp_path: Path) -> None:
    root = make_project(tmp_path / "small")
    assert server.run(root, "apply", "--yes").code == 0
    before = settled_files(root), folders(root), remembered(root)
    assert server.run(root, "destroy", "--yes").code == 0
    assert not folders(root)
    assert server.run(root, "apply", "--yes").code == 0
    assert (settled_files(root), folders(root), remembered(root)) == before


def test_how_many_run_at_once_changes_no_bytes(server: Server, tmp_path: Path) -> None:
    found = []
    for at_once in ("1", "4"):
        root = make_project(tmp_path / at_once)
        for name, c in (("second", "0.5"), ("third", "2.0")):
            (root / f"model/{name}.yaml").write_text(model(LOGISTIC.replace("1.0", c)), encoding="utf-8")
        ended = server.run(root, "apply", "--yes", "--parallelism", at_once)
        assert ended.code == 0, ended
        found.append(remembered(root))
    assert found[0] == found[1]
