"""Steps of scikit-learn before an estimator → the groups of a features resource.

A group does what is asked of it in a fixed order, so a step that stands where the group has a field for it becomes
that field, and any other becomes one of its `transforms`, which follow in the author's order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from mlc.importers._draft import name_of
from mlc.importers._sklearn_data import Seen
from mlc.ir.told import Branch, Part, Step
from mlc.kinds._estimators import catalogue, offered, parameter_schema

PIPELINE, COLUMNS = "sklearn.pipeline.Pipeline", "sklearn.compose.ColumnTransformer"

_FIELDS = ("dates", "text", "impute", "bin", "encode", "scale", "cross", "transforms", "select", "reduce")
_SCALERS = {
    "sklearn.preprocessing.StandardScaler": "standard",
    "sklearn.preprocessing.MinMaxScaler": "min_max",
    "sklearn.preprocessing.RobustScaler": "robust",
}
_COLUMN_BY_COLUMN = (*_SCALERS, "sklearn.impute.SimpleImputer", "sklearn.preprocessing.PowerTransformer",
                     "sklearn.preprocessing.MaxAbsScaler", "sklearn.preprocessing.Binarizer")  # fmt: skip
_OWN = {
    "mlc.drivers.features.dates.DateParts": "dates",
    "mlc.drivers.features.bins.Bins": "bin",
    "mlc.drivers.features.products.Products": "cross",
    "mlc.drivers.features.kept.Kept": "select",
    "mlc.drivers.features.projection.Projection": "reduce",
}
_SCORES = {
    "f_classif": "linear",
    "f_regression": "linear",
    "mutual_info_classif": "mutual_information",
    "mutual_info_regression": "mutual_information",
    "chi2": "chi2",
}
_OF_OURS: dict[str, dict[str, tuple[str, ...]]] = {
    "dates": {"": ("parts", "cyclic", "since")},
    "cross": {"": ("degree", "keep")},
    "bin": {"edges": ("edges",), "": ("bins",)},
    "select": {"variance": ("above",), "best": ("columns", "score"), "model": ("columns", "by")},
    "reduce": {"pca": ("components", "variance", "whiten"), "": ("components",)},
}
"""The parameters of mlc's own steps that an author writes, by the method where there are several."""


class Groups(Struct):
    """`named` are the groups as the language has them, `joined` what is done to all together. `kinds` say of columns
    what the steps suppose of them: `text`, `time`, or values. `lost` is what has no place: on what, what, why."""

    named: dict[str, dict[str, Any]]
    joined: dict[str, Any]
    lost: list[tuple[str, str, str]]


class _Lost(Exception):
    """A step without a place."""


def groups_of(steps: Sequence[Step], seen: Seen) -> Groups:
    """The groups of what stands before an estimator."""
    made = Groups({}, {}, [])
    rest = list(steps)
    if rest and rest[0].part.type == COLUMNS:
        _tell_transformer(rest[0].part, made)
        _from_branches(rest.pop(0).part.branches, seen, made, "")
        _remainder(steps[0].part, seen, made)
    if not made.named:
        made.named["all"] = {"columns": [*seen.all_columns()]}
    for step in rest:
        _behind(step, made, seen)
    return made


def _from_branches(branches: Sequence[Branch], seen: Seen, made: Groups, prefix: str) -> None:
    for branch in branches:
        if branch.part.type == "drop" or branch.columns == []:
            continue
        columns = seen.named(branch.columns)
        if columns is None:
            made.lost.append(
                ("features", f"the columns of {branch.name}", "A function chooses them, which names none.")
            )
            continue
        group: dict[str, Any] = {"columns": columns}
        made.named[_free(name_of(prefix + branch.name, "group"), made)] = group
        for step in _flat(Step(branch.name, branch.part)):
            if step.part.type == COLUMNS:  # of ours: what is done to texts and to numbers of one group
                _merged(step.part, group, made, seen)
            else:
                _placed(step, group, made, seen)


def _free(name: str, made: Groups) -> str:
    number = 2
    found = name
    while found in made.named:
        found, number = f"{name}_{number}", number + 1
    return found


