"""The registry of models and datasets: a catalogue that commits, and content-addressed files that it names.

`open_registry` says where it lies; the other modules act on that, whichever shape it has: `versions` registers and
shows versions, `promotions` moves aliases and keeps their log. `catalogue` and `files` say what a shape has to offer,
and each shape is a module that does: `database`, `relational`, `documents`, `folders`, `objects`. This file is what the
command line asks: it only reads, and makes nothing where there is no registry yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlc.drivers.registry import datasets
from mlc.drivers.registry.places import Registry, open_registry
from mlc.drivers.registry.promotions import (
    Cause,
    head,
    log,
    remove_alias,
    set_alias,
    stood_at,
    stood_before,
    verify_log,
)
from mlc.drivers.registry.versions import (
    Registered,
    aliases,
    collect,
    models,
    register,
    verify_files,
    version,
    versions,
)
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
from mlc.ir.profile import DatasetVersion
from mlc.ir.registry import Promotion, Summary, Version
from mlc.rules import unknown_version

__all__ = [
    "Cause",
    "Registered",
    "Registry",
    "aliases",
    "collect",
    "head",
    "is_out_of_reach",
    "list_datasets",
    "list_models",
    "log",
    "models",
    "open_registry",
    "promotion_log",
    "referred",
    "register",
    "remove_alias",
    "set_alias",
    "show",
    "stood_at",
    "stood_before",
    "verify",
    "verify_files",
    "verify_log",
    "version",
    "versions",
]

_REFERENCE = re.compile(r"([a-z0-9][a-z0-9_-]*)(?::([1-9][0-9]{0,8})|@([a-z0-9][a-z0-9_-]*))?")


def is_out_of_reach(failure: StepFailed) -> bool:
    """Was a registry not looked at, because its server does not answer or its password is not here (as in CI)?

    What was not seen is not taken for changed: a plan then goes by what is recorded, and `apply` says what is wrong.
    """
    return any(found.rule in ("registry-unreachable", "secret-missing") for found in failure.diagnostics)


def list_models(root: Path, spec: Mapping[str, Any]) -> tuple[Summary, ...]:
    """Every model of the project's registry, by name. Raises StepFailed where it cannot be read."""
    return models(open_registry(root, spec))


def list_datasets(root: Path, spec: Mapping[str, Any]) -> tuple[DatasetVersion, ...]:
    """The latest version of every dataset, by name. Raises StepFailed where the registry cannot be read."""
    registry = open_registry(root, spec)
    return tuple(datasets.versions(registry, name)[-1] for name in datasets.names(registry))


def show(root: Path, spec: Mapping[str, Any], reference: str) -> Version:
    """The version that `name` (the latest), `name:3` or `name@alias` stands for.

    Raises StepFailed (unknown-version), with what was probably meant.
    """
    return version(open_registry(root, spec), *referred(reference))


def referred(reference: str) -> tuple[str, int | str | None]:
    """A model's name, and the number, the alias or nothing (the latest) that a text names of it.

    Raises StepFailed (unknown-version).
    """
    matched = _REFERENCE.fullmatch(reference)
    if matched is None:
        raise StepFailed(unknown_version.not_a_reference(reference))
    name, number, alias = matched.groups()
    return name, int(number) if number else alias


def promotion_log(root: Path, spec: Mapping[str, Any], name: str | None = None) -> tuple[Promotion, ...]:
    """The promotion log of the project's registry, oldest first."""
    return log(open_registry(root, spec), name)


def verify(root: Path, spec: Mapping[str, Any], reference: str | None = None) -> tuple[Diagnostic, ...]:
    """What is wrong with the registry's files and its log, or with one version's files; nothing where all is well."""
    registry = open_registry(root, spec)
    if reference is not None:
        found = show(root, spec, reference)
        return verify_files(registry, {*found.entry.files.values(), *found.revisions})
    return (*verify_files(registry), *verify_log(registry))
