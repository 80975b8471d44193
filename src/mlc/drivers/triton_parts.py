"""Puts the models of a registered version where an ensemble of Triton is served from, each as a model of its own.

The version's file holds them all, as it was proven; it is cut at the columns that they hand over, so that the parts say
together what the whole says. Operation `bundle`: `bundle` is bundle.json, `part-N` and `config-N` are the file and the
configuration of the Nth of the spec's `parts`.
"""

from __future__ import annotations

from mlc.drivers._bundle import BUNDLE, bundle_of, canonical
from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = ("onnx", "protobuf", "jinja2")
EFFECT = False
LOADS = ("onnx", "mlc.drivers._cut")


def run(work: Work) -> Product:
    """The files of the ensemble's models. Raises StepFailed for a version that the bundle refuses."""
    import onnx

    from mlc.drivers._cut import cut

    bundle = bundle_of(work)
    outputs = {"bundle": work.folder / BUNDLE}
    outputs["bundle"].write_bytes(canonical(bundle))
    whole = onnx.load(str(work.inputs["model"]))
    for number, part in enumerate(work.spec["parts"]):
        work.tell(f"cutting out {part['name']}")
        file, config = work.folder / f"{number}.onnx", work.folder / f"{number}.pbtxt"
        file.write_bytes(cut(whole, part["inputs"], part["outputs"]).SerializeToString(deterministic=True))
        data = {"part": part, "replicas": work.spec["replicas"]}
        config.write_bytes(work.render("triton", "part.pbtxt.j2", data))
        outputs |= {f"part-{number}": file, f"config-{number}": config}
    return Product(outputs, {"version": bundle.number, "parts": len(work.spec["parts"])})
