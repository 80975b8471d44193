"""Models that feed models and versions that are reused, planned and applied in a project."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from faults.small import make_project, rows, write
from mlc.cli.main import run
from mlc.drivers.registry import Cause, open_registry, set_alias
from mlc.drivers.registry.versions import version

SEEN = "task: binary_classification\ndataset: loans\nfeatures: applicant\n"
BAYES = "train: {estimator: sklearn.naive_bayes.GaussianNB}\n"
BOTH = (
    "task: binary_classification\ndataset: loans\n"
    "ensemble: {method: stacking, members: {risk: risk, bayes: bayes}, folds: 3}\n"
)
REGISTRY = {"database": "sqlite:///.mlc/registry/registry.db", "files": ".mlc/registry/files"}
LOGISTIC = "sklearn.linear_model.LogisticRegression"


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two models and a stack of them."""
    root = make_project(tmp_path_factory.mktemp("feeding") / "small")
    for name in ("online", "image"):
        (root / f"deployment/{name}.yaml").unlink()
    write(root, "model/bayes.yaml", SEEN + BAYES)
    write(root, "model/both.yaml", BOTH)
    assert run(["-C", str(root), "apply", "--yes"]) == 0
    return root


@pytest.fixture
def project(applied: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(applied, tmp_path / "small"))


