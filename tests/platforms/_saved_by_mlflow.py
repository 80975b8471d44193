"""Run by MLflow's own interpreter: saves a model in each form that MLflow has, and what it was trained on and says.

Run: _saved_by_mlflow.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import mlflow  # type: ignore[import-not-found]
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from mlflow.models import infer_signature  # type: ignore[import-not-found]
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def main(folder: Path) -> None:
    random = np.random.default_rng(0)
    columns = {"age": random.normal(40, 10, 400), "income": random.normal(3, 1, 400)}
    rows = pd.DataFrame(columns | {"plan": random.choice(["a", "b"], 400)})
    label = (rows.age + 10 * rows.income + 5 * (rows.plan == "a") > 72).astype(int)
    numbers = ("numbers", StandardScaler(), ["age", "income"])
    words = ("words", OneHotEncoder(handle_unknown="ignore"), ["plan"])
    model = make_pipeline(ColumnTransformer([numbers, words]), LogisticRegression(C=0.5)).fit(rows, label)
    said = model.predict(rows)
    for form in ("skops", "cloudpickle"):
        mlflow.sklearn.save_model(
            model,
            folder / form,
            signature=infer_signature(rows, said),
            input_example=rows.head(2),
            serialization_format=form,
        )
    kept = rows.assign(row=range(len(rows)), label=label, said=said)
    kept.to_csv(folder / "rows.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
