"""The tables of README.md and docs/backends.md, from the backends themselves: `python -m mlc.emit._matrix` writes them.

They stand between two marks; the rest of a page is written by hand. A test holds that this leaves no diff.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mlc import data
from mlc.emit import quoting
from mlc.emit.backends import load_backends
from mlc.ir.backend import Backend, Emission, Publication

BEGIN = "<!-- generated from templates/*/backend.yaml by `make generate` -->\n"
END = "<!-- end of what is generated -->\n"


def matrix(backends: Iterable[Backend]) -> str:
    """Which backend emits which kind, and what asks for it, as Markdown."""
    emitting = [backend for backend in backends if backend.manifest.written]
    kinds = sorted({one.kind for backend in emitting for one in backend.manifest.written})
    rows = [["backend", *(f"`{kind}`" for kind in kinds)], ["---"] * (1 + len(kinds))]
    for backend in emitting:
        found = {
            kind: [one for one in backend.manifest.written if one.kind == kind]
            for kind in kinds
        }  # fmt: skip
        rows.append([f"`{backend.name}`", *(_condition(found[kind]) for kind in kinds)])
    return _table(rows)


def tables(backends: Iterable[Backend]) -> str:
    """The matrix, what each backend is, and every artifact with its checkers, as Markdown."""
    known = list(backends)
    said = [["backend", "what it is", "format"], ["---"] * 3]
    artifacts = [["backend", "artifact", "checked by"], ["---"] * 3]
    for backend in known:
        by = "" if backend.manifest.by == "emit" else f" *(by a {backend.manifest.by})*"
        text = quoting.markdown(backend.manifest.description)
        said.append([f"`{backend.name}`", text + by, quoting.markdown(backend.manifest.format) or "–"])
        for emission in backend.manifest.written:
            checks = "; ".join(f"`{check}`" for check in emission.check) or "–"
            artifacts.append([f"`{backend.name}`", f"`{emission.path}`", checks])
    return "\n".join((matrix(known), _table(said), _table(artifacts)))


PAGES: dict[tuple[str, ...], Callable[[Iterable[Backend]], str]] = {
    ("README.md",): matrix,
    ("docs", "backends.md"): tables,
}
"""What each page holds between its marks."""


def page(text: str, generated: str, mark: str = BEGIN) -> str:
    """The page with what is generated between its marks. Raises ValueError where a mark is missing."""
    head, begin, rest = text.partition(mark)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {mark.strip()} and {END.strip()}")
    return f"{head}{mark}\n{generated}\n{END}{tail}"


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


def write() -> None:
    """Write every page anew."""
    backends = load_backends((data.path("templates"),))
    for place, generated in PAGES.items():
        path = data.path(*place)
        path.write_text(page(path.read_text(encoding="utf-8"), generated(backends)), encoding="utf-8")


if __name__ == "__main__":
    write()
