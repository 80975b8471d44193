"""KServe: InferenceService (v1beta1), and the InferenceGraph and ServingRuntime (v1alpha1) that go with it.

→ a deployment and its target, and a stub of the model where the project has none: `mlc render` writes the same objects.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlc.importers import File
from mlc.importers._draft import Draft, Drafted, name_of
from mlc.importers._kserve_beside import LABELS, NO_RIGHTS, key_of, read_graph, read_runtime
from mlc.importers._kserve_places import Place, place_of
from mlc.importers._kserve_python import is_beside, is_signature, runs_predictor
from mlc.importers._reading import Reading, bare
from mlc.importers._stubs import model_stub
from mlc.rules import import_unreadable

WHAT = "InferenceService (serving.kserve.io/v1beta1)"
SAYS = "An InferenceService"

_VERSIONS = {
    "InferenceService": "serving.kserve.io/v1beta1",
    "InferenceGraph": "serving.kserve.io/v1alpha1",
    "ServingRuntime": "serving.kserve.io/v1alpha1",
}
_MODES = {"standard": "standard", "rawdeployment": "standard", "knative": "knative", "serverless": "knative"}
_NOT_HERE = "mlc's InferenceService has no such field."
_CPU = re.compile(r"[0-9]+(\.[0-9]+)?|[0-9]+m")
_MEMORY = re.compile(r"[0-9]+(\.[0-9]+)?[KMGT]i?|[0-9]+")


def files(path: Path) -> list[Path]:
    """A file, or every YAML file of a folder."""
    if path.is_file():
        return [path]
    return sorted(one for one in path.rglob("*") if one.suffix in (".yaml", ".yml") and one.is_file())


def take(files: Sequence[File], draft: Draft) -> None:
    """Describe each service; graphs and runtimes complete them."""
    objects: dict[str, list[Reading]] = {kind: [] for kind in _VERSIONS}
    others: list[Reading] = []
    for file in files:
        for node in file.documents:
            found = Reading(node, "", node.span)
            kind, version = found.text("kind"), found.text("apiVersion")
            if _VERSIONS.get(kind) == version:
                objects[kind].append(found)
            elif kind in _VERSIONS:
                wanted = f"{kind} is read as {_VERSIONS[kind]} has it"
                draft.told.append(
                    import_unreadable.found(
                        found.span_of("apiVersion"), f"{wanted}, not {version or 'without a version'}."
                    )
                )
            else:
                others.append(found)
    python = {key_of(one) for one in objects["ServingRuntime"] if runs_predictor(one)}
    for one in others:
        if not (python and is_beside(bare(one.node))):
            why = "It is none of KServe's objects that mlc writes."
            draft.left_out(one.span, f"kind: {one.text('kind') or '?'}", why)
    services = {key_of(one): _service(one, draft, python) for one in objects["InferenceService"]}
    for one in objects["ServingRuntime"]:
        read_runtime(one, draft)
    for one in objects["InferenceGraph"]:
        read_graph(one, draft, services)


# ── a service ───────────────────────────────────────────────────────────────────────────────────────


def _service(found: Reading, draft: Draft, python: set[tuple[str, str]]) -> Drafted:
    """A deployment. `python` has the runtimes that start mlc's predictor, which is told the signature."""
    namespace, service = key_of(found)
    meta, notes = found.map("metadata"), found.map("metadata").map("annotations")
    spec = found.map("spec")
    predictor = spec.map("predictor")
    model = predictor.map("model") or _older_spelling(predictor, draft)
    mode = _mode(notes, draft)
    place = place_of(model, notes, draft, _canary_uri(spec), service)
    resource = notes.text("mlc/resource").partition(".")[2]
    name = (
        draft.asked.name
        or (resource if resource.replace("_", "-") == service else "")
        or name_of(service, "imported")
    )
    if not draft.environment:
        draft.environment = notes.text("mlc/environment")
    served = draft.asked.model or place.model
    target = _target(found, draft, namespace, mode, place, predictor, model)
    scaling, replicas = _scaling(predictor, mode, draft)
    made = draft.resource(
        "deployment",
        name,
        {
            "model": served,
            "target": target,
            "alias": place.alias,
            "replicas": replicas,
            "resources": _resources(model.map("resources"), draft),
            "autoscaling": scaling,
            "rollout": _rollout(spec, predictor, mode, place),
        },
        found.span,
    )
    for told in place.told:
        told(draft, made)
    if name.replace("_", "-") != service:
        draft.left_out(
            meta.span_of("name"),
            f"metadata.name: {service}",
            f"It is called {name.replace('_', '-')} here.",
            on=made,
        )
    if (namespace, model.text("runtime")) in python and is_signature(bare(model.get("env"))):
        model.skip("env")
    else:
        model.untake("env")
    _what_mlc_adds(predictor, model, draft, made)
    for label in LABELS:
        meta.map("labels").skip(label)
    notes.skip("mlc/project", "mlc/environment", "mlc/model", "mlc/alias", "mlc/resource")
    found.skip("status")
    found.rest(draft, _NOT_HERE, made)
    if not draft.is_known("model", served):
        model_stub(draft, served, found.span, SAYS)
    return made


