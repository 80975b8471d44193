"""The smallest project that has one resource of nearly every kind: what the rules' examples are laid over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FILES: dict[str, str] = {
    "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n",
    "env/dev.yaml": "description: Where changes are tried.\n",
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n"
    "  age: {type: number}\n"
    "  plan: {type: string, values: [a, b]}\n"
    "  left: {type: integer, role: label}\n",
    "features/basic.yaml": "groups:\n"
    "  numbers: {columns: [age]}\n"
    "  words: {columns: [plan], encode: one_hot}\n",
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n",
    "target/here.yaml": "type: local\n",
    "deployment/local.yaml": "model: churn\ntarget: here\n",
}


def lay(root: Path, *layers: Mapping[str, str]) -> Path:
    """The project with further files over it. A lone surrogate stands for a byte that is not UTF-8."""
    for files in (FILES, *layers):
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return root
