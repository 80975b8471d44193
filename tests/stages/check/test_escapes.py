"""A text with an escaped interpolation is a text: what holds it is checked like anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlc import pipeline
from mlc.request import Request
from rules.project import lay


@pytest.mark.parametrize("text", ["\\\\${vars.a}", "a \\\\${b} c", "\\\\${oc.env:HOME}"])
def test_a_resource_with_an_escaped_interpolation_is_checked(text: str, tmp_path: Path) -> None:
    good = lay(tmp_path / "good", {"target/here.yaml": f'type: local\ndescription: "{text}"\n'})
    validated = pipeline.validate(Request(good))
    assert validated.diagnostics == ()
    (checked,) = validated.checked.values()
    (found,) = (spec for address, spec in checked.specs.items() if str(address) == "target.here")
    assert found["description"] == text.replace("\\\\", "")
    bad = lay(tmp_path / "bad", {"target/here.yaml": f'type: lokal\ndescription: "{text}"\n'})
    assert [one.rule for one in pipeline.validate(Request(bad)).diagnostics] == ["value-not-allowed"]


def test_an_interpolation_that_leads_nowhere_is_told_once(tmp_path: Path) -> None:
    root = lay(tmp_path, {"target/here.yaml": "type: local\ndescription: ${vars.nowhere}\n"})
    assert [one.rule for one in pipeline.validate(Request(root)).diagnostics] == ["unresolved-interpolation"]
