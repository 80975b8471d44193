"""The model card: read by Hugging Face's own loader, and by a Markdown parser."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from markdown_it import MarkdownIt
from syrupy.assertion import SnapshotAssertion

from mlc.drivers import gate, model_card
from mlc.drivers._canonical import canonical
from mlc.ir.evaluation import METRICS, Evaluation, Verdict
from mlc.ir.operation import Work
from stages.evaluation.synthetic import render

LATENCY = {
    "p50": {"value": 0.0001, "low": 0.00009, "high": 0.00012},
    "p95": {"value": 0.0002, "low": 0.00019, "high": 0.00022},
    "p99": {"value": 0.0030, "low": 0.0019, "high": None},
    "confidence": 0.95,
    "size_bytes": 123_456,
}
PARITY = {"max_probability_difference": 0.00000123, "label_agreement": 1.0, "rows": 2000}
SPEC: dict[str, Any] = {
    "name": "default_risk",
    "project": "lending",
    "description": "Will this loan be repaid?",
    "owner": "risk-ml",
    "tags": ["credit", "tabular"],
    "card": {
        "intended_use": "Order applications for a human to review.\n\nNot for automatic refusal.",
        "limits": "Trained on loans of one country.",
        "risk_class": "high",
        "licence": "Apache-2.0",
    },
    "dataset": {
        "name": "loans",
        "description": "Loans of 2019 to 2023.",
        "licence": {"name": "CC-BY-4.0", "origin": "The statistics office."},
    },
    "features": "loan_risk",
    "estimator": "sklearn.linear_model.LogisticRegression",
    "params": {"C": 0.5, "max_iter": 400},
    "task": "binary_classification",
    "signature": {
        "inputs": [
            {"name": "amount", "datatype": "FP32", "shape": [-1, 1]},
            {"name": "purpose", "datatype": "BYTES", "shape": [-1, 1]},
            {"name": "owns_home", "datatype": "BOOL", "shape": [-1, 1]},
        ],
        "outputs": [],
    },
}
NASTY = (
    "---\nlicense: evil\n---",
    "a: b # c",
    '"; rm -rf / `x` $(y)',
    "| x | y |\n|---|---|",
    "# Heading\n\n- list\n\n```\nfence",
    "<script>alert(1)</script>",
    "[link](javascript:alert(1)) ![i](http://x)",
    "{{ 7*7 }} {% raw %}",
    "a\x00\x07\u202eb\ud83d",
    "!!python/object:os.system",
    "no",
    "1e3",
    "",
    "http://example.com @someone",
)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a test of the model card opened a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def verdict(evaluation: Evaluation) -> Verdict:
    gates: dict[str, Any] = {
        "quality": {"roc_auc": {"min": 0.8}, "brier": {"max": 0.2}},
        "speed": {"latency_p50": {"max": "5ms"}},
    }
    proofs = {"evaluation": json.loads(canonical(evaluation)), "latency": LATENCY, "parity": PARITY}
    return gate.judge(gates, proofs)


def card(evaluation: Evaluation, verdict: Verdict | None = None, spec: dict[str, Any] = SPEC) -> str:
    data = model_card.content(spec, evaluation, verdict, PARITY, LATENCY)
    return model_card._tidy(render("model_card", "card.md.j2", data)).decode()


def test_snapshot(
    evaluation: Evaluation, verdict: Verdict, snapshot_file: Callable[[str], SnapshotAssertion]
) -> None:
    assert card(evaluation, verdict).encode() == snapshot_file("md")


def test_the_operation_writes_what_the_hub_loads(
    work: Callable[..., Work], evaluation: Evaluation, verdict: Verdict, tmp_path: Path
) -> None:
    contents = {
        "evaluation": canonical(evaluation),
        "verdict": canonical(verdict),
        "latency": canonical(LATENCY),
        "parity": canonical(PARITY),
    }
    inputs = {name: tmp_path / f"{name}.json" for name in contents}
    for name, content in contents.items():
        inputs[name].write_bytes(content)
    product = model_card.run(work("model_card", SPEC, inputs))
    assert product.summary == {"metrics": 13, "outcome": "pass"}
    loaded = ModelCard.load(product.outputs["card"]).data
    assert isinstance(loaded, ModelCardData)
    assert loaded.license == "apache-2.0"
    assert loaded.model_name == "default_risk"
    del inputs["verdict"]
    product = model_card.run(work("model_card", SPEC, inputs))
    assert product.summary["outcome"] == "no gates"


def test_the_hub_reads_every_metric_with_its_interval(evaluation: Evaluation) -> None:
    found = {result.metric_name: result for result in results(card(evaluation))}
    assert len(found) == len(evaluation.estimates)
    for name, estimate in evaluation.estimates.items():
        result = found[METRICS[name].title]
        assert result.metric_args is not None
        assert result.metric_value == pytest.approx(estimate.value)
        assert result.metric_args["low"] == pytest.approx(estimate.low)
        assert result.metric_args["high"] == pytest.approx(estimate.high)
        assert result.metric_args["confidence"] == 0.95
        assert result.metric_args["method"] == estimate.method
        assert (result.dataset_name, result.dataset_split) == ("loans", "test")


def test_the_metadata_round_trip(evaluation: Evaluation) -> None:
    text = card(evaluation)
    data = metadata(text)
    assert results(text)
    built = ModelCardData(
        **{key: value for key, value in plain_of(data).items() if key != "model-index"},
        model_name=data.model_name,
        eval_results=data.eval_results,
    )
    written = yaml.safe_load(text.split("---\n")[1])
    assert plain_of(built) == written
    assert yaml.safe_load(built.to_yaml()) == written


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("task:", "chore:"),
        lambda text: text.replace("model-index:", "model-index: [", 1),
        lambda text: text.replace("- type: roc_auc", "- kind: roc_auc"),
    ],
)
def test_a_broken_card_is_rejected_by_the_hubs_loader(
    evaluation: Evaluation, change: Callable[[str], str]
) -> None:
    text = card(evaluation)
    broken = change(text)
    assert broken != text
    with pytest.raises((ValueError, yaml.YAMLError)):
        ModelCard(broken)


@pytest.mark.parametrize("nasty", NASTY)
def test_values_never_become_structure(evaluation: Evaluation, nasty: str) -> None:
    plain = "word"
    assert outline(card(evaluation, None, _with(nasty or plain))) == outline(
        card(evaluation, None, _with(plain))
    )
    text = card(evaluation, None, _with(nasty))
    data = metadata(text)
    assert results(text)[0].dataset_name == nasty
    assert data.license == "other" if nasty else data.license is None
    assert set(plain_of(data)) - {"license", "license_name"} == {
        "library_name",
        "pipeline_tag",
        "tags",
        "metrics",
        "model-index",
    }
    assert nasty in (data.tags or [])
    request = json.loads(text.split("```json\n")[1].split("\n```")[0])
    assert request["inputs"][0]["name"] == nasty


def results(text: str) -> list[EvalResult]:
    found = metadata(text).eval_results
    assert found is not None
    return found


def metadata(text: str) -> ModelCardData:
    data = ModelCard(text).data
    assert isinstance(data, ModelCardData)
    return data


def plain_of(data: ModelCardData) -> dict[str, Any]:
    found: dict[str, Any] = data.to_dict()  # type: ignore[no-untyped-call]
    return found


def outline(text: str) -> list[str]:
    """The structure of a Markdown text without its words, below its metadata."""
    body = ModelCard(text).text
    tokens = MarkdownIt("commonmark").enable(["table"]).parse(body)
    inner = [child.type for token in tokens for child in token.children or () if child.type != "text"]
    return [token.type for token in tokens] + [kind for kind in inner if kind != "softbreak"]


def _with(text: str) -> dict[str, Any]:
    """The spec with the same text in every place that a person writes."""
    inputs = [{"name": text, "datatype": "FP32", "shape": [-1, 1]}]
    return {
        **SPEC,
        "project": text,
        "description": _one(text),
        "owner": text,
        "tags": [text],
        "card": {"intended_use": _one(text), "limits": _one(text), "risk_class": "limited", "licence": text},
        "dataset": {"name": text, "description": _one(text), "licence": {"name": text, "origin": text}},
        "params": {text: text},
        "signature": {"inputs": inputs, "outputs": []},
    }


def _one(text: str) -> str:
    """One paragraph: blank lines part paragraphs on purpose."""
    return text.replace("\n\n", "\n")


def test_what_is_not_said_is_not_made_up(evaluation: Evaluation) -> None:
    silent = {
        **SPEC,
        "description": "",
        "owner": "",
        "card": {"intended_use": "", "limits": "", "risk_class": None, "licence": ""},
        "dataset": {"name": "loans", "description": "", "licence": None},
    }
    text = card(evaluation, None, silent)
    for sentence in ("gives no description", "not said what the model is for", "where the model is weak"):
        assert sentence in text
    assert "not said what risk class" in text
    assert "under what licence the data may be used" in text
    assert "no gates" in text
    assert metadata(text).license is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("MIT", {"license": "mit"}),
        ("GPL-3.0-or-later", {"license": "gpl-3.0"}),
        ("Proprietary", {"license": "other", "license_name": "Proprietary"}),
        ("", {}),
    ],
)
def test_licences_as_the_hub_names_them(
    written: str, expected: dict[str, str], evaluation: Evaluation
) -> None:
    spec = {**SPEC, "card": {**SPEC["card"], "licence": written}}
    found = model_card.front_matter(spec, evaluation)
    assert {key: value for key, value in found.items() if key.startswith("license")} == expected


def test_undefined_metrics_are_left_out_of_the_model_index(evaluation: Evaluation) -> None:
    gone = msgspec.structs.replace(evaluation.estimates["precision"], value=None, low=None, high=None)
    changed = msgspec.structs.replace(evaluation, estimates={**evaluation.estimates, "precision": gone})
    text = card(changed)
    assert "precision" not in (metadata(text).metrics or [])
    assert "not defined" in text
