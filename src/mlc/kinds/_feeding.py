"""Models that feed models: the steps by which a model learns from what others say, and becomes one with them."""

from collections.abc import Callable, Iterator
from typing import Any

from mlc.ir.operation import Operation
from mlc.ir.task import TASKS
from mlc.kinds import _ensemble, _signature, features
from mlc.kinds._candidates import (
    calibration,
    chosen_by,
    crossing,
    folds_of,
    is_selected,
    learners,
    with_libraries,
)
from mlc.kinds._kind import View
from mlc.kinds.dataset import id_of

FOLDS = 5
"""Into how many folds rows are divided for what models say of rows that they have learned from."""

PREDICTIONS = "Predictions"
"""The group of the columns that models give; no author can call one of theirs so."""

_NUMBER = {"type": "number", "values": [], "nullable": False}
_AS_THEY_ARE = {"impute": "none", "scale": "none", "encode": "none"}


def headed(view: View) -> View:
    """A stack of models is a model: its final estimator, which feeds on the members."""
    ensemble = view["ensemble"]
    if not _ensemble.is_of_models(view) or ensemble["method"] != "stacking":
        return view
    stack = {"train": _ensemble.final_of(view), "ensemble": None, "predictions": ensemble["members"]}
    return {**view, **stack, "folds": ensemble["folds"]}


def feeds(view: View) -> bool:
    """Whether a model feeds on others."""
    return bool(_signature.members_of(view)) or reuses_answers(view)


def reuses_answers(view: View) -> bool:
    """Whether it feeds on a version from the registry."""
    return bool(view["reuse"]) and view["reuse"]["as"] == "features"


def combined(view: View) -> dict[str, Any]:
    """How the members are combined where nothing learns from them; empty where something does."""
    if not _ensemble.is_of_models(view) or view["ensemble"]["method"] == "stacking":
        return {}
    ensemble = view["ensemble"]
    if ensemble["method"] == "chain":
        return {"combine": {"method": "chain"}}
    weights = [ensemble["weights"].get(name, 1.0) for name in ensemble["members"]]
    return {"combine": {"method": "voting", "weights": weights}}


def estimators_of(view: View) -> list[str]:
    """The estimators that a model may be made of, and those of the models that it feeds on."""
    head, found = headed(view), []
    if not combined(head):
        known = learners(head)
        names = _ensemble.members_of(head) if head["ensemble"] else known
        found = [known[name]["estimator"] for name in names]
        if "final" in (head["ensemble"] or {}):
            found.append(_ensemble.final_of(head)["estimator"])
    for member in _signature.members_of(head).values():
        found += estimators_of(member)
    return list(dict.fromkeys(found))


def model_of(view: View) -> str:
    """The output that is the trained model, with those that it feeds on inside."""
    return f"model.{view['name']}/{'join' if feeds(view) else 'train'}#model"


def gives(name: str, member: View) -> list[str]:
    """The columns that a model gives to one that calls it so: one, or one for each of several classes."""
    if member["task"] == "multiclass_classification":
        return [f"{name}_{place}" for place in range(len(_signature.classes_of(member)))]
    return [name]


def seen(view: View) -> dict[str, Any]:
    """What the estimator of a model learns from: its own columns and groups, and those that are given."""
    told = _signature.learned(view, _signature.own_columns(view))
    asked = features.seen(view["features"], view["task"]) if view["features"] else {"groups": {}}
    if features.encodes_target(asked) and TASKS[view["task"]].supervised:
        told["crossing"] = crossing(view)
    given = [column for _, columns in _given(view) for column in columns]
    if given:
        told["columns"] |= dict.fromkeys(given, _NUMBER)
        asked["groups"][PREDICTIONS] = {"columns": given, **_AS_THEY_ARE}
    return {**told, **asked}


