"""What mlc writes around its predictor on KServe's Python server, so that an import knows it again."""

from __future__ import annotations

from typing import Any

from mlc.importers._reading import Reading, bare

COMMAND = ["python", "/mnt/mlc/mlc_kserve_server.py"]
_REFERENCES = {
    "nameReference": [
        {
            "kind": "ConfigMap",
            "version": "v1",
            "fieldSpecs": [{"kind": "ServingRuntime", "path": "spec/volumes/configMap/name"}],
        }
    ]
}


def runs_predictor(runtime: Reading) -> bool:
    """Whether a ServingRuntime starts the predictor that mlc writes."""
    spec = bare(runtime.node.get("spec")) if runtime.node is not None else None
    containers = spec.get("containers") if isinstance(spec, dict) else None
    first = containers[0] if isinstance(containers, list) and containers else None
    return isinstance(first, dict) and first.get("command") == COMMAND


def skip_predictor(spec: Reading, container: Reading, name: str, port: int) -> None:
    """What mlc writes again by itself is no more to be said; what differs stays to be told."""
    written: list[tuple[Reading, str, Any]] = [
        (container, "command", COMMAND),
        (container, "args", _args(port)),
        (container, "env", [{"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}]),
        (container, "volumeMounts", [{"name": "code", "mountPath": "/mnt/mlc", "readOnly": True}]),
        (container, "readinessProbe", _probe("ready", port, {"periodSeconds": 5})),
        (container, "livenessProbe", _probe("live", port, {"initialDelaySeconds": 60, "periodSeconds": 10})),
        (spec, "volumes", [{"name": "code", "configMap": {"name": f"{name}-code"}}]),
    ]
    for reading, key, value in written:
        if bare(reading.get(key)) != value:
            reading.untake(key)


def _args(port: int) -> list[str]:
    return ["--model_name={{.Name}}", "--model_dir=/mnt/models", f"--http_port={port}", "--enable_grpc=false"]


def _probe(what: str, port: int, times: dict[str, int]) -> dict[str, Any]:
    return {"httpGet": {"path": f"/v2/health/{what}", "port": port}, **times, "failureThreshold": 3}


def is_signature(env: Any) -> bool:
    """Whether the variables of a service are the one that tells the predictor the model's signature."""
    return isinstance(env, list) and [one.get("name") if isinstance(one, dict) else one for one in env] == [
        "MLC_SIGNATURE"
    ]


def is_beside(document: Any) -> bool:
    """Whether a document is one of those by which Kustomize makes a ConfigMap of the predictor's code."""
    if document == _REFERENCES:
        return True
    if not isinstance(document, dict) or document.get("kind") != "Kustomization":
        return False
    generated = document.get("configMapGenerator")
    return (
        document.keys()
        <= {
            "apiVersion",
            "kind",
            "namespace",
            "resources",
            "configurations",
            "configMapGenerator",
            "labels",
        }
        and document.get("resources") == ["servingruntime.yaml"]
        and document.get("configurations") == ["references.yaml"]
        and isinstance(generated, list)
        and [one.get("files") if isinstance(one, dict) else one for one in generated]
        == [["mlc_kserve_server.py"]]
    )
