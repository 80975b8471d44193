"""user-code-failed: a module of the project could not train its model, or could not say it in ONNX.

Why it matters: the model does not come about. The module runs in a process of its own with limits, so nothing else does
harm by it.
How to mend it: the detail names the line of the module, or the limit that it ran into.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The project's own code failed.")


def raised(name: str, said: str, where: str, address: str, path: str = "train") -> Diagnostic:
    """An exception, at the innermost line of the project's code. `path` names what names the code."""
    return RULE.at(
        None,
        f"`{name}` raised {said}{f' at {where}' if where else ''}.",
        help="Mend the module, or the parameters that it is given; then apply again.",
        address=address,
        path=f"{path}.estimator",
    )


def missing(name: str, module: str, address: str, path: str = "train") -> Diagnostic:
    return RULE.at(
        None,
        f"`{name}` is of the module {module}, and nothing stands there that can be read.",
        help="Write the module, or name its place under `code` in mlc.yaml.",
        address=address,
        path=f"{path}.estimator",
    )


def unfit(name: str, detail: str, address: str, path: str = "train") -> Diagnostic:
    """What was found under the name is nothing that trains."""
    return RULE.at(
        None,
        f"`{name}` cannot be used: {detail}.",
        help="Name a class with the methods of scikit-learn's estimators, or a function `train(X, y, *, seed, …)` "
        "that gives a trained one.",
        address=address,
        path=f"{path}.estimator",
    )


def stopped(name: str, detail: str, field: str, address: str, path: str = "train") -> Diagnostic:
    """It ran into a limit, or was killed."""
    return RULE.at(
        None,
        f"`{name}` was stopped: {detail}.",
        help=f"Make it take less, or allow it more: `{field}` in mlc.yaml.",
        address=address,
        path=f"{path}.estimator",
    )
