"""Reviews made up for the tests of their forms."""

from __future__ import annotations

from typing import Any

from mlc.ir.diagnostic import Diagnostic, Label
from mlc.ir.review import (
    ArtifactReview,
    Cause,
    Compared,
    DataReview,
    FieldChange,
    GuardReview,
    ResourceReview,
    Review,
)
from mlc.ir.span import Span

BASE = Compared("main", "1" * 40, True, 0)
HEAD = Compared("topic", "2" * 40, True, 0)


def cause(file: str, line: int = 3) -> Cause:
    return Cause("head", Span(file, line, 5, line, 9))


def review(**parts: Any) -> Review:
    nothing: dict[str, Any] = {
        "project": "shop",
        "folder": "ml/shop",
        "base": BASE,
        "head": HEAD,
        "environments": ("dev", "prod"),
        "new_environments": (),
        "gone_environments": (),
        "whole": ("dev", "prod"),
        "resources": (),
        "guards": (),
        "artifacts": (),
        "data": (),
        "code": (),
        "new": (),
        "fixed": (),
        "remaining": 0,
        "unchanged": 7,
    }
    return Review(**{**nothing, **parts})


def saying(text: str) -> Review:
    """A review in which a stranger's text stands in every place that can hold one."""
    change = FieldChange(
        "description", "changed", text, {"a": [text]}, "metadata", cause(f"model/{text}.yaml")
    )
    added = FieldChange(f"train.params.{text}", "added", None, text, "retrain", cause("model/a.yaml"))
    removed = FieldChange(text or "x", "removed", text, None, "none", Cause("base", cause("x").span))
    finding = Diagnostic(
        "wrong-type",
        "error",
        "Summary.",
        f'"{text}" is not so.',
        (Label(cause(f"model/{text}").span, "", True),),
        f"Try {text}.",
    )
    return review(
        project=text,
        folder=f"ml/{text}",
        base=Compared(text, "1" * 40, True, 1),
        environments=("dev", text),
        new_environments=(text,),
        gone_environments=(text,),
        resources=(
            ResourceReview(
                "dev", "model.a", "changed", "retrain", "", (change, added, removed), "", ("train",)
            ),
            ResourceReview(
                text, "model.a", "changed", "retrain", "", (change,), owner=text, code_owners=(text,)
            ),
            ResourceReview("dev", "model.b", "renamed", "none", was=f"model.{text}"),
            ResourceReview("dev", "model.c", "removed", "none", cause=cause(f"model/{text}")),
            ResourceReview(
                "dev", "deployment.d", "follows", "redeploy", because=f"model.{text}", runs=(text,)
            ),
        ),
        guards=(
            GuardReview(
                text,
                "gate.q",
                text,
                "loosened",
                "changed",
                text,
                [text],
                cause(f"model/{text}"),
                text,
                (text,),
                ("model.a",),
            ),
            GuardReview("dev", "gate.q", "p", "tightened", "removed", text, None, None, text, (), ()),
        ),
        artifacts=(
            ArtifactReview(
                "dev",
                f"generated/{text}.yaml",
                "model.a",
                "docker",
                "changed",
                1,
                1,
                f"--- a\n+++ b\n@@\n-{text}\n+{text}",
            ),
        ),
        data=(DataReview(f"data/{text}", ("dataset.a",), "changed", 1, 2),),
        new=(finding,),
        fixed=(finding,),
        notes=(f"The base ({text}) has 1 mistake.",),
    )


def many(models: int, environments: tuple[str, ...]) -> Review:
    """A change of a shared layer that a thousand models have in every environment, and each with a file of its own."""
    change = FieldChange(
        "train.params.max_iter", "changed", 200, 400, "retrain", cause("model/_tabular.yaml")
    )
    names = [f"m{number:04}" for number in range(models)]
    resources: list[ResourceReview] = []
    artifacts: list[ArtifactReview] = []
    for environment in environments:
        for name in names:
            resources.append(
                ResourceReview(
                    environment,
                    f"model.{name}",
                    "changed",
                    "retrain",
                    "",
                    (change,),
                    "",
                    ("train",),
                    None,
                    "growth",
                )
            )
            resources.append(
                ResourceReview(
                    environment,
                    f"deployment.{name}",
                    "follows",
                    "redeploy",
                    because=f"model.{name}",
                    runs=("deploy",),
                )
            )
            artifacts.append(
                ArtifactReview(
                    environment,
                    f"generated/{environment}/docker/{name}/Dockerfile",
                    f"deployment.{name}",
                    "docker",
                    "changed",
                    1,
                    1,
                    "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new",
                )
            )
    return review(environments=environments, resources=tuple(resources), artifacts=tuple(artifacts))