def planned(root: Path, capfd: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    capfd.readouterr()
    assert run(["-C", str(root), "plan", "--format", "json", *more]) == 0, capfd.readouterr()
    (plan,) = json.loads(capfd.readouterr().out)["plans"]
    return {step["id"]: step for step in plan["steps"]}


def refused(root: Path, capfd: pytest.CaptureFixture[str], *words: str) -> list[Any]:
    capfd.readouterr()
    assert run(["-C", str(root), *words]) == 1
    told = capfd.readouterr()
    return [one for one in (told.out + told.err).split("\n\n") if "error[" in one]


def test_nothing_is_left_to_do_and_the_members_are_told_of(
    applied: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert planned(applied, capfd) == {}
    assert run(["-C", str(applied), "registry", "show", "both"]) == 0
    shown = capfd.readouterr().out
    assert "made of" in shown
    entry = version(open_registry(applied, REGISTRY), "both", 1).entry
    assert entry.members
    for name in ("risk", "bayes"):
        member = version(open_registry(applied, REGISTRY), name, 1).entry
        assert (entry.members[name].number, entry.members[name].digest) == (1, member.digest)
        assert f"{name} v1  inside  sha256:{member.digest}" in shown


def test_a_change_of_a_member_plans_all_that_builds_on_it(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(
        project,
        "model/bayes.yaml",
        SEEN + BAYES.replace("GaussianNB", "GaussianNB, params: {var_smoothing: 0.1}"),
    )
    steps = planned(project, capfd)
    assert {"model.bayes/train", "model.both/predict-bayes", "model.both/train", "model.both/register"} <= {
        *steps
    }
    assert "model.both/predict-risk" not in steps
    assert "model.risk/train" not in steps
    assert steps["model.both/predict-bayes"]["because"] == "because model.bayes changes"
    write(project, "model/bayes.yaml", SEEN + BAYES + "description: Another word.\n")
    assert not any(step.startswith("model.both/predict") for step in planned(project, capfd))


def test_a_member_that_comes_out_the_same_stops_there(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(project, "model/bayes.yaml", SEEN + BAYES.replace("GaussianNB}", "GaussianNB, seed: 3}"))
    capfd.readouterr()
    assert run(["-C", str(project), "apply", "--yes"]) == 0
    out = capfd.readouterr().out
    for step in ("feed", "train", "join", "export"):
        (line,) = [one for one in out.splitlines() if f"model.both/{step} " in one]
        assert "came out the same" in line
    assert planned(project, capfd) == {}


def test_a_version_is_made_again_byte_for_byte(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", str(project), "registry", "verify", "both:1", "--retrain"]) == 0, capfd.readouterr()


MISFITS = {
    "risk:7": (SEEN, "transforms", LOGISTIC, "has no version 7"),
    "risk@good": (SEEN, "transforms", LOGISTIC, 'has no alias "good"'),
    "unheard:1": (SEEN, "transforms", LOGISTIC, 'no version of a model named "unheard"'),
    "bayes:1": (SEEN, "warm_start", LOGISTIC, "It is a sklearn.naive_bayes.GaussianNB"),
    "risk:1": (SEEN, "features", LOGISTIC, "It learned from dataset.loans"),
    "both:1": (SEEN, "transforms", LOGISTIC, "It has other models inside"),
}


@pytest.mark.parametrize("reference", MISFITS)
def test_what_cannot_be_reused_is_said_when_it_is_planned(
    project: Path, capfd: pytest.CaptureFixture[str], reference: str
) -> None:
    asked, how, estimator, said = MISFITS[reference]
    reuse = f"train: {{estimator: {estimator}}}\nreuse: {{model: {reference}, as: {how}}}\n"
    write(project, "model/later.yaml", asked + reuse)
    told = refused(project, capfd, "plan")
    assert any("[reuse-unfit]" in one and "model/later.yaml:" in one for one in told)
    assert any(said in " ".join(one.split()) for one in told), told
    # what is not planned is not refused
    assert run(["-C", str(project), "plan", "--exclude", "model.later"]) == 0


def test_other_columns_are_said_by_their_names(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(project, "features/young.yaml", "groups:\n  amounts: {columns: [age], scale: standard}\n")
    reuse = f"train: {{estimator: {LOGISTIC}}}\nreuse: {{model: risk:1, as: transforms}}\n"
    write(project, "model/later.yaml", SEEN.replace("applicant", "young") + reuse)
    (told,) = refused(project, capfd, "plan")
    assert "it takes income, which is not given" in " ".join(told.split())


def test_an_alias_that_this_apply_moves_is_no_version(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(project, "deployment/online.yaml", "model: risk\ntarget: here\n")
    reuse = f"train: {{estimator: {LOGISTIC}}}\nreuse: {{model: risk@dev, as: warm_start}}\n"
    write(project, "model/later.yaml", SEEN + reuse)
    (told,) = refused(project, capfd, "validate")
    assert "[bad-reuse]" in told


def test_versions_are_reused_in_every_way(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Frozen transforms, a warm start and answers, on other rows than the version has learned from; by an alias."""
    later = "\n".join(
        line if line.startswith("id") else f"{int(line.partition(',')[0]) + 5000},{line.partition(',')[2]}"
        for line in rows(8).splitlines()
    )
    write(project, "data/later.csv", later + "\n")
    dataset = (project / "dataset/loans.yaml").read_text(encoding="utf-8")
    write(project, "dataset/later.yaml", dataset.replace("data/loans.csv", "data/later.csv"))
    good = open_registry(project, REGISTRY)
    set_alias(good, "risk", "good", 1, expected=None, cause=Cause("dev", "", "2026-01-01T00:00:00+00:00"))
    seen, train = SEEN.replace("loans", "later"), f"train: {{estimator: {LOGISTIC}}}\n"
    for how in ("transforms", "features"):
        write(project, f"model/{how}.yaml", f"{seen}{train}reuse: {{model: risk@good, as: {how}}}\n")
    stopped = train.replace("}", ", params: {max_iter: 1, tol: 100}}")
    write(project, "model/warm.yaml", f"{seen}{stopped}reuse: {{model: 'risk:1', as: warm_start}}\n")
    assert run(["-C", str(project), "apply", "--yes"]) == 0, capfd.readouterr()
    assert planned(project, capfd) == {}
    models = {name: loaded(project, name) for name in ("risk", "transforms", "warm", "features")}
    means = {name: scaler(one).mean_.tolist() for name, one in models.items() if name != "features"}
    assert means["transforms"] == means["warm"] == means["risk"]  # frozen, though these rows have other means
    assert abs(models["warm"]["estimator"].coef_ - models["risk"]["estimator"].coef_).max() < 0.1
    names = [str(name) for name in models["features"]["features"].get_feature_names_out()]
    assert names[-1] == "Predictions__risk"
    members = version(good, "features", 1).entry.members
    assert members
    assert members["features"].model == "risk"
    # the alias moves: what goes by it is planned again, and says so
    write(project, "model/risk.yaml", SEEN + train.replace("}", ", params: {C: 0.01}}"))
    assert run(["-C", str(project), "apply", "--yes", "--select", "model.risk"]) == 0, capfd.readouterr()
    assert not any(step.startswith(("model.transforms", "model.warm")) for step in planned(project, capfd))
    set_alias(good, "risk", "good", 2, expected=1, cause=Cause("dev", "", "2026-01-02T00:00:00+00:00"))
    steps = planned(project, capfd)
    assert "model.warm/train" not in steps
    assert steps["model.transforms/reuse"]["because"].startswith("because risk@good is version 2 (")
    assert "was version 1 (" in steps["model.transforms/reuse"]["because"]
    # a version whose file is gone
    file = version(good, "risk", 2).entry.files["model"]
    assert good.files.remove(file)
    told = refused(project, capfd, "apply", "--yes", "--select", "model.transforms")
    assert any("[reuse-unfit]" in one and "gone from the registry" in " ".join(one.split()) for one in told)


def test_answers_about_rows_that_a_version_knows_are_refused(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The same rows by another name: the ids tell."""
    dataset = (project / "dataset/loans.yaml").read_text(encoding="utf-8")
    write(project, "dataset/again.yaml", dataset)
    reuse = f"train: {{estimator: {LOGISTIC}}}\nreuse: {{model: 'risk:1', as: features}}\n"
    write(project, "model/later.yaml", SEEN.replace("loans", "again") + reuse)
    told = refused(project, capfd, "apply", "--yes", "--select", "+model.later")
    assert any("[reuse-unfit]" in one and "It has learned from" in " ".join(one.split()) for one in told)


def loaded(root: Path, name: str) -> Any:
    from mlc.drivers._skops import load_model

    registry = open_registry(root, REGISTRY)
    return load_model(registry.files.path(version(registry, name, 1).entry.files["model"]))


def scaler(model: Any) -> Any:
    return model["features"].transformers_[0][1]["scale"]
