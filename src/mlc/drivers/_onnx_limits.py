"""The deny-list of parameters: values that a library takes and whose ONNX form is missing or says something else.

Each was seen; `tests/stages/drivers/test_estimators.py` holds that what is left over is right, and
`test_onnx_limits.py` that what is said here to be wrong or to fail still is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class Limit(Struct, frozen=True):
    """What of a parameter is not offered, and why: all but `only`, or `never`, or all but `lists`.

    Where neither is given, the parameter is not offered at all. `onnx` is False where the reason has nothing to
    do with ONNX.
    """

    why: str
    only: tuple[Any, ...] = ()
    never: tuple[Any, ...] = ()
    lists: bool = False
    onnx: bool = True


_CATEGORIES = Limit(
    "It converts to ONNX without an error and gives wrong labels there. Encode the columns in the features, for "
    "example `ordinal`.",
)
_NEIGHBOURS: Mapping[str, Limit] = {
    "metric": Limit(
        "Of other metrics it is not proven that ONNX finds the same neighbours.",
        only=("euclidean", "manhattan", "minkowski"),
    ),
    "weights": Limit(
        "`distance` converts to ONNX without an error, and a neighbour at distance zero puts probabilities off "
        "by 0.4 there; null does not convert. `uniform` is right.",
        only=("uniform",),
    ),
    "n_neighbors": Limit("It fails as soon as a row is scored.", never=(None,), onnx=False),
    "p": Limit("It does not convert to ONNX.", never=(None,)),
}
_XGBOOST: Mapping[str, Limit] = {
    "booster": Limit("Only `gbtree` converts to ONNX.", never=("dart", "gblinear")),
    "num_parallel_tree": Limit(
        "More than one tree a round makes an ONNX form that onnxruntime does not load. XGBRFClassifier is a forest."
    ),
    "enable_categorical": Limit(
        "Categories do not reach the ONNX form. Encode them in the features, for example `ordinal`."
    ),
}
_LIGHTGBM: Mapping[str, Limit] = {
    "boosting_type": Limit(
        "`rf` converts to ONNX without an error, and every second label is wrong there. `gbdt` and `dart` are right.",
        never=("rf",),
    ),
}
_TEXT: Mapping[str, Limit] = {
    "token_pattern": Limit(
        "The default converts to ONNX without an error and splits text otherwise than scikit-learn. "
        "`[a-zA-Z0-9_]+` is split alike.",
        never=(r"(?u)\b\w\w+\b",),
    )
}
_ROUNDS: Mapping[str, Limit] = {"max_iter": Limit("scikit-learn fails with null.", never=(None,), onnx=False)}
_KERNELS: Mapping[str, Limit] = {
    "kernel": Limit("`precomputed` takes distances instead of columns.", never=("precomputed",), onnx=False)
}
_LOSSES = Limit(
    "Other losses give no probabilities, and mlc serves, evaluates and gates by them.",
    only=("log_loss", "modified_huber"),
    onnx=False,
)

LIMITS: Mapping[str, Mapping[str, Limit]] = {
    "BernoulliNB": {
        "binarize": Limit(
            "null converts to ONNX without an error, and gives NaN there where the columns are not 0 and 1.",
            never=(None,),
        )
    },
    "CountVectorizer": _TEXT,
    "HistGradientBoostingClassifier": {"categorical_features": _CATEGORIES},
    "HistGradientBoostingRegressor": {
        "categorical_features": _CATEGORIES,
        "loss": Limit(
            "`poisson` and `gamma` convert to ONNX without an error and predict other numbers there: their logarithms. "
            "PoissonRegressor and GammaRegressor are right.",
            never=("gamma", "poisson"),
        ),
    },
    "KBinsDiscretizer": {
        "encode": Limit(
            "`onehot` makes a sparse matrix, which ONNX has not. `onehot-dense` has the same columns.",
            only=("onehot-dense", "ordinal"),
        )
    },
    "ElasticNet": _ROUNDS,
    "GaussianProcessRegressor": {"n_targets": Limit("A model here has one label.", onnx=False)},
    "IsolationForest": {
        "max_features": Limit("A forest of trees that see some columns only does not convert to ONNX."),
    },
    "KNeighborsClassifier": _NEIGHBOURS,
    "KNeighborsRegressor": _NEIGHBOURS,
    "LGBMClassifier": _LIGHTGBM,
    "LGBMRanker": _LIGHTGBM,
    "LGBMRegressor": _LIGHTGBM,
    "MaxAbsScaler": {
        "clip": Limit(
            "It converts to ONNX without an error, and numbers are not clipped there: a probability was off by 0.04.",
            never=(True,),
        )
    },
    "Lasso": _ROUNDS,
    "LocalOutlierFactor": {name: _NEIGHBOURS[name] for name in ("metric", "n_neighbors", "p")}
    | {"novelty": Limit("mlc sets it: a served model is asked about new rows.", onnx=False)},
    "MLPRegressor": {"loss": Limit("`poisson` does not convert to ONNX.", never=("poisson",))},
    "Normalizer": {
        "norm": Limit(
            "`max` converts to ONNX without an error, and negative numbers are wrong there.",
            only=("l1", "l2"),
        )
    },
    "NuSVR": _KERNELS,
    "OneClassSVM": {
        "kernel": Limit(
            "Scores of `linear` cancel out, and in the float32 of ONNX a quarter of them is off by more than one in "
            "10,000; `precomputed` takes distances instead of columns.",
            never=("linear", "precomputed"),
        )
    },
    "QuantileRegressor": {
        "solver": Limit("SciPy no longer has it.", never=("interior-point",), onnx=False),
    },
    "RidgeCV": {
        "alphas": Limit("scikit-learn fails with a number.", lists=True, onnx=False),
        "alpha_per_target": Limit("A model here has one label.", onnx=False),
        "store_cv_results": Limit("It changes no prediction.", onnx=False),
    },
    "SVR": _KERNELS,
    "SGDClassifier": {
        "loss": _LOSSES,
        "learning_rate": Limit(
            "It belongs to `loss: hinge`, which gives no probabilities.", never=("pa1", "pa2"), onnx=False
        ),
    },
    "SimpleImputer": {
        "add_indicator": Limit(
            "It converts to ONNX without an error, and the columns it adds are not there: half the labels were wrong.",
            never=(True,),
        )
    },
    "TfidfVectorizer": _TEXT,
    "XGBClassifier": _XGBOOST,
    "XGBRFClassifier": _XGBOOST,
    "XGBRFRegressor": _XGBOOST,
    "XGBRanker": _XGBOOST,
    "XGBRegressor": _XGBOOST,
}
"""By the estimator's short name, then by parameter."""

LIMITS_OF_TASK: Mapping[str, Mapping[str, Mapping[str, Limit]]] = {
    "multiclass_classification": {
        "GradientBoostingClassifier": {
            "init": Limit(
                "Of several classes `zero` makes an ONNX form that onnxruntime does not load.",
                never=("zero",),
            ),
            "loss": Limit("`exponential` tells two classes apart.", never=("exponential",), onnx=False),
        },
        "LogisticRegression": {
            "solver": Limit("`liblinear` tells two classes apart.", never=("liblinear",), onnx=False),
            "dual": Limit("It is of `liblinear`, which tells two classes apart.", never=(True,), onnx=False),
        },
        "LogisticRegressionCV": {
            "solver": Limit("`liblinear` tells two classes apart.", never=("liblinear",), onnx=False),
            "dual": Limit("It is of `liblinear`, which tells two classes apart.", never=(True,), onnx=False),
        },
        "XGBClassifier": {"scale_pos_weight": Limit("It is about two classes.", onnx=False)},
    },
}
"""By task, what holds in it alone: by short name, then by parameter."""
