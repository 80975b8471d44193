"""The tables of docs/backends.md, from the backends themselves: `python -m mlc.emit._matrix` writes them.

They stand between two marks; the rest of the page is written by hand. A test holds that this leaves no diff.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mlc import data
from mlc.emit import quoting
from mlc.emit.backends import load_backends
from mlc.ir.backend import Backend, Emission, Publication

PATH = ("docs", "backends.md")
BEGIN = "<!-- generated from templates/*/backend.yaml by `make generate` -->\n"
END = "<!-- end of what is generated -->\n"


def tables(backends: Iterable[Backend]) -> str:
    """Which backend emits which kind, and every artifact with its condition and its checkers, as Markdown."""
    known = list(backends)
    emitting = [backend for backend in known if backend.manifest.written]
    kinds = sorted({one.kind for backend in emitting for one in backend.manifest.written})
    rows = [["backend", *(f"`{kind}`" for kind in kinds)], ["---"] * (1 + len(kinds))]
    for backend in emitting:
        found = {
            kind: [one for one in backend.manifest.written if one.kind == kind]
            for kind in kinds
        }  # fmt: skip
        rows.append([f"`{backend.name}`", *(_condition(found[kind]) for kind in kinds)])
    artifacts = [["backend", "artifact", "checked by"], ["---"] * 3]
    for backend in emitting:
        for emission in backend.manifest.written:
            checks = "; ".join(f"`{check}`" for check in emission.check) or "–"
            artifacts.append([f"`{backend.name}`", f"`{emission.path}`", checks])
    said = [["backend", "what it is", "format"], ["---"] * 3]
    for backend in known:
        by = "" if backend.manifest.by == "emit" else f" *(by a {backend.manifest.by})*"
        text = quoting.markdown(backend.manifest.description)
        said.append([f"`{backend.name}`", text + by, quoting.markdown(backend.manifest.format) or "–"])
    return "\n".join((_table(rows), _table(said), _table(artifacts)))


def page(text: str, backends: Iterable[Backend]) -> str:
    """The page with the tables between its marks. Raises ValueError where a mark is missing."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN.strip()} and {END.strip()}")
    return f"{head}{BEGIN}\n{tables(backends)}\n{END}{tail}"


def _condition(emissions: list[Emission | Publication]) -> str:
    """When a backend emits a kind: what its artifacts have in common."""
    if not emissions:
        return ""
    shared = dict(emissions[0].when)
    for one in emissions[1:]:
        shared = {path: value for path, value in shared.items() if one.when.get(path) == value}
    return ", ".join(f"`{path}: {quoting.yaml(value)}`" for path, value in shared.items()) or "always"


def _table(rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def write(path: Path) -> None:
    path.write_text(
        page(path.read_text(encoding="utf-8"), load_backends((data.path("templates"),))), encoding="utf-8"
    )


if __name__ == "__main__":
    write(data.path(*PATH))
