"""Where a service finds its model: mlc puts each version at STORAGE/PROJECT/MODEL/ALIAS."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from mlc.importers._draft import Draft, Drafted, name_of
from mlc.importers._reading import Reading
from mlc.ir.node import Node
from mlc.ir.span import Span

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*", re.ASCII)
_SCHEMES = ("s3://", "gs://", "https://", "hf://", "pvc://")


Tell = Callable[[Draft, Drafted], None]


class Place(Struct, frozen=True):
    """`stable` is the alias that the rest goes to where a canary of plain Deployments takes some. `told` tell of a
    deployment what its place cannot be."""

    storage: str | Node
    model: str
    alias: str
    stable: str | None = None
    told: tuple[Tell, ...] = ()


def place_of(model: Reading, notes: Reading, draft: Draft, canary: str, service: str) -> Place:
    """What a service's `storageUri` says, by the names that mlc's own annotations give where they are there."""
    uri, span = model.text("storageUri"), model.span_of("storageUri")
    project, named, alias = notes.text("mlc/project"), notes.text("mlc/model"), notes.text("mlc/alias")
    parts = _parts(uri)
    said = named.partition(".")[2]
    if parts is not None and project and parts[1] != project:
        parts = None  # it says so itself, and it is not so
    if parts is None:
        return _elsewhere(uri, span, said or draft.asked.model or name_of(service, "imported"), alias)
    storage, found_project, found_model, found_alias = parts
    told: list[Tell] = []
    _settle_project(draft, found_project)
    if draft.asked.project and draft.asked.project != found_project:
        told.append(_moved(uri, span, f"{storage}/{draft.asked.project}/{found_model}/{found_alias}"))
    if draft.asked.model and draft.asked.model != found_model:
        told.append(_moved(uri, span, f"{storage}/{found_project}/{draft.asked.model}/{found_alias}"))
    other = _parts(canary) if canary else None
    if other is not None and other[:3] == parts[:3]:
        return Place(storage, found_model, other[3], found_alias, tuple(told))
    return Place(storage, found_model, found_alias, None, tuple(told))


def _parts(uri: str) -> tuple[str, str, str, str] | None:
    """Storage, project, model and alias; None where a URI does not end in three names."""
    scheme = next((one for one in _SCHEMES if uri.startswith(one)), None)
    if scheme is None:
        return None
    words = uri.removeprefix(scheme).split("/")
    if len(words) < 4 or not all(_NAME.fullmatch(one) for one in words[-3:]) or not words[0]:
        return None
    return scheme + "/".join(words[:-3]), words[-3], words[-2], words[-1]


def _settle_project(draft: Draft, name: str) -> None:
    draft.project.setdefault("project", name)


def _elsewhere(uri: str, span: Span, model: str, alias: str) -> Place:
    """A model that does not lie where mlc would put it."""
    scheme = next((one for one in _SCHEMES if uri.startswith(one)), None)
    storage = uri.rstrip("/") if scheme and uri.rstrip("/") != scheme.rstrip("/") else "s3://models"
    why = (
        f"mlc puts each version at STORAGE/PROJECT/MODEL/ALIAS, below {storage} here; the model moves "
        "there when it is applied."
    )

    def tell(draft: Draft, made: Drafted) -> None:
        draft.left_out(span, f"storageUri: {uri}", why, on=made)

    return Place(storage, model, alias or "production", None, (tell,))


def _moved(uri: str, span: Span, now: str) -> Tell:
    def tell(draft: Draft, made: Drafted) -> None:
        draft.left_out(span, f"storageUri: {uri}", f"In this project the place is {now}.", on=made)

    return tell
