"""Stages of DVC that a person wrote: programs, what they read and what they make → data and a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from posixpath import basename, join, normpath, splitext

from msgspec import Struct

from mlc.importers._draft import Draft, Drafted, name_of
from mlc.importers._programs import training_of
from mlc.importers._reading import Reading, shown
from mlc.importers._stubs import FORMATS, dataset_stub, model_stub
from mlc.ir.node import Node
from mlc.rules import import_assumed

SAYS = "The pipeline of DVC"

_MODELS = (
    ".pkl",
    ".pickle",
    ".joblib",
    ".onnx",
    ".skops",
    ".pt",
    ".pth",
    ".h5",
    ".keras",
    ".bst",
    ".cbm",
    ".ubj",
    ".model",
)


class Stage(Struct, frozen=True):
    name: str
    told: Reading


class Entry(Struct, frozen=True):
    """A file that a stage reads or makes."""

    path: str
    node: Node


def describe_training(stages: Sequence[Stage], params: Mapping[str, Node], draft: Draft) -> None:
    """Describe the stages that train; tell of the others why they have no place."""
    training = [stage for stage in stages if _trains(stage)]
    made_by = {entry.path: stage for stage in stages for entry in _entries(stage, "outs")}
    if not training:
        for stage in stages:
            draft.left_out(
                stage.told.span,
                f"the stage {stage.name}",
                "It makes no model, and mlc has no stage that is a program.",
            )
    for stage in training:
        name = (draft.asked.name if len(training) == 1 else "") or _name(stage, len(training))
        model = _model(stage, name, made_by, params, draft)
        _rest(stage, model, draft)
    for stage in stages if training else ():
        if stage not in training:
            _other(stage, training, draft)


def _trains(stage: Stage) -> bool:
    return any(
        splitext(one.path)[1].lower() in _MODELS or one.path.startswith(("model/", "models/"))
        for one in _entries(stage, "outs")
    )


def _name(stage: Stage, several: int) -> str:
    out = next(iter(_entries(stage, "outs"))).path
    stem = splitext(basename(out))[0]
    return name_of(stage.name if several > 1 or stem in ("model", "models", "clf") else stem, "imported")


def _entries(stage: Stage, field: str) -> Iterator[Entry]:
    """The files of a field, from the folder of the dvc.yaml."""
    node = stage.told.node.get(field) if stage.told.node is not None else None
    where = stage.told.node.get("wdir") if stage.told.node is not None else None
    folder = str(where.value) if where is not None else "."
    for one in node.value if node is not None and node.is_list else ():
        if one.is_map:
            for path in one.value:
                yield Entry(normpath(join(folder, str(path))), one)
        elif isinstance(one.value, str):
            yield Entry(normpath(join(folder, one.value)), one)


# ── a stage that trains ─────────────────────────────────────────────────────────────────────────────


def _model(
    stage: Stage, name: str, made_by: Mapping[str, Stage], params: Mapping[str, Node], draft: Draft
) -> Drafted:
    span = stage.told.span
    deps = list(_entries(stage, "deps"))
    data = [one for one in deps if splitext(one.path)[1].lower() in FORMATS]
    dataset = draft.asked.dataset or name
    if data and not draft.is_known("dataset", dataset):
        first = _learned_from(data)
        kind = FORMATS[splitext(first.path)[1].lower()]
        columns = {
            "row": {"type": "integer", "role": "id", "unique": True},
            "measured": {"type": "number"},
            "label": {"type": "integer", "role": "label", "values": [0, 1]},
        }
        source = {"type": "file", "path": Node(first.path, first.node.span), "format": kind}
        made = dataset_stub(draft, dataset, span, columns, source, SAYS)
        draft.noted(made, ("columns",), f"Assumed: {SAYS} does not say which columns its data have.")
        why = f"{SAYS} does not say which columns {first.path} has, which of them names a row, or which is the label."
        hint = "--dataset names one that is in the project; or declare the columns."
        draft.told.append(import_assumed.found(first.node.span, "", why, hint, address=made.address))
        if first.path in made_by:
            maker = made_by[first.path].name
            why = (
                f"The stage {maker} makes it by a program, which mlc does not run: `dvc repro {maker}` "
                "stays before `mlc apply`."
            )
            draft.left_out(
                first.node.span,
                f"how {first.path} is made",
                why,
                "What can be said in `prepare` of a dataset, mlc does.",
                on=made,
            )
        for other in data:
            if other is not first:
                draft.left_out(
                    other.node.span,
                    f"deps: {other.path}",
                    "A dataset is one source, and mlc keeps rows apart for testing itself.",
                    on=made,
                )
    known = _parameters(stage, params)
    script = next((one for one in deps if one.path.endswith(".py")), None)
    train, left = training_of(
        known,
        script.path if script is not None else "",
        script.node if script is not None else None,
        stage.told.span_of("cmd"),
        draft,
        f"cmd of the stage {stage.name}",
    )
    stage.told.skip("cmd")
    model = model_stub(draft, name, span, SAYS, "", train)
    for path, node in left:
        draft.left_out(
            node.span,
            f"{path}{shown(node)}",
            f"{train['estimator'].value if train else 'The model'} has no such parameter.",
            on=model,
        )
    return model


def _learned_from(data: Sequence[Entry]) -> Entry:
    """What is learned from: of several files the one that is called so."""
    return next((one for one in data if "train" in basename(one.path).lower()), data[0])


def _parameters(stage: Stage, params: Mapping[str, Node]) -> list[tuple[str, Node]]:
    """The parameters that a stage depends on, with their paths; a map as what it holds."""
    node = stage.told.get("params")
    found: list[tuple[str, Node]] = []
    for one in node.value if node is not None and node.is_list else ():
        if one.is_map:
            for file, keys in one.value.items():
                root = params.get(normpath(str(file)))
                if root is None:
                    stage.told.untake("params")
                elif keys.is_list:
                    found += [each for key in keys.value for each in _at(root, str(key.value))]
                else:
                    found += _leaves(root, ())
        elif "params.yaml" in params:
            found += _at(params["params.yaml"], str(one.value))
        else:
            stage.told.untake("params")
    return found


def _at(root: Node, key: str) -> list[tuple[str, Node]]:
    found = root.at(tuple(key.split(".")))
    return [] if found is None else _leaves(found, tuple(key.split(".")))


def _leaves(node: Node, path: tuple[str, ...]) -> list[tuple[str, Node]]:
    if node.is_map and node.value:
        return [each for key, child in node.value.items() for each in _leaves(child, (*path, str(key)))]
    return [(".".join(path), node)]


# ── what has no place ───────────────────────────────────────────────────────────────────────────────

_WHY = {
    "metrics": "mlc evaluates on the test part itself, with intervals; a gate says what it must be.",
    "plots": "mlc draws its own report of a model.",
    "outs": "mlc publishes a model by registering it, as ONNX.",
    "cmd": "mlc trains by itself, and runs no program.",
    "deps": "It is neither data nor the program.",
    "wdir": "Paths of mlc are those of the project.",
    "params": "Their file is not there.",
    "foreach": "mlc has no loop over stages; layers say what models have in common.",
    "matrix": "mlc has no loop over stages; candidates of a model are compared.",
    "frozen": "A resource is applied when what it is made of changes.",
    "always_changed": "A resource is applied when what it is made of changes.",
}


def _rest(stage: Stage, model: Drafted, draft: Draft) -> None:
    described = stage.told.text("desc")
    if described and "${" not in described:
        model.spec = {"description": described, **model.spec}
    deps = list(_entries(stage, "deps"))
    taken = {one.path for one in deps if splitext(one.path)[1].lower() in FORMATS}
    code = next((one for one in deps if one.path.endswith(".py")), None)
    if all(one.path in taken or one is code for one in deps):
        stage.told.skip("deps")
    elif stage.told.node is not None:
        stage.told.skip("deps")
        for one in deps:
            if one.path not in taken and one is not code:
                draft.left_out(one.node.span, f"deps: {one.path}", _WHY["deps"], on=model)
    _fields(stage, model, draft)


def _other(stage: Stage, training: Sequence[Stage], draft: Draft) -> None:
    feeds = {one.path for other in training for one in _entries(other, "deps")}
    made = [one.path for one in _entries(stage, "outs") if one.path in feeds]
    reads = {one.path for other in training for one in _entries(other, "outs")} & {
        one.path for one in _entries(stage, "deps")
    }
    if made:
        why = f"It makes {', '.join(made)} by a program; `dvc repro {stage.name}` stays before `mlc apply`."
    elif reads:
        why = "It reads the model that was trained; mlc evaluates, exports and registers a model itself."
    else:
        why = "mlc has no stage that is a program."
    draft.left_out(stage.told.span, f"the stage {stage.name}", why)
    stage.told.skip_all()


def _fields(stage: Stage, model: Drafted, draft: Draft) -> None:
    for path, node in list(stage.told.left()):
        field = path.rpartition(".")[2]
        what = f"{field} of the stage {stage.name}{shown(node)}"
        draft.left_out(node.key_span or node.span, what, _WHY.get(field, "It belongs to DVC."), on=model)
        stage.told.skip(field)
