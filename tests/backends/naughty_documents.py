"""What steps and commands write with a text in every place that an author may fill, and how it is read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import quote

import msgspec
import yaml
from markdown_it import MarkdownIt

from backends import lineages
from backends.croissants import ASKING as CROISSANT
from backends.croissants import written as croissant
from backends.project import SPECS, graph_of
from mlc.cli._page import page as graph_html
from mlc.drivers import (
    _profile_page,
    _selection_page,
    _variants_page,
    model_bom,
    model_provenance,
    sagemaker_card,
)
from mlc.emit.cards import annex_findings, sagemaker_findings
from mlc.ir.choice import Chosen, FoldRows, Selection, Standing
from mlc.ir.evaluation import Evaluation
from mlc.ir.profile import ColumnProfile, Correlation, DataProfile, Frequent
from mlc.ir.variant import Measured, Variants
from mlc.kinds._documentation import FIELDS
from mlc.report import graph_page
from stages.evaluation import test_annex_iv as annexes
from stages.evaluation import test_model_card as cards
from stages.evaluation import test_report as reports
from stages.evaluation.synthetic import SPEC as REPORTED
from stages.evaluation.synthetic import binary_evaluation, render, synthetic
from stages.evaluation.test_model_bom import DIGESTS
from stages.html_page import Page

MARK = "SENTINEL"


@cache
def _evaluation() -> Evaluation:
    return binary_evaluation(*synthetic(300))


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _bom(text: str) -> bytes:
    spec = {**cards._with(text), "members": {text: text}}
    packages = {"onnx": "1.23.2"}
    return _json(model_bom.content(spec, _evaluation(), None, DIGESTS, packages))


def _read_bom(content: bytes) -> Any:
    found = json.loads(content)
    found.pop("serialNumber")  # of all that the document says
    return found


def _slsa(text: str) -> bytes:
    steps = {"ingest": {"driver": "files", "spec": "7" * 64, f"file {text}": "8" * 64}}
    return _json(model_provenance.content(cards._with(text), DIGESTS, steps, {}))


def _read_slsa(content: bytes) -> Any:
    found = json.loads(content)
    build = found["predicate"]["buildDefinition"]
    build["externalParameters"].pop("configuration")  # a digest of all that was asked for
    build["resolvedDependencies"] = [
        one for one in build["resolvedDependencies"] if one["name"] != "configuration"
    ]
    return found


def _openlineage(text: str) -> bytes:
    columns = {text if name == "income" else name: one for name, one in lineages.ASKING["columns"].items()}
    columns[text] = {**columns[text], "description": text}
    checks = {"min_rows": 1}
    asked = {**lineages.ASKING, "description": text, "owner": text, "columns": columns, "checks": checks}
    facts = {**lineages.FACTS, "columns": {text: lineages.FACTS["columns"]["income"]}}
    model = lineages.of_model(description=text, owner=text)
    return _json([lineages.of_data(asked, facts), model])


def _read_openlineage(content: bytes) -> Any:
    return json.loads(content)


def _croissant(text: str) -> bytes:
    told = {"description": text, "owner": text, "tags": [text], "licence": {"name": text, "origin": text}}
    columns = {text: {"type": "string", "description": text}}
    return _json(croissant({**CROISSANT, **told, "columns": columns}))


def _read_croissant(content: bytes) -> Any:
    """An `@id` is part of a URL: the name itself, which it is quoted from, stands beside it."""
    found = json.loads(content)
    for field in found["recordSet"][0]["field"]:
        assert field.pop("@id") == f"rows/{quote(field['name'], safe='')}"
    return found


def _card(text: str) -> bytes:
    # a paragraph of nothing but blanks is none
    return cards.card(_evaluation(), None, cards._with(f"a{text}")).encode()


def _read_card(content: bytes) -> Any:
    text = content.decode()
    front = yaml.load(text.removeprefix("---\n").split("\n---\n")[0], Loader=yaml.CSafeLoader)
    front["tags"] = dict.fromkeys(front["tags"])  # in the order of the alphabet
    return {"front": front, "outline": cards.outline(text)}


def _annex(text: str) -> bytes:
    said = dict.fromkeys(FIELDS, f"a{text}") | {"standards": [f"a{text}"]}
    told = {
        "type": "number",
        "role": "feature",
        "unit": text,
        "description": text,
        "nullable": True,
        "pii": True,
    }
    data = {**annexes.DATA, "columns": {f"a{text}": told}, "prepare": [f"a{text}"]}
    spec = {**cards._with(f"a{text}"), "documentation": said, "data": data}
    return annexes.text_of(_evaluation(), spec).encode()


def _read_annex(content: bytes) -> Any:
    """The structure, and each text as a reader of Markdown gives it, without what is markup."""
    tokens = MarkdownIt("commonmark").enable(["table"]).parse(content.decode())
    inner = [child.type for token in tokens for child in token.children or () if child.type != "text"]
    assert annex_findings(content.decode()) == ()
    words = [child.content for token in tokens for child in token.children or () if child.type == "text"]
    shapes = [token.type for token in tokens] + [kind for kind in inner if kind != "softbreak"]
    return {"elements": shapes, "words": words}


def _sagemaker(text: str) -> bytes:
    return _json(sagemaker_card.content(cards._with(text), _evaluation(), None, DIGESTS))


def _read_sagemaker(content: bytes) -> Any:
    found = json.loads(content)
    assert sagemaker_findings(found) == ()
    details = found["additional_information"]["custom_details"]
    details.pop("config_sha256")  # a digest of all that was asked for
    if details.pop("shortened", ""):  # what is longer than SageMaker takes
        return None
    return found


def _report(text: str) -> bytes:
    columns = {text: {"type": "string", "values": [text], "nullable": True}}
    changed = msgspec.structs.replace(_evaluation(), label=text, positive=text, warnings=(text,))
    return reports.html(changed, {**REPORTED, "columns": columns}, f"model.{text}").encode()


def _profile(text: str) -> bytes:
    column = ColumnProfile(
        type="string", role="feature", rows=3, missing=0, distinct=1, frequent=[Frequent(text, 3)]
    )
    found = DataProfile(
        dataset=text,
        digest="0" * 64,
        parts={},
        rows={"read": 3, "prepared": 3, "quarantined": 0, "train": 2, "test": 1},
        columns={text: column},
        label=text,
        correlations=[Correlation(text, text, 0.5)],
        warnings=[f"a {text}"],
        broken_promises=[{"promise": text, "rows": 1}],
    )
    spec = {"description": text, "licence": {"name": text, "origin": text}}
    return render("dataset_profile", "profile.html.j2", _profile_page.page(found, spec))


def _selection(text: str) -> bytes:
    standings = [
        Standing(name, text, 0.5, 0.1, [0.4, 0.6], True, *(() if name == "best" else (0.1, 1.0, 1, 0.2, 0.2)))
        for name in ("best", text)
    ]
    found = Selection(
        metric="roc_auc",
        better="higher",
        prefer="best",
        confidence=0.95,
        folds=[FoldRows(2, 1), FoldRows(2, 1)],
        method=text,
        best=text,
        chosen=Chosen(text, text, {text: text}, 1),
        why=text,
        standings=standings,
        simplest_first=[text],
        warnings=[text],
        notes=[text],
    )
    return render("selection_report", "report.html.j2", _selection_page.page(found, [], f"model.{text}"))


def _variants(text: str) -> bytes:
    forms = [
        Measured(
            name,
            text,
            [text],
            1000,
            1e-5,
            1.0,
            0.0,
            metrics={"roc_auc": 0.5},
            worse={"roc_auc": 0.0},
            verdict="pass",
        )
        for name in ("onnx", text)
    ]
    found = Variants(text, "roc_auc", text, text, text, forms)
    return render("variants_report", "report.html.j2", _variants_page.page(found, f"model.{text}"))


def _graph(text: str) -> bytes:
    specs = {
        name: {**spec, "description": text, "owner": text, "tags": [text]} for name, spec in SPECS.items()
    }
    return graph_html(graph_page.page([graph_of(specs)])).encode()


def _read_page(content: bytes) -> Any:
    """The elements with the names of their attributes, and, so that it is seen that the text arrives, the words."""
    found = Page(content.decode())
    return {"elements": [[tag, *sorted(names)] for tag, names in found.elements], "words": found.words}


def _azureml(text: str) -> bytes:
    known = {"header": text, "document": {"description": text, "tags": {text: text}, "inputs": [text]}}
    return render("azureml_applied", "document.yaml.j2", known)


def _read_yaml(content: bytes) -> Any:
    return yaml.load(content, Loader=yaml.CSafeLoader)


DOCUMENTS: dict[str, tuple[Callable[[str], bytes], Callable[[bytes], Any]]] = {
    "annex_iv": (_annex, _read_annex),
    "azureml_applied": (_azureml, _read_yaml),
    "bom": (_bom, _read_bom),
    "croissant": (_croissant, _read_croissant),
    "dataset_profile": (_profile, _read_page),
    "evaluation_report": (_report, _read_page),
    "graph_page": (_graph, _read_page),
    "model_card": (_card, _read_card),
    "openlineage": (_openlineage, _read_openlineage),
    "sagemaker_card": (_sagemaker, _read_sagemaker),
    "selection_report": (_selection, _read_page),
    "slsa": (_slsa, _read_slsa),
    "variants_report": (_variants, _read_page),
}
"""Of each backend that renders by a driver or a command: what it writes with a text, and what is read of it."""
