"""What holds for any bytes in a project's files: diagnostics that are located in them, soon, and no exception."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from mlc import data, load, pipeline
from mlc.compose.source import Source
from mlc.report import json as report_json
from mlc.report import text as report_text
from mlc.request import Request

OFFICIAL = Path(__file__).parents[3] / "shared" / "official"
MOST_SECONDS = 2.0
_BREAKS = (b"\n", b"\r", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")  # what YAML takes for one
_ANYWHERE = ("<command line>", "<field default>")


@cache
def example() -> dict[str, bytes]:
    """The YAML files of the lending project, by path."""
    root = data.path("examples", "lending")
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*.yaml"))
        if not {".mlc", "generated", "tests", ".github"} & set(path.relative_to(root).parts)
    }


FILES = tuple(example())


def naughty() -> tuple[str, ...]:
    """Texts that have broken programs before, where the collection is at hand; some of our own besides."""
    own = (
        "${",
        "${oc.env:HOME}",
        "${.}",
        "\ufeff",
        "\u202e",
        "!!int x",
        "*a",
        "&a",
        "<<",
        "0x_",
        "-.inf",
        "1:60",
    )
    path = OFFICIAL / "naughty_strings.json"
    return (*own, *json.loads(path.read_bytes())) if path.is_file() else own


def seeds(every: int = 1) -> Iterator[tuple[str, bytes]]:
    """Where mutation starts: each file of the example; naughty texts, all or one in `every`, as value and key."""
    yield from example().items()
    for text in naughty()[::every]:
        plain = json.dumps(text)
        yield "env/dev.yaml", f"vars: {{a: {text}, b: {plain}}}".encode("utf-8", "surrogatepass")
        yield "model/default_risk.yaml", f"{plain}: {text}\n".encode("utf-8", "surrogatepass")


def examine(changed: Mapping[str, bytes], root: Path | None = None) -> None:
    """Validate the example with some files changed, in memory, or in a folder that holds it.

    Raises AssertionError where a law does not hold, and whatever the compiler raises.
    """
    files = {**example(), **changed}
    if root is None:
        source = Source(load.read, files=files)
    else:
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        source = Source(load.read, root)
    before = time.process_time()
    validated = pipeline.validate(Request(root or Path()), source)
    report_text.diagnostics(validated.diagnostics, validated.composed.sources)
    report_json.diagnostics(validated.diagnostics)
    taken = time.process_time() - before
    assert taken < MOST_SECONDS, f"it took {taken:.1f} s"
    for one in validated.diagnostics:
        for label in one.labels:
            place = label.span
            assert place.file in files or place.file in _ANYWHERE or _is_named(place.file, one.detail), one
            assert 1 <= place.line <= place.end_line, one
            assert place.column >= 1, one
            if place.file in files:
                breaks = sum(files[place.file].count(mark) for mark in _BREAKS)
                assert place.line <= breaks + 2, one


def _is_named(file: str, detail: str) -> bool:
    """A file that should be there and is not: the message names it."""
    return file.removesuffix(".yaml") in detail
