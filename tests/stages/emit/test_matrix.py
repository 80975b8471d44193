"""The page of the backends holds what their manifests say."""

from __future__ import annotations

import pytest

from mlc import data
from mlc.emit import _matrix, load_backends

BACKENDS = load_backends((data.path("templates"),))


@pytest.mark.parametrize("place", _matrix.PAGES)
def test_a_page_is_made_from_the_backends(place: tuple[str, ...]) -> None:
    text = data.path(*place).read_text(encoding="utf-8")
    assert _matrix.page(text, _matrix.PAGES[place](BACKENDS)) == text, "run `make generate`"


def test_every_backend_and_every_artifact_is_told() -> None:
    told = _matrix.tables(BACKENDS)
    for backend in BACKENDS:
        assert f"| `{backend.name}` |" in told
        for emission in backend.manifest.written:
            assert f"`{emission.path}`" in told
    assert "| `prometheus` |  |  |  | `facts.prometheus: true` |  |" in told
    assert "`systems: gitlab_ci`" in told


def test_a_page_without_marks_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="the page needs the lines"):
        _matrix.page("# Backends\n", "")
