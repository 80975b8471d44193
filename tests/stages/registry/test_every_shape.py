"""The shapes of registry that need no server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages.registry.conformance import *  # noqa: F403 - the tests of every shape
from stages.registry.conformance import Shape, overwrite_file
from stages.registry.making import SPEC

SHAPES: dict[str, tuple[dict[str, Any], Callable[..., None]]] = {
    "hybrid": (SPEC, overwrite_file),
    "filesystem": ({"type": "filesystem", "path": "registry"}, overwrite_file),
}


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest, tmp_path: Path) -> Shape:
    spec, overwrite = SHAPES[request.param]
    return Shape(tmp_path, spec, overwrite)
