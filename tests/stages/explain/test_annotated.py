"""The annotated form of an explanation is YAML that reads back as the value, each line with its true origin."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acceptance.conftest import PROJECTS
from mlc import data, inquiry, load, pipeline
from mlc.cli import main
from mlc.ir.explanation import Explanation, Layered, Part
from mlc.ir.node import plain
from mlc.ir.span import FIELD_DEFAULT, Span
from mlc.kinds import _schemas
from mlc.report import explain_yaml
from mlc.report import json as json_form
from mlc.report.terminal import Paint
from mlc.request import Request

SMALL, LENDING = PROJECTS / "small", data.path("examples", "lending")
WHERE = Span("model/churn.yaml", 3, 5, 3, 9)


def part(key: str | int, value: Any, written: str | None = None) -> Part:
    within = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = tuple(part(inner_key, child) for inner_key, child in within)
    lost = (
        Layered(value, WHERE),
        Layered("\n# x\r\u2028", WHERE),
        Layered(1, Span(FIELD_DEFAULT, 1, 1, 1, 1)),
    )
    return Part(key, Layered(value, WHERE, written), lost, inner)


def shown(value: Any, written: str | None = None) -> str:
    whole = part("", value, written)
    one = Explanation("dev", "model.churn", whole.winner, whole.overwrote, parts=whole.parts)
    return explain_yaml.explanation(one, Paint())


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(
        ["yes", "No", "null", "~", "1e5", "0x1f", "010", "1:30", "20ms", "1_0", "nan", ".5", "1."]
    ),
    st.sampled_from(
        ["a: b", "a #b", "a:", "- a", "x ", "", " ", "*a", "&a", "!a", "${vars.a}", "<<", "=", "a, b"]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(VALUES, st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))))
@example([[], [[1]], {}], None)
@example({"a": [{"b": [1]}]}, "${x}\n- y: 1")
@example(1e-05, None)
def test_what_is_printed_reads_back(value: Any, written: str | None) -> None:
    text = shown(value, written)
    assert yaml.safe_load(text) == value
    loaded = load.read(text, "x.yaml", any_key=True)
    assert loaded.diagnostics == ()
    assert (None if loaded.node is None else plain(loaded.node)) == value


def test_numbers_that_are_none() -> None:
    assert yaml.safe_load(shown(-math.inf)) == -math.inf
    assert math.isnan(yaml.safe_load(shown(math.nan)))


@pytest.mark.parametrize("root", [SMALL, LENDING], ids=["small", "lending"])
def test_every_resource_reads_back_and_its_origins_are_where_they_say(root: Path) -> None:
    composed = pipeline.compose(Request(root, ("all",)))
    for environment, document in composed.documents.items():
        for address in document.addresses():
            _, (one,) = inquiry.explain(Request(root, (environment,)), str(address))
            text = explain_yaml.explanation(one, Paint())
            node = document.resource(address)
            assert node is not None
            assert yaml.safe_load(text) == plain(node)
            for line in text.splitlines():
                _origin_holds(line, composed.sources)


def _origin_holds(line: str, sources: Any) -> None:
    """A value that is not an interpolation stands where its line says."""
    found = re.fullmatch(r" *([\w-]+): (.+?) +# ([^: ]+):(\d+):(\d+)( \(over .*)?", line)
    if found is None:
        return
    written = sources[found[3]].splitlines()[int(found[4]) - 1][int(found[5]) - 1 :]
    value = yaml.safe_load(found[2])
    if not isinstance(value, list | dict):
        in_flow = "{" in sources[found[3]].splitlines()[int(found[4]) - 1]
        assert yaml.safe_load(re.split(r"[,}]" if in_flow else r" +#", written)[0]) == value, line


def explained(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main.run(["-C", str(LENDING), "explain", *words]) == 0
    return capsys.readouterr().out


def test_a_map_says_where_each_line_is_from(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained(capsys, "model.default_risk.train", "env=prod").splitlines()
    assert lines[0] == "# model.default_risk.train · prod"
    (rounds,) = (line for line in lines if "max_iter" in line)
    assert (
        " ".join(rounds.split()) == "max_iter: 200 # env/prod.yaml:9:34 (over 100 model/_tabular.yaml:7:15)"
    )
    columns = {line.index("# ") for line in lines if line.startswith(" ") and "# " in line}
    assert len(columns) == 1  # aligned


def test_a_default_says_so_and_an_interpolation_what_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, "target.container", "env=prod", "--color", "always")
    lines = text.splitlines()
    assert any(
        "ghcr.io/acme/lending-risk" in line and "from ${vars.images}/lending-risk" in line for line in lines
    )
    (enabled,) = (line for line in lines if "enabled" in line)
    assert enabled.startswith("\x1b[2menabled: true")
    assert enabled.endswith("# default\x1b[0m")


def test_a_single_value_keeps_its_chain_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("model.default_risk.train.params.max_iter", "env=prod")
    assert "set by" in explained(capsys, *words)
    annotated = explained(capsys, *words, "--annotate")
    assert "200  # env/prod.yaml:9:34 (over 100 model/_tabular.yaml:7:15)" in annotated.splitlines()


def test_environments_are_documents(capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, "model.default_risk.train.params", "--env", "all")
    assert [one["max_iter"] for one in yaml.safe_load_all(text)] == [100, 200]


def test_json_gives_the_same_tree() -> None:
    import jsonschema

    _, found = inquiry.explain(Request(LENDING, ("prod",)), "model.default_risk")
    document = json.loads(json_form.explained("model.default_risk", found))
    jsonschema.validate(document, _schemas.generate()["explain"])
    (one,) = document["environments"]

    def value(part: dict[str, Any]) -> Any:
        inner = part.get("parts", [])
        if isinstance(part["winner"]["value"], dict):
            return {child["key"]: value(child) for child in inner}
        if isinstance(part["winner"]["value"], list):
            return [value(child) for child in inner]
        return part["winner"]["value"]

    assert value(one) == one["value"] == found[0].winner.value
    (train,) = (part for part in one["parts"] if part["key"] == "train")
    (params,) = (part for part in train["parts"] if part["key"] == "params")
    (rounds,) = (part for part in params["parts"] if part["key"] == "max_iter")
    assert [(at["file"], at["line"], at["value"]) for at in (rounds["winner"], *rounds["overwrote"])] == [
        ("env/prod.yaml", 9, 200),
        ("model/_tabular.yaml", 7, 100),
    ]
