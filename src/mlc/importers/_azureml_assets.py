"""What jobs and deployments of Azure Machine Learning refer to: data, environments, models."""

from __future__ import annotations

import re
from posixpath import splitext
from typing import Any

from msgspec import Struct

from mlc.importers._draft import Draft, Drafted, name_of
from mlc.importers._packages import of_nodes, python_of, runtime_of
from mlc.importers._reading import Reading
from mlc.importers._stubs import FORMATS, dataset_stub
from mlc.ir.node import Node
from mlc.rules import import_assumed

SAYS = "Azure's file"

_REFERENCE = re.compile(r"(?:azureml:)?([A-Za-z0-9_.()-]+?)(?:[:@][^:@/]+)?")
_STORES = ("https://", "abfss://", "abfs://", "s3://", "gs://")
_OF_MLC = re.compile(r"([a-z0-9_-]+)/([a-z0-9_-]+)/([a-z]+)\.([a-z0-9_-]+)")


class Assets(Struct):
    """By the names that Azure has for them: runtimes (None for one that could not be described), datasets, models.

    `served` is the model that a pipeline of mlc is for and `learned_from` its data, `jobs` where and when it trains,
    and `jobs_of` the deployment that says so.
    """

    runtimes: dict[str, Drafted | None]
    datasets: dict[str, Drafted]
    models: dict[str, str]
    served: str = ""
    learned_from: str = ""
    jobs: dict[str, Any] = {}
    jobs_of: str = ""


def named(text: str) -> str:
    """`azureml:credit:3` names credit."""
    found = _REFERENCE.fullmatch(text)
    return found[1] if found is not None else text


def of_mlc(told: Reading, draft: Draft) -> tuple[str, str] | None:
    """The kind and the name of the resource that mlc wrote a file for, by its tag."""
    tags = told.map("tags")
    found = _OF_MLC.fullmatch(str(tags.node.get("mlc").value)) if tags.node and tags.node.get("mlc") else None  # type: ignore[union-attr]
    if found is None:
        return None
    tags.skip("mlc")
    project, environment, kind, name = found.groups()
    draft.project.setdefault("project", project)
    draft.environment = draft.environment or environment
    return kind, name


def tell_tags(told: Reading, made: Drafted | None) -> None:
    """Azure's tags have names and values; a resource's are words."""
    words = []
    tags = told.map("tags")
    for key, node in tags.items():
        if key == "mlc":
            continue
        word = name_of(f"{key}-{node.value}", "tag")
        words.append(word)
        tags.skip(key)
    if words and made is not None and made.kind in ("model", "dataset", "deployment", "runtime"):
        made.spec["tags"] = words


def described(told: Reading, made: Drafted) -> None:
    """The description, in front."""
    text = told.text("description")
    if text and "${" not in text:
        made.spec = {"description": text, **made.spec}
    elif text:
        told.untake("description")


# ── environments ────────────────────────────────────────────────────────────────────────────────────


def read_environment(told: Reading, assets: Assets, draft: Draft, name: str = "") -> Drafted | None:
    """A runtime; of one that is written within a job or a deployment, `name` is what it is called."""
    ours = of_mlc(told, draft)
    called = told.text("name") or name
    image, conda = told.text("image"), told.get("conda_file")
    told.skip("version")
    wanted = []
    if conda is not None and conda.is_map:
        wanted = list(of_nodes(conda.get("dependencies")))
    elif conda is not None:
        told.untake("conda_file")
    runtime = ours[1] if ours else name_of(called, "served")
    if told.node is not None and told.node.get("build") is not None:
        draft.left_out(
            told.span_of("build"), "build", "A runtime is an image that is there, pinned by its digest."
        )
        told.skip("build")
    known = draft.resources.get(f"runtime.{runtime}")
    if known is None and ("@sha256:" in image or wanted or draft.asked.image):
        known = runtime_of(draft, runtime, told.span, python_of(wanted), wanted, image, "Azure's environment")
    elif known is None and image:
        draft.left_out(
            told.span_of("image"),
            f"image: {image}",
            "A runtime has a base image that is pinned by its digest.",
            "--image NAME@sha256:… names one.",
        )
    assets.runtimes[called] = known
    if known is not None:
        described(told, known)
        tell_tags(told, known)
    told.rest(draft, "A runtime has no such setting.", known)
    return known


