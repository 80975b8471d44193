"""KServe's ServingRuntime and InferenceGraph, which complete the services that are imported with them."""

from __future__ import annotations

import re
from typing import Any

from mlc.importers._draft import Draft, Drafted, name_of
from mlc.importers._kserve_python import runs_predictor, skip_predictor
from mlc.importers._reading import Reading, bare
from mlc.kinds._fields import PINNED_IMAGE

NO_RIGHTS: dict[str, Any] = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""What mlc lets a container do."""

LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by")
"""The labels that mlc writes."""


def key_of(found: Reading) -> tuple[str, str]:
    """The namespace and the name of an object."""
    meta = found.map("metadata")
    return meta.text("namespace", "default"), meta.text("name")


def read_runtime(found: Reading, draft: Draft) -> None:
    namespace, name = key_of(found)
    users = [
        one
        for one in draft.resources.values()
        if one.kind == "target"
        and one.spec["serving_runtime"] == name
        and one.spec.get("namespace", "default") == namespace
    ]
    spec = found.map("spec")
    containers = spec.maps("containers")
    if not users or not containers:
        draft.left_out(found.span, f"ServingRuntime {name}", "No service that is imported names it.")
        return
    image, args = containers[0].text("image"), containers[0].get("args")
    if re.fullmatch(PINNED_IMAGE, image) is None or not bare(args):
        why = "mlc writes a runtime whose image is pinned by its digest (@sha256:…) and that has args."
        draft.left_out(containers[0].span_of("image"), f"ServingRuntime {name}", why)
        return
    ports = containers[0].maps("ports")
    port = int((ports[0].number("containerPort") if ports else None) or 8080)
    python = runs_predictor(found)
    for user in users:
        how = {"server": "python"} if python else {"args": bare(args)}
        user.spec["container"] = {"image": image, **how, "port": port}
    if python:
        skip_predictor(spec, containers[0], name, port)
    if ports:
        ports[0].skip("protocol")
    rights = NO_RIGHTS | ({"readOnlyRootFilesystem": True} if python else {})
    if bare(containers[0].map("securityContext").node) == rights:
        containers[0].skip("securityContext")
        containers[0].map("securityContext").skip(*rights)
    if containers[0].text("name") != "kserve-container":
        draft.left_out(containers[0].span_of("name"), "containers[0].name", "mlc calls it kserve-container.")
    formats = [{"name": "onnx", "version": "1", "autoSelect": False}]
    if bare(spec.node.get("supportedModelFormats") if spec.node else None) == formats:
        spec.skip("supportedModelFormats")
    if bare(spec.get("protocolVersions")) != ["v2"]:
        draft.left_out(spec.span_of("protocolVersions"), "protocolVersions", "mlc serves v2.", on=users[0])
    meta = found.map("metadata")
    for label in LABELS:
        meta.map("labels").skip(label)
    meta.map("annotations").skip("mlc/resource")
    found.rest(draft, "mlc's ServingRuntime has no such field.", users[0])


def read_graph(found: Reading, draft: Draft, services: dict[tuple[str, str], Drafted]) -> None:
    namespace, name = key_of(found)
    nodes = found.map("spec").map("nodes")
    root = nodes.map("root")
    steps = root.maps("steps")
    weights = {step.text("serviceName"): step.number("weight") for step in steps}
    base = next((one for one in weights if f"{one}-graph" == name), "")
    known = all((namespace, one) in services for one in weights)
    if (
        root.text("routerType") != "Splitter"
        or not base
        or not known
        or sum(w or 0 for w in weights.values()) != 100
    ):
        why = (
            "mlc writes a graph that splits requests among services which are all imported, is called "
            "after one of them "
            "with -graph behind, and has weights that are 100 together."
        )
        draft.left_out(found.span, f"InferenceGraph {name}", why)
        return
    shares = {}
    for step in steps:
        service, called = step.text("serviceName"), step.text("name")
        if service != base:
            shares[name_of(called or service, "share")] = {
                "deployment": services[(namespace, service)].name,
                "traffic": f"{step.number('weight')}%",
            }
    on = services[(namespace, base)]
    on.spec["shares"] = shares
    meta = found.map("metadata")
    for label in LABELS:
        meta.map("labels").skip(label)
    meta.map("annotations").skip("mlc/resource")
    found.rest(draft, "mlc's InferenceGraph has no such field.", on)
