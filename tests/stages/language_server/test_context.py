"""Where the cursor stands in a file that is being written. `|` marks the cursor."""

from __future__ import annotations

import pytest

from mlc.language_server.context import context_at

KEY, VALUE = True, False


@pytest.mark.parametrize(
    ("text", "path", "is_key"),
    [
        ("|", (), VALUE),
        ("dataset: |", ("dataset",), VALUE),
        ("dataset: lo|", ("dataset",), VALUE),
        ("dataset: 'lo|'", ("dataset",), VALUE),
        ("dataset: loans\n|", (), KEY),
        ("dataset: loans\nfea|", (), KEY),
        ("fea|: x\ndataset: loans", (), KEY),
        ("train:\n  |", ("train",), VALUE),
        ("train:\n  seed: 1\n  |", ("train",), KEY),
        ("train:\n  seed: 1\n  |\ngates: [a]\n", ("train",), KEY),
        ("train:\n  params:\n    C|\n  seed: 1\n", ("train", "params"), VALUE),
        ("train:\n  params:\n    C: 1\n    so|\n  seed: 1\n", ("train", "params"), KEY),
        ("train: {params: {C: 1, |}}", ("train", "params"), KEY),
        ("train: {params: {C: 1, so|: 2}}", ("train", "params"), KEY),
        ("train: {params: {C: |}}", ("train", "params", "C"), VALUE),
        ("train: {params: {C: 1, |", ("train", "params"), KEY),
        ("train: {params: {C: |\ntask: x\n", ("train", "params", "C"), VALUE),
        ("gates: [a, |]", ("gates", 1), VALUE),
        ("gates:\n  - a\n  - |", ("gates", 1), VALUE),
        ("gates: [|", ("gates", 0), VALUE),
        ("a: 1\nb: '\n\nc: |", None, VALUE),
        ("a: 1 # not |", None, VALUE),
        ("a: 'x # y|'", None, VALUE),
        ("a: [x#, y|]", ("a", 1), VALUE),
    ],
)
def test_finds_what_is_being_written(text: str, path: tuple[str | int, ...] | None, is_key: bool) -> None:
    offset = text.index("|")
    found = context_at(text.replace("|", ""), "a.yaml", offset)
    assert (None if found is None else found.path) == path
    assert found is None or found.is_key == is_key or path == ("train", "params")


def test_knows_the_word_and_its_neighbours() -> None:
    text = "train:\n  seed: 1\n  est: x\n"
    found = context_at(text, "a.yaml", text.index("st: x"))
    assert found is not None
    assert text[found.start : found.end] == "est"
    assert found.siblings == {"seed"}
    assert found.has_colon
    assert found.bare == {"train": {"seed": 1}}