def runtime_named(told: Reading, key: str, assets: Assets, draft: Draft, name: str) -> str | None:
    """The runtime of a field that names an environment or holds one."""
    if told.node is None or told.node.get(key) is None:
        return None
    inner = told.map(key)
    if inner:
        made = read_environment(inner, assets, draft, name)
        return made.name if made is not None else None
    text = named(told.text(key))
    if text in assets.runtimes:
        found = assets.runtimes[text]
        return found.name if found is not None else None
    if draft.is_known("runtime", name_of(text, "runtime")):
        return name_of(text, "runtime")
    why = "It is a runtime here; import the environment's own file with this one."
    draft.left_out(told.span_of(key), f"{key}: {told.text(key)}", why)
    return None


# ── data ────────────────────────────────────────────────────────────────────────────────────────────


def read_data(told: Reading, assets: Assets, draft: Draft) -> Drafted:
    """A dataset."""
    ours = of_mlc(told, draft)
    called = told.text("name")
    made = dataset_of(told, ours[1] if ours else name_of(called, "data"), draft)
    assets.datasets[called] = made
    described(told, made)
    tell_tags(told, made)
    told.skip("version")
    told.rest(draft, "A dataset has no such setting.", made)
    return made


def dataset_of(told: Reading, name: str, draft: Draft) -> Drafted:
    """A dataset of what has a `type` and a `path`."""
    path, kind = told.text("path"), told.text("type", "uri_file")
    span = told.span_of("path")
    known = draft.resources.get(f"dataset.{name}")
    if known is not None:
        return known
    suffix = splitext(path)[1].lower()
    source: dict[str, Any] | None = None
    if kind == "uri_file" and suffix in FORMATS and path.startswith(_STORES):
        source = {"type": "object_store", "url": Node(path, span), "format": FORMATS[suffix]}
    elif (
        kind == "uri_file"
        and suffix in FORMATS
        and "://" not in path
        and not path.startswith(("azureml:", "/", ".."))
    ):
        source = {"type": "file", "path": Node(path.removeprefix("./"), span), "format": FORMATS[suffix]}
    elif path:
        why = (
            "A dataset is a file of the project, or files of a store by an address that begins with "
            "https://, abfss://, s3:// or gs://."
        )
        draft.left_out(span, f"{kind}: {path}", why)
    columns = {
        "row": {"type": "integer", "role": "id", "unique": True},
        "measured": {"type": "number"},
        "label": {"type": "integer", "role": "label", "values": [0, 1]},
    }
    made = dataset_stub(draft, name, told.span, columns, source, SAYS)
    draft.noted(made, ("columns",), f"Assumed: {SAYS} does not say which columns its data have.")
    why = (
        f"{SAYS} does not say which columns the data have, which of them names a row, or which is the label."
    )
    draft.told.append(
        import_assumed.found(told.span, "", why, "--dataset names one that is there.", address=made.address)
    )
    return made


# ── models ──────────────────────────────────────────────────────────────────────────────────────────


def read_model(told: Reading, assets: Assets, draft: Draft) -> None:
    """Only its name is of use: mlc registers the versions that it trains."""
    ours = of_mlc(told, draft)
    called = told.text("name")
    assets.models[called] = ours[1] if ours else name_of(called, "imported")
    told.skip("version", "type")
    why = "mlc serves what it trained and proved itself; the file stays where it is."
    if told.node is not None and told.node.get("path") is not None and ours is None:
        draft.left_out(told.span_of("path"), f"path: {told.text('path')}", why)
    told.skip("path", "description" if ours else "")
    told.rest(draft, "A version's own facts are registered when it is trained.")
