"""Law 4: composition equals Hydra's. Random configurations, composed and resolved by both.

`MLC_CASES=5000 pytest tests/stages/compose/test_same_as_hydra.py` is the long form.
"""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import HealthCheck, Phase, given, note, settings

from mlc.compose.hydra import Composed, compose_config
from mlc.compose.interpolate import resolve
from mlc.compose.source import Source
from mlc.ir.diagnostic import has_errors
from mlc.ir.node import plain
from mlc.load.reader import read
from stages.compose.generated import Case, cases
from stages.compose.oracle import OracleError, hydra_compose, hydra_loader, resolved, unresolved

CASES = int(os.environ.get("MLC_CASES", "100"))
_RESOLVERS: dict[str, Any] = {}


def composed(case: Case) -> tuple[Source, Composed]:
    source = Source(lambda data, file: read(data, file, any_key=True), files=case.files, closed=False)
    return source, compose_config(source, case.name, case.overrides)


def compare(case: Case, oracle: Any) -> None:
    _, mine = composed(case)
    layers = [layer.name for layer in mine.layers if not layer.package]
    if len(set(layers)) < len(layers):
        # Hydra merges into the very objects of a file that stands in the root package, so that a second
        # mention of the file sees what later layers wrote into it. We read the file as it is written.
        return
    note("\n".join(f"--- {name}\n{text}" for name, text in case.files.items()))
    try:
        theirs = oracle(case.files, case.name, case.overrides)
        expected = unresolved(theirs)
    except OracleError as error:
        assert mine.node is None, f"Hydra refuses ({error}), we give {plain(mine.node)}"
        assert has_errors(mine.diagnostics)
        return
    assert mine.node is not None, f"We refuse what Hydra accepts ({expected}): {mine.diagnostics}"
    assert json.dumps(plain(mine.node)) == json.dumps(expected)
    compare_resolved(mine, theirs)


def compare_resolved(mine: Composed, theirs: Any) -> None:
    assert mine.node is not None
    node, found = resolve(mine.node, _RESOLVERS)
    try:
        expected = resolved(theirs)
    except OracleError as error:
        assert found, f"OmegaConf refuses ({error}), we give {plain(node)}"
        return
    assert not found, f"We refuse what OmegaConf accepts ({expected}): {found}"
    assert json.dumps(plain(node)) == json.dumps(expected)


def _settings(count: int) -> settings:
    return settings(
        max_examples=count,
        derandomize="MLC_CASES" not in os.environ,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),  # cases are small as they come, and shrinking takes minutes
        suppress_health_check=list(HealthCheck),
    )


@_settings(CASES)
@given(cases())
def test_hydras_loader_gives_the_same(case: Case) -> None:
    compare(case, hydra_loader)


@_settings(max(15, CASES // 10))
@given(cases())
def test_hydra_compose_gives_the_same(case: Case) -> None:
    compare(case, hydra_compose)


@_settings(CASES // 3)
@given(cases(with_overrides=False))
def test_hydras_loader_gives_the_same_without_overrides(case: Case) -> None:
    compare(case, hydra_loader)
