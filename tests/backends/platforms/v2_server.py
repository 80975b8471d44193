"""What the tests of model servers have in common: loans, requests of the Open Inference Protocol v2, and waiting."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest

TYPES = {
    name: {"type": kind}
    for name, kind in {"income": "number", "purpose": "string", "member": "boolean"}.items()
}
"""The columns of the loans, as the export is told of them: a boolean is a float in the graph."""


class Refusal(NamedTuple):
    code: int
    body: bytes


def loans() -> tuple[np.ndarray, np.ndarray]:
    """Forty rows (income, purpose, member) and their labels, without randomness; some have no income."""
    rows = [
        [math.nan if i % 13 == 5 else float(1000 + 37 * i), ("car", "house")[i % 2], float(i % 3 == 0)]
        for i in range(40)
    ]
    return np.array(rows, dtype=object), np.array([int(i > 15) ^ (i % 2) for i in range(40)])


def request(rows: np.ndarray) -> dict[str, Any]:
    columns = {
        "income": ("FP32", [None if math.isnan(row[0]) else row[0] for row in rows]),
        "purpose": ("BYTES", [str(row[1]) for row in rows]),
        "member": ("BOOL", [bool(row[2]) for row in rows]),
    }
    return {
        "inputs": [
            {"name": name, "datatype": datatype, "shape": [len(rows), 1], "data": values}
            for name, (datatype, values) in columns.items()
        ]
    }


def unfit(rows: np.ndarray) -> list[list[dict[str, Any]]]:
    """Inputs that the signature of the loans does not take, each for another reason."""
    income, purpose, member = request(rows)["inputs"]
    return [
        [],
        [income, purpose],
        [income, {**purpose, "name": "reason"}, member],
        [income, income, purpose, member],
        [{**income, "datatype": "INT64"}, purpose, member],
        [{**income, "shape": [39, 1], "data": income["data"][1:]}, purpose, member],
        [{**income, "shape": [41, 1]}, purpose, member],
        [{**income, "shape": [20, 2]}, purpose, member],
        [income, {**purpose, "data": [None, *purpose["data"][1:]]}, member],
        [income, {**purpose, "data": [7, *purpose["data"][1:]]}, member],
        [income, purpose, {**member, "data": ["yes", *member["data"][1:]]}],
        [{**income, "data": ["1000", *income["data"][1:]]}, purpose, member],
    ]


def call(url: str, body: Any = None) -> Any:
    """What is answered, read as JSON; None where nothing is. Raises HTTPError."""
    read = ask(url, body)
    return msgspec.json.decode(read) if read else None


def ask(url: str, body: Any = None) -> bytes:
    """What is answered, as it is. A body that is no bytes is sent as JSON."""
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    asked = urllib.request.Request(url, content, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        read: bytes = answer.read()
    return read


def refused(url: str, body: Any = None) -> Refusal:
    """What is answered to a request that must not succeed."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        ask(url, body)
    with refusal.value as answer:
        return Refusal(answer.code, answer.read())


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    """Returns once the address answers; fails with the end of the log where the server ends or takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            ask(url)
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the server does not serve the model:\n{log.read_text()[-4000:]}")
