"""The emitted files that differ."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.ir.graph import Graph, Resource
from mlc.ir.review import ArtifactReview
from mlc.pipeline import reads_in

_MOST_LINES = 20_000  # of both files together: more is said without showing it


class Own(Struct, frozen=True):
    """The backends of a revision's own, and those of them that the other revision has just so."""

    all: tuple[Backend, ...] = ()
    same: tuple[Backend, ...] = ()


def own_of(old: tuple[Backend, ...], new: tuple[Backend, ...]) -> tuple[Own, Own]:
    """What each of two revisions has of its own, given the backends of both."""
    known = {(one.name, one.digest) for one in old} & {(one.name, one.digest) for one in new}
    before, after = (
        Own(backends, tuple(one for one in backends if (one.name, one.digest) in known))
        for backends in (old, new)
    )
    return before, after


def emitted(
    graph: Graph, other: Graph | None, backends: tuple[Backend, ...], own: Own, *, first: bool
) -> tuple[Artifact, ...]:
    """The artifacts of a graph that may differ from those of another: what is the same in both is not rendered.

    `backends` are mlc's.
    """
    from mlc import emit
    from mlc.emit.artifacts import applies
    from mlc.emit.origin import supplying

    reads = reads_in(graph)
    if other is None or graph.project != other.project:
        return emit.emit(graph, (*backends, *own.all), first, reads)
    theirs = {resource.address: resource for resource in other.resources}
    both = (*backends, *own.same)
    emissions = tuple(one for backend in both for one in backend.manifest.emits)
    other_reads = reads_in(other)

    def differs(resource: Resource) -> bool:
        same = theirs.get(resource.address)
        if same is None or (resource.view, resource.facts) != (same.view, same.facts):
            return True
        # the same values, which may stand in other files: headers name these
        return any(applies(one, resource, graph.project) for one in emissions) and (
            supplying(resource, reads) != supplying(same, other_reads)
        )

    differing = tuple(resource for resource in graph.resources if differs(resource))
    narrower = msgspec.structs.replace(graph, resources=differing)
    only_here = tuple(one for one in own.all if one not in own.same)
    return (*emit.emit(narrower, both, first, reads), *emit.emit(graph, only_here, first, reads))


def differing(
    environment: str, before: tuple[Artifact, ...], after: tuple[Artifact, ...]
) -> Iterator[ArtifactReview]:
    """Every file that is written, written otherwise or written no longer, by its path."""
    old = {artifact.path: artifact for artifact in before}
    new = {artifact.path: artifact for artifact in after}
    for path in sorted({**old, **new}):
        was, now = old.get(path), new.get(path)
        if was is not None and now is not None and was.digest == now.digest:
            continue
        shown = now or was
        assert shown is not None, path
        diff, added, removed = _difference(path, was, now)
        yield ArtifactReview(
            environment=environment,
            path=path,
            address=str(shown.address),
            backend=shown.backend,
            action="added" if was is None else "removed" if now is None else "changed",
            added=added,
            removed=removed,
            diff=diff,
        )


def _difference(path: str, was: Artifact | None, now: Artifact | None) -> tuple[str, int, int]:
    before, after = _lines(was), _lines(now)
    if len(before) + len(after) > _MOST_LINES:
        return "", len(after), len(before)
    lines = list(
        difflib.unified_diff(
            before,
            after,
            "/dev/null" if was is None else f"a/{path}",
            "/dev/null" if now is None else f"b/{path}",
            lineterm="",
        )
    )
    added = sum(line.startswith("+") for line in lines[2:])
    removed = sum(line.startswith("-") for line in lines[2:])
    return "\n".join(lines), added, removed


def _lines(found: Artifact | None) -> list[str]:
    text = "" if found is None else found.content.decode("utf-8", "replace")
    return text.removesuffix("\n").split("\n") if text else []
