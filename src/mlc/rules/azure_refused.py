"""azure-refused: Azure Machine Learning does not do what it is asked to.

Why it matters: the workspace is not as described; what answers requests is left as it was.
How to mend it: read what Azure says, correct the description or the rights in the workspace, and run the command again.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "Azure Machine Learning refuses this.")


def found(command: str, said: str) -> Diagnostic:
    return RULE.at(
        None,
        f"`{command}` was refused: {said}",
        help="Correct the description, or the rights in the workspace, and run the command again; what was done "
        "already is not done twice.",
    )


def taken(what: str, name: str, version: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The workspace has version {version} of the {what} {name} already, and mlc did not make it from the same "
        "content. Versions there cannot be changed, and nothing was.",
        help=f"Archive that {what} in the workspace or give the project another name, and apply again.",
    )


def foreign(what: str, name: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The workspace has {what} {name} already, and mlc did not make it for this deployment. It was left as it is.",
        help="Delete it, or choose another `endpoint_prefix` in the target, and apply again.",
    )


def not_well(name: str, state: str, endpoint: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The deployment {name} of {endpoint} ended as {state}. It gets no requests; what answered before goes on.",
        help=f"`az ml online-deployment get-logs --endpoint-name {endpoint} --name {name}` says why. The next apply "
        "makes it anew.",
    )
