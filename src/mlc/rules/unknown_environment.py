"""unknown-environment: an environment that the project does not have.

Why it matters: there is no file to compose it from.
How to mend it: name one of the project's environments, or add it to `environments` in mlc.yaml with a file
env/NAME.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._fixes import instead
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "The environment is not known.")
SCOPE = "upstream"

BAD = {"deployment/local.yaml": "model: churn\ntarget: here\nenvironments: [dve]\n"}
GOOD = {"deployment/local.yaml": "model: churn\ntarget: here\nenvironments: [dev]\n"}


def found(name: str, known: Iterable[str], span: Span | None = None, *, address: str = "") -> Diagnostic:
    return RULE.at(
        span,
        f'The project has no environment "{name}". Name one of its own, or add it to "environments" in mlc.yaml '
        f"and write env/{name}.yaml.",
        text="not an environment of this project",
        help=did_you_mean(name, known),
        fix=instead(name, known, span),
        address=address,
    )


def check(subject: Subject) -> Iterator[Diagnostic]:
    """The environments of a pipeline; those that any resource exists in are known when composing."""
    known = subject.project["environments"]
    for address, pipeline in subject.each("pipeline"):
        for name in pipeline["apply"]:
            if name not in known:
                yield found(name, known, subject.key_span(address, "apply", name), address=str(address))
        for schedule, spec in pipeline["schedules"].items():
            for i, name in enumerate(spec["environments"]):
                if name not in known:
                    span = subject.span(address, "schedules", schedule, "environments", i)
                    yield found(name, known, span, address=str(address))
