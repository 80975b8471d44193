"""missing-layer: a defaults list names a file that does not exist.

Why it matters: the values that the layer was to bring are missing.
How to mend it: correct the name; the message lists the options of the group. Mark an entry `optional` if its file
may be absent.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "A layer is not there.")

BAD = {"env/dev.yaml": "defaults: [_clowd, _self_]\n", "env/_cloud.yaml": "vars: {region: westeurope}\n"}
GOOD = {"env/dev.yaml": "defaults: [_cloud, _self_]\n", "env/_cloud.yaml": "vars: {region: westeurope}\n"}


def found(span: Span | None, name: str, help_text: str) -> Diagnostic:
    """The entry at `span` leads to the file `name`."""
    file = name if name.endswith(".yaml") else f"{name}.yaml"
    return RULE.at(
        span,
        f"There is no file `{file}`.",
        text=f"no `{file}`",
        help=help_text or "Create the file, correct the name, or mark the entry `optional`.",
    )


def in_module(span: Span | None, module: str, path: str, help_text: str) -> Diagnostic:
    """The entry leads into a module, which has no such file."""
    return RULE.at(
        span,
        f"The module {module} has no file `{path}` in the version that mlc.lock holds.",
        text=f"no `{path}` in {module}",
        help=help_text or "Correct the name, or update the module.",
    )


def no_folder(folder: str) -> Diagnostic:
    """The config directory itself is not there."""
    return RULE.at(
        None,
        f"There is no folder {folder} to compose from.",
        help="Name the config directory with --config-dir DIR.",
    )


def unreadable(span: Span, file: str, reason: str) -> Diagnostic:
    """The file exists, and the operating system does not let us read it."""
    return RULE.at(
        span,
        f"The file `{file}` cannot be read: {reason}.",
        help="Check the permissions of the file and of its folder.",
    )


def undecided(span: Span | None, key: str, options: tuple[str, ...]) -> Diagnostic:
    """The choice is `???`."""
    listed = ", ".join(f"`{option}`" for option in options)
    return RULE.at(
        span,
        f"`{key}` is `???`: one option of the group must be chosen, and none is.",
        text="not chosen",
        help=f"Choose one, as in `{key}={options[0]}`. Options: {listed}." if options else "Choose one.",
    )