def _flat(step: Step) -> list[Step]:
    if step.part.type == PIPELINE:
        return [each for one in step.part.steps for each in _flat(one)]
    return [] if _does_nothing(step.part) else [step]


def _does_nothing(part: Part) -> bool:
    if part.type == "drop":
        return True
    identity = part.type == "sklearn.preprocessing.FunctionTransformer" and "func" not in {
        **part.params,
        **part.unsaid,
    }
    return identity or part.type == "passthrough"


def _merged(part: Part, group: dict[str, Any], made: Groups, seen: Seen) -> None:
    for branch in part.branches:
        if branch.part.type == "drop":
            continue
        inner: dict[str, Any] = {"columns": seen.named(branch.columns) or []}
        for step in _flat(Step(branch.name, branch.part)):
            _placed(step, inner, made, seen)
        for field, value in inner.items():
            if field != "columns" and group.setdefault(field, value) != value:
                made.lost.append(
                    ("features", f"{field} of {branch.name}", "A group does the same to all of its columns.")
                )


def _remainder(part: Part, seen: Seen, made: Groups) -> None:
    """Of a fitted one the rest is a branch; of another it is known where the columns of the data are."""
    if part.remainder == "drop" or any(branch.name == "remainder" for branch in part.branches):
        return
    used = {column for group in made.named.values() for column in group["columns"]}
    rest = [column for column in seen.declared() if column not in used]
    if part.remainder == "passthrough" and rest:
        made.named[_free("remainder", made)] = {"columns": rest}
    else:
        why = "It was not fitted, so it does not say which columns are the rest; --dataset names a dataset that does."
        made.lost.append(("features", f"remainder={part.remainder}", why))


def _tell_transformer(part: Part, made: Groups) -> None:
    for name, value in part.params.items():
        if name not in (
            "sparse_threshold",
            "n_jobs",
            "verbose",
            "verbose_feature_names_out",
            "force_int_remainder_cols",
        ):
            made.lost.append(
                ("features", f"{name}={value!r} of the ColumnTransformer", "Groups have no such thing.")
            )


# ── one step ────────────────────────────────────────────────────────────────────────────────────────


def _placed(step: Step, group: dict[str, Any], made: Groups, seen: Seen) -> None:
    """Put a step of a group where the group has a place for it."""
    try:
        field, value = _field(step.part, group, made, seen)
    except _Lost as lost:
        made.lost.append(("features", f"{_short(step.part)} ({step.name})", str(lost)))
        return
    if field != "transforms" and field not in group and _comes_next(field, group):
        group[field] = value
        if field == "bin" and _one_hot(step.part):
            group["encode"] = "one_hot"
        return
    try:
        transform = _transform(step.part)
    except _Lost as lost:
        made.lost.append(("features", f"{_short(step.part)} ({step.name})", str(lost)))
        return
    if not _comes_next("transforms", group):
        made.lost.append(
            ("features", f"{_short(step.part)} ({step.name})", "A group selects and reduces last.")
        )
        return
    named = group.setdefault("transforms", {})
    name, number = name_of(step.name, "step"), 2
    while name in named:
        name, number = f"{name_of(step.name, 'step')}_{number}", number + 1
    named[name] = transform


def _comes_next(field: str, group: dict[str, Any]) -> bool:
    """Whether nothing that the group does comes behind a field."""
    behind = _FIELDS[_FIELDS.index(field) + 1 :]
    return not any(other in group for other in behind)


def _one_hot(part: Part) -> bool:
    return (
        part.type == "sklearn.preprocessing.KBinsDiscretizer"
        and part.params.get("encode", "onehot") != "ordinal"
    )


