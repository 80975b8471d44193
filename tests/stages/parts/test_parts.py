"""A project compiled in parts gives what it gives as a whole: text, warnings, steps and artifacts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mlc import rules
from rules.project import lay
from rules.test_rules import NOT_BY_FILES, UNUSED
from spec import reading
from spec.test_spec import BASE
from stages.parts.sameness import compare, generated

ROOT = Path(__file__).parents[3]
BY_FILES = sorted(set(rules.names()) - NOT_BY_FILES - set(UNUSED))


@pytest.mark.parametrize("models", [1, 12])
def test_a_project_of_the_benchmark(models: int, tmp_path: Path) -> None:
    assert compare(generated(tmp_path, models), 1, 7, 60)


def test_the_example(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "examples" / "lending", tmp_path / "lending", ignore=shutil.ignore_patterns(".mlc")
    )
    assert compare(tmp_path / "lending", 1, 4)


@pytest.mark.parametrize("name", BY_FILES)
def test_what_rules_find_and_do_not_find(name: str, tmp_path: Path) -> None:
    """A warning is told by the parts as by the whole; where there is a mistake, they are not sure."""
    module = rules.module(name)
    compare(lay(tmp_path / "bad", module.BAD), 1, 3)
    compare(lay(tmp_path / "good", module.GOOD), 1, 3)


@pytest.mark.parametrize("name", [name for name in BY_FILES if hasattr(rules.module(name), "check")])
def test_every_check_says_whether_parts_can_be_checked(name: str) -> None:
    module = rules.module(name)
    assert module.SCOPE in ("upstream", "project")
    assert hasattr(module, "claims") == (module.SCOPE == "project")


def test_the_examples_of_the_reference(tmp_path: Path) -> None:
    """Of those without mistakes, most can be told from their parts."""
    could = 0
    for section in reading.sections():
        for number, example in enumerate(section.examples):
            if any(expectation.language == "composed" for expectation in example.expectations):
                continue
            root = tmp_path / f"{section.id}-{number}".replace("/", "-")
            for name, text in {**BASE, **example.files}.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            could += compare(root, 1 + len(example.files) % 2)  # parts of one resource, or of two
    assert could > 20


def test_an_interpolation_that_may_read_anything_is_left_to_the_whole(tmp_path: Path) -> None:
    lay(tmp_path, {"target/there.yaml": "type: local\ndescription: ${target.${.owner}.type}\nowner: here\n"})
    assert not compare(tmp_path, 1)


def test_an_interpolation_reads_another_resource(tmp_path: Path) -> None:
    files = {
        "target/there.yaml": "type: local\ndescription: As ${model.churn.train.estimator} on ${target.here.type}.\n",
        "mlc.yaml": "mlc: 1\nproject: shop\nowner: ${target.here.type}\nenvironments: [dev]\n"
        "vars: {estimator: '${model.churn.train.estimator}'}\n",
        "deployment/other.yaml": "model: churn\ntarget: there\ndescription: ${vars.estimator}\n",
    }
    assert compare(lay(tmp_path, files), 1, 2)


def test_a_preset_and_a_patch_name_resources_of_other_parts(tmp_path: Path) -> None:
    files = {
        "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev, prod]\n"
        "presets: {deployment: {runtime: plain}}\n",
        "env/prod.yaml": "patch: {model: {churn: {description: In use.}}, deployment: {local: {target: spare}}}\n",
        "runtime/plain.yaml": f"python: '3.11'\nimage: python:3.11-slim@sha256:{'0' * 64}\npackages: {{}}\n",
        "target/spare.yaml": "type: local\n",
    }
    assert compare(lay(tmp_path, files), 1, 2)


def test_two_names_that_kubernetes_takes_for_one_are_noticed_across_parts(tmp_path: Path) -> None:
    deployment = "model: churn\ntarget: cluster\n"
    files = {
        "target/cluster.yaml": "type: kserve\nstorage: s3://acme\nserving_runtime: kserve-tritonserver\n",
        "deployment/a_b.yaml": deployment,
        "deployment/a-b.yaml": deployment,
    }
    assert not compare(lay(tmp_path, files), 1)
