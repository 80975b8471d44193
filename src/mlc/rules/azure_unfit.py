"""azure-unfit: a pipeline that Azure Pipelines would not run as it is written.

Why it matters: Azure replaces `$(…)` by one of its own variables before a shell sees it, even by one that holds a
token, and its files know no token of the run for another cloud.
How to mend it: write `…` between backticks, or put the command into a script of the repository; give your own agents an
identity of the cloud instead of `identity`, or take `azure_pipelines` out of `systems`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "Azure Pipelines would not run this as it is written.")
SCOPE = "upstream"

BAD = {"pipeline/ci.yaml": "systems: [azure_pipelines]\ninstall: pip install $(cat wheel.txt)\n"}
GOOD = {"pipeline/ci.yaml": "systems: [azure_pipelines]\ninstall: pip install -r requirements.txt\n"}

_VARIABLE = re.compile(r"\$\([^()]*\)|\A\s*\$\[")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, pipeline in subject.each("pipeline"):
        if "azure_pipelines" not in pipeline["systems"]:
            continue
        for field in ("install", "runner"):
            if found := _VARIABLE.search(pipeline[field]):
                yield RULE.at(
                    subject.span(address, field),
                    f'Azure replaces "{found.group(0).strip()}" by one of its own variables before the shell sees it. '
                    "Write the command between backticks, or put it into a script of the repository.",
                    text="a variable to Azure",
                    address=str(address),
                    path=field,
                )
        for environment, apply in pipeline["apply"].items():
            if apply["identity"] is not None:
                yield RULE.at(
                    subject.key_span(address, "apply", environment, "identity"),
                    "The files of Azure Pipelines have no token of a run for another cloud. Give your own agents an "
                    'identity of that cloud and leave "identity" out, or take "azure_pipelines" out of "systems".',
                    text="not on Azure Pipelines",
                    address=str(address),
                    path=f"apply.{environment}.identity",
                )
