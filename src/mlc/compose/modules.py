"""The modules of a project: what mlc.yaml declares against what mlc.lock holds and `.mlc/modules` has.

Nothing outside the project is read, and nothing is fetched: that is `mlc modules update`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.compose.source import Source
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.module import (
    LOCK,
    Declared,
    Folder,
    Git,
    Lock,
    Module,
    Package,
    Refused,
    folder_of,
    is_revision,
    origin_of,
    read_lock,
)
from mlc.ir.node import Node
from mlc.rules import (
    bad_lock,
    bad_module_source,
    module_name_taken,
    module_not_installed,
    module_not_locked,
    module_outdated,
    module_with_credentials,
)


def mounted(
    source: Source, project: Node, folders: Iterable[str]
) -> tuple[tuple[Module, ...], tuple[Diagnostic, ...]]:
    """The modules that mlc.yaml declares, let into the source, and what is wrong with them.

    `folders` are those that a module may have: the kinds' and `env`.
    """
    declared = entries(project)
    folders = tuple(folders)
    modules: list[Module] = []
    lock: Lock | str | None = _lock(source) if declared else None
    for name, node in declared.items():
        one = declared_of(name, node)
        modules.append(
            _module(source, one, lock, folders) if isinstance(one, Declared) else _unusable(name, one)
        )
    source.mount(modules, folders)
    found = [module.problem for module in modules if module.problem is not None]
    return tuple(modules), tuple(found)


def entries(project: Node) -> dict[str, Node]:
    """What mlc.yaml has under `modules`."""
    listed = project.get("modules")
    return listed.value if listed is not None and listed.is_map else {}


def declared_of(name: str, node: Node) -> Declared | Diagnostic | None:
    """One entry of `modules`; what is wrong with it; or None where the schema says that."""
    texts: dict[str, str] = {}
    for key in ("source", "version", "revision", "path"):
        given = node.get(key)
        if given is not None and type(given.value) is str:
            texts[key] = given.value
        elif given is not None and given.value is not None:
            return None
    written = node.get("source")
    if written is None or "source" not in texts or not name.isprintable() or "/" in name:
        return None
    origin = origin_of(texts["source"])
    if isinstance(origin, Refused):
        if origin.is_secret:
            return module_with_credentials.found(name, written.span)
        return bad_module_source.found(name, texts["source"], origin.reason, written.span)
    one = Declared(
        name=name,
        source=texts["source"],
        version=texts.get("version", ""),
        revision=texts.get("revision", ""),
        path=texts.get("path", ""),
        origin=origin,
        span=written.span,
    )
    return _unfit(one, node) or one


def _unfit(one: Declared, node: Node) -> Diagnostic | None:
    """What a source of this form cannot have."""
    for key in ("version", "revision"):
        given = node.get(key)
        if given is None or not given.value:
            continue
        if isinstance(one.origin, Folder) or (isinstance(one.origin, Package) and key == "revision"):
            what = (
                "a folder has no versions"
                if isinstance(one.origin, Folder)
                else "a package has versions only"
            )
            return bad_module_source.unfit(one.name, key, what, given.span)
        if key == "revision" and not is_revision(one.revision):
            return bad_module_source.unfit(one.name, key, "it is no tag, branch or commit", given.span)
        if key == "revision" and one.version:
            return bad_module_source.unfit(one.name, key, "`version` chooses a tag already", given.span)
    assert isinstance(one.origin, Package | Folder | Git)
    return None


def _module(source: Source, one: Declared, lock: Lock | str | None, folders: tuple[str, ...]) -> Module:
    if isinstance(lock, str):
        return _unusable(one.name, bad_lock.found(lock))
    taken = next((kind for kind in folders if source.has_group(f"{kind}/{one.name}")), None)
    if taken is not None:
        return _unusable(one.name, module_name_taken.found(one.name, f"{taken}/{one.name}", one.span))
    locked = lock.modules.get(one.name) if lock is not None else None
    if locked is None:
        return _unusable(one.name, module_not_locked.found(one.name, one.span))
    if not locked.fits(one):
        return _unusable(one.name, module_outdated.found(one, locked))
    folder = folder_of(one.name, locked.digest)
    if not source.is_folder(folder):
        return _unusable(one.name, module_not_installed.found(one.name, folder, one.span))
    return Module(one.name, folder, locked.files)


def _unusable(name: str, problem: Diagnostic | None) -> Module:
    return Module(name, problem=problem, usable=False)


def _lock(source: Source) -> Lock | str | None:
    content = source.content(LOCK)
    return None if content is None else read_lock(content)
