"""A bundle in memory, and what it answers: the same for the server and for batch scoring.

Values are checked one by one against the signature before the model sees them. A missing value (null) is
taken where the column may be missing, and reaches the model as it did in training: a missing number as
NaN, a missing text as the empty one. NaN and infinities are no values of their own. Dates and times are whole seconds
since 1970 (UTC).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnxruntime
from msgspec import Struct

from mlc.drivers._bundle import MODEL, Bundle, current, read_bundle
from mlc.drivers._columns import MISSING_TEXT, MISSING_TIME
from mlc.drivers._onnx import LARGEST_FILE, open_session
from mlc.ir.operation import StepFailed
from mlc.rules import bundle_refused
from mlc.store.content import digest_of

Feeds = dict[str, np.ndarray[Any, Any]]

LARGEST_FLOAT = float(np.finfo(np.float32).max)

LATEST = 253_402_300_799
"""The last second of the year 9999, since 1970: times before and after what a calendar of four digits has are none."""

EARLIEST = -62_135_596_800
"""The first second of the year 1."""

_TAKES = {
    "FP32": "tensor(float)",
    "BOOL": "tensor(float)",
    "INT64": "tensor(int64)",
    "BYTES": "tensor(string)",
}
"""What ONNX takes for a datatype; a boolean is served as 0 and 1, as it was trained."""

_GIVES = {"tensor(float)": "FP32", "tensor(int64)": "INT64", "tensor(string)": "BYTES"}

_SLICE = 2048  # rows at once in batch scoring

_Stand = TypeVar("_Stand", str, float, int)


class Refused(Exception):
    """The caller asked for something that cannot be answered; the text says why, to the caller."""


class Loaded(Struct, frozen=True):
    """A bundle whose model was verified and opened."""

    bundle: Bundle
    folder: Path
    session: onnxruntime.InferenceSession
    datatypes: dict[str, str]  # of the inputs, in the signature's order
    outputs: tuple[str, ...]


def load(folder: Path, *, largest: int = LARGEST_FILE) -> Loaded:
    """Verify the model's digest, open it, and hold it against the signature.

    Raises StepFailed (bundle-refused, onnx-refused).
    """
    bundle = read_bundle(folder)
    path = folder / MODEL
    try:
        digest = digest_of(path)
    except OSError as error:
        raise StepFailed(
            bundle_refused.found(folder, f"{MODEL} cannot be read: {error.strerror}.")
        ) from error
    if digest != bundle.digest:
        why = f"The SHA-256 of {MODEL} is {digest}, and the bundle was made for {bundle.digest}."
        raise StepFailed(bundle_refused.found(folder, why))
    session = open_session(path, largest=largest)
    wanted = {tensor.name: _TAKES.get(tensor.datatype, "") for tensor in bundle.signature.inputs}
    taken = {node.name: node.type for node in session.get_inputs()}
    if wanted != taken:
        why = f"By its signature the model takes {_told(wanted)}; its file takes {_told(taken)}."
        raise StepFailed(bundle_refused.found(folder, why))
    promised = {tensor.name: tensor.datatype for tensor in bundle.signature.outputs}
    given = {node.name: _GIVES.get(node.type, node.type) for node in session.get_outputs()}
    if promised != given:
        why = f"By its signature the model gives {_told(promised)}; its file gives {_told(given)}."
        raise StepFailed(bundle_refused.found(folder, why))
    return Loaded(
        bundle=bundle,
        folder=folder,
        session=session,
        datatypes={tensor.name: tensor.datatype for tensor in bundle.signature.inputs},
        outputs=tuple(tensor.name for tensor in bundle.signature.outputs),
    )


def predict(bundle: Path, rows: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Score many rows at once: `rows` are columns of equal length by name, columns of no use are left alone.

    `bundle` is a deployment's folder or a bundle's. Gives the outputs of the model's signature, each of n.
    Raises StepFailed (bundle-refused, onnx-refused), and Refused where the rows do not fit the signature.
    """
    loaded = load(current(bundle))
    missing = [name for name in loaded.datatypes if name not in rows]
    if missing:
        raise Refused(f"The columns {', '.join(missing)} are missing. The model needs {_names(loaded)}.")
    columns = {name: rows[name] for name in loaded.datatypes}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise Refused(f"The columns have different lengths: {', '.join(map(str, sorted(lengths)))}.")
    (length,) = lengths
    answers: dict[str, list[Any]] = {name: [] for name in loaded.outputs}
    for start in range(0, length, _SLICE):
        part = {name: values[start : start + _SLICE] for name, values in columns.items()}
        feeds = {name: tensor(loaded, name, values) for name, values in part.items()}
        for name, values in infer(loaded, feeds, loaded.outputs).items():
            answers[name].extend(values.tolist())
    return answers


