"""Candidates, how one of them is selected, how it is tuned, and the steps that this takes."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.metrics import ANOMALY, MULTICLASS, of_task
from mlc.ir.operation import Operation
from mlc.ir.task import TASKS
from mlc.kinds._code import is_code
from mlc.kinds._estimators import parameter_schema
from mlc.kinds._fields import Duration, about, seconds
from mlc.kinds._kind import View
from mlc.kinds._parameters import is_whole
from mlc.kinds.dataset import id_of, label_of, with_role


class Train(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The estimator and its parameters."""

    estimator: Annotated[
        str,
        about(
            "The estimator, by its full name; `code.MODULE.NAME` is a class or a function of the project's own "
            "module, which mlc.yaml allows under `code`.",
            example="sklearn.linear_model.LogisticRegression",
            min_length=1,
        ),
    ]
    params: Annotated[
        dict[str, Any], about("Its parameters; what is left out keeps the library's default.")
    ] = {}
    seed: Annotated[int, about("Seed of everything random.", ge=0, le=4294967295)] = 0


class Select(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one of the candidates is selected: all are scored on the same folds of the training part."""

    metric: Annotated[
        str | None,
        about(
            "What the candidates are compared by, and what is tuned for; the task's own where none is given.",
            example="roc_auc",
        ),
    ] = None
    folds: Annotated[int, about("Into how many folds the training part is divided.", ge=2, le=50)] = 5
    repeats: Annotated[
        int, about("How often it is divided anew, by another hash of the rows' ids.", ge=1, le=50)
    ] = 1
    seed: Annotated[int, about("Another seed makes other folds.", ge=0, le=4294967295)] = 0
    prefer: Annotated[
        Literal["best", "simplest_within_one_standard_error"],
        about(
            "The candidate with the best mean over the folds, or the simplest of those whose mean is within one "
            "standard error of the best."
        ),
    ] = "best"
    confidence: Annotated[
        float, about("Level of the tests that compare the best candidate with the others.", gt=0.5, lt=1)
    ] = 0.95


_WORDS = {"whole": "int", "number": "float"}  # as fields they would hide the types of these names


class Range(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=_WORDS):
    """The values that a parameter is tried with: exactly one of these."""

    log: Annotated[
        list[float] | None,
        about("Numbers between two ends, spread evenly by their logarithm.", example=[0.01, 0.3]),
    ] = None
    whole: Annotated[
        list[float] | None, about("Whole numbers between two ends, which are among them.", example=[7, 127])
    ] = None
    number: Annotated[list[float] | None, about("Numbers between two ends.", example=[0.0, 1.0])] = None
    choice: Annotated[list[Any] | None, about("One of these values.", example=["gini", "entropy"])] = None


class Tune(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How parameters are searched for."""

    space: Annotated[
        dict[str, dict[str, Range]],
        about("For each candidate (`train` where the model has none) its parameters and their values."),
    ]
    trials: Annotated[
        int, about("How many choices of parameters are tried, the one as written among them.", ge=1, le=10000)
    ] = 20
    timeout: Annotated[
        Duration | None,
        about("No trial starts later than this. The result then depends on the speed of the machine."),
    ] = None
    folds: Annotated[int, about("Into how many folds rows are divided to score a trial.", ge=2, le=20)] = 3
    batch: Annotated[
        int,
        about(
            "How many trials are drawn at a time from what the ones before showed; they run side by side where there "
            "are cores. The result follows it, and not the cores.",
            ge=1,
            le=64,
        ),
    ] = 4
    prune: Annotated[
        Literal["median", "none"],
        about(
            "`median` gives up a trial whose mean so far is worse than the median of the others' at that fold."
        ),
    ] = "median"
    seed: Annotated[int, about("Another seed tries other values.", ge=0, le=4294967295)] = 0


SIMPLICITY: tuple[tuple[str, ...], ...] = (
    ("DummyClassifier", "DummyRegressor"),
    (
        *("LogisticRegression", "LogisticRegressionCV", "SGDClassifier", "BernoulliNB", "ComplementNB"),
        *("GaussianNB", "MultinomialNB", "LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV"),
        *("ElasticNet", "ElasticNetCV", "SGDRegressor", "HuberRegressor", "BayesianRidge", "RidgeClassifier"),
        *("PoissonRegressor", "GammaRegressor", "TweedieRegressor", "LinearSVC", "LinearSVR"),
        *("LinearDiscriminantAnalysis", "Lars", "LassoLars", "ARDRegression", "QuantileRegressor"),
    ),
    ("DecisionTreeClassifier", "ExtraTreeClassifier", "DecisionTreeRegressor", "ExtraTreeRegressor"),
    ("KNeighborsClassifier", "KNeighborsRegressor", "SVC", "SVR", "GaussianProcessRegressor"),
)
"""From simple to less so, by short name: what knows nothing, what adds up weights, one tree, what compares with the
rows it learned from. Whatever is in none of these (forests, boosting, networks) is the least simple."""


def simplicity(estimator: str) -> int:
    """0 for the simplest family. Of candidates of one family the one that is written first is the simpler."""
    short = estimator.rpartition(".")[2]
    return next((rank for rank, names in enumerate(SIMPLICITY) if short in names), len(SIMPLICITY))


def learners(view: View) -> dict[str, dict[str, Any]]:
    """What may be trained, by name: the candidates, or `train` alone."""
    found: dict[str, dict[str, Any]] = view["candidates"] or (
        {"train": view["train"]} if view["train"] else {}
    )
    return found


def is_selected(view: View) -> bool:
    """Whether what is trained is known only after candidates were compared or parameters tuned."""
    return not view["ensemble"] and (bool(view["candidates"]) or view["tune"] is not None)


def seed_of(view: View) -> int:
    """The seed of what follows training."""
    return int(view["train"]["seed"] if view["train"] else view["select"]["seed"])


NOT_COMPARED: dict[str, str] = {
    "mean_error": "It says whether a model errs to one side: 0 is best, and neither more nor less is better.",
    "alert_rate": "It is what `contamination` makes it, and says nothing of what is found.",
    "homogeneity": "It is 1 where every row is a cluster of its own: more clusters always win.",
    "completeness": "It is 1 where all rows are one cluster: fewer clusters always win.",
}
"""Metrics by which no candidate is better than another, and why."""

METRICS_OF_FOLDS: dict[str, tuple[str, ...]] = {
    task: tuple(
        name
        for name, metric in of_task(task).items()
        if metric.source == "evaluation" and name not in NOT_COMPARED
    )
    for task in TASKS
}
"""What candidates of a task can be compared by (`drivers/_fold_scores.py` measures it)."""

WITHOUT_LABEL = ("silhouette", "davies_bouldin", "calinski_harabasz")
"""Of these, what needs no label where nothing is learned from one."""

_DEFAULT_METRICS = {
    "binary_classification": "roc_auc",
    "multiclass_classification": "roc_auc_macro",
    "regression": "rmse",
    "anomaly_detection": "average_precision",
    "clustering": "silhouette",
}


def compared_by(task: str, label: str | None) -> tuple[str, ...]:
    """The metrics that candidates of a task can be compared by, with or without a label."""
    if TASKS[task].supervised or label:
        return METRICS_OF_FOLDS[task]
    return tuple(name for name in METRICS_OF_FOLDS[task] if name in WITHOUT_LABEL)


def metric_of(view: View) -> str:
    """What a model is selected and tuned by; the task's own where its author says nothing."""
    usual = "pinball_loss" if quantile_of(view) is not None else _DEFAULT_METRICS[view["task"]]
    return str(view["select"]["metric"] or usual)


def quantile_of(view: View) -> float | None:
    """The quantile that a regression is asked to predict, by the words that the libraries have for it; None where it
    is asked for none, or its candidates are asked for several (`bad-selection-setting` refuses to compare those)."""
    found = {quantile_by(one["estimator"], one["params"]) for one in learners(view).values()}
    return found.pop() if len(found) == 1 else None


QUANTILES = ("quantile", "alpha", "quantile_alpha")
"""What libraries call the quantile that is to be predicted, where one is."""


def quantile_by(estimator: str, params: dict[str, Any]) -> float | None:
    """The quantile that one estimator is asked to predict."""
    if estimator.endswith(".QuantileRegressor"):
        return float(params.get("quantile", 0.5))
    if not {params.get("loss"), params.get("objective")} & {"quantile", "reg:quantileerror"}:
        return None
    given = (params.get(name) for name in QUANTILES)
    return next((float(one) for one in given if isinstance(one, int | float)), 0.9)


def folds_of(view: View, purpose: str, count: int, seed: int, repeats: int = 1) -> dict[str, Any]:
    """How rows are divided: as the dataset's split keeps them apart, and the classes spread over the folds alike where
    rows stand for themselves."""
    dataset, split = view["dataset"], view["dataset"]["split"]
    how: dict[str, Any] = {"purpose": purpose, "count": count, "seed": seed, "repeats": repeats}
    if split["method"] in ("group", "stratified_group"):
        return how | {"method": "group", "column": split["group"] or with_role(dataset, "group")}
    if split["method"] == "time":
        gap = seconds(split["gap"]) if isinstance(split["gap"], str) else split["gap"]
        return how | {"method": "time", "column": split["by"] or with_role(dataset, "time"), "gap": gap}
    how |= {"method": "hash", "column": id_of(dataset)}
    label = view["label"] or label_of(dataset)
    if TASKS[view["task"]].classifies or (view["task"] == ANOMALY and label):
        several = view["task"] == MULTICLASS
        how["strata"] = {"column": label} | ({} if several else {"positive": view["positive"]})
    return how


def crossing(view: View) -> dict[str, Any]:
    """How rows are divided to be encoded by the label: groups stay together, and other rows go by their hash. Not by
    time, as the first rows would have none before them, and all of them are before what the model is proven on; nor
    by class, as the fold of a row must not follow its label."""
    how = folds_of(view, "encode", 5, seed_of(view))
    if how["method"] == "time":
        how |= {"method": "hash", "column": id_of(view["dataset"])}
    return {name: how[name] for name in ("purpose", "count", "seed", "method", "column")}


Make = Callable[..., Operation]
"""Makes an operation of the model from its name, driver, specification and inputs."""

_LIBRARIES = {"xgboost": "xgboost_train", "lightgbm": "lightgbm_train"}


def with_libraries(driver: str, estimators: list[str]) -> str:
    """The driver, and beside it those whose packages the estimators need."""
    used = {estimator.partition(".")[0] for estimator in estimators}
    return "+".join([driver, *(name for library, name in _LIBRARIES.items() if library in used)])


def calibration(view: View) -> dict[str, Any]:
    """The part of a specification that says how probabilities are calibrated; nothing where they are not."""
    if view["calibrate"] is None:
        return {}
    return {
        "calibrate": {"method": view["calibrate"], "folds": folds_of(view, "calibrate", 5, seed_of(view))}
    }


def selecting(
    view: View, make: Make, learned: dict[str, Any], judged: dict[str, Any], train: str
) -> list[Operation]:
    """score-NAME for each candidate → select → tune → train. `learned` is what all of them see of the data, `judged`
    what those see besides that hold predictions against it."""
    candidates, select, tune = learners(view), view["select"], view["tune"]
    metric, spaces = metric_of(view), (tune or {}).get("space", {})
    seen = {**learned, **calibration(view)}
    scored = {**seen, **judged}
    level = quantile_of(view)
    if level is not None:
        scored["quantile"] = level
    steps = []
    for name, candidate in candidates.items():
        spec = {
            **scored,
            "candidate": {"name": name, **candidate},
            "folds": folds_of(view, "select", select["folds"], select["seed"], select["repeats"]),
        }
        driver = "code_candidate" if is_code(candidate["estimator"]) else "candidate"
        if name in spaces:
            spec["tune"], driver = _tuning(view, candidate["estimator"], spaces[name]), "tuned_candidate"
        steps.append(
            make(f"score-{name}", with_libraries(driver, [candidate["estimator"]]), spec, train=train)
        )
    ordered = sorted(candidates, key=lambda name: simplicity(candidates[name]["estimator"]))
    comparing = {
        "task": view["task"],
        "name": view["name"],
        "metric": metric,
        "prefer": select["prefer"],
        "confidence": select["confidence"],
        "simplest_first": ordered,
    }
    if level is not None:
        comparing["quantile"] = level
    if view["dataset"]["split"]["method"] == "time":
        comparing["folds"] = "time"
    steps.append(make("select", "selection", comparing, **{step.name: f"{step.id}#scores" for step in steps}))
    chosen = f"{steps[-1].id}#chosen"
    estimators = [candidate["estimator"] for candidate in candidates.values()]
    if spaces:
        tuned = [candidates[name]["estimator"] for name in spaces if name in candidates]
        spaces = {name: _tuning(view, candidates[name]["estimator"], space) for name, space in spaces.items()}
        driver = with_libraries("tuning", tuned)
        steps.append(
            make("tune", driver, {**scored, "name": view["name"], "tune": spaces}, train=train, chosen=chosen)
        )
        chosen = f"{steps[-1].id}#chosen"
    trainer = "code_chosen_train" if any(map(is_code, estimators)) else "chosen_train"
    steps.append(make("train", with_libraries(trainer, estimators), seen, train=train, chosen=chosen))
    return steps


def chosen_by(view: View, address: str) -> str:
    """The output that says what was chosen, with the parameters that it is trained with."""
    return f"{address}/{'tune' if view['tune'] else 'select'}#chosen"


def _tuning(view: View, estimator: str, space: dict[str, dict[str, Any]]) -> dict[str, Any]:
    tune = view["tune"]
    return {
        "metric": metric_of(view),
        # a list, because the order in which parameters are drawn matters and the key of a step sorts its maps
        "space": [
            {
                "parameter": name,
                **{kind: ends for kind, ends in found.items() if ends is not None},
                **({"whole": True} if _is_whole(estimator, view["task"], name, found["log"]) else {}),
            }
            for name, found in space.items()
        ],
        "trials": tune["trials"],
        "timeout": None if tune["timeout"] is None else seconds(tune["timeout"]),
        "batch": tune["batch"],
        "prune": tune["prune"],
        "seed": tune["seed"],
        "folds": folds_of(view, "tune", tune["folds"], tune["seed"]),
    }


def _is_whole(estimator: str, task: str, parameter: str, ends: list[float] | None) -> bool:
    """Whether numbers that are spread by their logarithm are whole ones."""
    field = (parameter_schema(estimator, task) or {}).get("properties", {}).get(parameter)
    return ends is not None and field is not None and is_whole(field, ends)