def _older_spelling(predictor: Reading, draft: Draft) -> Reading:
    """`predictor.onnx` is what `predictor.model` with a modelFormat was before."""
    for key, child in predictor.children():
        if key in (
            "onnx",
            "triton",
            "sklearn",
            "xgboost",
            "lightgbm",
            "tensorflow",
            "pytorch",
            "pmml",
            "mlflow",
        ):
            if key not in ("onnx", "triton"):
                draft.left_out(child.span, f"spec.predictor.{key}", _FORMAT)
            return child
    return predictor.map("model")


_FORMAT = (
    "mlc serves the ONNX form of a model, which `mlc apply` makes: the one that is stored there stays "
    "where it is."
)


def _mode(notes: Reading, draft: Draft) -> str:
    written = notes.text("serving.kserve.io/deploymentMode", "Knative")
    mode = _MODES.get(written.lower())
    if mode is None:
        span = notes.span_of("serving.kserve.io/deploymentMode")
        draft.left_out(
            span, f"deploymentMode: {written}", "mlc writes services for Knative and for plain Deployments."
        )
        return "knative"
    if mode == "standard" and notes.text("serving.kserve.io/autoscalerClass", "hpa") != "hpa":
        span = notes.span_of("serving.kserve.io/autoscalerClass")
        draft.left_out(span, "autoscalerClass", "mlc scales by a HorizontalPodAutoscaler there.")
    return mode


def _target(
    found: Reading, draft: Draft, namespace: str, mode: str, place: Place, predictor: Reading, model: Reading
) -> str:
    """The name of the target, which is one that is there already where it says the same."""
    runtime = model.get("runtime")
    fields = {
        "type": "kserve",
        "namespace": namespace,
        "storage": place.storage,
        "mode": "standard" if mode == "standard" else None,
        "serving_runtime": runtime or "kserve-tritonserver",
        "service_account": predictor.get("serviceAccountName"),
    }
    plain = {key: getattr(one, "value", one) for key, one in fields.items() if one}
    for other in draft.resources.values():
        if other.kind == "target" and other.spec == plain:
            return other.name
    for known, spec in draft.asked.known.get("target", {}).items():
        if spec == plain:
            return known
    base = name_of(namespace if namespace != "default" else "cluster", "cluster")
    taken = [base, f"{base}_{mode}", *(f"{base}_{number}" for number in range(2, 100))]
    name = next(one for one in taken if not draft.is_known("target", one))
    made = draft.resource("target", name, fields, found.span)
    if runtime is None:
        draft.assumed(
            made,
            ("serving_runtime",),
            f"{SAYS} names no runtime here; KServe would choose one by the format.",
        )
    return name


def _scaling(predictor: Reading, mode: str, draft: Draft) -> tuple[dict[str, Any] | None, Any]:
    """Autoscaling, or the number of replicas where it stays the same."""
    low, high = predictor.number("minReplicas"), predictor.number("maxReplicas")
    metric, target = predictor.text("scaleMetric"), predictor.number("scaleTarget")
    if low is None:
        low = 1
    if high is None or high < low:
        high = max(low, 1)
    if low == high and not metric and low >= 1:
        return None, None if low == 1 else predictor.get("minReplicas")
    scaling: dict[str, Any] = {"min": low, "max": max(high, 1)}
    wanted = "cpu" if mode == "standard" else "concurrency"
    if metric and metric != wanted:
        draft.left_out(
            predictor.span_of("scaleMetric"), f"scaleMetric: {metric}", f"mlc scales by {wanted} there."
        )
        predictor.untake("scaleTarget")
        return scaling | ({"cpu": "80%"} if mode == "standard" else {}), None
    predictor.skip("scaleMetricType")
    if mode == "standard":
        return scaling | {"cpu": f"{target if target is not None else 80}%"}, None
    return scaling | ({"concurrency": target} if target is not None else {}), None


