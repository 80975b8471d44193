"""The work that Azure Machine Learning does itself: a component that does a step of mlc, the job of a model's whole
lifecycle, the schedule that starts it, and the search for parameters."""

import math
import shlex
from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Struct

from mlc.ir.metrics import of_task
from mlc.kinds._candidates import metric_of
from mlc.kinds._drift import CRON, CRON_FORM
from mlc.kinds._fields import (
    BRANCH,
    PATH_IN_REPOSITORY,
    PINNED_IMAGE,
    PINNED_IMAGE_FORM,
    about,
    formed,
    seconds,
)
from mlc.kinds._kind import Scope, View

CLUSTER = r"^[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]$"
CLUSTER_FORM = "3 to 32 letters, digits and -, with a letter first"
_SCHEMAS = "https://azuremlschemas.azureedge.net/latest"


class Jobs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where models are prepared and trained on Azure, and when."""

    compute: Annotated[
        str,
        about(
            "The cluster that the steps run on.",
            example="cpu-cluster",
            pattern=CLUSTER,
            form=CLUSTER_FORM,
        ),
    ]
    image: Annotated[
        str,
        about(
            "The image of the steps, pinned by its digest. It has mlc, git and bash.",
            example="ghcr.io/acme/mlc@sha256:<64 hex digits>",
            pattern=PINNED_IMAGE,
            form=PINNED_IMAGE_FORM,
        ),
    ]
    repository: Annotated[
        str,
        about(
            "Where the project is fetched from, without a password.",
            example="https://github.com/acme/lending.git",
            pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._/~-]+$",
            form="an address such as https://github.com/acme/lending.git",
        ),
    ]
    branch: Annotated[
        str,
        about(
            "The branch that is fetched.",
            **BRANCH,
        ),
    ] = "main"
    folder: Annotated[
        str,
        about(
            "The project's folder within the repository.",
            **PATH_IN_REPOSITORY,
        ),
    ] = "."
    cron: Annotated[
        Annotated[str, formed(CRON, CRON_FORM)] | None,
        about(
            "When the model is prepared and trained again, in UTC: minute, hour, day of the month, month, day of the "
            "week; never by itself where nothing is said.",
            example="30 3 * * 1",
        ),
    ] = None
    sweep: Annotated[
        bool, about("Whether to write the search for parameters (`tune`) as a sweep of Azure.")
    ] = False


def job_documents(name: str, view: View, scope: Scope, tags: dict[str, str]) -> dict[str, Any]:
    """Component, job, schedule and sweep of the model that a deployment serves."""
    jobs, model = view["target"]["jobs"], view["model"]
    title = f"{scope.project['project']}-{scope.environment}-{name}"
    facts = {
        "component": _component(f"{scope.project['project']}_step".replace("-", "_"), jobs, tags),
        "job": _job(title, model, jobs, scope, tags),
        "scheduled": jobs["cron"] is not None,
        "schedule": _schedule(title, jobs, tags),
    }
    if jobs["sweep"] and searched(model):
        facts |= {"sweeps": True, "sweep": _sweep(title, model, jobs, tags)}
        facts |= {"space": _space(model, jobs, scope)}
    return facts


def searched(model: View) -> dict[str, Any]:
    """The parameters of a model's one estimator that are searched for; none where there is no such search."""
    space: dict[str, Any] = {} if model["tune"] is None else model["tune"]["space"].get("train", {})
    return {} if model["candidates"] else space


def _component(name: str, jobs: View, tags: dict[str, str]) -> dict[str, Any]:
    """A step: what the steps before it left comes in as a folder, and goes out with what this one adds."""
    folder = shlex.quote(jobs["folder"])
    branch, repository = shlex.quote(jobs["branch"]), shlex.quote(jobs["repository"])
    command = " && ".join(
        [
            f"git clone --quiet --depth 1 --branch {branch} {repository} project",
            f"cd project/{folder}",
            'mkdir -p .mlc "${{inputs.artifacts}}"',
            'for store in $[[${{inputs.store}}]]; do cp -r "$store/." .mlc/; done',
            'mlc apply --yes --env "${{inputs.environment}}" --select "${{inputs.select}}"',
            'cp -r .mlc/. "${{outputs.store}}/"',
            'cp -r "${{inputs.artifacts}}/." "${{outputs.artifacts}}/"',
        ]
    )
    return {
        "$schema": f"{_SCHEMAS}/commandComponent.schema.json",
        "type": "command",
        "name": name,
        "display_name": "A step of mlc",
        "inputs": {
            "environment": {"type": "string", "description": "The environment that is applied."},
            "select": {"type": "string", "description": "The resource whose steps are done."},
            "artifacts": {"type": "string", "description": "The folder that they write to."},
            "store": {"type": "uri_folder", "optional": True, "description": "What earlier steps left."},
        },
        "outputs": {
            "store": {"type": "uri_folder", "description": "That, and what this step adds."},
            "artifacts": {"type": "uri_folder", "description": "What it wrote for people."},
        },
        "environment": {"image": jobs["image"]},
        "command": command,
        "is_deterministic": False,  # it fetches what the branch has today
        "tags": tags,
    }