def _field(part: Part, group: dict[str, Any], made: Groups, seen: Seen) -> tuple[str, Any]:
    """The field of a group that a step is, and its value. Raises _Lost for what mlc has not."""
    columns: list[str] = group["columns"]
    if part.type in _OWN:
        if part.type.endswith("DateParts"):
            seen.suppose(columns, "time")
        return _OWN[part.type], _own(part)
    if part.type == "mlc.drivers.features.means.Means":
        seen.suppose(columns, "text", part.params.get("categories", ()))
        return "encode", "target"
    if part.type in _SCALERS and not part.params and not seen.are_text(columns):
        return "scale", _SCALERS[part.type]
    if part.type == "sklearn.impute.SimpleImputer" and _is_usual_imputing(part):
        seen.suppose(columns, "missing")
        return "impute", part.params.get("strategy", "mean")
    if part.type.startswith("sklearn.feature_extraction.text."):
        return _words(part, columns, made, seen)
    if part.type in ("sklearn.preprocessing.OneHotEncoder", "sklearn.preprocessing.OrdinalEncoder"):
        return _encoding(part, [] if {"bin", "dates"} & group.keys() else columns, made, seen)
    if part.type == "sklearn.preprocessing.TargetEncoder":
        seen.suppose(columns, "text", part.categories)
        why = "mlc weighs and crosses the means of the label in a way of its own, so they differ a little."
        made.lost.append(("features", "how TargetEncoder smooths", why))
        return "encode", "target"
    return "transforms", None


def _own(part: Part) -> dict[str, Any]:
    """A step of mlc's own as its author wrote it."""
    methods = _OF_OURS[_OWN[part.type]]
    method = part.params.get("method", "")
    wanted = methods.get(method, methods.get("", ()))
    given = {key: part.params[key] for key in wanted if part.params.get(key) not in (None, [], False)}
    if _OWN[part.type] == "cross":
        given["keep"] = part.params["keep"]
    if "score" in given:
        given["score"] = _SCORES[given["score"]]
    return {"method": method, **given} if method else given


def _is_usual_imputing(part: Part) -> bool:
    params = {
        key: value
        for key, value in part.params.items()
        if key not in ("copy", "keep_empty_features", "missing_values")
    }
    missing = part.params.get("missing_values", "")
    return (
        set(params) <= {"strategy"}
        and params.get("strategy") != "constant"
        and missing == ""
        and not part.unsaid
    )


_ENCODING_SAYS_NOTHING = ("sparse_output", "feature_name_combiner", "dtype", "categories")


def _encoding(part: Part, columns: list[str], made: Groups, seen: Seen) -> tuple[str, Any]:
    one_hot = part.type.endswith("OneHotEncoder")
    given = part.params.get("categories")
    values = given if isinstance(given, list) else part.categories
    seen.suppose(columns, "text", values)
    expected = (
        {"handle_unknown": "ignore"}
        if one_hot
        else {"handle_unknown": "use_encoded_value", "unknown_value": -1}
    )
    for name, value in part.params.items():
        if name in _ENCODING_SAYS_NOTHING or expected.get(name) == value:
            continue
        why = "A group encodes every value that its column may have, and none that it may not."
        made.lost.append(("features", f"{name}={value!r} of {_short(part)}", why))
    if part.params.get("handle_unknown") != expected["handle_unknown"]:
        what = "is all 0" if one_hot else "is -1"
        why = (
            f"It refuses a value that it does not know; here the dataset's contract does, and in serving "
            f"such a value {what}."
        )
        made.lost.append(("features", f"handle_unknown='error' of {_short(part)}", why))
    return "encode", "one_hot" if one_hot else "ordinal"


_WORD = "[a-zA-Z0-9_]+"
_WORDS_SAY_NOTHING = (
    "dtype",
    "vocabulary",
    "token_pattern",
    "max_features",
    "min_df",
    "ngram_range",
    "lowercase",
    "binary",
)


