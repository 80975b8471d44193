"""lock-unfit: a lock file does not lock what it should.

Why it matters: an image is built from what the lock names. A package without a hash may be another one tomorrow, one
that is missing stops the build, and one of another version is not what was meant.
How to mend it: make the lock anew from the packages that are wanted, with hashes: `uv pip compile --generate-hashes` or
`pip-compile --generate-hashes`, or as pylock.toml; and change versions in one place only, then lock again.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.requirements_lock import Lock, normal, parse, same_version
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A lock file does not lock what it should.")
SCOPE = "upstream"

_HASH = "--hash=sha256:" + "0" * 64
_RUNTIME = (
    "python: '3.11'\nimage: python@sha256:"
    + "0" * 64
    + "\npackages: {numpy: 2.4.6}\nlock: requirements.lock\n"
)
BAD = {"runtime/python.yaml": _RUNTIME, "requirements.lock": f"numpy==2.4.5 {_HASH}\nonnx>=1.0\n"}
GOOD = {"runtime/python.yaml": _RUNTIME, "requirements.lock": f"numpy==2.4.6 {_HASH}\n"}

_HELP = "Make it anew: uv pip compile --generate-hashes --output-file {file} requirements.in"
_MOST = 20


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, runtime in subject.each("runtime"):
        file = runtime["lock"]
        if file is None:
            continue
        text = subject.document.files.get(file)
        if text is None:
            yield RULE.at(
                subject.span(address, "lock"),
                f"There is no file `{file}` in the project that could be read, given by a path without detours.",
                text="no such file",
                help=_HELP.format(file=file),
                address=str(address),
                path="lock",
            )
            continue
        yield from _unfit(subject, address, file, parse(file, text), runtime["packages"])


def _unfit(
    subject: Subject, address: Address, file: str, lock: Lock, packages: dict[str, str]
) -> Iterator[Diagnostic]:
    named = Label(subject.span(address, "lock"), "is the lock of this runtime")
    for fault in lock.faults[:_MOST]:
        yield RULE.at(
            fault.span,
            fault.detail,
            text=fault.text,
            related=(named,),
            help=_HELP.format(file=file),
            address=str(address),
            path="lock",
        )
    if lock.faults:
        return  # what is locked is not known
    locked = {one.key: one for one in lock.packages}
    for name, version in packages.items():
        found = locked.get(normal(name))
        if found is None:
            yield RULE.at(
                subject.key_span(address, "packages", name),
                f"The runtime wants {name} {version}, and `{file}` does not have it.",
                text="is not in the lock",
                help=_HELP.format(file=file),
                address=str(address),
                path=f"packages.{name}",
            )
        elif not same_version(found.version, version):
            yield RULE.at(
                found.span,
                f"The lock has {found.name} {found.version}, and the runtime wants {version}.",
                text=f"is {found.version}",
                related=(Label(subject.span(address, "packages", name), f"wants {version}"),),
                help=_HELP.format(file=file),
                address=str(address),
                path=f"packages.{name}",
            )
