"""The evaluation report: one page that needs nothing else, and where no value becomes markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from syrupy.assertion import SnapshotAssertion

from mlc.drivers.reporting.page import baseline, page
from mlc.ir.evaluation import METRICS, Evaluation
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
