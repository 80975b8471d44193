"""path-outside-project: a path leads out of the project.

Why it matters: mlc reads and writes only below the folder of mlc.yaml, so that a stranger's specs cannot
reach other files of the machine.
How to mend it: give a path relative to the project's folder, without `..` and without links that lead out.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.kinds._sources import database_file
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A path leads out of the project.")
SCOPE = "upstream"

_COLUMNS = "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label}}\n"
BAD = {"dataset/people.yaml": "source: {type: file, path: ../people.csv, format: csv}\n" + _COLUMNS}
GOOD = {"dataset/people.yaml": "source: {type: file, path: data/people.csv, format: csv}\n" + _COLUMNS}

_DATABASE = "sqlite:///"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """What can be told from the words alone; whoever opens a path follows its links as well."""
    written = subject.project["artifacts"]
    if _leads_out(written):
        node = subject.document.project.nearest(("artifacts",))
        yield found(written, where="The project", address="project", path="artifacts", span=node.span)
    for address, dataset in subject.each("dataset"):
        source = dataset["source"]
        field = "url" if source["type"] == "sql" else "path"
        written = (database_file(source["url"]) if field == "url" else source.get("path")) or ""
        if _leads_out(written):
            span, path = subject.span(address, "source", field), f"source.{field}"
            yield found(written, where="The dataset", address=str(address), path=path, span=span)
    for address, runtime in subject.each("runtime"):
        if _leads_out(runtime["lock"] or ""):
            span = subject.span(address, "lock")
            yield found(runtime["lock"], where="The runtime", address=str(address), path="lock", span=span)
    for address, registry in subject.each("registry"):
        for field in ("database", "files", "path"):
            written = str(registry.get(field) or "")
            path = written.removeprefix(_DATABASE)
            if "://" not in path and _leads_out(path):  # else it is a server, or an object store
                span = subject.span(address, field)
                yield found(written, where="The registry", address=str(address), path=field, span=span)


def _leads_out(path: str) -> bool:
    plain = posixpath.normpath(path)
    return posixpath.isabs(plain) or plain.split("/")[0] == ".." or "\0" in path


def found(
    written: str, *, where: str, address: str = "", path: str = "", span: Span | None = None
) -> Diagnostic:
    return RULE.at(
        span,
        f'{where} names "{written}", which is not a path below the folder of mlc.yaml (links followed). '
        "mlc reads and writes nothing outside the project.",
        help="Give a path relative to the project's folder, such as .mlc/registry/registry.db.",
        address=address,
        path=path,
    )
