"""Any bytes in a project's files give diagnostics: a quick sample of what `make fuzz` does for long.

`MLC_CASES=20000 pytest tests/fuzz/test_any_bytes.py` tries more.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.examining import FILES, examine, example, naughty, seeds

CASES = int(os.environ.get("MLC_CASES", "60"))
quick = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    derandomize="MLC_CASES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
names = st.sampled_from(FILES)
pieces = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(naughty()).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"\n", b": ", b"- ", b"{", b"[", b"}", b"]", b'"', b"'", b"|\n", b"&a ", b"*a", b"!!int "]
    ),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A file of the example after a few bit flips, cuts, insertions and splices."""
    content = bytearray(example()[draw(names)])
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        match draw(st.sampled_from(["flip", "cut", "insert", "splice", "value"])):
            case "flip":
                content[at : at + 1] = bytes(
                    [byte ^ 1 << draw(st.integers(0, 7)) for byte in content[at : at + 1]]
                )
            case "cut":
                del content[at : at + draw(st.integers(1, 40))]
            case "insert":
                content[at:at] = draw(pieces)
            case "splice":
                other = example()[draw(names)]
                start = draw(st.integers(0, len(other) - 1))
                content[at:at] = other[start : start + draw(st.integers(1, 60))]
            case _:
                colon = content.find(b": ", at)
                end = content.find(b"\n", colon)
                if 0 <= colon < end:
                    content[colon + 2 : end] = draw(pieces)
    return bytes(content)


@quick
@given(st.dictionaries(names, mutated(), min_size=1, max_size=3))
def test_a_mutated_project_gives_diagnostics(changed: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        examine(changed, Path(folder))


@quick
@given(names, st.one_of(st.binary(max_size=200), st.text(max_size=80).map(str.encode)))
def test_random_bytes_give_diagnostics(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        examine({name: content}, Path(folder))


def test_what_has_broken_programs_before_gives_diagnostics() -> None:
    for name, content in seeds(every=8):
        examine({name: content})
