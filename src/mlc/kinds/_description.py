"""Formats in which other tools are told what a version is."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from mlc.ir.operation import Operation
from mlc.ir.task import TASKS
from mlc.kinds._documentation import data_told, documented_by
from mlc.kinds._kind import View
from mlc.kinds._signature import label_column, used_columns

ModelFormat = Literal["annex_iv", "cyclonedx", "openlineage", "sagemaker", "slsa"]

_FOUND = ("evaluation", "verdict", "chosen")
"""What is asked of the proofs. No speed: of the same model the same bytes are made."""


def describing(
    view: View,
    operation: Callable[..., Operation],
    about: dict[str, Any],
    files: Mapping[str, str],
    proofs: Mapping[str, str],
    inside: Mapping[str, str],
) -> list[Operation]:
    """The steps that describe a model, each named as its one output. Like the card they wait for the gates.

    `files` are the model's and the data's, `inside` the versions that are part of it; all as inputs of steps.
    """
    asked = {name: proofs[name] for name in _FOUND if name in proofs}
    steps = []
    if "cyclonedx" in view["describe"]:
        steps.append(operation("bom", "model_bom", about, **files, **asked))
    if "slsa" in view["describe"]:
        steps.append(operation("provenance", "model_provenance", about, **files, **asked, **inside))
    if "openlineage" in view["describe"]:
        label = label_column(view) if TASKS[view["task"]].supervised else None
        seen = dict.fromkeys([*used_columns(view), *([label] if label else [])])
        types = view["dataset"]["columns"]
        columns = [{"name": name, "type": types[name]["type"], "is_label": name == label} for name in seen]
        learned = {**about, "columns": columns}
        steps.append(operation("lineage", "model_lineage", learned, **files, **asked, **inside))
    if "annex_iv" in view["describe"]:
        documented = {**about, "documentation": documented_by(view), "data": data_told(view)}
        chosen = {name: proofs[name] for name in ("selection",) if name in proofs}
        steps.append(operation("annex", "annex_iv", documented, **files, **asked, **chosen))
    if "sagemaker" in view["describe"]:
        steps.append(operation("sagemaker", "sagemaker_card", about, **files, **asked))
    return steps
