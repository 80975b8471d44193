"""no-tests: nothing to run was found where tests were asked for.

Why it matters: a run without tests would pass, and whoever reads that believes that something was tried.
How to mend it: name a file that ends in .mlctest.yaml, or write one in tests/; loosen what -k asks for.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "There are no tests to run.")


def found(path: str | None) -> Diagnostic:
    if path is None:
        return RULE.at(
            None,
            "The project has no file of tests: none ends in .mlctest.yaml in tests/, in the project's folder or beside "
            "the resources. Write tests/config.mlctest.yaml; the README shows one.",
        )
    return RULE.at(
        None,
        f"{path} is no file of tests of this project and no folder that holds one. Their names end in .mlctest.yaml.",
    )


def none_selected(pattern: str, number: int) -> Diagnostic:
    return RULE.at(
        None,
        f'No case has "{pattern}" in its name or the name of its file; there are {number} in all. Ask for something '
        "else with -k, or leave it out.",
    )