def tensor(loaded: Loaded, name: str, values: Sequence[Any]) -> np.ndarray[Any, Any]:
    """The values of an input as ONNX takes them, of shape (n, 1). Raises Refused for a value that is none."""
    datatype = loaded.datatypes[name]
    nullable = name in loaded.bundle.nullable
    if datatype == "BYTES":
        texts = [_text(value, name, row, nullable) for row, value in enumerate(values)]
        return np.array(texts, dtype=object).reshape(-1, 1)
    if datatype == "INT64":
        times = [_time(value, name, row, nullable) for row, value in enumerate(values)]
        return np.array(times, dtype=np.int64).reshape(-1, 1)
    read = _truth if datatype == "BOOL" else _number
    numbers = [read(value, name, row, nullable) for row, value in enumerate(values)]
    return np.array(numbers, dtype=np.float32).reshape(-1, 1)


def infer(loaded: Loaded, feeds: Feeds, outputs: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
    """What the model says of n rows, by output. Raises ArithmeticError where that is not a finite number."""
    answers = dict(zip(outputs, loaded.session.run(list(outputs), feeds), strict=True))
    for name, values in answers.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            row = int(np.argwhere(~np.isfinite(values))[0][0])
            raise ArithmeticError(f'The model gives no finite "{name}" for row {row}.')
    return answers


def _number(value: Any, name: str, row: int, nullable: bool) -> float:
    kind = type(value)
    if kind is float or kind is int:
        if -LARGEST_FLOAT <= value <= LARGEST_FLOAT:
            return float(value)
        why = "is not finite" if kind is float and not math.isfinite(value) else "is too large for FP32"
        raise Refused(f'Row {row} of the input "{name}" {why}: {value!r:.40}.')
    return _missing(value, name, row, nullable, math.nan, "a number")


def _truth(value: Any, name: str, row: int, nullable: bool) -> float:
    if value is True or value is False:
        return float(value)
    return _missing(value, name, row, nullable, math.nan, "true or false")


def _time(value: Any, name: str, row: int, nullable: bool) -> int:
    """Whole seconds since 1970 (UTC), or a date or time of Python without a zone (or with one)."""
    if isinstance(value, date):
        return _seconds(value)
    if type(value) is int:
        if EARLIEST <= value <= LATEST:
            return value
        raise Refused(
            f'Row {row} of the input "{name}" is no time of the years 1 to 9999: {value!r:.40}. It is told in whole '
            "seconds since 1970 (UTC)."
        )
    return _missing(value, name, row, nullable, MISSING_TIME, "whole seconds since 1970 (UTC)")


def _seconds(value: date) -> int:
    whole = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    passed = whole.astimezone(UTC) if whole.tzinfo is not None else whole.replace(tzinfo=UTC)
    return (passed - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _text(value: Any, name: str, row: int, nullable: bool) -> str:
    if type(value) is str:
        if "\0" in value:
            raise Refused(f'Row {row} of the input "{name}" holds a NUL character, which no text has.')
        return value
    return _missing(value, name, row, nullable, MISSING_TEXT, "a text")


def _missing(value: Any, name: str, row: int, nullable: bool, stand: _Stand, wanted: str) -> _Stand:
    if value is not None:
        raise Refused(f'Row {row} of the input "{name}" is {value!r:.40}, and must be {wanted}.')
    if not nullable:
        raise Refused(f'Row {row} of the input "{name}" is null, and this column is never missing.')
    return stand


def _names(loaded: Loaded) -> str:
    return ", ".join(loaded.datatypes)


def _told(types: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in sorted(types.items())) or "nothing"
