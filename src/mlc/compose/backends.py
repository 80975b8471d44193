"""The backends of a project's own: what mlc.yaml declares, and the files of each.

Only what mlc.yaml names is read, and only regular files below the project's folder that no link leads to: the folder
may be a stranger's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from msgspec import Struct

from mlc.compose.source import Source
from mlc.ir.backend import FOLDER, MANIFEST, Own
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.module import Module
from mlc.ir.node import Node
from mlc.ir.span import start_of
from mlc.rules import backend_missing

MOST = 50  # backends
MOST_FILES = 100  # of a backend
MOST_OF_TEMPLATES = 100_000  # bytes of all of them together: compiling takes time with their size
MOST_OF_OTHERS = 2_000_000  # bytes of what is copied, and of schemas


class Files(Struct, frozen=True):
    """The files of one backend by name; `own.node` is its backend.yaml."""

    name: str
    own: Own
    texts: dict[str, str]


def files_of(
    source: Source, project: Node, modules: Collection[Module]
) -> tuple[tuple[Files, ...], tuple[Diagnostic, ...]]:
    """The files of every backend that mlc.yaml declares, and what is wrong with where they should be.

    What mlc.yaml's own schema refuses is passed over. The texts are let into `source.texts`.
    """
    declared = project.get("backends")
    entries = declared.value if declared is not None and declared.is_map else {}
    found: list[Diagnostic] = []
    read: list[Files] = []
    left = {True: MOST_OF_TEMPLATES, False: MOST_OF_OTHERS}
    if len(entries) > MOST and declared is not None:
        return (), (backend_missing.many(MOST, declared.span),)
    for name, node in entries.items():
        one, mistakes = _files(source, name, node, {module.name: module for module in modules}, left)
        found += mistakes
        if one is not None:
            read.append(one)
    return tuple(read), tuple(found)


def _files(
    source: Source, name: str, node: Node, modules: Mapping[str, Module], left: dict[bool, int]
) -> tuple[Files | None, list[Diagnostic]]:
    span = node.key_span or node.span
    path, module_name = _text(node, "path"), _text(node, "module")
    if path and module_name:
        return None, [backend_missing.both(name, span)]
    module: Module | None = None
    if module_name:
        module = modules.get(module_name)
        here = node.nearest(("module",)).span
        if module is None:
            return None, [backend_missing.no_module(name, module_name, modules, here)]
        if module.problem is not None or not module.folder:
            return None, []  # which is told where the module is declared
    place = f"{module.folder}/{FOLDER}/{name}" if module else path or f"{FOLDER}/{name}"
    listed = _of_module(module, name) if module else _listed(source, place)
    if listed is None or MANIFEST not in listed:
        known = _known(source, module)
        return None, [backend_missing.found(name, place, known, span, is_there=listed is not None)]
    if len(listed) > MOST_FILES:
        return None, [backend_missing.too_much(name, place, f"{MOST_FILES} files", span)]
    texts: dict[str, str] = {}
    for file in sorted(listed):
        content = source.content(f"{place}/{file}")
        if content is None or (module and not _is_locked(content, module, f"{FOLDER}/{name}/{file}")):
            return None, [backend_missing.unreadable(f"{place}/{file}", span, is_locked=module is not None)]
        is_template = file.endswith(".j2")
        left[is_template] -= len(content)
        if left[is_template] < 0:
            most = MOST_OF_TEMPLATES if is_template else MOST_OF_OTHERS
            what = f"{most:,} bytes of {'templates' if is_template else 'other files'} together"
            return None, [backend_missing.too_much(name, place, what, span)]
        try:
            texts[file] = content.decode("utf-8")
        except UnicodeDecodeError:
            return None, [backend_missing.no_text(f"{place}/{file}", span)]
        source.texts[f"{place}/{file}"] = texts[file]
    loaded = source.parse(texts[MANIFEST].encode("utf-8"), f"{place}/{MANIFEST}")
    mistakes = [*loaded.diagnostics]
    manifest = loaded.node or Node({}, start_of(f"{place}/{MANIFEST}"))
    if has_errors(loaded.diagnostics):
        return None, mistakes
    may_write = node.get("may_write")
    allowed = may_write.value if may_write is not None and may_write.is_list else ()
    own = Own(name, place, span, manifest, tuple(str(one.value) for one in allowed))
    return Files(name, own, texts), mistakes


def _listed(source: Source, place: str) -> frozenset[str] | None:
    """The files that stand in a folder of the project; None where there is none, or a link leads out on the way."""
    if source.refuse(place) is not None:
        return None
    found = source.files_in(place)
    return None if found is None else frozenset(name for name in found if not name.startswith("."))


def _of_module(module: Module, name: str) -> frozenset[str]:
    below = f"{FOLDER}/{name}/"
    return frozenset(path.removeprefix(below) for path in module.files if path.startswith(below))


def _known(source: Source, module: Module | None) -> tuple[str, ...]:
    """The backends that there are where one was looked for."""
    if module is not None:
        return tuple(sorted({path.split("/")[1] for path in module.files if path.startswith(f"{FOLDER}/")}))
    return source.groups(FOLDER)


def _is_locked(content: bytes, module: Module, path: str) -> bool:
    import hashlib  # only modules need it

    return hashlib.sha256(content).hexdigest() == module.files[path]


def _text(node: Node, key: str) -> str:
    found = node.get(key)
    return found.value if found is not None and isinstance(found.value, str) else ""
