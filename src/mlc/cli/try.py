"""Score one choice of parameters, as tuning would, and change nothing.

MODEL CANDIDATE PARAMETER=VALUE…

Prints METRIC=MEAN after each fold, the last line being the score: what Katib and other searches read. The rows are
those that were prepared last; they have to be as the configuration describes them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlc.cli._console import Unfit, checked_and_compiled, guarded, name, project_folder
from mlc.cli._selection import plans_of_steps
from mlc.rules import several_environments, try_refused

if TYPE_CHECKING:
    from mlc.ir.graph import Resource
    from mlc.ir.operation import Operation
    from mlc.pipeline import Compiled


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", type=name, help="a model that is tuned, such as model.churn"
    )
    parser.add_argument(
        "candidate",
        metavar="CANDIDATE",
        type=name,
        help="a candidate below tune.space; train where it has none",
    )
    parser.add_argument(
        "values", nargs="*", metavar="PARAMETER=VALUE", type=name, help="every parameter of its space"
    )
    parser.add_argument("--env", metavar="NAME", help="the environment; the first where none is named")
    parser.add_argument(
        "--input", action="append", default=[], metavar="NAME=VALUE", help="give an input a value"
    )
    parser.set_defaults(overrides=[], format="text")


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc.drivers._attempt import attempt
    from mlc.ir.choice import Chosen
    from mlc.kinds._candidates import learners

    compiled = checked_and_compiled(arguments)[1]
    if len(compiled) > 1:
        raise Unfit(several_environments.found("try", [one.graph.environment for one in compiled]))
    resource, tune = _tuned(compiled[0], arguments.model)
    if arguments.candidate not in tune.spec["tune"]:
        raise Unfit(try_refused.no_candidate(arguments.candidate, arguments.model, tune.spec["tune"]))
    asked = tune.spec["tune"][arguments.candidate]
    params = _params(arguments.values, asked["space"], arguments.model)
    learner = learners(resource.view)[arguments.candidate]
    candidate = Chosen(arguments.candidate, learner["estimator"], learner["params"], learner["seed"])
    rows = _rows(project_folder(arguments), compiled, tune)

    def told(mean: float) -> None:
        print(f"{asked['metric']}={mean!r}", flush=True)

    done = attempt(tune.spec, candidate, rows, params, told)
    if done.value is None:
        raise Unfit(try_refused.failed(done.reason, arguments.model))
    return 0


def _tuned(compiled: Compiled, wanted: str) -> tuple[Resource, Operation]:
    """The model, and its step that searches."""
    found = {
        str(resource.address): (resource, operation)
        for resource in compiled.graph.resources
        for operation in resource.operations
        if resource.address.kind == "model" and operation.name == "tune"
    }
    if wanted not in found:
        raise Unfit(try_refused.no_model(wanted, compiled.graph.environment, found))
    return found[wanted]


def _params(words: list[str], space: list[dict[str, Any]], model: str) -> dict[str, Any]:
    """Every parameter of the space with its value."""
    from mlc.kinds._spaces import value_of

    known = {one["parameter"]: one for one in space}
    found: dict[str, Any] = {}
    for word in words:
        parameter, pair, value = word.partition("=")
        if not pair:
            raise Unfit(try_refused.no_pair(word))
        if parameter not in known:
            raise Unfit(try_refused.no_parameter(parameter, model, known))
        try:
            found[parameter] = value_of(known[parameter], value)
        except ValueError as error:
            raise Unfit(try_refused.no_value(word, str(error), model)) from error
    missing = [parameter for parameter in known if parameter not in found]
    if missing:
        raise Unfit(try_refused.missing(missing, model))
    return found


def _rows(root: Path, compiled: tuple[Compiled, ...], tune: Operation) -> Path:
    """The prepared rows that the step reads, where they are as described."""
    from mlc import states, workspace

    step, _, output = tune.inputs["train"].partition("#")
    environment = compiled[0].graph.environment
    if not plans_of_steps(root, compiled, (step,))[0][0].is_empty:
        raise Unfit(try_refused.not_prepared(step, environment))
    outcome = states.read(root, environment).operations[step]
    return workspace.results(root).path(outcome.outputs[output])
