"""A resource against the schema of its kind: every mistake, once, at its place."""

from __future__ import annotations

from typing import Any

import pytest

from mlc import load
from mlc.check import check_schema
from mlc.check.schema import dotted
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import plain


def findings(kind: str, text: str) -> tuple[Diagnostic, ...]:
    loaded = load.read(text, "it.yaml")
    assert loaded.node is not None, loaded.diagnostics
    return check_schema(loaded.node, plain(loaded.node), kind, f"{kind}.it")[1]


def told(kind: str, text: str) -> list[tuple[str, str, int]]:
    """The rule, the path and the line of each finding."""
    return [
        (one.rule, one.path, one.primary.span.line) for one in findings(kind, text) if one.primary is not None
    ]


DATASET = "source: {type: file, path: a.csv}\ncolumns:\n  a: {type: integer}\n"

CASES: dict[str, tuple[str, str, list[tuple[str, str, int]]]] = {
    "a mistake in the branch of a union that was chosen": (
        "target",
        "type: kserve\nnamespace: Big\n",
        [
            ("missing-key", "storage", 1),
            ("missing-key", "serving_runtime", 1),
            ("bad-format", "namespace", 2),
        ],
    ),
    "a key of another branch": ("target", "type: local\nnamespace: big\n", [("unknown-key", "namespace", 2)]),
    "no branch chosen": ("target", "description: here\n", [("missing-key", "type", 1)]),
    "a branch that there is not": ("target", "type: lokal\n", [("value-not-allowed", "type", 1)]),
    "a branch that is planned": ("registry", "type: azureml\n", [("not-supported-yet", "type", 1)]),
    "a tag that is no text": ("target", "type: [local]\n", [("value-not-allowed", "type", 1)]),
    "a nested union": (
        "dataset",
        DATASET + "split: {method: stratified, test: 2, ratio: 1}\n",
        [("value-out-of-range", "split.test", 4), ("unknown-key", "split.ratio", 4)],
    ),
    "a union in a map of the author's names": (
        "dataset",
        DATASET + "prepare:\n  once: {method: deduplicate}\n  bound: {method: clip}\n",
        [("missing-key", "prepare.bound.column", 6)],
    ),
    "a value that there is not, in a map": (
        "features",
        "groups: {far: {columns: [a], encode: targets}}\n",
        [("value-not-allowed", "groups.far.encode", 1)],
    ),
    "null or a map": (
        "dataset",
        DATASET + "licence: {name: MIT}\n",
        [("missing-key", "licence.origin", 4)],
    ),
    "null or a map, and it is text": ("dataset", DATASET + "licence: MIT\n", [("wrong-type", "licence", 4)]),
    "a number or text or null": (
        "gate",
        "metrics:\n  roc_auc: {min: [1]}\n",
        [("wrong-type", "metrics.roc_auc.min", 2)],
    ),
    "an item of a list": (
        "model",
        "task: binary_classification\ndataset: d\nfeatures: f\ntrain: {estimator: e}\ngates: [ok, Not OK, 3]\n",
        [("bad-format", "gates[1]", 5), ("wrong-type", "gates[2]", 5)],
    ),
    "a key that must be one of a few": (
        "policy",
        "rules: {licence-declarde: {}}\n",
        [("value-not-allowed", "rules.licence-declarde", 1)],
    ),
    "a key that must have a form": (
        "pipeline",
        "systems: [github_actions]\ninstall: pip install mlc\napply: {Dev Env: {}}\n",
        [("bad-format", "apply.Dev Env", 3)],
    ),
    "true is no number": ("deployment", "model: m\ntarget: t\nport: true\n", [("wrong-type", "port", 3)]),
    "1.0 is no whole number": ("deployment", "model: m\ntarget: t\nport: 1.0\n", [("wrong-type", "port", 3)]),
    "a constant of another type": (
        "project",
        'mlc: "1"\nproject: a\nenvironments: [dev]\n',
        [("value-not-allowed", "mlc", 1)],
    ),
    "planned fields": (
        "deployment",
        "model: m\ntarget: t\nmodels: [m]\nmode: edge\n",
        [("not-supported-yet", "models", 3), ("not-supported-yet", "mode", 4)],
    ),
    "not a map at all": ("target", "- type: local\n", [("wrong-type", "", 1)]),
    "empty where it must not be": (
        "dataset",
        "source: {type: file, path: ''}\ncolumns: {}\n",
        [("value-out-of-range", "source.path", 1), ("value-out-of-range", "columns", 2)],
    ),
}


@pytest.mark.parametrize(("kind", "text", "expected"), CASES.values(), ids=CASES)
def test_tells_every_mistake_once_and_where(
    kind: str, text: str, expected: list[tuple[str, str, int]]
) -> None:
    assert sorted(told(kind, text)) == sorted(expected)


def test_points_at_keys_for_unknown_ones_and_at_values_for_wrong_ones() -> None:
    (found,) = findings("target", "type: local\nnamespace: big\n")
    assert found.primary is not None
    assert (found.primary.span.column, found.primary.span.end_column) == (1, 10)
    (found,) = findings("deployment", "model: m\ntarget: t\nport: often\n")
    assert found.primary is not None
    assert (found.primary.span.column, found.primary.span.end_column) == (7, 12)


def test_a_text_that_looks_like_the_constant_is_told_apart_from_it() -> None:
    (found,) = findings("project", 'mlc: "1"\nproject: a\nenvironments: [dev]\n')
    assert found.detail == '"mlc" takes 1, not "1".'


def test_a_planned_value_says_what_there_is_instead() -> None:
    (found,) = findings("registry", "type: azureml\n")
    assert found.help == "This version takes hybrid, database or filesystem."


def test_a_fix_writes_the_word_that_was_meant() -> None:
    (found,) = findings("target", "type: lokal\n")
    assert found.fix is not None
    (edit,) = found.fix.edits
    assert (edit.span.line, edit.span.column, edit.span.end_column, edit.text) == (1, 7, 12, "local")


def test_gives_the_spec_with_its_defaults() -> None:
    from mlc.ir.node import wrap
    from mlc.ir.span import start_of

    bare: dict[str, Any] = {"model": "m", "target": "t"}
    spec, found = check_schema(wrap(bare, start_of("it.yaml")), bare, "deployment", "deployment.it")
    assert found == ()
    assert spec is not None
    assert (spec["port"], spec["replicas"], spec["resources"]) == (8080, 1, {"cpu": "1", "memory": "512Mi"})


def test_paths_are_written_as_people_write_them() -> None:
    assert dotted(("columns", "age", "values", 0)) == "columns.age.values[0]"
    assert dotted(()) == ""
