"""Puts a registered version where an image or a server's repository is built from.

Operation `bundle`: `bundle` is bundle.json as `mlc serve --bundle` reads it, `model` is model.onnx.
"""

from __future__ import annotations

import shutil

from mlc.drivers._bundle import BUNDLE, MODEL, bundle_of, canonical
from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = False


def run(work: Work) -> Product:
    """The two files of a bundle."""
    bundle = bundle_of(work)
    facts, model = work.folder / BUNDLE, work.folder / MODEL
    facts.write_bytes(canonical(bundle))
    shutil.copyfile(work.inputs["model"], model)
    return Product({"bundle": facts, "model": model}, {"version": bundle.number})
