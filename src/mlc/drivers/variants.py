"""optimize: makes the variants of the served form, proves, evaluates, measures and gates each, and chooses one.

Inputs: `onnx` (the form as exported), `model` (skops), `train` and `test` (Parquet), and where the dataset keeps rows
apart to choose by, `validation`: the variants are then compared there, and only the one chosen meets the test.
Outputs: `onnx` and `parity` of the one chosen, `variants` (JSON, see `mlc.ir.variant.Variants`) and `report` (one HTML
page). Each variant goes through the very steps that the served model goes through. Latencies are measured, so
`variants` and `report` differ from run to run; what is chosen does so only with `fastest`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import structs

from mlc.ir.metrics import CLUSTERING
from mlc.ir.operation import Operation, Product, StepFailed, Work
from mlc.ir.variant import Measured, Variants
from mlc.rules import no_variant_fits
from mlc.rules._words import listed

VERSION = 2
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
EFFECT = False
CORES = 0  # alone: whatever ran beside it would be measured too
MEMORY = 400
MEMORY_PER_BYTE = 100.0
LOADS = ("mlc.drivers._forms", "mlc.drivers._convert", "mlc.drivers.evaluation", "mlc.drivers.latency")


def run(work: Work) -> Product:
    """Make, measure, choose. Raises StepFailed (no-variant-fits, a refusal)."""
    from mlc.drivers._canonical import canonical
    from mlc.drivers._variants_page import page
    from mlc.drivers.latency import cpu_name

    metric = next(iter(work.spec["choose"].get("within", {})), work.spec["metric"])
    made = [_made(work, variant, metric) for variant in work.spec["variants"]]
    measured = front(compared(made, work.spec, _base(work, metric)), metric)
    chosen = choose(measured, work.spec["choose"])
    if chosen is None:
        raise StepFailed(no_variant_fits.found(measured, work.operation.address))
    found = Variants(
        rule=_rule(work.spec["choose"]),
        metric=metric,
        chosen=chosen.name,
        why=_why(chosen, measured, work.spec["choose"]),
        cpu=cpu_name(),
        variants=measured,
        rows=_rows(work),
    )
    folder = work.folder / chosen.name
    if "validation" in work.inputs:
        _prove(work, chosen.name, folder)
    paths = {"onnx": folder / "model.onnx", "parity": folder / "parity.json"}
    paths |= {"variants": work.folder / "variants.json", "report": work.folder / "variants.html"}
    paths["variants"].write_bytes(canonical(found))
    data = page(found, work.operation.address)
    paths["report"].write_bytes(work.render("variants_report", "report.html.j2", data))
    summary = {
        "chosen": chosen.name,
        "why": found.why,
        "sizes": {one.name: one.size for one in measured},
        "refused": {one.name: one.refused[0] for one in measured if one.refused},
    }
    return Product(paths, summary)


def compared(
    measured: list[Measured], spec: Mapping[str, Any], base: Mapping[str, float | None]
) -> list[Measured]:
    """The variants, with how much worse each is than the form as exported, and refused where it is too much."""
    from mlc.ir.evaluation import METRICS

    found = []
    for one in measured:
        worse: dict[str, float] = {}
        refused = list(one.refused)
        for name, allowed in spec["choose"].get("within", {}).items() if one.size is not None else ():
            value, before = one.metrics.get(name), base.get(name)
            title = METRICS[name].title
            if value is None or before is None:
                refused.append(f"{title} is not defined on the test set.")
                continue
            worse[name] = before - value if METRICS[name].better == "higher" else value - before
            if worse[name] > allowed:
                refused.append(f"{title} is worse by {worse[name]:.4g}, and {allowed:g} is allowed.")
        found.append(structs.replace(one, worse=worse, refused=refused))
    return found


def front(measured: list[Measured], metric: str) -> list[Measured]:
    """The variants, those marked that no other beats: as good in size, latency and metric, and better in one."""
    from mlc.ir.evaluation import METRICS

    sign = -1 if METRICS[metric].better == "higher" else 1

    def costs(one: Measured) -> tuple[float, float, float] | None:
        value = one.metrics.get(metric)
        if one.size is None or one.latency is None or value is None:
            return None
        return one.size, one.latency, sign * value

    known = [cost for one in measured if (cost := costs(one)) is not None]

    def stands(cost: tuple[float, float, float] | None) -> bool:
        return cost is not None and not any(
            other != cost and all(a <= b for a, b in zip(other, cost, strict=True)) for other in known
        )

    return [structs.replace(one, front=stands(costs(one))) for one in measured]


def choose(measured: list[Measured], rule: Mapping[str, Any]) -> Measured | None:
    """The smallest or the fastest of those that are not refused; of equals the first. None where there is none."""
    fitting = [one for one in measured if not one.refused]
    if "fastest" in rule:
        return min(fitting, key=lambda one: one.latency or 0.0, default=None)
    return min(fitting, key=lambda one: one.size or 0, default=None)


def _made(work: Work, variant: Mapping[str, Any], metric: str) -> Measured:
    """One variant, proven against the estimator and put through the steps that follow an export."""
    import polars as pl

    from mlc.drivers import _convert, _forms, _parity
    from mlc.drivers._canonical import canonical
    from mlc.drivers._columns import model_input
    from mlc.drivers._onnx import feeds, open_session, refuse_unsafe, score
    from mlc.drivers._skops import load_model
    from mlc.ir.task import OF_TWO, TASKS

    name, spec = variant["name"], work.spec
    work.tell(f"variant {name}")
    folder = work.folder / name
    folder.mkdir()
    onnx = folder / "model.onnx"
    what, classes = _what(variant), spec.get("classes", OF_TWO)
    model = load_model(work.inputs["model"])

    def rows() -> dict[str, Any]:
        frame = pl.read_parquet(work.inputs["train"], n_rows=_forms.CALIBRATION_ROWS)
        return feeds(model_input(frame, spec["columns"]))

    try:
        content = _forms.form(
            variant,
            model,
            work.inputs["onnx"],
            folder,
            rows,
            lambda other: _convert.to_onnx(
                other, spec["columns"], spec["opset"], TASKS[spec["task"]], classes
            ),
        )
        refuse_unsafe(content, f"the variant {name}")
        onnx.write_bytes(content)
        test = pl.read_parquet(work.inputs[_rows(work)])
        scored = score(open_session(onnx), test, spec["columns"], classes)
        asked = {**spec, **variant}
        parity = _parity.measured(asked, scored, model, model_input(test, spec["columns"]))
    except (_forms.ImpossibleError, _convert.ConversionError) as error:
        return Measured(name, what, [f"It cannot be made: {error}"])
    except StepFailed as error:
        return Measured(name, what, [one.detail for one in error.diagnostics])
    (folder / "parity.json").write_bytes(canonical(parity))
    missed = _parity.refusal(parity, asked, [], work.operation.address)
    refused = [] if missed is None else [missed.detail]
    proofs = _proofs(work, onnx, folder)
    if isinstance(proofs, str):
        return Measured(name, what, [*refused, proofs])
    proofs["parity"] = parity
    verdict = ""
    if spec["gates"]:
        from mlc.drivers import gate

        judged = gate.judge(spec["gates"], proofs, spec.get("more"))
        verdict = judged.outcome
        refused += [
            f"Gate {check.gate}, {check.metric}: {gate.sentence(check)} ({check.outcome})."
            for check in judged.checks
            if check.outcome != "pass"
        ]
    return Measured(
        name=name,
        what=what,
        refused=refused,
        size=len(content),
        latency=proofs["latency"]["p50"]["value"],
        label_agreement=parity.get("label_agreement"),
        max_probability_difference=parity.get("max_probability_difference"),
        value_agreement=parity.get("value_agreement"),
        max_relative_difference=parity.get("max_relative_difference"),
        metrics=_metrics(proofs["evaluation"], {metric, *spec["choose"].get("within", {})}),
        verdict=verdict,
    )


def _rows(work: Work) -> Literal["test", "validation"]:
    """The part of the rows that variants are compared on."""
    return "validation" if "validation" in work.inputs else "test"


def _prove(work: Work, name: str, folder: Path) -> None:
    """The one chosen against the estimator, on the whole test set. Raises StepFailed (parity-broken)."""
    import polars as pl

    from mlc.drivers import _parity
    from mlc.drivers._canonical import canonical
    from mlc.drivers._columns import model_input
    from mlc.drivers._onnx import open_session, score
    from mlc.drivers._skops import load_model
    from mlc.ir.task import OF_TWO

    spec = work.spec
    asked = {**spec, **next(one for one in spec["variants"] if one["name"] == name)}
    test = pl.read_parquet(work.inputs["test"])
    scored = score(open_session(folder / "model.onnx"), test, spec["columns"], spec.get("classes", OF_TWO))
    model = load_model(work.inputs["model"])
    parity = _parity.measured(asked, scored, model, model_input(test, spec["columns"]))
    missed = _parity.refusal(parity, asked, [], work.operation.address)
    if missed is not None:
        raise StepFailed(missed)
    (folder / "parity.json").write_bytes(canonical(parity))


def _proofs(work: Work, onnx: Path, folder: Path) -> dict[str, Any] | str:
    """What evaluating and measuring a form gives, and comparing it with champions; or why that is impossible."""
    from mlc.drivers import evaluation, latency
    from mlc.store.content import digest_of

    address = work.operation.address
    found: dict[str, Any] = {}
    steps: list[tuple[str, Any, str]] = [
        ("evaluate", evaluation, "evaluation"),
        ("measure", latency, "latency"),
    ]
    if "compare" in work.spec:
        from mlc.drivers import champion

        steps.append(("compare", champion, "comparison"))
    digests = {"onnx": digest_of(onnx), "test": ""}
    # how clusters hold together is measured in the space that the estimator sees
    more = {"model": work.inputs["model"]} if work.spec["task"] == CLUSTERING else {}
    for name, driver, output in steps:
        step = structs.replace(
            work,
            operation=Operation(id=f"{address}/{name}", driver=name, spec=work.spec[name]),
            folder=folder,
            inputs={"onnx": onnx, "test": work.inputs[_rows(work)], **more},
            digests=digests,
        )
        try:
            product: Product = driver.run(step)
        except StepFailed as error:
            return " ".join(one.detail for one in error.diagnostics)
        found[output] = msgspec.json.decode(product.outputs[output].read_bytes())
    return found


def _base(work: Work, metric: str) -> dict[str, float | None]:
    """The metrics of the form as exported, which every variant is compared with."""
    folder = work.folder / ".exported"
    folder.mkdir()
    proofs = _proofs(work, work.inputs["onnx"], folder)
    if isinstance(proofs, str):
        return {}
    return _metrics(proofs["evaluation"], {metric, *work.spec["choose"].get("within", {})})


def _metrics(evaluation: Mapping[str, Any], names: set[str]) -> dict[str, float | None]:
    return {name: evaluation["estimates"].get(name, {}).get("value") for name in sorted(names)}


def _what(variant: Mapping[str, Any]) -> str:
    words = {
        "graph": "graph optimised ({})",
        "precision": "{}",
        "quantize": "8 bits, {}",
        "prune": "{:.0%} of the trees",
    }
    return next((word.format(variant[key]) for key, word in words.items() if key in variant), "as exported")


def _rule(choose: Mapping[str, Any]) -> str:
    first = "the fastest" if "fastest" in choose else "the smallest"
    within = [f"{name} worse by at most {allowed:g}" for name, allowed in choose.get("within", {}).items()]
    return f"{first} variant that clears every bound" + (f", with {listed(within)}" if within else "")


def _why(chosen: Measured, measured: list[Measured], rule: Mapping[str, Any]) -> str:
    fitting = sum(not one.refused for one in measured)
    told = f"{1e6 * (chosen.latency or 0):.0f} µs" if "fastest" in rule else f"{chosen.size:,} bytes"
    word = "fastest" if "fastest" in rule else "smallest"
    return f"{chosen.name} is the {word} ({told}) of the {fitting} of {len(measured)} variants that clear every bound."
