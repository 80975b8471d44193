"""What Kubeflow could not run is refused where it is written, with what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlc import data, pipeline
from mlc.request import Request
from mlc.rules.kubeflow_unfit import GOOD
from rules.project import lay

TARGET = GOOD["target/cluster.yaml"].replace("search: {}\n", "")
SEARCHED = GOOD["target/cluster.yaml"]
MODEL = GOOD["model/churn.yaml"]
LONG = "a" * 60


def found(root: Path, *files: dict[str, str]) -> list[tuple[str, str, str]]:
    """The rule, the file and the field of each finding of the rules about targets."""
    validated = pipeline.validate(Request(lay(root, GOOD, *files), ()))
    return [
        (one.rule, one.primary.span.file if one.primary else "", one.path) for one in validated.diagnostics
    ]


def choices(text: str) -> dict[str, str]:
    return {"model/churn.yaml": MODEL.replace("C: {log: [0.1, 10]}", f"class_weight: {{choice: {text}}}")}


def test_what_is_right_is_accepted(tmp_path: Path) -> None:
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    ("files", "finding"),
    [
        ({"target/cluster.yaml": f'{TARGET}schedule: {{cron: "0 3 * * 0"}}\n'}, "schedule"),
        (
            {
                "target/cluster.yaml": f"{TARGET}model_registry: https://r.example\ntoken: '${{secret:TOKEN}}'\n",
            },
            "token",
        ),
        (
            {
                "target/cluster.yaml": f"{TARGET}model_registry: https://r.example\n",
                "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\nregistry: main\n",
                "registry/main.yaml": "type: database\ndatabase: 'sqlite:///.mlc/r.db'\n",
            },
            "model_registry",
        ),
    ],
)
def test_what_nobody_would_do_is_refused(tmp_path: Path, files: dict[str, str], finding: str) -> None:
    assert found(tmp_path, files) == [("kubeflow-unfit", "target/cluster.yaml", finding)]


@pytest.mark.parametrize(
    "text", ["[balanced, 'it''s']", '[balanced, "a\\\\b"]', "[balanced, '$(id)']", "[null, 'null']"]
)
def test_choices_that_katib_would_spoil_are_refused(tmp_path: Path, text: str) -> None:
    rules = [(rule, path) for rule, _, path in found(tmp_path, choices(text))]
    assert ("kubeflow-unfit", "tune.space.train.class_weight") in rules


def test_without_katib_they_are_not(tmp_path: Path) -> None:
    files = choices("[null, 'null']")
    assert "kubeflow-unfit" not in {
        rule for rule, _, _ in found(tmp_path, {"target/cluster.yaml": TARGET}, files)
    }


@pytest.mark.parametrize(
    "names", [[LONG], ["a_b", "a-b"], ["x" * 41]], ids=["long", "alike", "long with a candidate"]
)
def test_names_that_are_too_long_or_the_same_are_refused(tmp_path: Path, names: list[str]) -> None:
    files = {f"deployment/{name}.yaml": GOOD["deployment/local.yaml"] for name in names}
    (refused,) = found(tmp_path, files)
    assert refused == ("kubeflow-unfit", f"deployment/{names[-1]}.yaml", "target") or refused == (
        "kubeflow-unfit",
        f"deployment/{names[0]}.yaml",
        "target",
    )


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("autoscaling: {max: 3}\n", "autoscaling"),
        ("rollout: {strategy: canary, steps: {first: {traffic: 10%}}}\n", "rollout.strategy"),
        (f"image: ghcr.io/acme/shop@sha256:{'0' * 64}\n", "image"),
    ],
)
def test_a_target_that_serves_nothing_takes_nothing_about_serving(
    tmp_path: Path, line: str, path: str
) -> None:
    files = {"deployment/local.yaml": GOOD["deployment/local.yaml"] + line}
    assert found(tmp_path, files) == [("target-cannot", "deployment/local.yaml", path)]


def test_a_schedule_of_a_target_is_a_time(tmp_path: Path) -> None:
    text = f'{TARGET}api: https://k.example\nschedule: {{cron: "0 25 * * 0"}}\n'
    assert found(tmp_path, {"target/cluster.yaml": text}) == [
        ("bad-schedule", "target/cluster.yaml", "schedule.cron")
    ]


def test_the_target_of_the_manual_is_accepted(tmp_path: Path) -> None:
    page = data.path("docs", "kubeflow.md").read_text(encoding="utf-8")
    target = page.partition("```yaml\n")[2].partition("```")[0].replace("<64 hex digits>", "0123" * 16)
    assert found(tmp_path, {"target/cluster.yaml": target}) == []
