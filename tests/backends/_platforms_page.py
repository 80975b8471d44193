"""docs/platforms.md: what each platform makes of one description, found out by compiling it for each.

`PYTHONPATH=tests python -m backends._platforms_page` writes the table between the page's marks; a test holds that this
leaves no diff, and that nothing is dropped: what is asked for shows in an artifact or in a step, or is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from mlc import data, pipeline
from mlc.emit import _matrix
from mlc.pipeline import Compiled, Opened
from mlc.request import Request

EXAMPLE = data.path("examples", "irises")
PAGE = ("docs", "platforms.md")
PLATFORMS = ("local", "mlflow", "kubeflow", "azureml")
"""The environments of the example, each of which names a target of its own."""


_MONITOR = """\
deployment: answers
health: {availability: {after: 2m}}
alerts: {team: {type: slack, channel: "#botany", url_file: /etc/alertmanager/slack.url}}
"""

_DRIFT = """\
deployment: answers
drift: {features: {numbers: {jensen_shannon_distance: 0.1}}}
data_quality: {numbers: {null_rate: 0.05}}
alerts: {team: {type: email, to: [botany@example.com]}}
"""


class Wish(Struct, frozen=True):
    """What somebody may want of the example, as overrides of its description or as files laid over it."""

    title: str
    overrides: tuple[str, ...] = ()
    files: dict[str, str] = {}


WISHES = (
    Wish("two copies", ("deployment.answers.replicas=2",)),
    Wish("processors and memory", ("++deployment.answers.resources={cpu: '2', memory: 2Gi}",)),
    Wish("scaling", ("++deployment.answers.autoscaling={min: 1, max: 4}",)),
    Wish("a variable", ("++deployment.answers.variables={LEVEL: info}",)),
    Wish("a secret", ("++deployment.answers.variables={KEY: '${secret:KEY}'}",)),
    Wish("another alias", ("++deployment.answers.alias=production",)),
    Wish(
        "a canary",
        ("++deployment.answers.rollout={strategy: canary, steps: {few: {traffic: 10%}}}",),
    ),
    Wish(
        "the old version kept until the new one answers",
        ("++deployment.answers.rollout={strategy: blue_green}",),
    ),
    Wish("a shadow", ("++deployment.answers.rollout={strategy: shadow, traffic: 20%}",)),
    Wish("scores of whole files", ("deployment.answers.mode=batch",)),
    Wish("a longer search of its parameters", ("model.species.tune.trials=9",)),
    Wish("another parameter of the estimator", ("model.species.train.params.max_iter=500",)),
    Wish("a stricter gate", ("gate.quality.metrics.accuracy.min=0.85",)),
    Wish("event files for TensorBoard", ("++model.species.track.tensorboard=true",)),
    Wish(
        "a monitor of its health",
        files={"monitor/health.yaml": _MONITOR},
    ),
    Wish(
        "a monitor of what it is asked",
        (
            "++target.azureml.register_data=true",
            "++target.azureml.monitoring={collect: 10%}",
            "++runtime.serving.packages={azureml-ai-monitoring: '1.0.0', azureml-inference-server-http: '1.5.1', "
            "numpy: '2.4.6', onnxruntime: '1.32.0', pandas: '3.1.1'}",
        ),
        files={"monitor/drift.yaml": _DRIFT},
    ),
    Wish("another split of the rows", ("dataset.flowers.split.seed=4",)),
)

NO_MATTER = "no matter"
"""Presets set `replicas`, `resources` and `runtime` for every deployment of a project, so no target refuses them
(decision 0060)."""


class Answer(Struct, frozen=True):
    """What a platform makes of a wish: artifacts that say it, steps of `mlc apply` that do, or reasons to refuse."""

    artifacts: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def cell(self) -> str:
        if self.refused:
            return "refused: " + ", ".join(
                f"`{rule}`" for rule in dict.fromkeys(rule for rule, _ in self.refused)
            )
        said = [f"`{name}`" for name in self.artifacts]
        if self.steps:
            said.append("`mlc apply`: " + ", ".join(self.steps))
        return "; ".join(said) or NO_MATTER


def given() -> str:
    """What is written for each platform of the example as it stands, and what `mlc apply` does, as Markdown."""
    opened = pipeline.open_project(EXAMPLE)
    lines = ["| platform | artifacts | steps of the deployment |", "| --- | --- | --- |"]
    for platform in PLATFORMS:
        compiled, _ = _compiled(opened, platform)
        assert compiled is not None
        names = ", ".join(
            f"`{name}`" for name in dict.fromkeys(Path(one.path).name for one in compiled.artifacts)
        )
        steps = [
            step.name
            for one in compiled.graph.resources
            if one.address.kind == "deployment"
            for step in one.operations
        ]
        lines.append(f"| `{platform}` | {names or '–'} | {', '.join(steps)} |")
    return "\n".join([*lines, ""])


def answers() -> dict[str, dict[str, Answer]]:
    """Every wish by its title, and what each platform makes of it."""
    opened = pipeline.open_project(EXAMPLE)
    plain = {platform: _compiled(opened, platform)[0] for platform in PLATFORMS}
    return {wish.title: {one: _answer(opened, wish, one, plain[one]) for one in PLATFORMS} for wish in WISHES}


def table(found: dict[str, dict[str, Answer]]) -> str:
    """The answers side by side, and below them why something is refused, as Markdown."""
    lines = [
        f"| wanted | {' | '.join(f'`{one}`' for one in PLATFORMS)} |",
        f"|{' --- |' * (len(PLATFORMS) + 1)}",
    ]
    lines += [f"| {title} | {' | '.join(by[one].cell for one in PLATFORMS)} |" for title, by in found.items()]
    reasons = [
        f"- {title}, `{platform}`: {detail}"
        for title, by in found.items()
        for platform, answer in by.items()
        for _, detail in answer.refused
    ]
    return "\n".join([*lines, "", "What is refused, in the words of `mlc validate`:", "", *reasons, ""])


def _answer(opened: Opened, wish: Wish, platform: str, plain: Compiled | None) -> Answer:
    if plain is None:
        raise ValueError(f"the example has a mistake in {platform}")
    wished, refused = _compiled(
        pipeline.with_files(opened, wish.files) if wish.files else opened, platform, wish.overrides
    )
    if wished is None:
        return Answer(refused=refused)
    return Answer(tuple(_artifacts(plain, wished)), tuple(_steps(plain, wished)))


def _compiled(
    opened: Opened, platform: str, overrides: tuple[str, ...] = ()
) -> tuple[Compiled | None, tuple[tuple[str, str], ...]]:
    """The example for one platform; or else the rules that it breaks there, with what they say."""
    validated = pipeline.validate(Request(EXAMPLE, (platform,), overrides), opened)
    mistakes = [one for one in validated.diagnostics if one.severity == "error"]
    if mistakes:
        return None, tuple((one.rule, re.sub(r"\s+", " ", one.detail).strip()) for one in mistakes)
    (compiled,) = pipeline.compile_validated(validated, pipeline.backends())
    return compiled, ()


def _artifacts(plain: Compiled, wished: Compiled) -> Iterator[str]:
    """The names of artifacts that are new or different."""
    before = {artifact.path: artifact.digest for artifact in plain.artifacts}
    different = (one.path for one in wished.artifacts if before.get(one.path) != one.digest)
    yield from dict.fromkeys(Path(path).name for path in sorted(different))


def _steps(plain: Compiled, wished: Compiled) -> Iterator[str]:
    """The names of steps that are new or different, in the order of the lifecycle."""
    before = {step.id: step for one in plain.graph.resources for step in one.operations}
    steps = (step for one in wished.graph.resources for step in one.operations)
    yield from dict.fromkeys(step.name for step in steps if before.get(step.id) != step)


def write() -> None:
    path = data.path(*PAGE)
    path.write_text(_matrix.page(path.read_text(encoding="utf-8"), text(answers()), BEGIN), encoding="utf-8")


def text(found: dict[str, dict[str, Answer]]) -> str:
    """What stands between the page's marks, of the answers to all wishes."""
    return f"{given()}\n{table(found)}"


BEGIN = "<!-- generated from examples/irises by `make generate` -->\n"

if __name__ == "__main__":
    write()
