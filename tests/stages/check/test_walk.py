"""Following a value through the schema of its kind."""

from __future__ import annotations

from typing import Any

import pytest

from mlc.ir.node import plain, wrap
from mlc.ir.span import FIELD_DEFAULT, start_of
from mlc.kinds._walk import change_class, field_at, is_declared, references, with_defaults

FILE = start_of("it.yaml")
DATASET: dict[str, Any] = {
    "source": {"type": "file", "path": "a.csv"},
    "columns": {"age": {"type": "integer"}},
    "prepare": {"once": {"method": "deduplicate"}, "bound": {"method": "clip", "column": "age"}},
}
MODEL: dict[str, Any] = {
    "task": "binary_classification",
    "dataset": "people",
    "features": "basic",
    "train": {"estimator": "sklearn.linear_model.LogisticRegression", "params": {"C": 1.0}},
    "gates": ["quality", "speed"],
    "policies": ["care"],
}


class TestDefaults:
    def test_fills_nested_maps_and_the_chosen_branch_of_a_union(self) -> None:
        filled = plain(with_defaults(wrap(DATASET, FILE), "dataset"))
        assert filled["source"] == {"type": "file", "path": "a.csv", "format": "parquet"}
        assert filled["columns"]["age"]["nullable"] is False
        assert filled["prepare"] == {
            "once": {"method": "deduplicate", "by": []},
            "bound": {"method": "clip", "column": "age", "min": None, "max": None},
        }
        assert filled["split"]["method"] == "stratified"

    def test_another_branch_has_its_own_defaults(self) -> None:
        filled = plain(with_defaults(wrap({**DATASET, "split": {"method": "random"}}, FILE), "dataset"))
        assert filled["split"] == {"method": "random", "test": 0.2, "validation": None, "seed": 0}

    def test_what_the_author_wrote_keeps_its_place_and_defaults_have_none(self) -> None:
        filled = with_defaults(wrap({"model": "m", "target": "t", "port": 1}, FILE), "deployment")
        written, default = filled.at(("port",)), filled.at(("resources", "memory"))
        assert written is not None
        assert default is not None
        assert (written.span.file, default.span.file) == ("it.yaml", FIELD_DEFAULT)

    @pytest.mark.parametrize("wrong", [[], "text", 3, None, {"type": "elsewhere"}, {"type": ["local"]}])
    def test_a_spec_that_is_wrong_is_left_as_it_is(self, wrong: Any) -> None:
        assert plain(with_defaults(wrap(wrong, FILE), "target")) == wrong

    def test_says_the_same_as_msgspec(self) -> None:
        import msgspec

        from mlc import kinds

        for kind, spec in (("dataset", DATASET), ("model", MODEL), ("target", {"type": "mlserver"})):
            filled = plain(with_defaults(wrap(spec, FILE), kind))
            assert filled == msgspec.to_builtins(msgspec.convert(spec, kinds.kind(kind).spec))


class TestReferences:
    def test_finds_them_in_fields_and_in_lists(self) -> None:
        found = [(reference.path, reference.kind, reference.name) for reference in references(MODEL, "model")]
        assert found == [
            (("dataset",), "dataset", "people"),
            (("features",), "features", "basic"),
            (("gates", 0), "gate", "quality"),
            (("gates", 1), "gate", "speed"),
            (("policies", 0), "policy", "care"),
        ]

    def test_one_that_may_be_null_is_one_only_where_it_is_given(self) -> None:
        without = references({"model": "m", "target": "t", "runtime": None}, "deployment")
        assert [reference.kind for reference in without] == ["model", "target"]
        given = references({"model": "m", "target": "t", "runtime": "r"}, "deployment")
        assert [reference.kind for reference in given] == ["model", "target", "runtime"]

    def test_the_project_names_its_registry(self) -> None:
        (found,) = references({"registry": "main"}, "project")
        assert (found.path, found.kind, found.name) == (("registry",), "registry", "main")

    @pytest.mark.parametrize(
        "wrong", [None, [], 3, "text", {"gates": 3}, {"gates": [3, {"a": 1}]}, {"dataset": ["d"]}]
    )
    def test_a_spec_that_is_wrong_has_none(self, wrong: Any) -> None:
        assert list(references(wrong, "model")) == []


class TestChangeClass:
    @pytest.mark.parametrize(
        ("kind", "path", "spec", "expected"),
        [
            ("model", ("description",), MODEL, "metadata"),
            ("model", ("train", "params", "C"), MODEL, "retrain"),
            ("model", ("train", "params", "deep", "inside"), MODEL, "retrain"),
            ("model", ("gates",), MODEL, "reevaluate"),
            ("model", ("optimize", "opset"), MODEL, "redeploy"),
            ("model", ("card", "limits"), MODEL, "metadata"),
            ("model", ("enabled",), MODEL, "none"),
            ("dataset", ("columns", "age", "type"), DATASET, "reingest"),
            ("dataset", ("columns", "age", "description"), DATASET, "metadata"),
            (
                "dataset",
                ("licence", "name"),
                {**DATASET, "licence": {"name": "MIT", "origin": ""}},
                "metadata",
            ),
            ("dataset", ("prepare", "bound", "min"), DATASET, "reingest"),
            ("target", ("type",), {"type": "kserve"}, "replace"),
            ("target", ("namespace",), {"type": "kserve"}, "replace"),
            ("target", ("storage",), {"type": "kserve"}, "redeploy"),
            ("target", ("nothing",), {"type": "kserve"}, "none"),
        ],
    )
    def test_is_what_the_deepest_field_declares(
        self, kind: str, path: tuple[str, ...], spec: dict[str, Any], expected: str
    ) -> None:
        assert change_class(kind, path, spec) == expected

    def test_the_spec_that_has_the_path_leads_through_unions(self) -> None:
        before, after = {"type": "kserve", "namespace": "a"}, {"type": "local"}
        assert change_class("target", ("namespace",), after, before) == "replace"


def test_field_at_gives_the_description_of_the_branch_that_was_chosen() -> None:
    field = field_at("target", ("http_port",), {"type": "mlserver"})
    assert field is not None
    assert field["description"] == "Port of HTTP."
    assert field_at("target", ("http_port",), {"type": "local"}) is None
    assert field_at("target", (), {"type": "local"}) is None


def test_a_path_is_declared_where_any_branch_has_it() -> None:
    assert is_declared("target", ("http_port",))
    assert is_declared("dataset", ("columns", "whatever", "nullable"))
    assert is_declared("model", ("train", "params"))
    assert not is_declared("dataset", ("columns", "whatever", "nullabel"))
    assert not is_declared("target", ("http_prot",))
