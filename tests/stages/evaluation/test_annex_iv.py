"""The technical documentation by Annex IV: every point stands there, and what nobody said is missing for all to see."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt
from syrupy.assertion import SnapshotAssertion

from mlc import data
from mlc.drivers import annex_iv
from mlc.drivers._canonical import canonical
from mlc.drivers.model_card import _tidy
from mlc.emit import load_backends
from mlc.emit.cards import POINTS, annex_findings
from mlc.emit.verify import checks_of, verify
from mlc.ir.address import Address
from mlc.ir.artifact import artifact
from mlc.ir.evaluation import Evaluation, FairnessFigures, Verdict
from mlc.ir.operation import Work
from mlc.kinds._documentation import FIELDS, Documentation
from stages.evaluation.synthetic import render
from stages.evaluation.test_model_bom import DIGESTS, MADE_FROM, steps_of
from stages.evaluation.test_model_card import SPEC as CARD

BACKEND = next(one for one in load_backends((data.path("templates"),)) if one.name == "annex_iv")
SILENT: dict[str, Any] = msgspec.to_builtins(Documentation())
TOLD = {**{name: f"Told of {name}." for name in FIELDS}, "standards": ["ISO/IEC 42001:2023", "EN 1 | 2"]}
DATA = {
    "columns": {
        "amount": {
            "type": "number",
            "role": "feature",
            "unit": "EUR",
            "description": "",
            "nullable": True,
            "pii": False,
        },
        "name": {
            "type": "string",
            "role": "ignore",
            "unit": "",
            "description": "Who.",
            "nullable": False,
            "pii": True,
        },
    },
    "checks": {"min_rows": 1000, "max_quarantined": 0.01, "expressions": {"sane": "amount > 0"}},
    "prepare": ["tidy: drop missing"],
    "private": ["k_anonymity"],
    "split": "stratified",
}
SPEC: dict[str, Any] = {**CARD, "documentation": TOLD, "data": DATA}
PACKAGES = {"onnx": "1.23.2"}


def text_of(evaluation: Evaluation, spec: dict[str, Any] = SPEC, verdict: Verdict | None = None) -> str:
    found = annex_iv.content(spec, evaluation, verdict, None, DIGESTS, PACKAGES)
    return _tidy(render("annex_iv", "annex.md.j2", found)).decode()


def test_the_step_writes_every_point(
    work: Callable[..., Work],
    evaluation: Evaluation,
    tmp_path: Path,
    snapshot_file: Callable[[str], SnapshotAssertion],
) -> None:
    contents = {"evaluation": canonical(evaluation), "verdict": canonical(Verdict("pass", ()))}
    inputs = {name: tmp_path / f"{name}.json" for name in (*contents, "onnx", "train", "test")}
    for name, path in inputs.items():
        path.write_bytes(contents.get(name, b""))
    asked = msgspec.structs.replace(work("annex_iv", SPEC, inputs), digests=DIGESTS, made_from=MADE_FROM)
    product = annex_iv.run(asked)
    written = product.outputs["annex"].read_bytes()
    assert written == snapshot_file("md")
    assert product.summary == {"missing": 0}
    published = "generated/dev/models/default_risk/technical_documentation.md"
    found = artifact(published, written, "annex_iv", Address("model", "default_risk"))
    assert checks_of(found, BACKEND) == ("annex-iv",)
    assert verify(found, BACKEND).outcome == "ok"
    assert annex_iv.run(asked).outputs["annex"].read_bytes() == written
    assert "Missing" not in written.decode()
    for name in FIELDS:
        assert name == "standards" or f"Told of {name}" in written.decode().replace("\\", "")


def test_what_nobody_said_is_missing(evaluation: Evaluation) -> None:
    card = {"intended_use": "", "limits": "", "risk_class": None, "licence": ""}
    text = text_of(evaluation, {**SPEC, "documentation": SILENT, "card": card})
    told = re.findall(r"It belongs into the model's (\S+)\.$", text.replace("\\", ""), re.MULTILINE)
    assert sorted(told) == sorted(
        [*(f"documentation.{name}" for name in FIELDS), "card.intended_use", "card.limits"]
    )
    assert f"**{len(FIELDS) + 2} of" in text
    assert "The risk class is missing" in text
    assert annex_findings(text) == ()


def test_groups_are_told_where_a_gate_looks_at_them(evaluation: Evaluation) -> None:
    gap = evaluation.estimates["accuracy"]
    fair = FairnessFigures("fair", "sex", "equal_opportunity", gap, {}, ("female", "male"))
    text = text_of(msgspec.structs.replace(evaluation, fairness=(fair,)))
    assert "| sex: female and male | gap of equal opportunity |" in text
    assert "No gate looks at groups" in text_of(evaluation)


def test_tables_are_tables(evaluation: Evaluation) -> None:
    tokens = MarkdownIt("commonmark").enable(["table"]).parse(text_of(evaluation))
    assert sum(token.type == "table_open" for token in tokens) >= 7
    assert not any("|---" in token.content for token in tokens), "a table that is none"


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("## 5. Risk management system\n", "", "the sections are 1, 2, 3, 4, 6, 7, 8, 9"),
        ("*Annex IV, 2 (e)*", "*Annex IV, 2 (d)*", "section 2: there is nothing of point 2 (e)"),
        ("*Annex IV, 9*", "*Annex IV, 12*", "section 9: point 12 is of no part of it"),
        ("Told of cybersecurity.\n", "", "says nothing"),
        ("## 1. ", "## 10. ", "have to be 1 to 9"),
    ],
)
def test_what_is_broken_is_rejected(old: str, new: str, finding: str, evaluation: Evaluation) -> None:
    text = text_of(evaluation)
    assert old in text
    if old.startswith("Told"):
        new = ""
    found = annex_findings(text.replace(old, new))
    assert finding in "\n".join(found)


def test_points_are_those_of_the_annex() -> None:
    assert list(POINTS) == list(range(1, 10))


def test_a_model_that_asks_has_the_step() -> None:
    steps = steps_of("tumours")
    annex, register = steps["model.malignancy/annex"], steps["model.malignancy/register"]
    assert annex.publishes == {"annex": "generated/dev/models/malignancy/technical_documentation.md"}
    assert register.inputs["annex"] == f"{annex.id}#annex"
    assert "latency" not in annex.inputs, "a speed differs each time"
    assert set(annex.spec["data"]["columns"]) > {"mean_radius"} or annex.spec["data"]["columns"]
    assert not [name for name in steps_of("wines") if name.endswith("/annex")]
