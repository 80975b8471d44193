"""A model's configuration (`config.pbtxt`) against Triton's own message `ModelConfig`, and what that is blind to."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any


def config_findings(text: str, folder: str) -> tuple[str, ...]:
    """What is wrong with the configuration of the model in a folder. Raises ImportError without tritonclient."""
    try:
        config = read_config(text)
    except ValueError as error:
        return (str(error),)
    return tuple(_blind(config, folder))


def read_config(text: str) -> Any:
    """The message `ModelConfig` that a text stands for.

    Raises ImportError without tritonclient, and ValueError with the place for a text that is none.
    """
    message = _messages().ModelConfig()
    from google.protobuf import text_format  # type: ignore[import-untyped]

    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        raise ValueError(str(error)) from error


def _blind(config: Any, folder: str) -> Iterator[str]:
    """What the message takes and a server refuses.

    Source: Triton Inference Server, "Model Configuration" and "Model Repository".
    """
    if config.name != folder:
        yield f"name: the model is called {config.name!r}, and its folder {folder!r}"
    if config.platform == "ensemble":
        yield from _ensemble(config)
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


def _ensemble(config: Any) -> Iterator[str]:
    """Steps that ask for a tensor which nothing makes, tensors that two make, and answers that nobody gives.

    Source: Triton Inference Server, "Ensemble Models".
    """
    steps = list(config.ensemble_scheduling.step)
    if not steps:
        yield "ensemble_scheduling: there is no step"
    made = [tensor.name for tensor in config.input]
    made += [name for step in steps for name in step.output_map.values()]
    for name in sorted({name for name in made if made.count(name) > 1}):
        yield f"ensemble_scheduling: two make the tensor {name}"
    for place, step in enumerate(steps):
        where = f"ensemble_scheduling.step {place}"
        if not step.model_name or step.model_name == config.name:
            yield f"{where}: it names no other model"
        if not step.input_map or not step.output_map:
            yield f"{where}: it takes nothing, or gives nothing"
        missing = sorted({name for name in step.input_map.values() if name not in made})
        yield from (f"{where}: no step and no input makes the tensor {name}" for name in missing)
    yield from (
        f"output {tensor.name}: no step makes it" for tensor in config.output if tensor.name not in made
    )
    left, known = steps, {tensor.name for tensor in config.input}
    while ready := [step for step in left if known.issuperset(step.input_map.values())]:
        known.update(name for step in ready for name in step.output_map.values())
        left = [step for step in left if step not in ready]
    if left and all(name in made for step in left for name in step.input_map.values()):
        names = ", ".join(step.model_name for step in left)
        yield f"ensemble_scheduling: these wait for one another: {names}"


def meeting_findings(ensemble: str, parts: Mapping[str, str]) -> tuple[str, ...]:
    """What does not meet between an ensemble and the models of its steps, given as texts by their names: tensors that a
    model has not or that it is not given, types and sizes that differ on the two sides of a tensor.

    Raises ImportError without tritonclient.
    """
    models = {name: read_config(text) for name, text in parts.items()}
    return tuple(_meeting(read_config(ensemble), models, _messages()))


def _meeting(config: Any, models: Mapping[str, Any], messages: Any) -> Iterator[str]:
    told = {tensor.name: (tensor.data_type, list(tensor.dims)) for tensor in config.input}
    steps = list(config.ensemble_scheduling.step)
    sides: list[tuple[str, str, Any]] = [("output", tensor.name, tensor) for tensor in config.output]
    for step in steps:
        model = models.get(step.model_name)
        if model is None:
            yield f"step {step.model_name}: there is no such model"
            continue
        for field, tensors, mapped in (
            ("input", model.input, step.input_map),
            ("output", model.output, step.output_map),
        ):
            known = {tensor.name: tensor for tensor in tensors}
            for name in sorted(set(mapped) - set(known)):
                yield f"step {step.model_name}: the model has no {field} {name}"
            if field == "input":
                for name in sorted(set(known) - set(mapped)):
                    yield f"step {step.model_name}: the model's input {name} is not given"
            for name, tensor in known.items():
                if name in mapped and field == "output":
                    told[mapped[name]] = (tensor.data_type, list(tensor.dims))
                elif name in mapped:
                    sides.append((f"step {step.model_name}", mapped[name], tensor))
    for where, name, tensor in sides:
        there = told.get(name)
        if there is not None and there != (tensor.data_type, list(tensor.dims)):
            kind, dims = messages.DataType.Name(there[0]), there[1]
            wants = f"{messages.DataType.Name(tensor.data_type)} {list(tensor.dims)}"
            yield f"{where}: {name} is {kind} {dims}, and {wants} is wanted"


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
