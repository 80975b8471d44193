"""A text that only looks like an interpolation is a text: the resource that holds it is checked as any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlc.pipeline import compile_project
from mlc.request import Request
from rules.project import lay


@pytest.mark.parametrize("text", [r"\${x}", r"\${vars.a}", r"\${{x}}", r"costs \${x} and ${name}"])
def test_a_resource_with_an_escaped_interpolation_is_checked_by_every_rule(tmp_path: Path, text: str) -> None:
    image = f"image: ghcr.io/acme/shop@sha256:{'a' * 64}\n"
    deployment = f"model: churn\ntarget: here\ndescription: '{text.replace('${name}', '${vars.name}')}'\n"
    files = {"mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\nvars: {name: it}\n"}
    root = lay(tmp_path, files, {"deployment/local.yaml": deployment + image})
    validated, compiled = compile_project(Request(root))
    assert [one.rule for one in validated.diagnostics] == ["target-cannot"]
    assert compiled == ()

    lay(tmp_path, files, {"deployment/local.yaml": deployment})
    validated, (one,) = compile_project(Request(root))
    assert validated.diagnostics == ()
    assert any(resource.address.name == "local" for resource in one.graph.resources)
