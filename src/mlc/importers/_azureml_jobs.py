"""What Azure Machine Learning trains: command jobs, sweeps, pipelines → models, with what they learn from."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from posixpath import join, normpath
from typing import Any

from msgspec import structs

from mlc.importers._azureml_assets import SAYS, Assets, dataset_of, described, named, of_mlc, tell_tags
from mlc.importers._draft import Draft, Drafted, name_of
from mlc.importers._programs import Known, training_of
from mlc.importers._reading import Reading, bare, shown
from mlc.importers._stubs import model_stub
from mlc.ir.metrics import of_task
from mlc.ir.node import Node
from mlc.ir.task import TASKS
from mlc.kinds._candidates import METRICS_OF_FOLDS
from mlc.kinds._fields import PINNED_IMAGE

_SCRIPT = re.compile(r"python3?\s+(?:-[a-zA-Z]+\s+)*([\w./-]+\.py)")
_ARGUMENT = re.compile(r"--([\w-]+)[ =]+(\"[^\"]*\"|'[^']*'|[^\s$]+)(?=\s|$)")
_WHERE = (
    "mlc trains where `mlc apply` runs, with the packages that are there; a target of Azure Machine "
    "Learning has `jobs` for its "
    "own cluster."
)
_DATA = ("uri_file", "uri_folder", "mltable", "mlflow_model", "custom_model")
_BRANCH = re.compile(r"--branch '?([A-Za-z0-9._/-]+)'? '?(https://[A-Za-z0-9._/:~-]+)'? project")
_FOLDER = re.compile(r"cd project/'?([A-Za-z0-9._/-]+)'?")


def read_job(told: Reading, name: str, assets: Assets, draft: Draft) -> Drafted:
    """A model that a command trains."""
    name = draft.asked.name or name or _name(told)
    dataset = _inputs(told, name, assets, draft)
    known = [*_given(told), *_arguments(told)]
    train, left = _training(told, known, draft)
    return _model(told, name, dataset, train, left, draft)


def read_sweep(told: Reading, assets: Assets, draft: Draft) -> Drafted | None:
    """A model with a search for its parameters."""
    trial = told.map("trial")
    if "mlc_azureml_trial.py" in trial.text("command"):
        why = "mlc wrote it of a model's `tune`; which estimator that searches for is not in it."
        draft.left_out(told.span, "the sweep", why)
        return None
    name = draft.asked.name or _name(told)
    dataset = _inputs(told, name, assets, draft)
    space = told.map("search_space")
    searched = space.items()
    known = [*_given(told), *_arguments(trial)]
    train, left = _training(trial, [*known, *_firsts(searched)], draft)
    if train is not None:
        drawn = {key for key, _ in searched}
        train |= {"params": {key: one for key, one in train.get("params", {}).items() if key not in drawn}}
        if not train["params"]:
            del train["params"]
    made = _model(told, name, dataset, train, [one for one in left if one[0] not in dict(searched)], draft)
    is_code = train is None or str(train["estimator"].value).startswith("code.")
    ranges = dict(_ranges(space, draft, made))
    if is_code:
        why = (
            "The parameters of code of the project are not searched for (docs/code.md); candidates "
            "compare some choices."
        )
        draft.left_out(space.span, "search_space", why, on=made)
    elif ranges:
        made.origins[("tune",)] = space.span
        made.spec["tune"] = _tune(told, ranges, draft, made)
        _metric(told, made, draft)
    told.rest(draft, _WHERE, made)
    return made


def read_pipeline(
    told: Reading, assets: Assets, draft: Draft, components: Sequence[Reading], schedules: Sequence[Reading]
) -> None:
    """The jobs of a pipeline that train; one that mlc wrote says where models are trained."""
    jobs = told.map("jobs")
    steps = list(jobs.children())
    selected = [one.map("inputs").text("select") for _, one in steps]
    if of_mlc(told, draft) is not None or all("." in one for one in selected):
        _of_mlc(told, selected, assets, draft, components, schedules)
        return
    training = [
        (key, one)
        for key, one in steps
        if one.text("command") and ("train" in key.lower() or _makes_model(one))
    ]
    for key, one in steps:
        if (key, one) not in training:
            draft.left_out(
                one.span,
                f"the job {key}",
                "It is a program, and mlc has steps of its own for data, evaluation and registration.",
            )
            one.skip_all()
    for key, one in training:
        read_job(
            one,
            name_of(key, "imported") if len(training) > 1 else name_of(_name(told), "imported"),
            assets,
            draft,
        )
    told.skip("display_name", "experiment_name", "name")
    told.rest(draft, _WHERE)


# ── what a job says ─────────────────────────────────────────────────────────────────────────────────


def _name(told: Reading) -> str:
    names = [told.text(key) for key in ("display_name", "name", "experiment_name")]
    return name_of(next((one for one in names if one and "${{" not in one), "imported"), "imported")


def _inputs(told: Reading, name: str, assets: Assets, draft: Draft) -> str:
    """The dataset of the first input that holds data; others are told."""
    data = [
        (key, one)
        for key, one in told.map("inputs").children()
        if one.text("type") in _DATA or one.text("path")
    ]
    if draft.asked.dataset:
        for _, one in data:
            one.skip("type", "path", "mode")
        return draft.asked.dataset
    chosen = ""
    for key, one in data:
        reference = named(one.text("path")) if one.text("path").startswith("azureml:") else ""
        one.skip("mode")
        if chosen or one.text("type").endswith("_model"):
            draft.left_out(one.span, f"the input {key}", "A model learns from one dataset.")
        elif reference in assets.datasets:
            chosen = assets.datasets[reference].name
        elif reference and draft.is_known("dataset", name_of(reference, "data")):
            chosen = name_of(reference, "data")
        else:
            chosen = dataset_of(one, name_of(reference or key, name), draft).name
    return chosen


def _given(told: Reading) -> Iterator[tuple[str, Node]]:
    """The inputs that are values, by their names."""
    inputs = told.map("inputs")
    for key, node in inputs.items():
        if not node.is_map and not node.is_list:
            inputs.skip(key)
            yield key, node
        elif (default := node.get("default")) is not None:
            inputs.map(key).skip("default", "type", "min", "max", "optional", "description", "enum")
            yield key, default


def _arguments(told: Reading) -> Iterator[tuple[str, Node]]:
    """The values that are written out in a command."""
    node = told.node.get("command") if told.node is not None else None
    for found in _ARGUMENT.finditer(told.text("command")) if node is not None else ():
        if "{" not in found[2]:
            assert node is not None
            yield found[1].replace("-", "_"), Node(_scalar(found[2].strip("\"'")), node.span)


def _scalar(text: str) -> Any:
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if math.isfinite(value) else text
    return {"true": True, "false": False}.get(text.lower(), text)


def _training(
    program: Reading, known: Known, draft: Draft
) -> tuple[dict[str, Any] | None, list[tuple[str, Node]]]:
    found = _SCRIPT.search(program.text("command"))
    code = program.text("code")
    script = normpath(join(code, found[1])) if found else ""
    node = program.node.get("command") if program.node is not None else None
    once = {key: (key, one) for key, one in known}  # what the command says again of an input
    train, left = training_of([*once.values()], script, node, program.span_of("command"), draft, "command")
    return train, left


def _model(
    told: Reading, name: str, dataset: str, train: dict[str, Any] | None, left: Known, draft: Draft
) -> Drafted:
    if dataset and not draft.asked.dataset:
        draft.asked = _with_dataset(draft, dataset)
        made = model_stub(draft, name, told.span, SAYS, "", train)
        draft.asked = _with_dataset(draft, "")
    else:
        made = model_stub(draft, name, told.span, SAYS, "", train)
    described(told, made)
    tell_tags(told, made)
    for path, node in left:
        draft.left_out(node.span, f"{path}{shown(node)}", "The estimator has no such parameter.", on=made)
    told.skip("display_name", "experiment_name", "name", "type")
    if told.node is not None and "search_space" not in told.node.value:
        told.rest(draft, _WHERE, made)
    return made


def _with_dataset(draft: Draft, name: str) -> Any:
    return structs.replace(draft.asked, dataset=name)


# ── a sweep ─────────────────────────────────────────────────────────────────────────────────────────


def _firsts(searched: Known) -> Iterator[tuple[str, Node]]:
    """A value of each parameter that is searched for, so that an estimator among choices is found."""
    for key, node in searched:
        values = node.get("values")
        if values is not None and values.is_list and len(values.value) == 1:
            yield str(key), values.value[0]
        elif values is None:
            yield str(key), Node(0.0, node.span)


def _ranges(space: Reading, draft: Draft, made: Drafted) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, one in space.children():
        kind = one.text("type")
        low, high = one.number("min_value"), one.number("max_value")
        values = one.get("values")
        found: dict[str, Any] | None = None
        if kind == "choice" and values is not None and values.is_list:
            found = {"choice": bare(values)}
        elif kind == "uniform" and low is not None and high is not None:
            found = {"float": [low, high]}
        elif kind == "loguniform" and low is not None and high is not None:
            found = {"log": [_exp(low), _exp(high)]}
        elif kind == "quniform" and low is not None and high is not None and one.number("q") == 1:
            found = {"int": [low, high]}
        elif kind == "randint" and (upper := one.number("upper")) is not None:
            found = {"int": [0, upper - 1]}
        if found is None:
            draft.left_out(
                one.span,
                f"search_space.{key}: {kind}",
                "A range is of numbers, of their logarithms, of whole numbers, or a choice.",
                on=made,
            )
            one.skip_all()
        else:
            yield key, found


def _exp(value: float) -> float:
    """Azure writes the logarithms of the ends; what they are of was written with fewer digits."""
    return float(f"{math.exp(value):.12g}")


def _tune(told: Reading, ranges: dict[str, Any], draft: Draft, made: Drafted) -> dict[str, Any]:
    limits, sampling, ending = (
        told.map("limits"),
        told.map("sampling_algorithm"),
        told.map("early_termination"),
    )
    algorithm = sampling.text("type") or told.text("sampling_algorithm")
    made_of: dict[str, Any] = {"space": {"train": ranges}}
    if (trials := limits.number("max_total_trials")) is not None:
        made_of["trials"] = trials
    if (timeout := limits.number("timeout")) is not None:
        made_of["timeout"] = f"{timeout}s"
    if (batch := limits.number("max_concurrent_trials")) is not None:
        made_of["batch"] = batch
    if (seed := sampling.number("seed")) is not None:
        made_of["seed"] = seed
    if algorithm and algorithm != "bayesian":
        draft.left_out(
            told.span_of("sampling_algorithm"),
            f"sampling_algorithm: {algorithm}",
            "mlc draws each batch from what the ones before showed.",
            on=made,
        )
    if not ending:
        made_of["prune"] = "none"
    elif ending.text("type") != "median_stopping":
        draft.left_out(
            ending.span,
            "early_termination",
            "mlc gives up a trial whose mean so far is worse than the median.",
            on=made,
        )
        ending.skip_all()
    for path in _leaves(made_of["space"], ("tune", "space")):
        made.origins[path] = told.span_of("search_space")
    return made_of


def _leaves(value: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, child in value.items():
        yield (*path, key)
        if isinstance(child, dict):
            yield from _leaves(child, (*path, key))


def _metric(told: Reading, made: Drafted, draft: Draft) -> None:
    objective = told.map("objective")
    metric, goal = objective.text("primary_metric"), objective.text("goal").lower()
    tasks = [task for task in TASKS if metric in METRICS_OF_FOLDS[task]]
    better = of_task(tasks[0])[metric].better if tasks else ""
    if not tasks or (better == "higher") != (goal == "maximize"):
        why = (
            "The program reports it under a name of its own; mlc compares by what it measures itself: "
            "the task's own metric here."
        )
        draft.left_out(
            objective.span,
            f"objective: {goal} {metric}",
            why,
            "`select: {metric: …}` names another.",
            on=made,
        )
        objective.skip("primary_metric", "goal")
        return
    if made.spec["task"] not in tasks:
        made.spec["task"] = tasks[0]
    made.spec["select"] = {"metric": metric}


# ── pipelines of mlc ────────────────────────────────────────────────────────────────────────────────


def _makes_model(told: Reading) -> bool:
    return any(one.text("type").endswith("_model") for _, one in told.map("outputs").children())


def _of_mlc(
    told: Reading,
    selected: Sequence[str],
    assets: Assets,
    draft: Draft,
    components: Sequence[Reading],
    schedules: Sequence[Reading],
) -> None:
    """Where and when mlc trains: what a target's `jobs` say."""
    for address in selected:
        kind, _, name = address.partition(".")
        if kind == "model":
            assets.models.setdefault(name, name)
            assets.served = name  # the last is the one that the others are for
        elif kind == "dataset":
            assets.learned_from = name
    ours = of_mlc(told, draft)
    assets.jobs_of = ours[1] if ours is not None else ""
    jobs: dict[str, Any] = {"compute": named(told.map("settings").text("default_compute"))}
    for component in components:
        image, command = component.map("environment").text("image"), component.text("command")
        found, folder = _BRANCH.search(command), _FOLDER.search(command)
        if found and re.fullmatch(PINNED_IMAGE, image):
            jobs |= {"image": image, "repository": found[2]}
            jobs |= {"branch": found[1]} if found[1] != "main" else {}
            jobs |= {"folder": folder[1]} if folder and folder[1] != "." else {}
        component.skip_all()
    for schedule in schedules:
        if of_mlc(schedule, draft) is not None:
            jobs["cron"] = schedule.map("trigger").text("expression")
            schedule.skip_all()
    if {"image", "repository"} <= jobs.keys():
        assets.jobs = jobs
    else:
        draft.left_out(
            told.span,
            "the pipeline",
            "Its component, which says where the project is fetched from, was not named with it.",
        )
