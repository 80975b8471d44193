"""The shapes of registry that need no server."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.registry.conformance import *  # noqa: F403 - the tests of every shape
from stages.registry.conformance import OVERWRITING, Shape
from stages.registry.lasting import *  # noqa: F403
from stages.registry.making import SPECS


@pytest.fixture(params=SPECS)
def shape(request: pytest.FixtureRequest, tmp_path: Path) -> Shape:
    return Shape(tmp_path, SPECS[request.param], OVERWRITING[request.param])
