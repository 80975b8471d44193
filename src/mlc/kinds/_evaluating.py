"""What a model's gates ask to be measured and tested, as the steps that do it take it."""

from __future__ import annotations

from typing import Any

from mlc.ir.fairness import CRITERIA
from mlc.ir.metrics import ANOMALY
from mlc.ir.task import TASKS
from mlc.kinds._candidates import quantile_of
from mlc.kinds._kind import View
from mlc.kinds.dataset import label_of

_TESTS = {"roc_auc": "delong", "roc_auc_macro": "delong", "accuracy": "mcnemar"}
"""The paired test that fits a metric, where it is not the bootstrap."""

_GROUPED = ("group", "stratified_group")


def measured(view: View) -> dict[str, Any]:
    """What evaluating needs: the levels of the intervals, and what the gates and the dataset ask for beyond metrics.

    Bounds are left out: another bound is another test of what was measured, and measures nothing again.
    """
    asked: dict[str, dict[str, Any]] = {}
    for gate in view["gates"]:
        wanted: dict[str, Any] = {}
        if gate["slices"]:
            wanted["slices"] = {
                "by": gate["slices"]["by"],
                "metrics": sorted(gate["slices"]["metrics"]),
                "min_rows": gate["slices"]["min_rows"],
                "confidence": gate["slices"]["confidence"],
            }
        if gate["fairness"]:
            wanted["fairness"] = {
                "protected": gate["fairness"]["protected"],
                "criteria": [name for name in CRITERIA if gate["fairness"][name]],
                "min_rows": gate["fairness"]["min_rows"],
                "confidence": gate["fairness"]["confidence"],
            }
        if gate["robustness"]:
            names = ("metric", "noise", "missing", "confidence")
            wanted["robustness"] = {name: gate["robustness"][name] for name in names}
        if wanted:
            asked[gate["name"]] = wanted
    found: dict[str, Any] = {"confidences": _confidences(view)}
    if asked:
        found["asked"] = asked
    level = quantile_of(view)
    if level is not None:
        found["quantile"] = level
    return found | sampled(view)


def judged(view: View) -> dict[str, Any]:
    """What is known beyond what is learned: of what has no teacher, the label where there is one."""
    if TASKS[view["task"]].supervised:
        return {}
    label = view["label"] or label_of(view["dataset"]) or ""
    return {"label": label} | ({"positive": view["positive"]} if label and view["task"] == ANOMALY else {})


def sampled(view: View) -> dict[str, Any]:
    """How the test rows were drawn, where they are not independent rows that count alike."""
    columns, split = view["dataset"]["columns"], view["dataset"]["split"]
    roles = {column["role"]: name for name, column in columns.items()}
    found: dict[str, Any] = {}
    if split["method"] in _GROUPED:
        found["sampling"] = {"by": "groups", "column": split["group"] or roles["group"]}
    elif split["method"] == "time":
        found["sampling"] = {"by": "blocks", "column": split["by"] or roles["time"]}
    if "weight" in roles:
        found["weight"] = roles["weight"]
    return found


def duels(view: View) -> dict[str, Any]:
    """What a model is compared with champions by, by gate, and how the rows were drawn; nothing where no gate asks."""
    found = {
        gate["name"]: {
            "alias": gate["champion"]["alias"],
            "metric": gate["champion"]["metric"],
            "test": gate["champion"]["test"] or test_of(gate["champion"]["metric"]),
            "confidence": gate["champion"]["confidence"],
        }
        for gate in view["gates"]
        if gate["champion"]
    }
    return {"duels": found, **sampled(view)} if found else {}


def _confidences(view: View) -> list[float]:
    """The levels at which the model's gates want intervals, each once."""
    return sorted({bound["confidence"] for gate in view["gates"] for bound in gate["metrics"].values()})


def bounds(view: View) -> dict[str, Any]:
    """By gate the bounds on metrics (`gates`), and where there are any those on anything else (`more`)."""
    names = ("slices", "fairness", "robustness", "champion")
    gates = {gate["name"]: gate["metrics"] for gate in view["gates"]}
    more = {gate["name"]: {name: gate[name] for name in names if gate[name]} for gate in view["gates"]}
    more = {name: found for name, found in more.items() if found}
    return {"gates": gates} | ({"more": more} if more else {})


def test_of(metric: str) -> str:
    """The paired test that fits a metric."""
    return _TESTS.get(metric, "paired_bootstrap")