def _words(part: Part, columns: list[str], made: Groups, seen: Seen) -> tuple[str, Any]:
    if not part.type.endswith(("CountVectorizer", "TfidfVectorizer")):
        raise _Lost("mlc learns words by counts and by TF-IDF.")
    seen.suppose(columns, "words")
    tfidf = part.type.endswith("TfidfVectorizer")
    text: dict[str, Any] = {}
    if not tfidf:
        text["weigh"] = "presence" if part.params.get("binary") else "count"
    low, high = part.params.get("ngram_range", (1, 1))
    if high > 1:
        text["ngrams"] = high
    vocabulary = part.params.get("vocabulary")
    most = part.params.get("max_features") or (len(vocabulary) if vocabulary else None)
    text["max_words"] = most or 20000
    if isinstance(part.params.get("min_df"), int):
        text["min_rows"] = part.params["min_df"]
    if part.params.get("lowercase") is False:
        text["lowercase"] = False
    if part.params.get("token_pattern") != _WORD:
        why = (
            "A word is a run of letters and digits of ASCII and _ here, one letter too, as ONNX has no other."
        )
        made.lost.append(("features", f"token_pattern of {_short(part)}", why))
    if low > 1:
        made.lost.append(
            ("features", f"ngram_range={[low, high]} of {_short(part)}", "Single words always count.")
        )
    for name, value in part.params.items():
        if name not in _WORDS_SAY_NOTHING or (name == "min_df" and not isinstance(value, int)):
            made.lost.append(
                ("features", f"{name}={value!r} of {_short(part)}", "A text's words have no such setting.")
            )
    return "text", text


def _transform(part: Part) -> dict[str, Any]:
    """Raises _Lost."""
    if part.type not in offered("transforms"):
        told = catalogue().get(part.type)
        raise _Lost(
            told.why if told is not None and told.why else "It is none of the transformers that mlc has."
        )
    schema = parameter_schema(part.type) or {"properties": {}, "x-mlc-not-settable": {}}
    params = {key: value for key, value in part.params.items() if key not in ("copy", "random_state")}
    params |= {key: value for key, value in part.unsaid.items() if key in schema["properties"]}
    return {"estimator": part.type, **({"params": params} if params else {})}


def _short(part: Part) -> str:
    return part.type.rpartition(".")[2]


# ── what is done to all groups together ─────────────────────────────────────────────────────────────


def _behind(step: Step, made: Groups, seen: Seen) -> None:
    """A step behind the ColumnTransformer."""
    if _does_nothing(step.part):
        return
    if step.part.type == COLUMNS:
        made.lost.append(
            ("features", f"a second ColumnTransformer ({step.name})", "Groups are of columns of the dataset.")
        )
        return
    if len(made.named) == 1 or step.part.type in _COLUMN_BY_COLUMN:
        for group in made.named.values():
            _placed(step, group, made, seen)
        return
    for field, value in _together(step.part):
        if field not in made.joined and not (field == "select" and "reduce" in made.joined):
            made.joined[field] = value
            return
    why = "All groups together can be selected from and reduced, in this order."
    made.lost.append(("features", f"{_short(step.part)} ({step.name})", why))


def _together(part: Part) -> Iterator[tuple[str, Any]]:
    params = {key: value for key, value in part.params.items() if key not in ("random_state", "copy")}
    if _OWN.get(part.type) in ("select", "reduce"):
        yield _OWN[part.type], _own(part)
    elif part.type == "sklearn.decomposition.PCA" and set(params) <= {"n_components", "whiten"}:
        count = params.get("n_components")
        key = "variance" if isinstance(count, float) else "components"
        yield "reduce", {"method": "pca", key: count, **({"whiten": True} if params.get("whiten") else {})}
    elif part.type == "sklearn.decomposition.TruncatedSVD" and set(params) <= {"n_components"}:
        yield "reduce", {"method": "truncated_svd", "components": params.get("n_components", 2)}
    elif part.type == "sklearn.feature_selection.VarianceThreshold" and set(params) <= {"threshold"}:
        yield "select", {"method": "variance", "above": float(params.get("threshold", 0.0))}
    elif part.type == "sklearn.feature_selection.SelectKBest" and set(params) <= {"k"}:
        score = _SCORES.get(part.unsaid.get("score_func", "f_classif"))
        if score is not None and params.get("k", 10) != "all":
            yield "select", {"method": "best", "columns": params.get("k", 10), "score": score}
