"""What is looked at in a model beside its gates: how it learns from more rows."""

from typing import Annotated, Any

from msgspec import Meta, Struct, structs

from mlc.ir.operation import Operation
from mlc.kinds._candidates import Make, folds_of, quantile_of, seed_of
from mlc.kinds._evaluating import sampled
from mlc.kinds._fields import about
from mlc.kinds._kind import View

SHARES = (0.125, 0.25, 0.5)
"""Each doubles the rows; so does the whole after the last."""

Part = Annotated[float, Meta(gt=0, lt=1)]


class LearningCurve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model, learned again from growing shares of the training part, and scored on the same test rows."""

    shares: Annotated[
        Annotated[list[Part], Meta(min_length=1)] | None,
        about(
            "The shares of the training part, beside the whole of it; each costs one more training. An eighth, a "
            "quarter and a half where none are given.",
            example=[0.25, 0.5],
        ),
    ] = None
    metric: Annotated[
        str | None,
        about("What is drawn; the task's main metric where none is given.", example="roc_auc"),
    ] = None


class Evaluate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is looked at beside what the gates ask for."""

    learning_curve: Annotated[
        LearningCurve | None, about("How the model gets better with more rows, and whether more would help.")
    ] = None


MAIN = {
    "binary_classification": "roc_auc",
    "multiclass_classification": "roc_auc_macro",
    "regression": "rmse",
    "anomaly_detection": "roc_auc",
}
"""What a curve of a task is drawn in where its author says nothing. A clustering has nothing that it could be."""


def learning(
    view: View, make: Make, train: Operation, judged: dict[str, Any], rows: str, test: str
) -> list[Operation]:
    """The step that draws a model's learning curve, or none. `train` is the step that trains it on all rows."""
    asked = view["evaluate"]["learning_curve"]
    if asked is None:
        return []
    level = quantile_of(view)
    spec = {
        **judged,
        **sampled(view),
        **({} if level is None else {"quantile": level}),
        "curve": {
            "shares": sorted(set(asked["shares"] or SHARES)),
            "metric": asked["metric"] or MAIN[view["task"]],
            "draw": {**folds_of(view, "learning curve", 2, seed_of(view)), "label": judged.get("label", "")},
        },
        "learn": {"driver": train.driver, "spec": train.spec},
    }
    inputs = {**train.inputs, "train": rows, "test": test, "model": f"{train.id}#model"}
    step = make("learning-curve", f"learning_curve+{train.driver}", spec, **inputs)
    return [structs.replace(step, cost="reevaluate")]
