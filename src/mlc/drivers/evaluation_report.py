"""report: one page of what was measured, with the verdict first.

Inputs: `evaluation`, `parity`, `latency` (JSON) and, where a gate has a champion, `comparison`, and where one is asked
for, the learning `curve`; `onnx` and `test` by
their digests alone. Output: `report` (HTML). It judges as the gate does, before it: a model that is refused has its
report, which says why.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mlc.drivers.gate import judge
from mlc.drivers.reporting.page import page
from mlc.ir.evaluation import Comparison, Evaluation
from mlc.ir.learning import LearningCurve
from mlc.ir.operation import Product, Work

VERSION = 2
PACKAGES = ("jinja2", "numpy", "scipy")
EFFECT = False


def run(work: Work) -> Product:
    """Write the report. Raises msgspec.ValidationError where an input is not what its driver writes."""
    spec = work.spec
    proofs = {
        name: msgspec.json.decode(work.inputs[name].read_bytes(), type=dict[str, Any])
        for name in ("evaluation", "parity", "latency", "comparison")
        if name in work.inputs
    }
    evaluation = msgspec.convert(proofs["evaluation"], Evaluation)
    comparison = msgspec.convert(proofs["comparison"], Comparison) if "comparison" in proofs else None
    curve = None
    if "curve" in work.inputs:
        curve = msgspec.json.decode(work.inputs["curve"].read_bytes(), type=LearningCurve)
    verdict = judge(spec["gates"], proofs, spec.get("more")) if spec["gates"] else None
    data = page(
        evaluation, work.operation.address, spec, work.digests, verdict, comparison, proofs["latency"], curve
    )
    written = work.folder / "report.html"
    written.write_bytes(work.render("evaluation_report", "report.html.j2", data))
    return Product({"report": written}, {"outcome": data["verdict"]["outcome"]})
