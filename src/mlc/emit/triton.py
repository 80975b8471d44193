"""A model's configuration (`config.pbtxt`) against Triton's own message `ModelConfig`, and what that is blind to."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any


def config_findings(text: str, folder: str) -> tuple[str, ...]:
    """What is wrong with the configuration of the model in a folder. Raises ImportError without tritonclient."""
    messages = _messages()
    from google.protobuf import text_format  # type: ignore[import-untyped]

    try:
        config = text_format.Parse(text, messages.ModelConfig())
    except text_format.ParseError as error:
        return (str(error),)
    return tuple(_blind(config, folder))


def _blind(config: Any, folder: str) -> Iterator[str]:
    """What the message takes and a server refuses.

    Source: Triton Inference Server, "Model Configuration" and "Model Repository".
    """
    if config.name != folder:
        yield f"name: the model is called {config.name!r}, and its folder {folder!r}"
    if not config.backend and not config.platform:
        yield "backend: neither a backend nor a platform is said"
    for field, tensors in (("input", config.input), ("output", config.output)):
        names = [tensor.name for tensor in tensors]
        if not names:
            yield f"{field}: there is none"
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{field} {name}: there are two of this name"
        for tensor in tensors:
            yield from _tensor(f"{field} {tensor.name or '(without a name)'}", tensor, config.max_batch_size)


def _tensor(where: str, tensor: Any, most: int) -> Iterator[str]:
    if not tensor.name:
        yield f"{where}: it has no name"
    if tensor.data_type == 0:
        yield f"{where}: it has no data_type"
    if not tensor.dims:
        yield f"{where}: it has no dims"
    if any(size == 0 or size < -1 for size in tensor.dims):
        yield f"{where}: the dims {list(tensor.dims)} are no sizes"
    if most == 0 and list(tensor.dims[:1]) not in ([], [-1]):
        yield f"{where}: without batches the first of the dims {list(tensor.dims)} is the number of rows, -1"


@cache
def _messages() -> Any:
    """Triton's messages alone: the package around them would import gRPC, which nothing here needs."""
    package = importlib.util.find_spec("tritonclient")
    if package is None or package.origin is None:
        raise ImportError("tritonclient is not installed")
    file = Path(package.origin).parent / "grpc" / "model_config_pb2.py"
    spec = importlib.util.spec_from_file_location("tritonclient_model_config_pb2", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not there")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
