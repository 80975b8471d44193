"""One description on every platform: the page is up to date, and no platform drops what it was asked for."""

from __future__ import annotations

import pytest

from backends import _platforms_page
from backends._platforms_page import NO_MATTER, Answer
from mlc import data
from mlc.emit import _matrix

MAY_BE_NO_MATTER = {"two copies", "processors and memory"}
"""Fields that presets set for every deployment (decision 0060)."""


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Answer]]:
    return _platforms_page.answers()


def test_the_page_is_made_from_the_example(answers: dict[str, dict[str, Answer]]) -> None:
    page = data.path(*_platforms_page.PAGE).read_text(encoding="utf-8")
    made = _platforms_page.text(answers)
    assert _matrix.page(page, made, _platforms_page.BEGIN) == page, "run `make generate`"


def test_nothing_is_dropped(answers: dict[str, dict[str, Answer]]) -> None:
    dropped = {
        (title, platform)
        for title, by in answers.items()
        for platform, answer in by.items()
        if answer.cell == NO_MATTER and title not in MAY_BE_NO_MATTER
    }
    assert not dropped


def test_what_is_refused_says_what_to_do(answers: dict[str, dict[str, Answer]]) -> None:
    refused = [one for by in answers.values() for answer in by.values() for one in answer.refused]
    assert {rule for rule, _ in refused} <= {
        "target-cannot",
        "monitor-unfit",
        "azureml-unfit",
        "kubeflow-unfit",
    }
    for _, detail in refused:
        assert detail.count(".") >= 2, detail  # why, and what instead


def test_every_platform_makes_something_of_the_lifecycle(answers: dict[str, dict[str, Answer]]) -> None:
    for by in answers.values():
        assert set(by) == set(_platforms_page.PLATFORMS)
    assert answers["a stricter gate"]["kubeflow"].artifacts == ("pipeline.yaml",)
    assert "8-sweep.yaml" in answers["a longer search of its parameters"]["azureml"].artifacts
