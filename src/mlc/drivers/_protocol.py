"""The Open Inference Protocol v2 over REST: requests in, tensors out, and back.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md.
JSON only: the extension for binary tensors is not offered, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import orjson
from msgspec import Struct

from mlc.drivers._serving import Feeds, Loaded, Refused, tensor
from mlc.ir.registry import Tensor


class Asked(Struct, frozen=True):
    """A request that fits the signature."""

    id: str | None
    rows: int
    feeds: Feeds
    outputs: Sequence[str]


def metadata(loaded: Loaded) -> dict[str, Any]:
    """What the protocol's model metadata say."""
    return {
        "name": loaded.bundle.name,
        "versions": [str(loaded.bundle.number)],
        "platform": "onnx_onnxv1",
        "inputs": [_tensor_metadata(one) for one in loaded.bundle.signature.inputs],
        "outputs": [_tensor_metadata(one) for one in loaded.bundle.signature.outputs],
    }


def read_request(loaded: Loaded, body: bytes, most_rows: int) -> Asked:
    """The request in a body. Raises Refused, with a sentence for the caller, for all that does not fit."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(f"The body is not JSON: {error}.") from None
    if not isinstance(request, dict):
        raise Refused('The body must be an object with the field "inputs".')
    identity = request.get("id")
    if identity is not None and not isinstance(identity, str):
        raise Refused('"id" must be a text.')
    given = _by_name(request.get("inputs"), "inputs")
    unknown = [name for name in given if name not in loaded.datatypes]
    if unknown:
        raise Refused(
            f'The model has no input "{unknown[0]:.80}". Its inputs are {_listed(loaded.datatypes)}.'
        )
    missing = [name for name in loaded.datatypes if name not in given]
    if missing:
        raise Refused(f"The inputs {_listed(missing)} are missing. The model needs every one.")
    rows = {name: _rows(name, given[name], loaded.datatypes[name], most_rows) for name in loaded.datatypes}
    counts = sorted(set(rows.values()))
    if len(counts) != 1:
        raise Refused(f"The inputs have different numbers of rows: {_listed(map(str, counts))}.")
    (count,) = counts
    feeds = {name: tensor(loaded, name, _values(name, given[name], count)) for name in loaded.datatypes}
    return Asked(identity, count, feeds, _outputs(loaded, request))


def answer(loaded: Loaded, asked: Asked, answers: dict[str, np.ndarray[Any, Any]]) -> bytes:
    """The body of the answer: the outputs asked for, flat and row by row."""
    datatypes = {one.name: one.datatype for one in loaded.bundle.signature.outputs}
    content: dict[str, Any] = {
        "model_name": loaded.bundle.name,
        "model_version": str(loaded.bundle.number),
        "outputs": [
            {
                "name": name,
                "datatype": datatypes[name],
                "shape": list(values.shape),
                # orjson knows arrays of numbers, not of texts
                "data": values.ravel().tolist()
                if values.dtype == object
                else np.ascontiguousarray(values).reshape(-1),
            }
            for name, values in answers.items()
        ],
    }
    if asked.id is not None:
        content["id"] = asked.id
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def _by_name(tensors: Any, field: str) -> dict[str, dict[str, Any]]:
    if not isinstance(tensors, list) or not tensors:
        raise Refused(f'"{field}" must be a list of tensors, and not empty.')
    found: dict[str, dict[str, Any]] = {}
    for place, one in enumerate(tensors):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise Refused(f'{field}[{place}] must be an object with a text in "name".')
        if one["name"] in found:
            raise Refused(f'"{one["name"]:.80}" is given twice in "{field}".')
        found[one["name"]] = one
    return found


def _rows(name: str, given: dict[str, Any], datatype: str, most: int) -> int:
    if given.get("datatype") != datatype:
        raise Refused(
            f'The input "{name}" has the datatype {given.get("datatype")!r:.40}, and must have {datatype}.'
        )
    shape = given.get("shape")
    if not isinstance(shape, list) or len(shape) != 2 or any(type(size) is not int for size in shape):
        raise Refused(f'The shape of the input "{name}" must be [rows, 1].')
    rows, width = shape
    if width != 1 or rows < 1:
        raise Refused(f'The shape of the input "{name}" is {shape!r:.60}, and must be [rows, 1].')
    if rows > most:
        raise Refused(f"The request has {rows:,} rows, and one may have {most:,}. Send it in parts.")
    parameters = given.get("parameters")
    if isinstance(parameters, dict) and "binary_data_size" in parameters:
        raise Refused(f'The input "{name}" is a binary tensor. This server takes JSON only.')
    return int(rows)


def _values(name: str, given: dict[str, Any], rows: int) -> list[Any]:
    """A tensor's data, flat or nested as its shape [rows, 1]."""
    data = given.get("data")
    if not isinstance(data, list):
        raise Refused(f'The data of the input "{name}" must be a list.')
    if len(data) != rows:
        raise Refused(f'The input "{name}" says it has {rows:,} rows, and its data has {len(data):,}.')
    if type(data[0]) is not list:
        return data
    if any(type(row) is not list or len(row) != 1 for row in data):
        raise Refused(f'The data of the input "{name}" must be flat, or a list of lists with one value each.')
    return [row[0] for row in data]


def _outputs(loaded: Loaded, request: dict[str, Any]) -> Sequence[str]:
    if request.get("outputs") is None:
        return loaded.outputs
    wanted = tuple(_by_name(request["outputs"], "outputs"))
    unknown = [name for name in wanted if name not in loaded.outputs]
    if unknown:
        raise Refused(
            f'The model has no output "{unknown[0]:.80}". Its outputs are {_listed(loaded.outputs)}.'
        )
    return wanted


def _tensor_metadata(one: Tensor) -> dict[str, Any]:
    return {"name": one.name, "datatype": one.datatype, "shape": one.shape}


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
