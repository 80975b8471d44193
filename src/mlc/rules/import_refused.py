"""import-refused: what is to be taken over is not what this configuration would make.

Why it matters: a state that says of something else that it was made from this configuration would keep it for good.
How to mend it: read the reasons. Change the configuration or the versions of packages to what they were, take another
version, or let `mlc apply` make it.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "It cannot be taken over.")


def found(address: str, what: str, reasons: Sequence[str], *, is_file: bool) -> Diagnostic:
    return RULE.at(
        None,
        f"{what} is not taken over as {address}'s: {'; '.join(reasons)}. Nothing was recorded.",
        help="`--overwrite` takes a file over that differs; the next apply writes over it."
        if is_file
        else "Go back to what it was made with, name another version with --version, or let `mlc apply` make it anew.",
        address=address,
    )


def unnamed() -> Diagnostic:
    return RULE.at(
        None,
        "No resource is named.",
        help="Name what is to be taken over by its address: `mlc import model.churn`, `mlc import deployment.web`.",
    )


def several() -> Diagnostic:
    return RULE.at(
        None,
        "--version is about one model, and more than one address is given, or one that is no model.",
        help="Import one model at a time.",
    )


def nothing(address: str) -> Diagnostic:
    return RULE.at(
        None,
        f"There is nothing to take over for {address}: it writes no file, and it is no model.",
        help="`mlc apply` records it; that makes nothing.",
        address=address,
    )


def unknown(address: str, environment: str, known: Sequence[str]) -> Diagnostic:
    return RULE.at(
        None,
        f"There is no {address} in {environment}. {did_you_mean(address, known)}".rstrip(),
        help="Describe it first: what is imported belongs to a resource.",
        address=address,
    )


def exists(file: str) -> Diagnostic:
    return RULE.at(
        None,
        f"{file} is there already and says something else. Nothing was written.",
        help="`--overwrite` writes over it (`--diff` shows how); --name gives what is imported another name.",
    )


def project_there(folder: str) -> Diagnostic:
    return RULE.at(
        None,
        f"There is a project in {folder} already, or a file of that name. Nothing was written.",
        help="Name another folder after --new, or import into the project that is there: leave --new out.",
    )


def broken_project() -> Diagnostic:
    return RULE.at(
        None,
        "The project has mistakes, told above, so it cannot be said what an import would make of it. "
        "Nothing was written.",
        help="Mend them first, or import into a new project: `--new DIR`.",
    )


def no_source(kind: str) -> Diagnostic:
    return RULE.at(
        None,
        f"Nothing is named that is to be imported from {kind}.",
        help=f"Name files or a folder: `mlc import --from {kind} PATH`.",
    )