def fed(
    view: View, make: Callable[..., Operation], ingest: str, registry: View
) -> tuple[list[Operation], str]:
    """The steps before training, and where its rows come from. `view` is `headed`."""
    address = f"model.{view['name']}"
    parts = {part: f"{ingest}#{part}" for part in ("train", "test")}
    steps = [_reuse(view, make, parts, registry)] if view["reuse"] else []
    if not feeds(view) or combined(view):
        return steps, parts["train"]
    where = "ensemble.members" if "folds" in view else "predictions"  # a stack of models
    for name, member in _signature.members_of(view).items():
        steps.append(_predicted(name, member, view, make, parts, f"{where}.{name}"))
    if reuses_answers(view):
        name, source = reused_name(view), f"{address}/reuse"
        spec = {"feed": {**_reused_feed(view), "about": "about"}, "ids": {}, "path": "reuse"}
        inputs = {"model": f"{source}#model", "about": f"{source}#about", **parts}
        steps.append(make(f"predict-{name}", "predicting", spec, **inputs))
    names = [name for name, _ in _given(view)]
    told = {f"predictions-{name}": f"{address}/predict-{name}#predictions" for name in names}
    steps.append(make("feed", "feeding", {"feeds": names}, train=parts["train"], **told))
    return steps, f"{address}/feed#train"


def joining(view: View, make: Callable[..., Operation]) -> Operation:
    """The step that makes one of a model and those that it feeds on. `view` is `headed`."""
    address = f"model.{view['name']}"
    members = _signature.members_of(view)
    told = [_feed(name, member) for name, member in members.items()]
    inputs = {f"model-{name}": model_of(member) for name, member in members.items()}
    if reuses_answers(view):
        name = reused_name(view)
        told.append({**_reused_feed(view), "about": f"about-{name}"})
        inputs |= {f"model-{name}": f"{address}/reuse#model", f"about-{name}": f"{address}/reuse#about"}
    spec: dict[str, Any] = {"feeds": told, "task": view["task"], **combined(view)}
    if not combined(view):
        spec["columns"] = list(seen(view)["columns"])
        inputs["head"] = f"{address}/train#model"
    return make("join", with_libraries("joining", estimators_of(view)), spec, **inputs)


def reused_name(view: View) -> str:
    """What the answers of a registered version are called: as written, or as the version's model is."""
    return str(view["reuse"]["name"] or view["reuse"]["model"].partition(":")[0].partition("@")[0])


def members_told(view: View) -> list[dict[str, Any]]:
    """What a backend needs to know of the models within: each with its signature and what it hands over."""
    return [
        {
            "name": name,
            "model": member["name"],
            "gives": gives(name, member),
            "signature": _signature.signature(member),
        }
        for name, member in _signature.members_of(view).items()
    ]


def lineage(view: View) -> dict[str, str]:
    """What a version needs to say of what it was made of beyond its own training. `view` is `headed`."""
    found = {
        f"member-{name}": f"model.{member['name']}/register#version"
        for name, member in _signature.members_of(view).items()
    }
    if view["reuse"]:
        found["reused"] = f"model.{view['name']}/reuse#about"
    if feeds(view) and not combined(view):
        found["head"] = f"model.{view['name']}/train#model"
    return found


def _reuse(view: View, make: Callable[..., Operation], parts: dict[str, str], registry: View) -> Operation:
    reuse = view["reuse"]
    answers = reuses_answers(view)
    columns = _signature.reused_columns(view) if answers else _signature.own_columns(view)
    spec = {
        "model": reuse["model"],
        "as": reuse["as"],
        "registry": registry,
        "id": id_of(view["dataset"]),
        "dataset": view["dataset"]["name"],
        "task": view["task"],
        "inputs": _signature.tensors(view, columns),
    }
    if reuse["as"] == "warm_start":
        spec["estimator"] = view["train"]["estimator"]
    return make("reuse", "reuse", spec, **parts)


def _given(view: View) -> Iterator[tuple[str, list[str]]]:
    """The names of all that a model feeds on, with the columns that each gives."""
    for name, member in _signature.members_of(view).items():
        yield name, gives(name, member)
    if reuses_answers(view):
        yield reused_name(view), [reused_name(view)]


