"""Every example is applied to the end, from the data that travel with it: it passes its gates and is served.

`lending` is applied by `tests/acceptance/cases/lending`, word for word.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from msgspec import convert

from mlc import data
from mlc.cli.main import run
from mlc.ir.columns_out import Item
from stages.kinds.test_columns_out import agree

EXAMPLES = sorted(
    file.parent for file in data.path("examples").glob("*/mlc.yaml") if file.parent.name != "lending"
)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_goes_the_whole_way_and_then_nothing_is_left_to_do(
    example: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / example.name
    shutil.copytree(example, project, ignore=shutil.ignore_patterns(".mlc", "generated"))
    assert run(["-C", str(project), "apply", "--yes"]) == 0, capfd.readouterr()
    capfd.readouterr()
    assert run(["-C", str(project), "plan", "--detailed-exitcode"]) == 0, capfd.readouterr()
    for model in sorted((project / "model").glob("[a-z]*.yaml")):
        capfd.readouterr()
        assert run(["-C", str(project), "registry", "show", f"{model.stem}:1", "--format", "json"]) == 0
        shown = json.loads(capfd.readouterr().out)
        assert shown["model"]["entry"]["gated"], shown
    assert list((project / ".mlc" / "deployments").glob("*/*"))
    for features in sorted((project / "features").glob("[a-z]*.yaml")):
        capfd.readouterr()
        address = f"features.{features.stem}"
        assert run(["-C", str(project), "explain", address, "--columns", "--format", "json"]) == 0
        for used in json.loads(capfd.readouterr().out)["used"]:
            for name in used["models"]:
                assert (
                    run(["-C", str(project), "state", "show", f"model.{name}/train", "--format", "json"]) == 0
                )
                trained = json.loads(capfd.readouterr().out)["operation"]
                assert agree(convert(used["items"], list[Item]), trained["summary"]["columns_out"])
