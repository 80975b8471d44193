"""The users' own tests: an expectation holds, or it says what came out instead and where that comes from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from acceptance.script import environment
from mlc import data, trial
from mlc.ir.operation import StepFailed
from mlc.ir.trial import CaseResult, Failure, TrialResult
from mlc.kinds import _schemas
from mlc.report import trial_json, trial_junit, trial_text
from mlc.report.terminal import Paint
from rules.project import lay

LENDING = data.path("examples", "lending")
FILE = "tests/it.mlctest.yaml"
WITH_TWO = {
    "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev, prod]\n"
    "presets: {deployment: {port: 8081}}\n"
    "inputs: {trial: {type: boolean, default: false}}\n",
    "env/prod.yaml": "patch: {model: {churn: {train: {params: {C: 0.5}}}}}\n",
    "model/_linear.yaml": "train: {params: {C: 1.0, max_iter: 100}}\n",
    "model/churn.yaml": "defaults: [_linear, _self_]\ntask: binary_classification\ndataset: people\n"
    "features: basic\ntrain: {estimator: sklearn.linear_model.LogisticRegression, params: {C: 2.0}}\n",
    "gate/quality.yaml": "metrics:\n  roc_auc: {min: 0.7}\n",
    "target/container.yaml": "type: docker\nrepository: ghcr.io/acme/shop\n",
    "runtime/slim.yaml": 'python: "3.11"\nimage: python@sha256:' + "0" * 64 + '\npackages: {mlc: "0.1.0"}\n',
    "deployment/box.yaml": "environments: [prod]\nmodel: churn\ntarget: container\nruntime: slim\n",
}


def project(root: Path, *cases: str) -> Path:
    """The project with a file of tests: each case as the flow of its map."""
    lines = "".join(f"  case {number}: {case}\n" for number, case in enumerate(cases, 1))
    return lay(root, WITH_TWO, {FILE: f"cases:\n{lines}"})


def tried(root: Path, *cases: str) -> TrialResult:
    found = trial.run(project(root, *cases))
    assert found.diagnostics == ()
    assert found.result is not None
    return found.result


def failures(root: Path, case: str) -> tuple[Failure, ...]:
    (result,) = tried(root, case).cases
    assert result.passed == (not result.failures)
    return result.failures


@pytest.mark.parametrize(
    "case",
    [
        "{expect: {values: {model.churn.train.params.C: 2}}}",
        "{expect: {values: {model.churn.train.params: {C: 2.0, max_iter: 100}}}}",
        "{expect: {values: {model.churn.optimize.format: onnx, dataset.people.columns.plan.values: [a, b]}}}",
        "{env: prod, expect: {values: {model.churn.train.params.C: 0.5, env.name: prod}}}",
        "{overrides: [model.churn.train.seed=7], expect: {values: {model.churn.train.seed: 7}}}",
        "{expect: {absent: [deployment.box, model.churn.train.params.penalty]}}",
        "{expect: {diagnostics: []}}",
        "{files: {gate/quality.yaml: 'metrics: {rocauc: {min: 1}}'}, expect: {diagnostics: [{rule: unknown-metric}]}}",
        "{overrides: [model.churn.dataset=persons], expect: {diagnostics: "
        "[{rule: unresolved-reference, file: <command line>, line: 1, address: model.churn}]}}",
        "{inputs: {trial: true}, files: {deployment/local.yaml: "
        "'{model: churn, target: here, enabled: \"${input:trial}\"}'}, "
        "expect: {values: {deployment.local.enabled: true}}}",
        "{inputs: {trial: maybe}, expect: {diagnostics: [{rule: bad-input}]}}",
        "{files: {gate/quality.yaml: null}, expect: {absent: [gate.quality], plan: {gate.quality: destroy}}}",
        "{files: {gate/other.yaml: 'metrics: {f1: {min: 0.5}}'}, expect: {plan: {gate.other: create}}}",
        "{overrides: [model.churn.train.seed=7], expect: {plan: "
        "{model.churn: retrain, dataset.people: unchanged, deployment.local: redeploy}}}",
        "{overrides: [model.churn.description=Who?], expect: {plan: {model.churn: metadata}}}",
        "{overrides: ['dataset.people.split={method: stratified, by: left, seed: 3}'], "
        "expect: {plan: {dataset.people: reingest, model.churn: retrain}}}",
        "{files: {gate/quality.yaml: null, gate/good.yaml: 'metrics: {roc_auc: {min: 0.7}}', mlc.yaml: "
        "'{mlc: 1, project: shop, owner: growth, environments: [dev, prod], moved: {gate.quality: gate.good}, "
        "presets: {deployment: {port: 8081}}}'}, expect: {plan: {gate.good: rename}}}",
        "{env: prod, overrides: [gate.quality.metrics.roc_auc.min=0.6], expect: {plan: {model.churn: unchanged}}}",
        "{env: prod, expect: {artifacts: {docker/box/Dockerfile: {contains: ['FROM python@sha256:', USER]}}}}",
        "{env: prod, expect: {artifacts: {generated/prod/docker/box/Dockerfile: {contains: [USER]}}}}",
        "{expect: {artifacts: {docker/box/Dockerfile: absent}}}",
    ],
)
def test_what_holds(tmp_path: Path, case: str) -> None:
    assert failures(tmp_path, case) == ()


@pytest.mark.parametrize(
    ("case", "what", "actual"),
    [
        ("{expect: {values: {model.churn.train.params.C: 3}}}", "values", "2.0"),
        ("{expect: {values: {model.churn.train.seed: false}}}", "values", "0"),
        ("{expect: {values: {deployment.local.enabled: 1}}}", "values", "true"),
        ("{expect: {values: {model.churn.train.params: {C: 2.0}}}}", "values", '{"C": 2.0, "max_iter": 100}'),
        ("{expect: {values: {model.churn.trian: 1}}}", "values", "nothing"),
        (
            "{env: prod, expect: {absent: [deployment.box]}}",
            "absent",
            "it is in prod, by deployment/box.yaml:1:1",
        ),
        (
            "{files: {gates/quality.yaml: 'a: 1'}, expect: {diagnostics: []}}",
            "files",
            "nothing reads a file of this name",
        ),
        (
            "{files: {gate/qualty.yaml: null}, expect: {diagnostics: []}}",
            "files",
            "no such file to take away",
        ),
        ("{expect: {diagnostics: [{rule: unknown-metric}]}}", "diagnostics", "no diagnostic of this rule"),
        (
            "{files: {gate/quality.yaml: 'metrics: {rocauc: {min: 1}}'}, "
            "expect: {diagnostics: [{rule: unknown-metric, line: 2}, {rule: unknown-metric, line: 1}]}}",
            "diagnostics",
            "no diagnostic of this rule",
        ),
        (
            "{overrides: [model.churn.train.seed=7], expect: {plan: {model.churn: reevaluate}}}",
            "plan",
            "retrain",
        ),
        (
            "{overrides: [deployment.local.port=1], expect: {plan: {model.churn: retrain}}}",
            "plan",
            "unchanged",
        ),
        (
            "{overrides: [deployment.local.port=1], expect: {plan: {model.chrun: unchanged}}}",
            "plan",
            "no such resource",
        ),
        (
            "{overrides: [deployment.local.port=1], expect: {plan: {gate.quality: create}}}",
            "plan",
            "unchanged",
        ),
        ("{expect: {artifacts: {docker/box/Dockerfile: {contains: [USER]}}}}", "artifacts", "no such file"),
        (
            "{env: prod, expect: {artifacts: {docker/box/Dockerfile: {contains: [USER, Windows]}}}}",
            "artifacts",
            'it lacks "Windows"',
        ),
        (
            "{env: prod, expect: {artifacts: {docker/box/Dockerfile: absent}}}",
            "artifacts",
            "deployment.box emits it",
        ),
        (
            "{env: prod, expect: {artifacts: {docker/box/Dockerfile: snapshot}}}",
            "artifacts",
            "a file of which there is no snapshot yet",
        ),
    ],
)
def test_what_does_not_hold(tmp_path: Path, case: str, what: str, actual: str) -> None:
    (found,) = failures(tmp_path, case)
    assert (found.what, found.actual) == (what, actual)
    assert found.span.file == FILE
    assert found.span.line == 2


def test_a_mistake_that_nobody_expected_fails_all_that_needs_a_graph(tmp_path: Path) -> None:
    found = failures(
        tmp_path,
        "{files: {gate/quality.yaml: 'metrics: {rocauc: {min: 1}}'}, expect: {values: "
        "{model.churn.train.seed: 0}, plan: {model.churn: unchanged}, artifacts: {a: absent}}}",
    )
    assert [one.what for one in found] == ["diagnostics", "plan", "artifacts"]
    assert found[0].subject == "unknown-metric"
    assert "gate/quality.yaml:1:11" in found[0].actual
    assert all("mistakes" in one.actual for one in found[1:])


def test_a_value_comes_with_the_chain_that_gave_it(tmp_path: Path) -> None:
    (found,) = failures(tmp_path, "{env: prod, expect: {values: {model.churn.train.params.C: 1.0}}}")
    assert found.explanation is not None
    chain = [found.explanation.winner, *found.explanation.overwrote]
    assert [str(layer.span) for layer in chain] == [
        "env/prod.yaml:1:45",
        "model/churn.yaml:5:73",
        "model/_linear.yaml:1:21",
    ]


def test_a_plan_comes_with_the_change_behind_it(tmp_path: Path) -> None:
    (found,) = failures(
        tmp_path, "{overrides: [model.churn.train.seed=7], expect: {plan: {deployment.local: unchanged}}}"
    )
    changes = [change.path for step in found.steps for change in step.changes]
    assert changes == ["train.seed"]


def test_a_case_leaves_the_others_alone(tmp_path: Path) -> None:
    found = tried(
        tmp_path,
        "{files: {model/_linear.yaml: 'train: {params: {C: 9.0, max_iter: 7}}', model/new.yaml: '{}'}, "
        "expect: {values: {model.churn.train.params.max_iter: 7}, diagnostics: [{rule: empty-resource}]}}",
        "{expect: {values: {model.churn.train.params.max_iter: 100}, absent: [model.new]}}",
    )
    assert found.passed
    assert not (tmp_path / "model" / "new.yaml").exists()


@pytest.mark.parametrize(
    ("case", "rules"),
    [
        ("{expect: {}}", {"bad-test"}),
        ("{}", {"missing-key"}),
        ("{expect: {values: {}}}", {"bad-test"}),
        ("{env: prood, expect: {diagnostics: []}}", {"unknown-environment"}),
        ("{expect: {diagnostics: [{rule: no-such-rule}]}}", {"bad-test"}),
        ("{overrides: [a.b=1], expect: {plan: {modle.churn: retrain}}}", {"bad-test"}),
        ("{env: prod, expect: {plan: {model.churn: unchanged}}}", {"bad-test"}),
        ("{expect: {plan: {model.churn: retrian}}}", {"value-not-allowed"}),
        ("{expect: {plan: {churn: retrain}}}", {"bad-format"}),
        ("{expect: {artifacts: {../x: absent}}}", {"bad-format"}),
        ("{expect: {artifacts: {/x: absent}}}", {"bad-format"}),
        ("{expect: {artifacts: {a/./x: absent}}}", {"bad-format"}),
        ("{files: {../x.yaml: ''}, expect: {diagnostics: []}}", {"bad-format"}),
        ("{files: {a/.hidden/x.yaml: ''}, expect: {diagnostics: []}}", {"bad-format"}),
        ("{overrides: seed=7, expect: {diagnostics: []}}", {"wrong-type"}),
        ("{expect: {diagnostics: [], artefacts: {}}}", {"unknown-key"}),
    ],
)
def test_mistakes_in_a_file_of_tests(tmp_path: Path, case: str, rules: set[str]) -> None:
    found = trial.run(project(tmp_path, "{expect: {diagnostics: []}}", case))
    assert found.result is None
    assert {one.rule for one in found.diagnostics} == rules
    assert all(one.primary is not None and one.primary.span.file == FILE for one in found.diagnostics)
    assert all(one.primary is not None and one.primary.span.line == 3 for one in found.diagnostics)


def test_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    root = project(tmp_path, "{expect: {}}")
    for name, text in {
        "gate/quality.mlctest.yaml": "cases: {A B: {expect: {diagnostics: []}}, a-b: {expect: {diagnostics: []}}}",
        "tests/deep/empty.mlctest.yaml": "",
        "tests/broken.mlctest.yaml": "cases: [",
    }.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    found = trial.run(root)
    told = {(one.primary.span.file, one.rule) for one in found.diagnostics if one.primary is not None}
    assert told == {
        (FILE, "bad-test"),
        ("gate/quality.mlctest.yaml", "bad-test"),
        ("tests/deep/empty.mlctest.yaml", "missing-key"),
        ("tests/broken.mlctest.yaml", "yaml-syntax"),
    }


def test_finds_the_files_that_are_named_and_no_others(tmp_path: Path) -> None:
    root = project(tmp_path / "project", "{expect: {diagnostics: []}}")
    text = "cases: {other: {expect: {diagnostics: []}}}\n"
    for name in (
        "gate/x.mlctest.yaml",
        "tests/more/y.mlctest.yaml",
        "data/z.mlctest.yaml",
        "top.mlctest.yaml",
    ):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")

    def files(*paths: str) -> list[str]:
        found = trial.run(root, [root / path for path in paths])
        return [case.file for case in found.result.cases] if found.result is not None else []

    assert files() == ["gate/x.mlctest.yaml", FILE, "tests/more/y.mlctest.yaml", "top.mlctest.yaml"]
    assert files("gate") == ["gate/x.mlctest.yaml"]
    assert files("data/z.mlctest.yaml", "tests/more") == ["data/z.mlctest.yaml", "tests/more/y.mlctest.yaml"]
    assert files("gate/quality.yaml") == files("env") == files("../") == files("absent") == []
    assert {one.rule for one in trial.run(root, pattern="nowhere").diagnostics} == {"no-tests"}
    assert {one.rule for one in trial.run(lay(tmp_path / "none")).diagnostics} == {"no-tests"}
    chosen = trial.run(root, pattern="TOP.mlctest.yaml::oth")
    assert chosen.result is not None
    assert [case.file for case in chosen.result.cases] == ["top.mlctest.yaml"]


def test_links_lead_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.mlctest.yaml").write_text("cases: {other: {expect: {}}}\n", encoding="utf-8")
    root = lay(tmp_path / "project", WITH_TWO)
    (root / "tests").symlink_to(outside, target_is_directory=True)
    (root / "gate" / "x.mlctest.yaml").symlink_to(outside / "x.mlctest.yaml")
    assert [one.rule for one in trial.run(root).diagnostics] == ["no-tests"]
    (root / "tests").unlink()
    root = project(root, "{env: prod, expect: {artifacts: {docker/box/Dockerfile: snapshot}}}")
    (root / "tests" / "__snapshots__").symlink_to(outside, target_is_directory=True)
    with pytest.raises(StepFailed, match="outside the project"):
        trial.run(root, update=True)
    assert [path.name for path in outside.iterdir()] == ["x.mlctest.yaml"]
    os.mkfifo(root / "tests" / "pipe.mlctest.yaml")
    with pytest.raises(StepFailed, match="outside the project"):
        trial.run(root)  # a pipe is not waited for


def test_snapshots(tmp_path: Path) -> None:
    root = project(tmp_path, "{env: prod, expect: {artifacts: {docker/box/Dockerfile: snapshot}}}")
    path = "tests/__snapshots__/it.mlctest/case-1/docker/box/Dockerfile"
    first = trial.run(root, update=True).result
    assert first is not None
    assert first.passed
    assert first.written == (path,)
    again = trial.run(root).result
    assert again is not None
    assert again.passed
    assert again.written == ()

    text = (root / path).read_text(encoding="utf-8")
    (root / path).write_text(text.replace("USER 10001", "USER 0"), encoding="utf-8")
    changed = trial.run(root).result
    assert changed is not None
    (failure,) = changed.cases[0].failures
    assert "-USER 0:10001" in failure.difference
    assert "+USER 10001:10001" in failure.difference

    foreign = root / "tests/__snapshots__/test_mine.ambr"
    foreign.write_text("# syrupy's", encoding="utf-8")
    (root / FILE).write_text("cases: {other: {expect: {diagnostics: []}}}\n", encoding="utf-8")
    left = trial.run(root).result
    assert left is not None
    assert left.unused == (path,)
    assert left.passed
    removed = trial.run(root, update=True).result
    assert removed is not None
    assert removed.removed == (path,)
    assert [file.name for file in (root / "tests/__snapshots__").iterdir()] == ["test_mine.ambr"]


def test_a_part_of_the_cases_says_nothing_about_other_snapshots(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        "{env: prod, expect: {artifacts: {docker/box/Dockerfile: snapshot}}}",
        "{expect: {diagnostics: []}}",
    )
    assert trial.run(root, update=True).result is not None
    found = trial.run(root, pattern="case 2", update=True).result
    assert found is not None
    assert found.removed == found.unused == ()
    assert (root / "tests/__snapshots__/it.mlctest/case-1/docker/box/Dockerfile").is_file()


def test_coverage(tmp_path: Path) -> None:
    root = project(tmp_path, "{env: prod, expect: {values: {model.churn.train.params.C: 0.5}}}")
    found = trial.run(root, coverage=True).result
    assert found is not None
    coverage = found.coverage
    assert coverage is not None
    assert {one.name: one.cases for one in coverage.layers} == {
        "env/dev.yaml": 0,
        "env/prod.yaml": 1,
        "model/_linear.yaml": 1,
    }
    assert {one.name: (one.cases, one.place) for one in coverage.presets} == {
        "patch.model.churn.train.params.C": (1, "env/prod.yaml:1"),
        "presets.deployment.port": (0, "mlc.yaml:5"),
    }
    assert {one.name for one in coverage.resources if one.cases} == {"model.churn"}
    assert [(one.name, one.cases) for one in coverage.gates] == [("gate.quality", 0)]
    options = {one.name: one for one in coverage.options}
    assert options["target.type"].cases == 2  # local and docker are both there
    assert "kserve" in options["target.type"].untried
    assert options["dataset.source.format"].untried == ("jsonl", "parquet")
    assert "dataset.columns.*.values.*" not in options


def test_each_expectation_covers_what_it_is_about(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        "{overrides: [deployment.local.port=1], expect: {plan: {gate.quality: unchanged}}}",
        "{env: prod, expect: {artifacts: {docker/box/Dockerfile: {contains: [USER]}}}}",
        "{overrides: [model.churn.dataset=x], expect: {diagnostics: [{rule: unresolved-reference}]}}",
        "{expect: {absent: [deployment.box]}}",
    )
    found = trial.run(root, coverage=True).result
    assert found is not None
    assert found.passed
    assert found.coverage is not None
    things = (*found.coverage.resources, *found.coverage.gates)
    assert {one.name: one.cases for one in things if one.cases} == {
        "gate.quality": 1,
        "deployment.box": 2,
        "model.churn": 1,
    }


def everything_wrong(root: Path) -> TrialResult:
    found = trial.run(
        project(
            root,
            "{env: prod, overrides: [model.churn.train.seed=7], expect: {values: {model.churn.train.params.C: 9, "
            "'a.<b>&\"': 1}, absent: [deployment.box], diagnostics: [{rule: unknown-metric, file: x, line: 3}], "
            "plan: {deployment.box: unchanged}, artifacts: {docker/box/Dockerfile: {contains: ['<&>']}}}}",
            "{expect: {diagnostics: []}}",
        ),
        coverage=True,
    ).result
    assert found is not None
    return found


def test_json_fits_its_schema(tmp_path: Path) -> None:
    found = everything_wrong(tmp_path)
    document = json.loads(trial_json.result(found))
    Draft202012Validator(_schemas.read("test")).validate(document)
    assert (document["passed"], document["failed"]) == (1, 1)
    value = next(one for one in document["cases"][0]["failures"] if one["what"] == "values")
    assert value["chain"][0] == {"value": 0.5, "place": "env/prod.yaml:1:45"}
    assert {one["what"] for one in document["cases"][0]["failures"]} == {
        "values",
        "absent",
        "diagnostics",
        "plan",
        "artifacts",
    }
    assert document["coverage"]["gates"] == [
        {"name": "gate.quality", "cases": 0, "place": "gate/quality.yaml"}
    ]


def test_junit_is_xml_and_counts(tmp_path: Path) -> None:
    root = ElementTree.fromstring(trial_junit.result(everything_wrong(tmp_path)))
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    (suite,) = root
    assert suite.get("name") == FILE
    first, second = suite
    assert (first.get("name"), first.get("line"), len(second)) == ("case 1", "2", 0)
    (failure,) = first
    assert failure.text is not None
    assert 'a.<b>&"' in failure.text
    assert "env/prod.yaml:1:45" in failure.text


def test_text_tells_the_way_to_the_line(tmp_path: Path) -> None:
    found = everything_wrong(tmp_path)
    text = trial_text.result(found, Paint())
    assert "set by  0.5  env/prod.yaml:1:45" in text
    assert "train.seed 0 → 7  <command line>\n            1 | model.churn.train.seed=7" in text
    assert "2 cases, 7 expectations: 1 failed, 1 passed." in text
    assert "✓ case 2" not in trial_text.result(found, Paint(), quiet=True)
    hostile = CaseResult("f\x1b[31m", "n\x1b]0;x\x07", "dev", found.cases[0].span, (), 1)
    assert "\x1b" not in trial_text.result(TrialResult((hostile,)), Paint())


def test_the_example_holds_what_it_promises() -> None:
    found = trial.run(LENDING, coverage=True)
    assert found.diagnostics == ()
    assert found.result is not None
    assert [case.name for case in found.result.cases if not case.passed] == []
    assert len(found.result.cases) >= 5
    assert found.result.unused == ()
    assert found.result.coverage is not None
    assert all(one.cases for one in found.result.coverage.layers)


def test_starts_nothing_and_reads_no_state(tmp_path: Path) -> None:
    root = project(
        tmp_path / "project",
        "{env: prod, files: {gate/b.yaml: 'metrics: {f1: {min: 0.5}}'}, expect: {plan: {gate.b: create}}}",
    )
    (root / ".mlc" / "state").mkdir(parents=True)
    (root / ".mlc" / "state" / "prod.db").write_text("no state", encoding="utf-8")
    program = (
        "import sys; from mlc.cli.main import run; code = run(['test'])\n"
        "heavy = {'sklearn', 'numpy', 'polars', 'onnx', 'onnxruntime', 'skl2onnx', 'starlette', 'hydra'}\n"
        "print(code, sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=environment(tmp_path), capture_output=True, check=True
    )
    assert done.stdout.decode().splitlines()[-1] == "0 []"
    assert sorted(path.name for path in (root / ".mlc").rglob("*")) == ["prod.db", "state"]