def _job(title: str, model: View, jobs: View, scope: Scope, tags: dict[str, str]) -> dict[str, Any]:
    """Datasets and models in the order in which they need one another. Each step hands on one folder: the state in it
    has one writer, so steps that could run side by side wait for one another."""
    steps: dict[str, Any] = {}
    before = ""
    for kind, name in lifecycle(model):
        step = f"{kind}_{name}".replace("-", "_")
        inputs = {
            "environment": "${{parent.inputs.environment}}",
            "artifacts": "${{parent.inputs.artifacts}}",
            "select": f"{kind}.{name}",
        }
        if before:
            inputs["store"] = f"${{{{parent.jobs.{before}.outputs.store}}}}"
        steps[step] = {"type": "command", "component": "./7-component.yaml", "inputs": inputs}
        before = step
    steps[before]["outputs"] = {
        "store": "${{parent.outputs.store}}",
        "artifacts": "${{parent.outputs.artifacts}}",
    }
    return {
        "$schema": f"{_SCHEMAS}/pipelineJob.schema.json",
        "type": "pipeline",
        "display_name": title,
        "experiment_name": title,
        "settings": {"default_compute": f"azureml:{jobs['compute']}", "continue_on_step_failure": False},
        "inputs": {
            "environment": scope.environment,
            "artifacts": f"{scope.project['artifacts']}/{scope.environment}",
        },
        "outputs": {"store": {"type": "uri_folder"}, "artifacts": {"type": "uri_folder"}},
        "jobs": steps,
        "tags": tags,
    }


def lifecycle(model: View) -> list[tuple[str, str]]:
    """What has to be applied before a model is there, and the model: kind and name, dependencies first."""
    found: dict[tuple[str, str], None] = {}
    _collect(model, found)
    return list(found)


def _collect(view: View, found: dict[tuple[str, str], None]) -> None:
    for inner in _resources_in(list(view.values())):
        _collect(inner, found)
    if view["kind"] in ("dataset", "model"):
        found[(view["kind"], view["name"])] = None


def _resources_in(value: Any) -> Iterator[View]:
    """The views of resources that a value holds, at any depth but not within one another."""
    if isinstance(value, dict):
        if {"kind", "name", "lifecycle"} <= value.keys():
            yield value
            return
        for child in value.values():
            yield from _resources_in(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _resources_in(child)


def _schedule(title: str, jobs: View, tags: dict[str, str]) -> dict[str, Any]:
    return {
        "$schema": f"{_SCHEMAS}/schedule.schema.json",
        "name": title,
        "display_name": title,
        "trigger": {"type": "cron", "expression": jobs["cron"] or "", "time_zone": "UTC"},
        "create_job": "./8-job.yaml",
        "tags": tags,
    }


def _sweep(title: str, model: View, jobs: View, tags: dict[str, str]) -> dict[str, Any]:
    """The search as Azure does it. What it draws are numbers alone; the trial knows what a choice stands for."""
    tune, space = model["tune"], searched(model)
    metric = metric_of(model)
    arguments = " ".join(f"--{name}=${{{{search_space.{name}}}}}" for name in space)
    limits: dict[str, Any] = {
        "max_total_trials": tune["trials"],
        "max_concurrent_trials": min(tune["batch"], tune["trials"]),
    }
    if tune["timeout"] is not None:
        limits["timeout"] = max(1, round(seconds(tune["timeout"])))
    return {
        "$schema": f"{_SCHEMAS}/sweepJob.schema.json",
        "type": "sweep",
        "display_name": f"{title}-sweep",
        "experiment_name": f"{title}-sweep",
        "compute": f"azureml:{jobs['compute']}",
        "trial": {
            "code": "./trial",
            "command": f"python mlc_azureml_trial.py space.json {arguments}",
            "environment": {"image": jobs["image"]},
        },
        "sampling_algorithm": {"type": "random", "seed": tune["seed"]},
        "search_space": {name: _drawn(found) for name, found in space.items()},
        "objective": {
            "primary_metric": metric,
            "goal": "maximize" if of_task(model["task"])[metric].better == "higher" else "minimize",
        },
        "limits": limits,
        "tags": tags,
    }


def _drawn(found: View) -> dict[str, Any]:
    """A range in Azure's words: its loguniform has the logarithms of the ends, and a choice is drawn by its place."""
    if found["log"] is not None:
        low, high = found["log"]
        return {"type": "loguniform", "min_value": math.log(low), "max_value": math.log(high)}
    if found["int"] is not None:
        low, high = found["int"]
        return {"type": "quniform", "min_value": int(low), "max_value": int(high), "q": 1}
    if found["float"] is not None:
        low, high = found["float"]
        return {"type": "uniform", "min_value": low, "max_value": high}
    return {"type": "choice", "values": list(range(len(found["choice"])))}


def _space(model: View, jobs: View, scope: Scope) -> dict[str, Any]:
    """What the trial has to know: where the project is, which parameters it sets, and what a choice stands for."""
    return {
        "repository": jobs["repository"],
        "branch": jobs["branch"],
        "folder": jobs["folder"],
        "environment": scope.environment,
        "model": model["name"],
        "metric": metric_of(model),
        "trials": f"{scope.project['artifacts']}/{scope.environment}/models/{model['name']}/trials.json",
        "parameters": {
            name: {
                "at": f"++model.{model['name']}.train.params.{name}",
                "whole": found["int"] is not None,
                "choice": found["choice"],
            }
            for name, found in searched(model).items()
        },
    }
