"""The borders of the rules that compare fields with one another: what is just right, and what is just wrong."""

from __future__ import annotations

import random
import string
import tempfile
import time
from pathlib import Path

import pytest

from mlc import pipeline
from mlc.drivers.statistics import proportions
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.evaluation import METRICS
from mlc.ir.node import wrap
from mlc.ir.span import start_of
from mlc.report import concise, github, gitlab, json, junit, sarif, text
from mlc.request import Request
from mlc.rules import gate_unreachable, secret_in_spec
from rules.project import lay

MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
SOURCE = "source: {type: file, path: people.csv, format: csv}\n"
COLUMNS = "columns:\n  age: {type: number}\n  plan: {type: string, values: [a, b]}\n"


def found(**files: str) -> list[Diagnostic]:
    with tempfile.TemporaryDirectory() as folder:
        named = {f"{name.replace('__', '/')}.yaml": text for name, text in files.items()}
        return list(pipeline.validate(Request(lay(Path(folder), named))).diagnostics)


def names(**files: str) -> list[str]:
    return [one.rule for one in found(**files)]


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ("accuracy: {min: 0}", []),
        ("accuracy: {max: 1}", []),
        ("accuracy: {min: 1, bound: point}", []),
        ("accuracy: {min: 1.2}", ["bound-out-of-range"]),
        ("accuracy: {min: -0.1}", ["bound-out-of-range"]),
        ("brier: {max: -1}", ["bound-out-of-range"]),
        ("log_loss: {max: 3}", []),
        ("log_loss: {max: -3}", ["bound-out-of-range"]),
        ("latency_p99: {max: 20ms}", []),
        ("latency_p99: {min: 2s, max: 20ms}", ["bounds-crossed"]),
        ("latency_p99: {min: 20ms, max: 2s}", []),
        ("model_size: {min: 1Mi, max: 900K}", ["bounds-crossed"]),
        ("f1: {min: 0.5, max: 0.5}", []),
    ],
)
def test_bounds_of_a_gate(bound: str, expected: list[str]) -> None:
    assert names(gate__quality=f"metrics: {{{bound}}}\n") == expected


def test_every_metric_without_a_unit_has_a_range_that_holds_its_best_value() -> None:
    for metric in METRICS.values():
        if metric.unit in ("share", "score"):
            best, side = (1, "min") if metric.better == "higher" else (0, "max")
            assert (
                names(gate__quality=f"metrics: {{{metric.name}: {{{side}: {best}, bound: point}}}}\n") == []
            )


@pytest.mark.parametrize("metric", ["accuracy", "precision", "recall", "specificity", "f1"])
@pytest.mark.parametrize("rows", [1, 7, 100, 5000])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_the_best_lower_end_is_the_one_that_evaluation_would_give(
    metric: str, rows: int, confidence: float
) -> None:
    (low, _), _ = (
        proportions.f1(rows, 0, confidence)
        if metric == "f1"
        else proportions.proportion(rows, rows, confidence)
    )
    assert gate_unreachable.best_lower_end(metric, rows, confidence) == pytest.approx(low, rel=1e-9)


def gated(metrics: str, rows: str) -> list[Diagnostic]:
    return found(
        gate__quality=f"metrics: {{{metrics}}}\n",
        model__churn=MODEL + "gates: [quality]\n",
        dataset__people=f"{SOURCE}{COLUMNS}  left: {{type: integer, role: label}}\n"
        f"split: {{method: random, test: 0.5}}\n{rows}",
    )


def test_a_gate_is_unreachable_up_to_the_number_of_rows_that_it_names() -> None:
    (one,) = gated("precision: {min: 0.98}", "checks: {min_rows: 300}\n")
    assert one.rule == "gate-unreachable"
    assert one.severity == "warning"
    needed = int(one.detail.split("About ")[1].split(" rows")[0].replace(",", ""))
    assert [found.rule for found in gated("precision: {min: 0.98}", f"checks: {{min_rows: {needed - 2}}}\n")]
    assert gated("precision: {min: 0.98}", f"checks: {{min_rows: {needed}}}\n") == []


def test_what_nobody_promised_is_not_held_against_a_gate() -> None:
    assert gated("accuracy: {min: 0.999}", "") == []
    assert gated("accuracy: {min: 0.999, bound: point}", "checks: {min_rows: 200}\n") == []
    assert gated("roc_auc: {min: 0.999}", "checks: {min_rows: 200}\n") == []
    (one,) = gated("accuracy: {min: 1}", "")
    assert "however many rows" in one.detail


@pytest.mark.parametrize(
    ("label", "positive", "expected"),
    [
        ("type: integer, values: [0, 1]", "", []),
        ("type: integer, values: [0, 1]", "positive: '1'", []),
        ("type: integer, values: [2, 3]", "", ["positive-unknown"]),
        ("type: integer, values: [2, 3]", "positive: 3", []),
        ("type: boolean", "", []),
        ("type: boolean", "positive: true", []),
        ("type: boolean", "positive: left", ["positive-unknown"]),
        ("type: string, values: [stays, leaves]", "positive: leaves", []),
        ("type: string", "positive: leaves", []),
        ("type: integer, values: [1]", "", ["label-constant"]),
        ("type: number", "", ["label-not-classes"]),
    ],
)
def test_labels(label: str, positive: str, expected: list[str]) -> None:
    people = f"{SOURCE}{COLUMNS}  left: {{{label}, role: label}}\n"
    assert names(dataset__people=people, model__churn=f"{MODEL}{positive}\n") == expected


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        ("ensemble.HistGradientBoostingClassifier", ["scaler-before-trees"]),
        ("tree.ExtraTreeClassifier", ["scaler-before-trees"]),
        ("linear_model.LogisticRegression", []),
        ("neighbors.KNeighborsClassifier", []),
        ("neural_network.MLPClassifier", []),
    ],
)
def test_scalers(estimator: str, expected: list[str]) -> None:
    scaled = "groups: {numbers: {columns: [age], scale: robust}, words: {columns: [plan], encode: one_hot}}\n"
    model = MODEL.replace("linear_model.LogisticRegression", estimator)
    assert names(features__basic=scaled, model__churn=model) == expected


