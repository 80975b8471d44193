"""Event files of TensorBoard, written field by field: records around protocol buffers.

A record is its length, a checksum of the length, its bytes and a checksum of them (CRC-32C, turned and shifted as
TensorFlow does). The few messages that are needed are encoded here, with the numbers of their fields: the libraries
that know them all bring TensorFlow's world along, and put today's time and this machine's name into the file.

Source of the formats: TensorFlow's `tsl/lib/io/record_writer.h`, and event.proto, summary.proto, tensor.proto and the
plugins' plugin_data.proto of TensorBoard 2. A test reads everything back with TensorBoard itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_VERSION = "brain.Event:2"
_POLYNOMIAL, _MASK = 0x82F63B78, 0xA282EAD8
_VARINT, _FIXED64, _BYTES = 0, 1, 2
_FLOAT, _STRING = 1, 7  # TensorProto's types
_SCALAR, _TENSOR = 1, 2  # a summary's classes of data


def _table() -> tuple[int, ...]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        found.append(value)
    return tuple(found)


_CRC = _table()


def checksum(content: bytes) -> int:
    """The masked CRC-32C of a record's bytes."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return (crc >> 15 | crc << 17) + _MASK & 0xFFFFFFFF


def events(summaries: Iterable[tuple[int, Sequence[bytes]]]) -> bytes:
    """An event file: summaries by their steps, in the order of the steps.

    There is no clock in it. An event's time is its step in seconds after 1970, so that the same run has the same bytes,
    and TensorBoard's relative time is the step.
    """
    written = [_event(0, _text(3, _VERSION))]
    for step, values in sorted(summaries, key=lambda one: one[0]):
        written.append(_event(step, _message(5, b"".join(_message(1, value) for value in values))))
    return b"".join(map(_record, written))


def scalar(tag: str, value: float) -> bytes:
    """A number, for a curve over steps (float32)."""
    tensor = _number(1, _FLOAT) + _message(2, b"") + _message(4, struct.pack("<f", value))
    return _text(1, tag) + _metadata("scalars", b"", _SCALAR) + _message(8, tensor)


def text(tag: str, markdown: str) -> bytes:
    """Words, as Markdown."""
    tensor = _number(1, _STRING) + _message(2, b"") + _message(8, markdown.encode())
    return _text(1, tag) + _metadata("text", b"", _TENSOR) + _message(8, tensor)


def histogram(tag: str, bins: Sequence[tuple[float, float, float]]) -> bytes:
    """Bins: from, to, how many."""
    return _text(1, tag) + _metadata("histograms", b"", _TENSOR) + _floats(bins)


def pr_curve(tag: str, rows: Sequence[Sequence[float]], about: str) -> bytes:
    """Six rows over evenly spaced thresholds from 0 to 1: true and false positives, true and false negatives, precision
    and recall."""
    content = _number(2, len(rows[0]))
    return _text(1, tag) + _metadata("pr_curves", content, _TENSOR, about) + _floats(rows)


def hyperparameters(values: Mapping[str, Any], name: str, *, succeeded: bool) -> list[bytes]:
    """What a trial tried, for the table and the plots of HPARAMS; two summaries, of its start and its end."""
    entries = b"".join(
        _message(1, _text(1, key) + _message(2, _value(value))) for key, value in sorted(values.items())
    )
    start = _message(3, entries + _text(4, name))
    end = _message(4, _number(1, 1 if succeeded else 2))
    return [_hparams("session_start_info", start), _hparams("session_end_info", end)]


def experiment(name: str, values: Mapping[str, Sequence[Any]], metrics: Sequence[str]) -> bytes:
    """What all trials tried, and the tags of what they are compared by."""
    tried = b"".join(
        _message(4, _text(1, key) + _number(4, _type(all_of)) + _domain(all_of))
        for key, all_of in sorted(values.items())
    )
    compared = b"".join(_message(5, _message(1, _text(2, tag))) for tag in metrics)
    return _hparams("experiment", _message(2, tried + compared + _text(6, name)))


def _domain(values: Sequence[Any]) -> bytes:
    kept = list({repr(value): value for value in values}.values())
    if _type(values) == 3:
        ends = (
            _key(1, _FIXED64)
            + struct.pack("<d", min(kept))
            + _key(2, _FIXED64)
            + struct.pack("<d", max(kept))
        )
        return _message(6, ends)
    return _message(5, b"".join(_message(1, _value(value)) for value in kept))


def _type(values: Sequence[Any]) -> int:
    """FLOAT64, BOOL or STRING, in the numbers of api.proto; what is of several types is told as text."""
    if all(isinstance(value, bool) for value in values):
        return 2
    return 3 if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values) else 1


def _value(value: Any) -> bytes:
    """google.protobuf.Value."""
    if isinstance(value, bool):
        return _number(4, int(value))
    if isinstance(value, int | float):
        return _key(2, _FIXED64) + struct.pack("<d", value)
    return _text(3, str(value))


def _hparams(what: str, content: bytes) -> bytes:
    """Its data is among the metadata, and the value itself is nothing."""
    nothing = _number(1, _FLOAT) + _message(2, _message(2, _number(1, 0)))
    return _text(1, f"_hparams_/{what}") + _metadata("hparams", content, _TENSOR) + _message(8, nothing)


def _metadata(plugin: str, content: bytes, kind: int, about: str = "") -> bytes:
    told = _message(1, _text(1, plugin) + _message(2, content))
    return _message(9, told + (_text(3, about) if about else b"") + _number(4, kind))


def _floats(rows: Sequence[Sequence[float]]) -> bytes:
    """A tensor of float32 with two dimensions."""
    shape = b"".join(_message(2, _number(1, size)) for size in (len(rows), len(rows[0]) if rows else 0))
    packed = b"".join(struct.pack("<f", value) for row in rows for value in row)
    return _message(8, _number(1, _FLOAT) + _message(2, shape) + _message(4, packed))


def _event(step: int, what: bytes) -> bytes:
    time = _key(1, _FIXED64) + struct.pack("<d", float(step))
    return time + _number(2, step) + what


def _record(content: bytes) -> bytes:
    length = struct.pack("<Q", len(content))
    return length + struct.pack("<I", checksum(length)) + content + struct.pack("<I", checksum(content))


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _number(field: int, value: int) -> bytes:
    return _key(field, _VARINT) + _varint(value)


def _message(field: int, content: bytes) -> bytes:
    return _key(field, _BYTES) + _varint(len(content)) + content


def _text(field: int, words: str) -> bytes:
    return _message(field, words.encode())


def _varint(value: int) -> bytes:
    found = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        found.append(low | (0x80 if value else 0))
        if not value:
            return bytes(found)
