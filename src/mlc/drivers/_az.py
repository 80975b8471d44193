"""The door to Azure Machine Learning: the Azure CLI, by lists of arguments, with its answers as JSON.

No shell, and nothing secret on a command line: `az login` has put who we are into a folder of its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any

from mlc.ir.operation import StepFailed
from mlc.rules import azure_refused, azure_unreachable

_MOST_SECONDS = 3 * 3600
_SETTINGS = {
    "AZURE_CORE_COLLECT_TELEMETRY": "no",
    "AZURE_CORE_NO_COLOR": "true",
    "AZURE_CORE_ONLY_SHOW_ERRORS": "true",
    "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
}
_ABSENT = re.compile(r"not ?found|could not be found|does not exist", re.IGNORECASE)
_AROUND = re.compile(r"ResourceGroupNotFound|WorkspaceNotFound|workspaces/[^/'\"]+['\"]", re.IGNORECASE)
_LOGIN = re.compile(r"az login|AADSTS\d+|subscription\b.{0,80}(not found|doesn't exist)", re.IGNORECASE)
_EXTENSION = re.compile(r"'ml' is (misspelled|not (in|recognized))|extension ml\b", re.IGNORECASE)
_PASSING = re.compile(
    r"TooManyRequests|\b(408|409|429|500|502|503|504)\b|ServiceUnavailable|InternalServerError|InternalError|"
    r"GatewayTimeout|timed? ?out|Connection (reset|aborted|refused|error)|ConnectionError|Conflict|"
    r"another operation|temporar|try again|NameResolution|Failed to resolve",
    re.IGNORECASE,
)
_EXISTS = re.compile(r"already exists", re.IGNORECASE)


class AlreadyThereError(Exception):
    """It was made meanwhile, by somebody else or by a try of ours that was killed."""


def ask(workspace: Mapping[str, str], *arguments: str) -> Any:
    """What `az ml …` answers, as plain data; None where it says nothing.

    Raises StepFailed (azure-unreachable, azure-refused; passing where it may be gone when it is tried again), and
    AlreadyThereError.
    """
    answer = _run(workspace, arguments)
    said = _words(answer.stderr)
    if answer.returncode == 0:
        return _read(answer.stdout, arguments)
    if _EXISTS.search(said):
        raise AlreadyThereError(said)
    raise _failure(arguments, said or f"exit code {answer.returncode}")


def show(workspace: Mapping[str, str], *arguments: str) -> dict[str, Any] | None:
    """What `az ml … show` answers; None where there is no such thing. Raises StepFailed as `ask` does."""
    answer = _run(workspace, arguments)
    said = _words(answer.stderr)
    if answer.returncode != 0 and _ABSENT.search(said) and not (_AROUND.search(said) or _LOGIN.search(said)):
        return None
    if answer.returncode != 0:
        raise _failure(arguments, said or f"exit code {answer.returncode}")
    found = _read(answer.stdout, arguments)
    if not isinstance(found, dict):
        raise _failure(arguments, "the answer is no object")
    return found


def _run(workspace: Mapping[str, str], arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    where = {
        "--subscription": workspace["subscription"],
        "--resource-group": workspace["resource_group"],
        "--workspace-name": workspace["workspace"],
    }
    named = [word for option, value in where.items() for word in (option, value)]
    try:
        return subprocess.run(  # noqa: S603 - a list of arguments, no shell
            ["az", "ml", *arguments, *named, "--output", "json"],  # noqa: S607 - where the user has it
            env={**os.environ, **_SETTINGS},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_MOST_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise StepFailed(azure_unreachable.no_program()) from None
    except subprocess.TimeoutExpired:
        said = f"nothing for {_MOST_SECONDS // 3600} hours"
        raise StepFailed(azure_unreachable.no_answer(_command(arguments), said), passing=True) from None


def _failure(arguments: tuple[str, ...], said: str) -> StepFailed:
    command = _command(arguments)
    if _EXTENSION.search(said):
        return StepFailed(azure_unreachable.no_extension())
    if _LOGIN.search(said):
        return StepFailed(azure_unreachable.not_logged_in(said))
    if _PASSING.search(said):
        return StepFailed(azure_unreachable.no_answer(command, said), passing=True)
    return StepFailed(azure_refused.found(command, said))


def _read(text: str, arguments: tuple[str, ...]) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        said = f"it is no JSON: {_words(text)[:200]}"
        raise StepFailed(azure_unreachable.no_answer(_command(arguments), said), passing=True) from None


def _command(arguments: tuple[str, ...]) -> str:
    """The command in short: what it is about, without the paths of a folder that is gone when it is read."""
    shown = [word for word in arguments if not word.startswith("/")]
    return " ".join(["az", "ml", *(word for word in shown if word != "--file")])


def _words(text: str) -> str:
    """What a program said, on one line and of a length that a person reads."""
    one = " ".join(text.split())
    return one if len(one) <= 1000 else one[:997] + "…"
