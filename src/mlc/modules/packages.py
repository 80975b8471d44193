"""Layers in an installed Python package. It is found without being imported, so nothing of it runs."""

from __future__ import annotations

import importlib.util
from importlib import metadata
from pathlib import Path

from mlc.ir.module import Declared, Package, Resolved
from mlc.ir.operation import StepFailed
from mlc.modules import versions
from mlc.modules.trees import Fetched, read_folder
from mlc.rules import module_unreachable, module_version_missing


def fetch(declared: Declared, origin: Package, *, any_version: bool = False) -> Fetched:
    """The layers of a package, in whatever version is installed. Raises StepFailed, also for a wrong version."""
    folder = _folder(declared, origin)
    distribution = _distribution(origin.name)
    if distribution is None:
        raise StepFailed(
            module_unreachable.found(
                declared.name,
                declared.span,
                f"{folder} belongs to no installed package, so its version is not known",
                "Install it as a package: pip install PACKAGE. A folder is given as a path, without pkg://.",
            )
        )
    name, version = distribution.metadata["Name"], distribution.version
    if declared.version and not any_version:
        wanted = versions.specifiers(declared.version)
        if wanted is None:
            raise StepFailed(
                module_version_missing.no_constraint(declared.name, declared.span, declared.version)
            )
        if not versions.fits(version, wanted):
            help_text = f"Install one that fits: pip install '{name}{wanted}'."
            raise StepFailed(
                module_version_missing.found(
                    declared.name, declared.span, declared.version, [version], help_text
                )
            )
    below = folder / declared.path if declared.path else folder
    return read_folder(declared, below, Resolved(package=name, version=version))


def _folder(declared: Declared, origin: Package) -> Path:
    """Where the files of a package stand."""
    try:
        spec = importlib.util.find_spec(origin.name)  # of a name without dots: finds, and imports nothing
    except (ValueError, ImportError):  # a module that has no spec, such as __main__
        spec = None
    places = [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
    there = [place for place in places if place.is_dir()]
    if len(there) != 1:
        what = "is not installed" if not there else "stands in several folders"
        raise StepFailed(
            module_unreachable.found(
                declared.name,
                declared.span,
                f"the package {origin.name} {what} in the Python that runs mlc",
                "Install it there with pip, or correct the name: it is the one that Python imports.",
            )
        )
    return there[0]


def _distribution(name: str) -> metadata.Distribution | None:
    """What was installed that gave the package: mostly of its name, else whichever says so."""
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        owners = metadata.packages_distributions().get(name, [])
    return metadata.distribution(owners[0]) if owners else None
