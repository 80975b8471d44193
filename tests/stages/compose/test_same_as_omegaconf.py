"""Interpolations and merging against OmegaConf itself, on random texts and maps."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mlc.compose.interpolate import resolve
from mlc.compose.merge import merge
from mlc.ir.node import plain, wrap
from mlc.ir.span import start_of
from stages.compose.generated import contents
from stages.compose.oracle import OracleError, resolved

CASES = int(os.environ.get("MLC_CASES", "300"))
WHERE = start_of("x.yaml")

DOCUMENT: dict[str, Any] = {
    "a": {"b": 1, "x": "y", "l": [1, {"q": 2.5}, "${b}"], "n": None, "r": "${..y}"},
    "b": "a",
    "y": "x",
    "f": "f",
    "dotted": "a.b",
    "m": "???",
    "1": "one",
    "t": True,
}

_long_form = settings(
    max_examples=CASES * 2,
    derandomize="MLC_CASES" not in os.environ,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True, scope="module")
def _resolver() -> Iterator[None]:
    def shown(*arguments: Any) -> str:
        return repr(
            [OmegaConf.to_container(a, resolve=True) if OmegaConf.is_config(a) else a for a in arguments]
        )

    OmegaConf.register_new_resolver("f", shown, replace=True)
    OmegaConf.register_new_resolver("f.g-1", shown, replace=True)
    yield
    OmegaConf.clear_resolver("f")
    OmegaConf.clear_resolver("f.g-1")


def _shown(*arguments: Any) -> str:
    return repr(list(arguments))


def agree(text: str) -> None:
    document = {**DOCUMENT, "here": {"text": text, "side": 7}}
    root = wrap(document, WHERE)
    node, found = resolve(root, {"f": _shown, "f.g-1": _shown})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # `m` itself stays `???` in both.
            expected = json.dumps(resolved(OmegaConf.create(document)))
        except OracleError as error:
            assert found, f"OmegaConf refuses ({error}), we give {plain(node)['here']}"
            return
        except Exception as error:  # an interpolation that cannot be read is refused on creation
            assert found, f"OmegaConf refuses ({error!r}), we give {plain(node)['here']}"
            return
    assert not found, f"We refuse ({found}), OmegaConf gives {expected}"
    assert json.dumps(plain(node)) == expected


references = st.sampled_from(
    ["a", "b", "y", "a.b", "a.l", "a.l[1].q", "a[x]", "[a]", "[a].b", "[a][b]", ".side", "..b", "..a.x", "...b",
     "a.${b}", "${b}.b", "a[${y}]", "${dotted}", "[${dotted}]", "a.l.2", "a.l.-1", "a.l.x", "nope", "a.nope", "m",
     "a.r", "a.n", "1", "here.side", ".", "..", "here", "t", "a.l.1.q", "f", "a..b", "a.", "[a", "a]", "a[]", ".[side]",
     " a", "a ", "a .b", "a. b", "${${b}}", "${y}", 'a["b"]', "é", "a-b", "$a", "a$"]
)  # fmt: skip
words = st.sampled_from(
    ["1", "-2", "1.5", "1e3", ".5", "5.", "1_000", "01", "0", "+1", "true", "False", "null", "NaN", "inf", "x", "x-y",
     "a b", " a", "'q'", '"q"', "'a ${b}'", "'it\\'s'", "'\\\\'", "\"\\\"\"", "[1, 2]", "[]",
     "{a: 1}", "{}", "[[x], {y: z}]",
     "${a}", "${b}", "x${b}", "${b}:${y}", "a:b", "a : b", ":", "\\,", "\\ ", "\\\\", "/x/y", "x@y", "?", "*", "%", "",
     "1x", "1.x", "x.1", "truex", "nullable", "-", "-x", "1-2", "$x", "{1: 2, x: ${b}}", "{a: }", "=", "(", "~", "1 2",
     "{a b: c}", "[,]", "\\[", "'${'", "'\\${b}'", "'\\\\${b}'", "é", "a\tb", "_x", "1e", "0x1", "1:2"]
)  # fmt: skip
calls = st.builds(
    lambda name, args, pad: f"{name}{pad}:{pad}{','.join(args)}",
    st.sampled_from(["f", "f", "f", "f.g-1", "${f}", "nope", "f.${b}", " f", "a[b]", "1f"]),
    st.lists(words, max_size=3),
    st.sampled_from(["", "", " "]),
)
pieces = st.one_of(
    st.builds(lambda inside: "${" + inside + "}", st.one_of(references, references, calls, calls)),
    st.sampled_from(
        ["", "x", " ", "\\", "\\\\", "\\\\\\", "$", "$$", "{", "}", "'", ":", "\n", "${", "é", "\\$", "."]
    ),
)
texts = st.lists(pieces, min_size=1, max_size=4).map("".join)
noise = st.lists(
    st.sampled_from(
        ["${", "}", "a", ".", "[", "]", ":", ",", " ", "\\", "'", '"', "$", "{", "1", "f", "b", "\t"]
    ),
    max_size=12,
).map(lambda parts: "${" + "".join(parts) + "}")


@_long_form
@given(texts)
@example("${f:\\,}")
@example("\\${a}")
@example("\\\\${b}")
def test_a_text_gives_the_same(text: str) -> None:
    agree(text)


@_long_form
@given(noise)
def test_noise_gives_the_same(text: str) -> None:
    agree(text)


@_long_form
@given(contents, contents)
def test_merging_gives_the_same(low: dict[str, Any], high: dict[str, Any]) -> None:
    found: list[Any] = []
    before = wrap(low, WHERE)
    merged = merge(before, wrap(high, WHERE), found)
    assert plain(before) == low
    try:
        expected = OmegaConf.to_container(OmegaConf.merge(low, high))
    except Exception as error:
        assert found, f"OmegaConf refuses ({error!r}), we give {plain(merged)}"
        return
    assert not found, f"We refuse ({found}), OmegaConf gives {expected}"
    assert json.dumps(plain(merged)) == json.dumps(expected)
