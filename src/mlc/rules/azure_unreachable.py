"""azure-unreachable: Azure Machine Learning could not be asked.

Why it matters: nothing can be made, changed or looked at in the workspace.
How to mend it: install the Azure CLI with its extension `ml`, log in with `az login`, and see that the subscription and
the network are there; then run the command again. What was done already is not done twice.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "Azure Machine Learning cannot be reached.")

_AGAIN = "Then run the command again; what was done already is not done twice."


def no_program() -> Diagnostic:
    return RULE.at(
        None,
        "The Azure CLI (`az`) is not on the PATH, and mlc reaches Azure Machine Learning by it. Nothing was done.",
        help=f"Install the Azure CLI, then `az extension add --name ml` and `az login`. {_AGAIN}",
    )


def no_extension() -> Diagnostic:
    return RULE.at(
        None,
        "The Azure CLI has no extension `ml`, which knows Azure Machine Learning. Nothing was done.",
        help=f"`az extension add --name ml`. {_AGAIN}",
    )


def not_logged_in(said: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The Azure CLI does not know who you are there: {said}",
        help=f"`az login`; in CI, the login that your CI system has for Azure, without a key that is kept. {_AGAIN}",
    )


def no_answer(command: str, said: str) -> Diagnostic:
    return RULE.at(
        None,
        f"`{command}` had no answer that could be used: {said}",
        help=f"See that Azure and this machine's network are well. {_AGAIN}",
    )