def test_two_models_of_one_dataset_tell_its_mistake_once() -> None:
    people = (
        f"{SOURCE}{COLUMNS}  left: {{type: integer, role: label, values: [1]}}\nchecks: {{min_rows: 20}}\n"
    )
    assert sorted(names(dataset__people=people, model__churn=MODEL, model__other=MODEL)) == [
        "few-test-rows",
        "label-constant",
    ]


@pytest.mark.parametrize("port", ["0", "1024", "65535"])
def test_ports_that_anybody_may_open(port: str) -> None:
    assert names(deployment__local=f"model: churn\ntarget: here\nport: {port}\n") == []


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────────────

DRAWN = random.Random(0)  # made here, so that no scanner takes this file for a leak


def drawn(alphabet: str, length: int) -> str:
    return "".join(DRAWN.choices(alphabet, k=length))


WORD = string.ascii_letters + string.digits
SECRETS = {
    "aws": "AKIA" + drawn(string.ascii_uppercase + string.digits, 16),
    "pem": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "github": "ghp_" + drawn(WORD, 36),
    "gitlab": "glpat-" + drawn(WORD, 20),
    "slack": "xoxb-" + drawn(string.digits, 12),
    "google": "AIza" + drawn(WORD, 35),
    "hugging_face": "hf_" + drawn(WORD, 34),
    "jwt": "eyJ" + drawn(WORD, 20) + ".eyJ" + drawn(WORD, 30) + "." + drawn(WORD, 20),
    "url": "postgresql://mlc:" + drawn(WORD, 10) + "@db.example.org/registry",
}


@pytest.mark.parametrize("name", SECRETS)
def test_forms_of_secrets_anywhere(name: str) -> None:
    for files in (
        {"env__dev": f"vars: {{x: 'a {SECRETS[name]}'}}\n"},
        {"target__here": f"type: local\ndescription: {SECRETS[name]}\n"},
        {
            "env__dev": f"vars: {{x: {SECRETS[name]}}}\npatch: {{target: {{here: {{description: '${{vars.x}}'}}}}}}\n"
        },
    ):
        (one,) = found(**files)
        assert one.rule == "secret-in-spec"
        assert one.severity == "error"
        assert SECRETS[name] not in one.detail + one.help


@pytest.mark.parametrize(
    "key", ["password", "db_password", "api_key", "apikey", "access-token", "client_secret"]
)
def test_a_value_is_a_secret_by_the_name_of_its_key(key: str) -> None:
    assert names(env__dev=f"vars: {{{key}: {drawn(WORD, 20)}}}\n") == ["secret-in-spec"]
    for harmless in (
        "'${secret:DB}'",
        "passwordpassword",
        "changeme",
        "short",
        "words that are text",
        "'${vars.a}${vars.a}'",
    ):
        assert names(env__dev=f"vars: {{a: b, {key}: {harmless}}}\n") == [], harmless


def test_a_secret_that_another_layer_overwrites_is_still_there() -> None:
    assert names(
        mlc="mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n"
        f"presets: {{target: {{description: {SECRETS['aws']}}}}}\n",
        target__here="type: local\ndescription: x\n",
    ) == ["secret-in-spec"]


@pytest.mark.parametrize(
    "harmless",
    [
        "https://example.org:8080/a@b",
        "sqlite:///.mlc/registry/registry.db",
        "postgresql://mlc:${secret:DB}@db/registry",
        "python@sha256:" + "0123456789abcdef" * 4,
        "the token of the gate is a coin",
        "eyJhbGciOiJIUzI1NiJ9",
    ],
)
def test_what_only_looks_a_little_like_a_secret(harmless: str) -> None:
    assert names(env__dev=f"vars: {{x: '{harmless}'}}\n") == []


@pytest.mark.parametrize(
    "piece", ["a", "a://", "a://:", "eyJaaaaaaaa-", "eyJaaaaaaaa.", "-----BEGIN A ", "A ", "hf_", ":@"]
)
def test_no_text_takes_long(piece: str) -> None:
    node = wrap(piece * (1_000_000 // len(piece)), start_of("env/dev.yaml"))
    before = time.process_time()
    secret_in_spec._secret(("vars", "x"), node)
    assert time.process_time() - before < 5  # a quadratic search would take minutes


@pytest.mark.parametrize(
    "value", [SECRETS["aws"], f"'{SECRETS['url']}'", f'"{SECRETS["pem"]}\\n  {drawn(WORD, 30)}"']
)
def test_no_form_shows_the_secret(value: str, tmp_path: Path) -> None:
    done = pipeline.validate(Request(lay(tmp_path, {"env/dev.yaml": f"vars: {{x: {value}, y: 1}}\n"})))
    assert [one.rule for one in done.diagnostics] == ["secret-in-spec"]
    sources = done.composed.sources
    shown = text.diagnostics(done.diagnostics, sources)
    assert "vars: {x: ***" in shown
    assert ", y: 1}" in shown
    forms = [form.diagnostics(done.diagnostics) for form in (concise, github, gitlab, json, sarif)]
    for said in (shown, junit.diagnostics(done.diagnostics, sources), *forms):
        assert "secret-in-spec" in said
        assert value.strip("'\"")[:12] not in said
