"""Makes a version of an environment, of data or of a model in a workspace of Azure Machine Learning, once.

Versions there are never changed: what stands there under the same version has to have been made from the same content.
There is no undoing: others may use a version, and history is not taken back.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlc.drivers._az import AlreadyThereError, ask, show
from mlc.drivers._azureml import observed, record, shown, tags_of, written
from mlc.drivers._bundle import BUNDLE, MODEL, bundle_of, canonical
from mlc.ir.drift import Seen
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work, digest_of
from mlc.rules import azure_refused

VERSION = 2
PACKAGES: tuple[str, ...] = ()
EFFECT = True
PROGRAMS = ("az",)

CONTENT = "mlc-content"


def run(work: Work) -> Product:
    """`record` is record.json: name, version and reference. `file` is the document as it was sent.

    Raises StepFailed (azure-unreachable, azure-refused).
    """
    asset, workspace = work.spec["asset"], work.spec["workspace"]
    version, content = _CONTENT[asset](work)
    document = {**work.spec["document"], "version": version}
    document["tags"] = {**document["tags"], CONTENT: content}
    name = document["name"]
    file = written(work, f"{asset}.yaml", document)
    named = ("--name", name, "--version", version)
    seen = show(workspace, asset, "show", *named)
    made = seen is None
    if seen is None:
        work.tell(f"making version {version} of {name}")
        try:
            seen = ask(workspace, asset, "create", "--file", str(file))
        except AlreadyThereError:
            made, seen = False, show(workspace, asset, "show", *named)
    if not made and tags_of(seen or {}).get(CONTENT) != content:
        raise StepFailed(azure_refused.taken(asset, name, version))
    known = {"name": name, "version": version, "reference": f"azureml:{name}:{version}"}
    summary = {"name": f"version {version} of the {asset} {name}", "version": version, "changed": made}
    return Product({"record": record(work, known), "file": file}, summary)


def observe(root: Path, environment: str, done: Sequence[tuple[Operation, Outcome]]) -> dict[str, Seen]:  # noqa: ARG001
    """Versions that are gone, or that something else stands in the place of."""

    def look(operation: Operation, outcome: Outcome) -> tuple[dict[str, Any] | None, list[str]]:
        asset, name = operation.spec["asset"], operation.spec["document"]["name"]
        version = outcome.summary["version"]
        seen = shown(operation, asset, "show", "--name", name, "--version", version)
        return seen, ["content"] if seen is not None and CONTENT not in tags_of(seen) else []

    return observed(done, look)


_TABLE = """\
type: mltable
paths:
  - file: ./train.parquet
transformations:
  - read_parquet:
      include_path_column: false
"""
"""The file MLTable. A monitor of Azure ML takes rows for a baseline only as a table."""


def _environment(work: Work) -> tuple[str, str]:
    version = work.spec["document"]["version"]
    return version, version


def _data(work: Work) -> tuple[str, str]:
    """The parts as one folder, which reads as the table that the model learned from; their digest is the version."""
    folder = work.folder / "data"
    folder.mkdir()
    for part, source in work.inputs.items():
        shutil.copyfile(source, folder / f"{part}.parquet")
    (folder / "MLTable").write_text(_TABLE, encoding="utf-8")
    content = digest_of({"table": _TABLE, **{part: work.digests[part] for part in work.inputs}})
    return content[:16], content


def _model(work: Work) -> tuple[str, str]:
    """The bundle that is served: what it is, and the graph. Its version is the registry's."""
    folder, bundle = work.folder / "model", bundle_of(work)
    folder.mkdir()
    (folder / BUNDLE).write_bytes(canonical(bundle))
    shutil.copyfile(work.inputs["model"], folder / MODEL)
    return str(bundle.number), bundle.digest


_CONTENT = {"environment": _environment, "data": _data, "model": _model}