def _resources(found: Reading, draft: Draft) -> dict[str, Any]:
    """What one replica asks for; limits where requests differ."""
    requests, limits = found.map("requests"), found.map("limits")
    made: dict[str, Any] = {}
    for key, form, default in (("cpu", _CPU, "1"), ("memory", _MEMORY, "2Gi")):
        asked, most = requests.text(key), limits.text(key)
        if asked and most and asked != most:
            why = f"mlc asks for as much as is allowed: {most}."
            draft.left_out(requests.span_of(key), f"resources.requests.{key}: {asked}", why)
        value = most or asked or default
        if not form.fullmatch(value):
            draft.left_out(
                (limits if most else requests).span_of(key),
                f"resources {key}: {value}",
                "mlc has no such unit.",
            )
            value = default
        made[key] = f"{value}B" if value.isdigit() and key == "memory" else value
    return made


def _canary_uri(spec: Reading) -> str:
    """Where the version lies that a canary of plain Deployments serves."""
    found = spec.node.at(("canary", 0, "predictor", "model", "storageUri")) if spec.node is not None else None
    return str(found.value) if found is not None else ""


def _rollout(spec: Reading, predictor: Reading, mode: str, place: Place) -> dict[str, Any] | None:
    if mode == "knative":
        percent = predictor.number("canaryTrafficPercent")
        if percent is None or not 1 <= percent <= 100:
            return None
        return {"strategy": "canary", "steps": {"imported": {"traffic": f"{percent}%"}}}
    canaries = spec.maps("canary")
    if not canaries:
        return None
    first = canaries[0]
    if place.stable is not None:  # else its place stays to be told
        first.map("predictor").map("model").skip("storageUri")
    percent = first.number("trafficPercent") or 10
    _skip_what_mlc_writes(first.map("predictor"), predictor)
    steps = {"imported": {"traffic": f"{percent}%"}}
    return {"strategy": "canary", "stable": place.stable, "steps": steps}


def _skip_what_mlc_writes(canary: Reading, predictor: Reading) -> None:
    """A canary's predictor is the other one again, but for its place and its one replica: what is so is no more to be
    said, and what is not stays to be told."""
    written = bare(predictor.node) or {}
    model = written.get("model", {})
    same = {
        key: written[key] for key in ("serviceAccountName", "automountServiceAccountToken") if key in written
    }
    wanted = {"minReplicas": 1, "maxReplicas": 1, **same, "model": None}
    within = {
        "name": "kserve-container",
        "modelFormat": {"name": "onnx"},
        **{
            key: model[key]
            for key in ("runtime", "protocolVersion", "env", "resources", "securityContext")
            if key in model
        },
        "storageUri": None,
    }
    for reading, expected in ((canary, wanted), (canary.map("model"), within)):
        for key, value in expected.items():
            found = reading.node.get(key) if reading.node is not None else None
            if found is not None and value is not None and bare(found) == value:
                reading.skip(key)


def _what_mlc_adds(predictor: Reading, model: Reading, draft: Draft, made: Drafted) -> None:
    """What mlc writes for every service: the same is taken as said, another value is told, and so is what is new."""
    added = []
    fixed: list[tuple[Reading, str, Any]] = [
        (predictor, "automountServiceAccountToken", False),
        (model, "protocolVersion", "v2"),
        (model, "securityContext", NO_RIGHTS),
    ]
    for reading, key, value in fixed:
        given = reading.node.get(key) if reading.node is not None else None
        if given is None:
            added.append(key)
        elif bare(given) == value:
            reading.skip(key)
    named = model.map("modelFormat")
    if named.node is not None:
        kind = named.text("name")
        if kind != "onnx":
            draft.left_out(named.span_of("name"), f"modelFormat: {kind}", _FORMAT, on=made)
    if not model.map("resources"):
        made.notes.setdefault(("resources",), []).append("KServe's own defaults, as the source says nothing.")
    if added:
        draft.assumed(made, (), f"mlc writes {', '.join(added)} too, which the source does not say.")
