"""provenance: writes where a model comes from, an in-toto Statement with SLSA provenance, from what its steps recorded.

Inputs: `onnx`, `model`, `train`, `test`, `validation`, `evaluation`, `verdict` and `chosen`, where there are such, for
their digests; `member-NAME` and `reused`, the versions inside. Output: `provenance`. Neither a time nor a random number
stands in it: the same version has the same bytes. It is a statement, not a signed envelope.

Sources of the format: https://in-toto.io/Statement/v1 and https://slsa.dev/provenance/v1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from mlc.drivers import _chosen
from mlc.drivers._inside import members
from mlc.drivers.model_bom import libraries
from mlc.ir.operation import Product, Work, digest_of
from mlc.ir.registry import Member

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = False

BUILD_TYPE = "urn:mlc:build:model-version:1"
BUILDER = "urn:mlc:builder:apply"

_SUBJECTS = {"onnx": "model.onnx", "model": "model.skops"}
_DATA = ("train", "validation", "test")
_FOUND = {"chosen": "chosen.json", "evaluation": "evaluation.json", "verdict": "verdict.json"}
"""What the steps found out on the way: neither the model nor what it was made from."""


def run(work: Work) -> Product:
    """Write the statement. Raises msgspec.ValidationError where an input is not what its driver writes."""
    statement = content(_chosen.told(work), work.digests, work.made_from, members(work))
    written = work.folder / "provenance.slsa.json"
    # in the order in which it is read, which is as constant as the order of names
    written.write_bytes(msgspec.json.format(msgspec.json.encode(statement), indent=2) + b"\n")
    materials = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    return Product({"provenance": written}, {"materials": len(materials)})


def content(
    spec: Mapping[str, Any],
    digests: Mapping[str, str],
    made_from: Mapping[str, Mapping[str, str]],
    inside: Mapping[str, Member],
) -> dict[str, Any]:
    """The statement as plain data.

    `digests` are SHA-256 of the inputs, `made_from` what the outcomes of the steps were made from, by the names of the
    steps, `inside` the versions that are part of this one.
    """
    configuration = digest_of(spec)
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [_file(name, digests[role]) for role, name in _SUBJECTS.items() if role in digests],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "project": spec["project"],
                    "model": spec["name"],
                    # all that was asked for, as the registry digests it (`config` of the version)
                    "configuration": {"sha256": configuration},
                },
                "internalParameters": {"steps": _steps(made_from)},
                "resolvedDependencies": [
                    _file("configuration", configuration),
                    *_data(spec["dataset"]["name"], digests),
                    *_files(made_from),
                    *(
                        _file(f"model/{one.model}", one.digest) | {"annotations": {"version": one.number}}
                        for _, one in sorted(inside.items())
                    ),
                    *_packages(libraries(made_from)),
                ],
            },
            "runDetails": {
                "builder": {"id": BUILDER, "version": _drivers(made_from)},
                "byproducts": [
                    _file(name, digests[role]) for role, name in _FOUND.items() if role in digests
                ],
            },
        },
    }


def _file(name: str, digest: str) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}


def _steps(made_from: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """What each step was told to do, by digest, and by which driver."""
    return {
        name: {"driver": parts["driver"], "spec": {"sha256": parts["spec"]}}
        for name, parts in sorted(made_from.items())
    }


def _data(dataset: str, digests: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The parts of the data, as the model and its figures saw them."""
    for part in _DATA:
        if part in digests:
            yield _file(f"dataset/{dataset}/{part}", digests[part])


def _files(made_from: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    """Files of the project that the steps read: sources of data, and the project's own code. Also what was read for
    them from outside."""
    found = {
        key: digest
        for _, parts in sorted(made_from.items())
        for key, digest in parts.items()
        if key.startswith("file ") or key == "input rows"
    }
    for key, digest in sorted(found.items()):
        yield _file("rows" if key == "input rows" else key.removeprefix("file "), digest)


def _packages(packages: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Packages by name and version: which file of an index they were installed from, no step knows."""
    for name, version in sorted(packages.items()):
        yield {"name": name, "uri": f"pkg:pypi/{name.lower().replace('_', '-')}@{quote(version, safe='')}"}


def _drivers(made_from: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The versions of the drivers that did the steps."""
    found = {parts["driver"]: parts.get(f"tool {parts['driver']}", "") for parts in made_from.values()}
    return {f"mlc/{name}": version for name, version in sorted(found.items()) if version}
