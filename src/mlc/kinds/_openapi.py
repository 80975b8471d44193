"""The API of a deployment's server as an OpenAPI document: the Open Inference Protocol v2, with the model's columns.

Source: OpenAPI 3.1.0; `open_inference_rest.yaml` of the protocol for the names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_VALUES: dict[str, dict[str, Any]] = {
    "BOOL": {"type": "boolean"},
    "BYTES": {"type": "string"},
    "FP32": {"type": "number"},
    "FP64": {"type": "number"},
    "INT64": {"type": "integer"},
}


def document(
    project: str,
    environment: str,
    name: str,
    description: str,
    model: str,
    signature: Mapping[str, Any],
    nullable: list[str],
) -> dict[str, Any]:
    """The whole document as plain data, in the order in which a person would read it."""
    prefix = f"/v2/models/{model}"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{name} of {project} in {environment}",
            "description": description or f"Answers for the model {model}.",
            "version": "2.0.0",  # of the protocol: which version of the model answers, the answer says
        },
        "servers": [{"url": "/"}],
        "paths": {
            f"{prefix}/infer": {
                "post": {
                    "operationId": "infer",
                    "summary": "Score rows.",
                    "requestBody": {"required": True, "content": _json("Request")},
                    "responses": {
                        "200": _answer("A value for each row, in the order of the request.", "Answer"),
                        "400": _refused("The request does not fit the model."),
                        "413": _refused("The request is too large."),
                        "500": _refused("The model failed on the request."),
                    },
                }
            },
            prefix: _get("metadata", "What the model takes and gives.", "Metadata"),
            f"{prefix}/ready": _get("modelReady", "Whether the model is served.", "ModelReady", unready=True),
            "/v2": _get("server", "What the server is.", "Server"),
            "/v2/health/live": _get("live", "Whether the server runs.", "Live"),
            "/v2/health/ready": _get("ready", "Whether the server answers requests.", "Ready", unready=True),
        },
        "components": {"schemas": _schemas(model, signature, nullable)},
    }


def _schemas(model: str, signature: Mapping[str, Any], nullable: list[str]) -> dict[str, Any]:
    text, flag = {"type": "string"}, {"type": "boolean"}
    inputs = [_input(tensor, tensor["name"] in nullable) for tensor in signature["inputs"]]
    tensors = {"type": "array", "items": _object(name=text, datatype=text, shape=_shape())}
    return {
        "Request": {
            "type": "object",
            "required": ["inputs"],
            "properties": {
                "id": {**text, "description": "Comes back with the answer."},
                "inputs": {
                    "type": "array",
                    "description": "Each column once, all with the same number of rows.",
                    "minItems": len(inputs),
                    "maxItems": len(inputs),
                    "items": {"oneOf": inputs} if len(inputs) > 1 else inputs[0],
                    "allOf": [
                        {"contains": {"properties": {"name": {"const": tensor["name"]}}}}
                        for tensor in signature["inputs"]
                    ],
                },
                "outputs": {
                    "type": "array",
                    "description": "The outputs wanted; all of them where it is left out.",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"enum": [tensor["name"] for tensor in signature["outputs"]]}},
                    },
                },
            },
            "example": {"inputs": [_example(tensor) for tensor in signature["inputs"]]},
        },
        "Answer": _object(
            model_name={"const": model},
            model_version={**text, "description": "The version that answered."},
            outputs={
                "type": "array",
                "items": {"oneOf": [_output(tensor) for tensor in signature["outputs"]]},
            },
        ),
        "Metadata": _object(
            name={"const": model},
            versions={"type": "array", "items": text},
            platform=text,
            inputs=tensors,
            outputs=tensors,
        ),
        "ModelReady": _object(name={"const": model}, ready=flag),
        "Server": _object(name=text, version=text, extensions={"type": "array", "items": text}),
        "Live": _object(live=flag),
        "Ready": _object(ready=flag),
        "Error": _object(error={**text, "description": "What was wrong, in a sentence."}),
    }


def _input(tensor: Mapping[str, Any], may_be_missing: bool) -> dict[str, Any]:
    value = dict(_VALUES[tensor["datatype"]])
    if may_be_missing:
        value["type"] = [value["type"], "null"]
    return _object(
        name={"const": tensor["name"]},
        datatype={"const": tensor["datatype"]},
        shape={**_shape(), "description": "The number of rows, and 1.", "minItems": 2, "maxItems": 2},
        data={"type": "array", "minItems": 1, "items": value},
    )


def _output(tensor: Mapping[str, Any]) -> dict[str, Any]:
    return _object(
        name={"const": tensor["name"]},
        datatype={"const": tensor["datatype"]},
        shape=_shape(),
        data={"type": "array", "items": dict(_VALUES[tensor["datatype"]])},
    )


def _example(tensor: Mapping[str, Any]) -> dict[str, Any]:
    values = {"boolean": True, "string": "", "number": 0.5, "integer": 1}
    value = values[_VALUES[tensor["datatype"]]["type"]]
    return {"name": tensor["name"], "datatype": tensor["datatype"], "shape": [1, 1], "data": [value]}


def _shape() -> dict[str, Any]:
    return {"type": "array", "items": {"type": "integer"}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {"description": description, "content": _json(schema)}


def _refused(description: str) -> dict[str, Any]:
    return _answer(description, "Error")


def _get(operation: str, summary: str, schema: str, unready: bool = False) -> dict[str, Any]:
    responses = {"200": _answer(summary, schema)}
    if unready:
        responses["503"] = _answer("It does not, for now.", schema)
    return {"get": {"operationId": operation, "summary": summary, "responses": responses}}