def _feed(name: str, member: View) -> dict[str, Any]:
    found = {
        "name": name,
        "task": member["task"],
        "columns": _signature.contract(member, _signature.used_columns(member)),
        "gives": gives(name, member),
    }
    if member["task"] == "multiclass_classification":
        found["classes"] = _signature.classes_of(member)
    return found


def _reused_feed(view: View) -> dict[str, Any]:
    """Its task is known once the version was looked up."""
    name = reused_name(view)
    columns = _signature.contract(view, _signature.reused_columns(view))
    return {"name": name, "columns": columns, "gives": [name]}


def _predicted(
    name: str, member: View, view: View, make: Callable[..., Operation], parts: dict[str, str], path: str
) -> Operation:
    """What a member says of the training rows, not having learned from them."""
    feed = _feed(name, member)
    if is_shared(member, view):
        needs: dict[str, str] = {}
        spec = {
            "feed": {**feed, "recipe": _recipe(member, 1, needs)},
            "folds": folds_of(view, "feed 0", view.get("folds", FOLDS), 0),
            "path": path,
        }
        driver = with_libraries("out_of_fold", estimators_of(member))
        return make(f"predict-{name}", driver, spec, train=parts["train"], **needs)
    learned_from = {one["name"]: one for one in datasets_of(member)}
    ids = {
        dataset: id_of(one)
        for dataset, one in learned_from.items()
        if id_of(one) is not None and id_of(one) == id_of(view["dataset"])
    }
    learned = {f"learned-{dataset}": f"dataset.{dataset}/ingest#train" for dataset in ids}
    spec = {"feed": feed, "ids": ids, "path": path}
    driver = with_libraries("predicting", estimators_of(member))
    return make(f"predict-{name}", driver, spec, model=model_of(member), **parts, **learned)


def is_shared(member: View, view: View) -> bool:
    """Whether a model has learned from the rows that another learns from."""
    return bool(member["dataset"]["name"] == view["dataset"]["name"])


def datasets_of(view: View) -> Iterator[View]:
    """The datasets that a model, and those that it feeds on, have learned from."""
    yield view["dataset"]
    for member in _signature.members_of(view).values():
        yield from datasets_of(member)


def _recipe(view: View, depth: int, needs: dict[str, str]) -> dict[str, Any]:
    """How a model is trained anew on some of its rows (`drivers/_recipes.py`). What it takes as it is becomes an input.

    `depth` is part of what folds are hashed by: folds within a fold would else follow those around them.
    """
    head = headed(view)
    recipe: dict[str, Any] = {**seen(head), **calibration(head), **combined(head)}
    if is_selected(head):
        recipe["chosen"] = f"chosen-{len(needs) + 1}"  # a model that is renamed is trained as it was
        needs[recipe["chosen"]] = chosen_by(head, f"model.{view['name']}")
    elif head["ensemble"] and not combined(head):
        recipe |= {"ensemble": _ensemble.specified(head), "estimator": "", "params": {}, "seed": 0}
    elif not combined(head):
        recipe |= head["train"]
    if not feeds(head):
        return recipe
    recipe["feeds"] = []
    for name, member in _signature.members_of(head).items():
        feed = _feed(name, member)
        if is_shared(member, head):
            feed["recipe"] = _recipe(member, depth + 1, needs)
        else:
            feed["model"] = f"model-{len(needs) + 1}"
            needs[feed["model"]] = model_of(member)
        recipe["feeds"].append(feed)
    if reuses_answers(head):
        names = {part: f"{part}-{len(needs) + 1}" for part in ("model", "about")}
        recipe["feeds"].append({**_reused_feed(head), **names})
        needs |= {source: f"model.{view['name']}/reuse#{part}" for part, source in names.items()}
    recipe["folds"] = folds_of(head, f"feed {depth}", head.get("folds", FOLDS), 0)
    return recipe
