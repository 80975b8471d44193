"""Versions of datasets: by their content, numbered 1, 2, 3 per name. The rows themselves are not kept here.

They stand in the catalogue under a name that no model can have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from mlc.drivers.registry.places import Registry
from mlc.drivers.registry.versions import described
from mlc.ir.operation import StepFailed
from mlc.ir.profile import DatasetEntry, DatasetVersion
from mlc.rules import unknown_version

PREFIX = "dataset/"
PROFILE = "profile"


def register(
    registry: Registry,
    name: str,
    content: str,
    files: Mapping[str, Path],
    describe: Callable[[int, dict[str, str]], DatasetEntry],
    now: str,
) -> tuple[DatasetEntry, bool]:
    """Make a version of the dataset `name`, known by the digest of its content; and whether it was there already.

    Like `versions.register`: files first, the catalogue commits, and other words for the same content are a revision.
    Raises StepFailed (registry-unreadable), OSError where the disk fails.
    """
    entry, already, _ = described(registry, PREFIX + name, content, files, describe, now)
    return entry, already


def versions(registry: Registry, name: str) -> tuple[DatasetVersion, ...]:
    """Every version, oldest first. Raises StepFailed (unknown-version) where there is none."""
    with registry.catalogue.look() as view:
        numbers = () if view is None else view.numbers(PREFIX + name)
        found = [] if view is None else [held for one in numbers if (held := view.held(PREFIX + name, one))]
        if not found:
            raise StepFailed(unknown_version.no_dataset(name, names(registry)))
        return tuple(
            DatasetVersion(
                entry=msgspec.json.decode(registry.files.read(held.revisions[-1].entry), type=DatasetEntry),
                created=held.created,
            )
            for held in found
        )


def names(registry: Registry) -> tuple[str, ...]:
    """The datasets that have a version, by name."""
    with registry.catalogue.look() as view:
        found = () if view is None else view.names()
    return tuple(name.removeprefix(PREFIX) for name in found if name.startswith(PREFIX))
