"""The evaluation report: one page that needs nothing else, and where no value becomes markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from syrupy.assertion import SnapshotAssertion

from mlc.drivers import gate
from mlc.drivers._canonical import canonical
from mlc.drivers.evaluation import evaluate
from mlc.drivers.reporting.page import baseline, page
from mlc.drivers.statistics.answers import Answers
from mlc.ir.evaluation import METRICS, Comparison, Duel, Estimate, Evaluation
from mlc.ir.metrics import ALL
from stages.evaluation.synthetic import DIGESTS, SPEC, binary_evaluation, render, synthetic
from stages.html_page import Page


def html(evaluation: Evaluation, spec: dict[str, Any] = SPEC, address: str = "model.default_risk") -> str:
    return render("evaluation_report", "report.html.j2", page(evaluation, address, spec, DIGESTS)).decode()


def test_snapshot(evaluation: Evaluation, snapshot_file: Callable[[str], SnapshotAssertion]) -> None:
    assert html(evaluation).encode() == snapshot_file("html")


def test_it_needs_nothing_but_itself(evaluation: Evaluation) -> None:
    text = html(evaluation)
    found = Page(text)
    tags = {tag for tag, _ in found.elements}
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "base", "form"})
    for _, attributes in found.elements:
        assert not any(name.startswith("on") or name in ("src", "href", "style") for name in attributes)
    assert "://" not in text
    assert not re.search(r"url\(|@import|@font-face", text)
    (policy,) = (meta for meta in found.named("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_it_is_accessible(evaluation: Evaluation) -> None:
    found = Page(html(evaluation))
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for drawing in found.named("svg"):
        assert drawing["role"] == "img"
        labels = (drawing.get("aria-labelledby") or "").split()
        assert drawing.get("aria-label") or (labels and set(labels) <= set(ids))
    for section in found.named("section"):
        assert section["aria-labelledby"] in ids
    assert len(found.named("h1")) == 1
    assert len(found.named("caption")) == len(found.named("table"))
    assert all(header.get("scope") in ("row", "col") for header in found.named("th"))
    assert found.named("html") == [{"lang": "en"}]


def test_it_shows_every_estimate(evaluation: Evaluation) -> None:
    words = " ".join(Page(html(evaluation)).words)
    for name, estimate in evaluation.estimates.items():
        assert METRICS[name].title in words
        assert f"{estimate.value:.4f}" in words
        assert f"{estimate.low:.4f} – {estimate.high:.4f}" in words
        assert estimate.method in words
    assert "Resampled 2,000 times with seed 7" in words


def test_drawings_stay_within_their_frames(evaluation: Evaluation) -> None:
    for figure in page(evaluation, "model.x", SPEC, DIGESTS)["figures"]:
        for shape in figure["shapes"]:
            numbers = [float(part) for part in re.findall(r"-?[\d.]+", shape.get("d", ""))]
            across = [*numbers[::2], float(shape.get("x", 0))]
            down = [*numbers[1::2], float(shape.get("y", 0))]
            assert all(0 <= x <= float(figure["width"]) for x in across)
            assert all(0 <= y <= float(figure["height"]) for y in down)


@pytest.mark.parametrize(
    "nasty",
    ["</style><script>alert(1)</script>", "\"'><svg onload=x>", "{{ 7*7 }}", "&lt;b&gt;", "\u202eevil\x00"],
)
def test_values_never_become_markup(evaluation: Evaluation, nasty: str) -> None:
    spec = {**SPEC, "columns": {nasty: {"type": nasty, "values": [], "nullable": True}}}
    changed = msgspec.structs.replace(evaluation, label=nasty, positive=nasty, warnings=(nasty,))
    found = Page(html(changed, spec, f"model.{nasty}"))
    harmless = Page(
        html(
            msgspec.structs.replace(evaluation, warnings=("w",)),
            {**SPEC, "columns": {"c": {"type": "number", "values": [], "nullable": True}}},
        )
    )
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in harmless.elements]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_one_class_alone_still_makes_a_page(share: float) -> None:
    truth = np.full(25, bool(share))
    scores = np.linspace(0, 1, 25)
    text = html(binary_evaluation(truth, scores > 0.5, scores, SPEC))
    words = " ".join(Page(text).words)
    assert "The test set holds no" in words
    assert "nan" not in text.lower().replace("finance", "")


def test_perfect_separation_makes_a_page_with_a_warning() -> None:
    truth = np.arange(40) >= 20
    text = html(binary_evaluation(truth, truth, truth.astype(float), SPEC))
    assert "look for leakage" in text


def test_baselines_are_what_a_constant_model_scores() -> None:
    truth, _, _ = synthetic(500)
    constant = np.full(500, truth.mean())
    found = binary_evaluation(truth, constant >= 0.5, constant, SPEC).estimates
    for name in ("roc_auc", "average_precision", "accuracy", "balanced_accuracy", "brier", "log_loss"):
        assert baseline(name, 500, int(truth.sum())) == pytest.approx(found[name].value)


def always(answers: Answers) -> Callable[[pl.DataFrame], Answers]:
    """A model that says the same of any rows."""
    return lambda _: answers


def of_every_task() -> dict[str, tuple[Evaluation, dict[str, Any]]]:
    """A small evaluation of each task, with all that its report can show."""
    generator = np.random.default_rng(0)
    n = 240
    frame = pl.DataFrame(
        {"region": np.array(["east", "west"])[np.arange(n) % 2], "amount": generator.normal(size=n)}
    )
    codes = generator.integers(0, 3, n)
    logits = generator.normal(size=(n, 3)) + 2 * np.eye(3)[codes]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    numbers = generator.gamma(4, 10, n)
    odd = generator.random(n) < 0.2
    scores = generator.normal(size=n) + odd
    space = generator.normal(size=(n, 2)) + 4 * np.eye(3)[codes][:, :2]
    said = {
        "binary_classification": Answers(
            "binary_classification", codes == 0, logits[:, 0] > 1, probabilities[:, 0]
        ),
        "multiclass_classification": Answers(
            "multiclass_classification",
            codes,
            probabilities.argmax(axis=1),
            probabilities,
            ("a", "b <i>", "c"),
        ),
        "regression": Answers("regression", numbers, None, numbers + generator.normal(0, 5, n)),
        "anomaly_detection": Answers("anomaly_detection", odd, scores > 1, scores),
        "clustering": Answers("clustering", codes, np.where(odd, (codes + 1) % 3, codes), space),
    }
    asked = {
        "binary_classification": ("roc_auc", True),
        "multiclass_classification": ("f1_macro", False),
        "regression": ("mae", False),
        "anomaly_detection": ("recall", False),
    }
    made = {}
    for task, answers in said.items():
        spec = {**SPEC, "task": task, "columns": {"amount": SPEC["columns"]["amount"]}}
        if task in asked:
            metric, fair = asked[task]
            wanted: dict[str, Any] = {
                "slices": {"by": ["region"], "metrics": [metric], "min_rows": 20, "confidence": 0.95},
                "robustness": {"metric": metric, "noise": 0.1, "missing": None, "confidence": 0.95},
            }
            if fair:
                wanted["fairness"] = {
                    "protected": ["region"],
                    "criteria": ["equalized_odds"],
                    "min_rows": 20,
                    "confidence": 0.95,
                }
            spec["asked"] = {"careful": wanted}
        made[task] = evaluate(answers, spec, frame, always(answers)), spec
    return made


COMPARED = Comparison(
    240,
    (
        Duel(
            "better",
            "production",
            "roc_auc",
            "delong",
            3,
            "a" * 64,
            0.8,
            0.7,
            Estimate("roc_auc", 0.1, -0.01, 0.21, 0.95, "DeLong, paired", 240),
            0.07,
        ),
        Duel("first", "staging", "roc_auc", "delong", note="There is none yet."),
    ),
)


@pytest.mark.parametrize("task", ALL)
def test_every_task_has_a_page(task: str) -> None:
    evaluation, spec = of_every_task()[task]
    again = msgspec.json.decode(canonical(evaluation), type=Evaluation)
    verdict = gate.judge(
        {
            "good": {
                next(iter(again.estimates)): {"min": 0.99, "max": None, "bound": None, "confidence": 0.95}
            }
        },
        {"evaluation": msgspec.json.decode(canonical(evaluation))},
    )
    data = page(again, "model.x", spec, DIGESTS, verdict, COMPARED)
    text = render("evaluation_report", "report.html.j2", data).decode()
    found = Page(text)
    words = " ".join(found.words)
    assert verdict.outcome in ("fail", "inconclusive", "pass")
    assert words.index(data["verdict"]["title"]) < words.index("Measured on 240")
    for estimate in again.estimates.values():
        assert METRICS[estimate.metric].title in words
        assert estimate.method in words
        assert any(estimate.method.startswith(method["name"]) for method in data["methods"]), estimate.method
    for section in data["sections"]:
        assert section["title"] in words
    titles = {section["title"] for section in data["sections"]}
    assert "Champion" in titles
    if task != "clustering":
        assert {"Slices", "Robustness", "Importance"} <= titles
    assert "nan" not in words.lower().split()
    assert "None" not in words.split()
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for figure in [*data["figures"], *(one for section in data["sections"] for one in section["figures"])]:
        for shape in figure["shapes"]:
            numbers = [float(part) for part in re.findall(r"-?[\d.]+", shape.get("d", ""))]
            across = [*numbers[::2], float(shape.get("x", 0))]
            down = [*numbers[1::2], float(shape.get("y", 0))]
            assert all(0 <= x <= float(figure["width"]) for x in across), figure["id"]
            assert all(0 <= y <= float(figure["height"]) for y in down), figure["id"]
