"""Every example is a complete project without a single finding, in every environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlc import data, pipeline
from mlc.request import Request

EXAMPLES = sorted(file.parent for file in data.path("examples").glob("*/mlc.yaml"))


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
class TestExample:
    def test_has_no_finding_in_any_environment(self, example: Path) -> None:
        validated, compiled = pipeline.compile_project(Request(example, ("all",)))
        assert validated.diagnostics == ()
        assert [one.graph.environment for one in compiled] == list(validated.composed.documents)

    def test_learns_from_data_that_travel_with_it_under_a_licence(self, example: Path) -> None:
        _, compiled = pipeline.compile_project(Request(example, ("all",)))
        datasets = [one for each in compiled for one in each.graph.resources if one.address.kind == "dataset"]
        assert datasets
        for dataset in datasets:
            source = dataset.spec["source"]
            assert source["type"] == "sklearn" or (example / source["path"]).is_file()
            assert dataset.spec["licence"]

    def test_says_what_it_is_and_gates_what_it_deploys(self, example: Path) -> None:
        _, compiled = pipeline.compile_project(Request(example, ("all",)))
        for one in compiled:
            assert one.graph.project["description"]
            deployed = [
                found.view["model"] for found in one.graph.resources if found.address.kind == "deployment"
            ]
            assert deployed
            assert all(model["gates"] and model["description"] for model in deployed)
