"""The backends of a project's own: read → checked → ready to emit by, beside mlc's.

Nothing of it is loaded where mlc.yaml declares none.
"""

from __future__ import annotations

import hashlib

import msgspec

from mlc import check, data
from mlc.compose.source import Source
from mlc.ir.backend import MANIFEST, Backend, Manifest
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.module import Module
from mlc.ir.node import Node, plain


def load(
    source: Source, project: Node, modules: tuple[Module, ...]
) -> tuple[tuple[Backend, ...], tuple[Diagnostic, ...]]:
    """The backends that mlc.yaml declares, sorted by name, and everything that is wrong with them."""
    if project.get("backends") is None:
        return (), ()
    from mlc.compose import backends
    from mlc.emit import own
    from mlc.rules import bad_backend

    read, mistakes = backends.files_of(source, project, modules)
    found = [*mistakes]
    loaded: list[Backend] = []
    for one in read:
        if data.path("templates", one.name, MANIFEST).is_file():
            found.append(bad_backend.taken(one.name, one.own.span))
            continue
        node = one.own.node
        spec, unfit = check.check_schema(node, plain(node), "backend", f"backend.{one.name}")
        found += [_located(diagnostic, one.name) for diagnostic in unfit]
        templates = {name: text for name, text in one.texts.items() if name != MANIFEST}
        if spec is None:
            found += own.mistakes_of_templates(Backend(Manifest(one.name, ""), templates, "", one.own))
            continue
        digest = hashlib.sha256(msgspec.json.encode(one.texts, order="deterministic")).hexdigest()
        backend = Backend(msgspec.convert(spec, Manifest), templates, digest, one.own)
        wrong = own.mistakes_of(backend)
        found += wrong
        if not has_errors(wrong):
            loaded.append(own.finished(backend))
    return tuple(sorted(loaded, key=lambda one: one.name)), tuple(found)


def _located(one: Diagnostic, name: str) -> Diagnostic:
    """A finding about backend.yaml, which is no resource."""
    return msgspec.structs.replace(one, address="", path=f"backends.{name}.{one.path}".rstrip("."))


def files(loaded: tuple[Backend, ...]) -> tuple[str, ...]:
    """The files that they were read from, below the project's folder."""
    return tuple(
        one.own.file(name)
        for one in loaded
        if one.own is not None
        for name in (MANIFEST, *sorted(one.templates))
    )
