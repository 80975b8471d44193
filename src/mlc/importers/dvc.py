"""DVC: dvc.yaml with its params.yaml (and dvc.lock).

Stages that mlc wrote → the resources that they are of, all of them, from their parameters. Other stages → a dataset
for the data that a model learns from and a model for what is trained; a program is not run by mlc as it is, which is
told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

from msgspec import Struct

from mlc.importers import File
from mlc.importers._draft import Draft
from mlc.importers._dvc_training import Stage, describe_training
from mlc.importers._reading import Reading
from mlc.importers._views import specs_of
from mlc.ir.node import Node
from mlc.ir.span import Span
from mlc.rules import import_unreadable

WHAT = "dvc.yaml"

_BESIDE = ("params.yaml", "dvc.lock")
_PARAMS = re.compile(r"^\s*-\s+[\"']?([\w./-]+\.ya?ml)[\"']?\s*:", re.MULTILINE)
_OURS = re.compile(r"mlc apply --yes --env ([a-z0-9_-]+) --select ([a-z]+)\.([a-z0-9_-]+)")


class Found(Struct, frozen=True):
    """A dvc.yaml, and the files that stand around it, by their paths from its folder."""

    file: File
    around: dict[str, File]


def files(path: Path) -> list[Path]:
    """A dvc.yaml, or those below a folder, and the files of parameters that each names."""
    found = [path] if path.is_file() else sorted(path.rglob("dvc.yaml"))
    made: dict[Path, None] = {}
    for one in found:
        made[one] = None
        named = [*_BESIDE]
        if one.name == "dvc.yaml":
            text = one.read_text(encoding="utf-8", errors="replace")
            named += [name for name in _PARAMS.findall(text) if not name.startswith("/") and ".." not in name]
        for name in named:
            if (one.parent / name).is_file():
                made[one.parent / name] = None
    return list(made)


def take(files: Sequence[File], draft: Draft) -> None:
    """Describe what the stages of each dvc.yaml are."""
    environments: dict[str, None] = {}
    for file in files:
        if file.path.name == "dvc.yaml" or len(files) == 1:
            around = {one.path.absolute().as_posix(): one for one in files}
            _document(Found(file, around), draft, environments)


def _document(found: Found, draft: Draft, environments: dict[str, None]) -> None:
    node = found.file.documents[0] if found.file.documents else None
    stages = node.get("stages") if node is not None else None
    if node is None or stages is None or not stages.is_map:
        span = node.span if node is not None else Span(found.file.name, 1, 1, 1, 1)
        draft.told.append(
            import_unreadable.found(span, "It has no `stages`, which every dvc.yaml of a pipeline has.")
        )
        return
    told = Reading(node, "", node.span)
    theirs = []
    for name, stage in told.map("stages").children():
        ours = _OURS.match(_first_command(stage))
        if ours is None:
            theirs.append(Stage(name, stage))
        else:
            _of_mlc(found, stage, ours, draft, environments)
    if theirs:
        describe_training(theirs, _parameters(found, told), draft)
    lock = found.around.get(found.file.path.absolute().with_name("dvc.lock").as_posix())
    if lock is not None and theirs:
        why = "It pins data by their MD5; mlc records what it read by SHA-256 when it is applied."
        draft.left_out(Span(lock.name, 1, 1, 1, 1), "dvc.lock", why)
    told.rest(draft, "It belongs to DVC; mlc publishes its own reports and metrics.")


def _first_command(stage: Reading) -> str:
    command = stage.node.get("cmd") if stage.node is not None else None
    if command is not None and command.is_list and command.value:
        command = command.value[0]
    return str(command.value) if command is not None and isinstance(command.value, str) else ""


# ── stages of mlc ───────────────────────────────────────────────────────────────────────────────────


def _of_mlc(
    found: Found, stage: Reading, ours: re.Match[str], draft: Draft, environments: dict[str, None]
) -> None:
    """The resource that a stage applies is in its parameters as mlc composed it, with all that it refers to."""
    environment, kind, name = ours.groups()
    environments[environment] = None
    stage.skip("cmd", "desc", "wdir", "deps", "params", "outs", "metrics")
    if environment != next(iter(environments)):
        why = f"It is of another environment than {next(iter(environments))}, which is taken; name the folder of one."
        draft.left_out(stage.span, f"the stage of {kind}.{name} in {environment}", why)
        return
    draft.environment = environment
    draft.project["dvc"] = True
    file = found.around.get(found.file.path.absolute().with_name("params.yaml").as_posix())
    if file is None or not file.documents:
        draft.left_out(
            stage.span, f"the stage of {kind}.{name}", "Its params.yaml, which says what it is, is not there."
        )
        return
    for kind_of_one, called, spec in specs_of(kind, file.documents[0]):
        if not draft.is_known(kind_of_one, called):
            draft.resource(kind_of_one, called, spec, file.documents[0].span, exact=True)
            _code(stage, spec, draft)


def _code(stage: Reading, spec: dict[str, Any], draft: Draft) -> None:
    """The modules of the project's own code that a model names, by the files that the stage depends on."""
    deps = stage.node.get("deps") if stage.node is not None else None
    paths = [str(one.value) for one in deps.value] if deps is not None and deps.is_list else []
    for text in _texts(spec):
        if text.startswith("code.") and text.count(".") == 2:
            module = text.split(".")[1]
            path = next((one for one in paths if Path(one).stem == module), None)
            draft.project.setdefault("code", {})[module] = {"path": path} if path else {}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Node):
        value = value.value
    if isinstance(value, str):
        yield value
    for child in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    ):
        yield from _texts(child)


# ── parameters ──────────────────────────────────────────────────────────────────────────────────────


def _parameters(found: Found, told: Reading) -> dict[str, Node]:
    """The files of parameters by the names that stages call them."""
    folder = dirname(found.file.path.absolute().as_posix())
    made = {}
    for path, file in found.around.items():
        if file.documents and path.startswith(folder + "/") and file.path.name != "dvc.yaml":
            made[normpath(join(".", path.removeprefix(folder + "/")))] = file.documents[0]
    told.skip("params")
    return made
