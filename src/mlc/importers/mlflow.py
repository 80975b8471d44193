"""MLflow: a model as a folder, with its MLmodel: signature, flavours, environment.

→ a dataset with the signature's columns, features, a model, a runtime where a base image is named, and a deployment.
What is in a pickle stays there; a model that was saved by skops is described with its parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlc.importers import File
from mlc.importers._draft import Draft, Drafted, name_of
from mlc.importers._packages import Wanted, of_nodes, of_requirements, python_of, runtime_of
from mlc.importers._reading import Reading
from mlc.importers._stubs import dataset_stub, model_stub
from mlc.importers.sklearn import describe
from mlc.ir.node import Node
from mlc.ir.span import Span
from mlc.kinds._estimators import catalogue
from mlc.rules import import_assumed, import_unreadable

WHAT = "MLmodel file"
SAYS = "The MLflow model"

_BESIDE = ("conda.yaml", "python_env.yaml", "requirements.txt")
_TYPES = {
    "boolean": "boolean",
    "integer": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "string": "string",
    "datetime": "datetime",
}
_TOLD_IN_HEAD = ("run_id", "model_id", "model_uuid", "utc_time_created", "mlflow_version")
_SAYS_NOTHING = ("artifact_path", "saved_input_example_info", "model_size_bytes", "is_signature_from_type_hint",
                 "type_hint_from_example", "prompts", "env_vars")  # fmt: skip
_OF_FLAVORS = (
    *("code", "serialization_format", "sklearn_version", "lgb_version", "xgb_version", "skops_trusted_types"),
    *("model_class", "model_format", "providers", "onnx_session_options"),
)
"""What says how a file was written, and by which release."""
_CLASSES = {"xgboost": "xgboost", "lightgbm": "lightgbm"}


def files(path: Path) -> list[Path]:
    """The MLmodel of a folder, or those of all folders below it, and what stands beside each."""
    if path.is_file():
        return [path] if path.name == "MLmodel" else []
    found = [path / "MLmodel"] if (path / "MLmodel").is_file() else sorted(path.rglob("MLmodel"))
    return [
        one
        for model in found
        for one in (
            model,
            *(model.with_name(name) for name in _BESIDE),
            *sorted(model.parent.glob("*.skops")),
        )
        if one.is_file()
    ]


def take(files: Sequence[File], draft: Draft) -> None:
    """Describe each model."""
    for file in files:
        if file.path.name == "MLmodel":
            beside = {one.path.name: one for one in files if one.path.parent == file.path.parent}
            _model(file, beside, draft)


def _model(file: File, beside: dict[str, File], draft: Draft) -> None:
    node = file.documents[0] if file.documents else None
    if node is None or node.get("flavors") is None:
        span = node.span if node is not None else Span(file.name, 1, 1, 1, 1)
        draft.told.append(import_unreadable.found(span, "It has no `flavors`, which every MLmodel has."))
        return
    told = Reading(node, "", node.span)
    flavors = told.map("flavors")
    artifact = told.text("artifact_path").rpartition("/")[2]
    folder = file.path.absolute().parent.name
    name = draft.asked.name or name_of(folder if artifact in ("", "model") else artifact, "imported")
    if name == "model" and folder == "model":
        name = "imported" if not draft.is_known("model", "imported") else "imported_2"
    signature = told.map("signature")
    columns = dict(_columns(signature, draft))
    seen = _task(signature)
    task = draft.asked.task or seen
    span = told.span
    model = _described(name, flavors, beside, columns, task, draft, span)
    if model is None:
        return
    runtime = _runtime(name, flavors, beside, draft, span)
    target = next(
        (one for one, spec in draft.asked.known.get("target", {}).items() if spec == {"type": "local"}),
        "here",
    )
    if not draft.is_known("target", target):
        draft.resource("target", target, {"type": "local"}, span)
    served = {"model": model.name, "target": target, "runtime": runtime.name if runtime else None}
    draft.resource("deployment", name, served, span)
    for key in _TOLD_IN_HEAD:
        if value := told.text(key):
            model.head.append(f"Imported from MLflow, {key.replace('_', ' ')} {value}.")
    told.skip(*_SAYS_NOTHING)
    _flavors(flavors, beside, draft, model)
    if (params := signature.get("params")) is not None and params.value not in (None, "[]", ""):
        signature.untake("params")
    told.rest(draft, "A model has no such setting here.", model)


# ── the signature ───────────────────────────────────────────────────────────────────────────────────


def _columns(signature: Reading, draft: Draft) -> Iterator[tuple[str, dict[str, Any]]]:
    for column in _entries(signature, "inputs"):
        kind, name = column.get("type"), column.get("name")
        if not isinstance(name, str) or kind not in _TYPES:
            what = f"the input {name!r} of type {kind}" if name else f"inputs of type {kind}"
            draft.left_out(
                signature.span_of("inputs"),
                what,
                "A column has a name and holds one value: a number, a text, a time.",
            )
            continue
        made: dict[str, Any] = {"type": _TYPES[kind]}
        if column.get("required") is False:
            made["nullable"] = True
        yield name, made


def _task(signature: Reading) -> str:
    """What the type of the outputs leaves no doubt of."""
    outputs = _entries(signature, "outputs")
    kinds = {one.get("type") for one in outputs}
    dtypes = {
        str((one.get("tensor-spec") or {}).get("dtype")) for one in outputs if one.get("type") == "tensor"
    }
    if kinds and kinds <= {"double", "float"} and len(outputs) == 1:
        return "regression"
    return (
        "regression"
        if dtypes and all(one.startswith("float") for one in dtypes) and len(outputs) == 1
        else ""
    )


def _entries(signature: Reading, key: str) -> list[dict[str, Any]]:
    text = signature.text(key)
    try:
        found = msgspec.json.decode(text.encode()) if text else []
    except msgspec.DecodeError:
        signature.untake(key)
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


# ── the model ───────────────────────────────────────────────────────────────────────────────────────


def _described(
    name: str,
    flavors: Reading,
    beside: dict[str, File],
    columns: dict[str, dict[str, Any]],
    task: str,
    draft: Draft,
    span: Span,
) -> Drafted | None:
    told = next((one for file, one in beside.items() if file.endswith(".skops")), None)
    if told is not None and told.told is not None:
        if task == "regression" and _classifies(told.told):
            task = ""  # probabilities are numbers too
        return describe(told.told, name, draft, span, says=SAYS, known=[*columns], types=columns, task=task)
    if columns and not draft.asked.dataset:
        label = {
            "regression": {"type": "number", "role": "label"},
        }.get(task, {"type": "integer", "role": "label", "values": [0, 1]})
        wanted = {"row": {"type": "integer", "role": "id", "unique": True}} | columns | {"label": label}
        made = dataset_stub(draft, name, span, wanted, None, SAYS)
        why = f"{SAYS} does not say where its data are, what names a row, or what its label is called."
        draft.told.append(
            import_assumed.found(span, "", why, "--dataset names one that is there.", address=made.address)
        )
    train = _estimator(flavors)
    return model_stub(draft, name, span, SAYS, task, train)


def _classifies(part: Any) -> bool:
    while part.steps:
        part = part.steps[-1].part
    known = catalogue().get(part.type)
    return known is not None and "binary_classification" in known.tasks


def _estimator(flavors: Reading) -> dict[str, Any] | None:
    """The class of the estimator, where a flavour names it."""
    for flavor, library in _CLASSES.items():
        node = flavors.map(flavor).get("model_class")
        if node is not None:
            known = f"{library}.{str(node.value).rpartition('.')[2]}"
            if known in catalogue():
                return {"estimator": Node(known, node.span)}
    return None


_PICKLED = (
    "What was learned, and by which parameters, is in a pickle: to load it is to run it, so mlc does not. "
    "Where you trust it, "
    "save it by skops (`skops.io.dump`) and import that: `mlc import --from sklearn model.skops`."
)
_FILE = "mlc serves what it trained and proved itself; the file stays with MLflow."


def _flavors(flavors: Reading, beside: dict[str, File], draft: Draft, model: Drafted) -> None:
    """What each flavour says beside what was taken."""
    has_skops = any(name.endswith(".skops") for name in beside)
    for name, flavor in flavors.children():
        if name == "python_function":
            flavor.skip("env", "loader_module", "model_path", "predict_fn", "python_version", "data", "config",
                        "streamable", "model_code_path", "code")  # fmt: skip
            continue
        for key in ("pickled_model", "data", "model_data", "model_path"):
            node = flavor.node.get(key) if flavor.node is not None else None
            if node is None or (has_skops and str(node.value).endswith(".skops")):
                flavor.skip(key)
                continue
            flavor.skip(key)
            pickled = key == "pickled_model" or str(node.value).endswith((".pkl", ".pickle"))
            draft.left_out(
                node.span, f"{name}: {key}: {node.value}", _PICKLED if pickled else _FILE, on=model
            )
        flavor.skip(*_OF_FLAVORS, f"{name}_version")


# ── the environment ─────────────────────────────────────────────────────────────────────────────────


def _runtime(
    name: str, flavors: Reading, beside: dict[str, File], draft: Draft, span: Span
) -> Drafted | None:
    wanted: list[Wanted] = []
    python = flavors.map("python_function").text("python_version")
    conda = beside.get("conda.yaml")
    if conda is not None and conda.documents:
        wanted += of_nodes(conda.documents[0].get("dependencies"))
        python = python or python_of(wanted)
    own = beside.get("python_env.yaml")
    if own is not None and own.documents and (node := own.documents[0].get("python")) is not None:
        python = python or str(node.value)
    if "requirements.txt" in beside:
        exact = [*of_requirements(beside["requirements.txt"])]
        named = {one.name.lower() for one in exact}
        wanted = exact + [one for one in wanted if one.name.lower() not in named]
    if not wanted and not python:
        return None
    return runtime_of(draft, name, span, python, wanted, "", SAYS)
