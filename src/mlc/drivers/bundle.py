"""Puts a registered version where an image or a server's repository is built from.

Operation `bundle`: `bundle` is bundle.json as `mlc serve --bundle` reads it, `model` is model.onnx.
"""

from __future__ import annotations

import shutil
from typing import Any

import msgspec

from mlc.drivers._bundle import BUNDLE, MODEL, Bundle, canonical
from mlc.ir.operation import Product, Work
from mlc.ir.registry import Signature

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = False


def run(work: Work) -> Product:
    """The two files of a bundle."""
    spec = work.spec
    version: dict[str, Any] = msgspec.json.decode(work.inputs["version"].read_bytes())
    bundle = Bundle(
        environment=work.environment,
        deployment=spec["deployment"],
        name=version["name"],
        number=version["version"],
        alias=spec["alias"],
        digest=version["digest"],
        port=spec["port"],
        signature=msgspec.convert(spec["signature"], Signature),
        nullable=tuple(spec["nullable"]),
    )
    facts, model = work.folder / BUNDLE, work.folder / MODEL
    facts.write_bytes(canonical(bundle))
    shutil.copyfile(work.inputs["model"], model)
    return Product({"bundle": facts, "model": model}, {"version": bundle.number})
