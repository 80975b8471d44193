"""What a model with dates was trained on and what it is served with are the same, all the way through `mlc serve`."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlc.cli.main import run
from mlc.drivers._columns import model_input
from mlc.drivers._serving import Refused, predict
from mlc.drivers._skops import load_model

FILES = {
    "mlc.yaml": "mlc: 1\nproject: desk\nowner: desk\nenvironments: [dev]\n",
    "env/dev.yaml": "description: Where changes are tried.\n",
    "dataset/calls.yaml": "source: {type: file, path: calls.csv, format: csv}\n"
    "columns:\n  id: {type: integer, role: id}\n  asked: {type: datetime, nullable: true}\n  born: {type: date}\n"
    "  taken: {type: integer, role: label, values: [0, 1]}\n"
    "split: {method: stratified, test: 0.4, seed: 1}\n",
    "features/when.yaml": "groups:\n"
    "  asked:\n    columns: [asked]\n    dates: {parts: [hour, weekday, week], cyclic: [month]}\n    impute: median\n"
    "  age:\n    columns: [born]\n    dates: {since: {moment: 2024-01-01, unit: years}}\n    scale: standard\n",
    "model/taken.yaml": "task: binary_classification\ndataset: calls\nfeatures: when\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression, params: {max_iter: 300}}\n",
    "target/here.yaml": "type: local\n",
    "deployment/desk.yaml": "model: taken\ntarget: here\n",
}
COLUMNS: dict[str, Any] = {"asked": {"type": "datetime"}, "born": {"type": "date"}}


def _calls() -> str:
    draw = random.Random(5).random
    lines = ["id,asked,born,taken"]
    for number in range(300):
        asked = datetime(2023, 1, 1) + timedelta(
            seconds=int(366 * 86400 * draw()), microseconds=int(1e6 * draw())
        )
        born = datetime(1930, 1, 1) + timedelta(days=int(30_000 * draw()))
        taken = int(asked.hour >= 8 + 6 * draw()) if born.year < 1980 else int(draw() < 0.2)
        written = "" if draw() < 0.1 else asked.isoformat()
        lines.append(f"{number},{written},{born.date()},{taken}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("dates")
    for name, text in {**FILES, "calls.csv": _calls()}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    assert run(["-C", str(root), "apply", "--yes", "-q"]) == 0
    return root


@pytest.fixture(scope="module")
def url(project: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "mlc.cli.main", "-C", str(project), "serve", "desk"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        yield line.split(" at ")[1].split()[0]
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0


TIMES = [
    "2023-06-01T08:59:59.999999",
    "1969-12-31T23:59:59.5",
    "2024-02-29T00:00:00",
    None,
    "2019-12-30T12:00:00",
]
BORN = ["1950-02-28", "1969-12-31", "2000-02-29", "1931-01-01", "1979-12-31"]


def _rows() -> pl.DataFrame:
    asked = [None if one is None else datetime.fromisoformat(one) for one in TIMES]
    return pl.DataFrame({"asked": asked, "born": [datetime.fromisoformat(one).date() for one in BORN]})


def _asked(**data: list[Any]) -> bytes:
    inputs = [
        {"name": name, "datatype": "INT64", "shape": [len(values), 1], "data": values}
        for name, values in data.items()
    ]
    return json.dumps({"inputs": inputs}).encode()


def _answer(url: str, body: bytes) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/v2/models/taken/infer", body, timeout=20) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _trained(project: Path) -> Any:
    """The scikit-learn model that was kept: the one zip file."""
    kept = [
        file for file in (project / ".mlc").rglob("*") if file.is_file() and file.read_bytes()[:2] == b"PK"
    ]
    return load_model(kept[0])


def test_the_server_says_what_the_trained_model_says(project: Path, url: str) -> None:
    """Times go in as whole seconds since 1970, by a client's own arithmetic: fractions cut off towards the past."""
    epoch = datetime(1970, 1, 1)
    asked = [
        None if one is None else (datetime.fromisoformat(one) - epoch) // timedelta(seconds=1)
        for one in TIMES
    ]
    born = [(datetime.fromisoformat(one) - epoch) // timedelta(seconds=1) for one in BORN]
    answers = {one["name"]: one["data"] for one in _answer(url, _asked(asked=asked, born=born))["outputs"]}
    model = _trained(project)
    expected = model.predict_proba(model_input(_rows(), COLUMNS))
    np.testing.assert_allclose(np.array(answers["probabilities"]).reshape(-1, 2), expected, atol=1e-6)
    assert answers["label"] == model.predict(model_input(_rows(), COLUMNS)).tolist()
    assert len({round(one, 4) for one in answers["probabilities"]}) > 4  # they are not all alike


def test_batch_scoring_takes_times_of_python_too(project: Path) -> None:
    folder = project / ".mlc" / "deployments" / "dev" / "desk"
    rows = _rows()
    found = predict(folder, {name: rows[name].to_list() for name in rows.columns})
    expected = _trained(project).predict_proba(model_input(rows, COLUMNS))
    np.testing.assert_allclose(np.array(found["probabilities"]), expected, atol=1e-6)
    with pytest.raises(Refused, match="must be whole seconds since 1970"):
        predict(folder, {"asked": [None], "born": ["1950-01-01"]})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"asked": [0], "born": [None]}, 'input \\"born\\" is null, and this column is never missing'),
        ({"asked": [1.5], "born": [0]}, "must be whole seconds since 1970"),
        ({"asked": [True], "born": [0]}, "must be whole seconds since 1970"),
        ({"asked": ["2020-01-01"], "born": [0]}, "must be whole seconds since 1970"),
        ({"asked": [1_700_000_000_000], "born": [0]}, "no time of the years 1 to 9999"),  # milliseconds
        (
            {"asked": [-(2**63)], "born": [0]},
            "no time of the years 1 to 9999",
        ),  # what stands for a missing one
    ],
    ids=str,
)
def test_what_is_no_time_is_refused(url: str, data: dict[str, list[Any]], words: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        _answer(url, _asked(**data))
    assert refused.value.code == 400
    assert words in refused.value.read().decode()


def test_the_signature_says_that_times_are_whole_numbers(url: str) -> None:
    with urllib.request.urlopen(f"{url}/v2/models/taken", timeout=20) as answer:
        told = json.load(answer)
    assert [(one["name"], one["datatype"]) for one in told["inputs"]] == [
        ("asked", "INT64"),
        ("born", "INT64"),
    ]
