"""Every artifact of every example before those official checkers that have an environment of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends.project import named
from backends.test_examples import EXAMPLES, PLATFORMS, artifacts_of
from mlc.emit.verify import checks_of, verify_by
from mlc.ir.backend import Backend


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda folder: folder.name)
def test_official_checkers_accept_every_artifact(example: Path, backends: tuple[Backend, ...]) -> None:
    outcomes = {
        (artifact.path, check): verify_by(check, artifact, beside=artifacts_of(example))
        for artifact in artifacts_of(example)
        for check in checks_of(artifact, named(backends, artifact.backend))
        if check.split()[0] in PLATFORMS
    }
    assert {key: found.findings for key, found in outcomes.items() if found.outcome != "ok"} == {}
