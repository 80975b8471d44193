"""Event files, as far as they can be held without TensorBoard; `tests/platforms` reads them with it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from mlc.drivers import _tensorboard as board
from mlc.drivers.tensorboard_events import THRESHOLDS, _pr_rows, _words
from mlc.ir.evaluation import Estimate, Evaluation, PrecisionRecallPoint


def records(content: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        assert struct.unpack_from("<I", content, place + 8)[0] == board.checksum(content[place : place + 8])
        record = content[place + 12 : place + 12 + length]
        assert struct.unpack_from("<I", content, place + 12 + length)[0] == board.checksum(record)
        yield record
        place += 16 + length
    assert place == len(content)


def test_the_checksum_is_crc32c_masked() -> None:
    """The check value of CRC-32C (RFC 3720, appendix B.4; 123456789 gives E3069283), turned by 15 and shifted."""
    crc = 0xE3069283
    assert board.checksum(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_events_are_in_the_order_of_their_steps_and_hold_no_clock() -> None:
    content = board.events([(7, [board.scalar("b", 2.0)]), (0, [board.scalar("a", 1.0)])])
    version, first, second = records(content)
    assert version.endswith(b"brain.Event:2")
    for record, step in ((version, 0), (first, 0), (second, 7)):
        assert record[0] == 0x09
        assert struct.unpack_from("<d", record, 1) == (float(step),)
    assert content == board.events([(0, [board.scalar("a", 1.0)]), (7, [board.scalar("b", 2.0)])])


def test_a_file_without_events_says_its_version_alone() -> None:
    (version,) = records(board.events([]))
    assert b"brain.Event:2" in version


@pytest.mark.parametrize(
    ("threshold", "recall", "precision"),
    [(0.0, 1.0, 0.5), (0.5, 0.6, 0.75), (0.51, 0.2, 1.0), (0.95, 0.0, 1.0)],
)
def test_a_threshold_has_the_point_of_the_next_score(
    threshold: float, recall: float, precision: float
) -> None:
    points = [
        PrecisionRecallPoint(0.9, 1.0, 0.2),
        PrecisionRecallPoint(0.5, 0.75, 0.6),
        PrecisionRecallPoint(0.1, 0.5, 1.0),
    ]
    rows = _pr_rows(points, 10, 10)
    nth = round(threshold * (THRESHOLDS - 1))
    assert (rows[5][nth], rows[4][nth]) == (recall, precision)
    assert rows[0][nth] + rows[3][nth] == pytest.approx(10)
    assert rows[1][nth] + rows[2][nth] == pytest.approx(10)


def test_words_of_others_are_no_structure_of_a_table() -> None:
    estimate = Estimate("roc_auc", 0.9, 0.8, 0.95, 0.95, "by | <b>hand\n</b>", 10)
    evaluation = Evaluation("binary_classification", 10, "left", {"roc_auc": estimate})
    told = _words({"estimator": "a | <script>"}, evaluation)
    assert b"<script>" not in told
    assert b"a \\| &lt;script>" in told
    assert b"| roc_auc | 0.9 | 0.8 \xe2\x80\x93 0.95 (95 %) | by \\| &lt;b>hand &lt;/b> |" in told


def test_values_of_several_types_are_told_as_text() -> None:
    told = board.experiment("risk", {"a": [1, "auto"], "b": [0.5, 1], "c": [True, False]}, ["roc_auc"])
    assert b"auto" in told
    assert b"roc_auc" in told
