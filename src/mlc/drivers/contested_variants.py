"""optimize, of a model whose gate compares it with a champion: each variant is compared too, as what is served is.

What it chooses follows what an alias points to, which no key holds: like `champion`, it is an effect, and `observe`
says when the alias points to another model than the variants were compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlc.ir.drift import Seen
from mlc.ir.operation import Operation, Outcome, Product, Work

VERSION = 1
PACKAGES = (
    "scikit-learn",
    "numpy",
    "scipy",
    "skops",
    "skl2onnx",
    "onnx",
    "onnxruntime",
    "polars",
    "protobuf",
    "jinja2",
)
EFFECT = True
CORES = 0  # alone: whatever ran beside it would be measured too
MEMORY = 400
MEMORY_PER_BYTE = 100.0
LOADS = ("mlc.drivers._forms", "mlc.drivers._convert", "mlc.drivers.evaluation", "mlc.drivers.latency")


def run(work: Work) -> Product:
    """What `variants` gives, with the champions in its summary. Raises StepFailed as it does, and
    registry-unreadable."""
    from mlc.drivers import champion, variants

    _, pointed = champion.pointed_to(work.root, work.spec["compare"])
    product = variants.run(work)
    return Product(product.outputs, {**product.summary, "champions": champion.told(pointed)})


def observe(
    root: Path,
    environment: str,  # noqa: ARG001 - a registry is one for all of them
    done: Sequence[tuple[Operation, Outcome]],
) -> dict[str, Seen]:
    """Variants that were compared with a model that the alias no longer points to."""
    from mlc.drivers import champion

    return champion.moves(
        root, [(one, one.spec["compare"], made.outputs.get("onnx", ""), made.summary) for one, made in done]
    )
