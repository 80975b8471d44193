"""Loading and composing against Hydra and OmegaConf, in one process and on the same files; and how the cost
grows with a project, from 100 to 10,000 resources.

Run: python benchmarks/compose.py [repetitions]      both
     python benchmarks/compose.py growth [sizes…]    growth alone
"""

from __future__ import annotations

import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlc import load, pipeline
from mlc.compose.hydra import compose_config
from mlc.compose.interpolate import resolve
from mlc.compose.merge import merge
from mlc.compose.project import compose_document, compose_layers
from mlc.compose.source import Source
from mlc.ir.node import Node, plain
from mlc.load.reader import read

LAYERS = 6
SIZES = (100, 1_000, 10_000)
WANTED_EXPONENT = 1.1


def layer(number: int) -> str:
    """A file of 43 lines: maps of maps, lists, texts, comments and two interpolations."""
    lines = [f"# layer {number}"]
    if number:
        lines += ["defaults:", f"  - _layer{number - 1}", "  - _self_"]
    else:
        lines += ["owner: risk", "tier: 1", "region: west"]
    lines += [
        f"name: model-{number}",
        "description: Will this loan be repaid? A text of some length.",
        "train:",
    ]
    lines += ["  estimator: sklearn.ensemble.HistGradientBoostingClassifier", "  params:"]
    lines += [f"    parameter_{index}: {index * 0.5 + number}" for index in range(12)]
    lines += ["  columns: [age, income, region, amount]", "tune:", "  trials: 40", "  space:"]
    lines += [f"    dimension_{index}: {{low: {index}, high: {index + 10}}}" for index in range(8)]
    lines += ["labels:", "  label: ${model.name}-x", "  other: ${model.train.params.parameter_1}", "steps:"]
    lines += [f"  - step_{index}" for index in range(43 - len(lines))]
    return "\n".join(lines) + "\n"


def microseconds(call: Callable[[], Any], repetitions: int) -> float:
    """The median of single calls."""
    taken = []
    for _ in range(repetitions):
        before = time.perf_counter()
        call()
        taken.append(time.perf_counter() - before)
    return statistics.median(taken) * 1e6


def main(repetitions: int) -> None:
    import yaml
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    warnings.simplefilter("ignore")
    texts = {f"model/_layer{number}.yaml": layer(number) for number in range(LAYERS - 1)}
    texts["model/churn.yaml"] = layer(LAYERS - 1)
    data = texts["model/churn.yaml"].encode()
    source = Source(read, files=texts)

    def fresh() -> Any:
        return compose_config(Source(read, files=texts), "model/churn")

    composed = compose_config(source, "model/churn")
    assert composed.node is not None, composed.diagnostics
    node = composed.node
    low, high = (read(texts[f"model/_layer{number}.yaml"], "x").node for number in (1, 2))
    assert isinstance(low, Node)
    assert isinstance(high, Node)
    few = max(5, repetitions // 50)
    with tempfile.TemporaryDirectory() as folder, initialize_config_dir(folder, version_base="1.3"):
        for name, text in texts.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        theirs = compose("model/churn")
        assert OmegaConf.to_container(theirs) == plain(node)
        assert OmegaConf.to_container(theirs, resolve=True) == plain(resolve(node, {})[0])
        low_config, high_config = OmegaConf.create(plain(low)), OmegaConf.create(plain(high))
        rows = [
            (
                f"load a file of {data.count(10)} lines",
                microseconds(lambda: read(data, "x"), repetitions),
                microseconds(lambda: yaml.load(data, Loader=yaml.CSafeLoader), few),
                "yaml.CSafeLoader, without positions",
            ),
            (
                f"compose {LAYERS} parsed layers",
                microseconds(lambda: compose_config(source, "model/churn"), repetitions),
                microseconds(lambda: compose("model/churn"), few),
                "hydra.compose",
            ),
            (
                f"parse and compose {LAYERS} layers",
                microseconds(fresh, repetitions),
                microseconds(lambda: compose("model/churn"), few),
                "hydra.compose",
            ),
            (
                "merge one layer",
                microseconds(lambda: merge(low, high), repetitions),
                microseconds(lambda: OmegaConf.merge(low_config, high_config), few),
                "OmegaConf.merge",
            ),
            (
                "resolve the result",
                microseconds(lambda: resolve(node, {}), repetitions),
                microseconds(lambda: OmegaConf.to_container(theirs, resolve=True), few),
                "OmegaConf.to_container(resolve=True)",
            ),
        ]
    print(f"{'':34}{'mlc, µs':>10}{'peer, µs':>12}{'ratio':>9}  peer")
    for name, mine, other, peer in rows:
        print(f"{name:34}{mine:10.0f}{other:12.0f}{other / mine:8.0f}×  {peer}")


# ── growth ──────────────────────────────────────────────────────────────────────────────────────────────


def write_project(root: Path, resources: int) -> None:
    """A valid project of so many resources: of ten, a dataset, its features and eight models of four layers."""
    files = {
        "mlc.yaml": "mlc: 1\nproject: grown\nowner: risk\nenvironments: [dev]\nvars: {region: west}\n"
        "presets:\n  model:\n    card: {licence: Apache-2.0}\n",
        "env/dev.yaml": "description: Where changes are tried.\n",
        "model/_base.yaml": "task: binary_classification\ntrain:\n  seed: 42\n"
        "  estimator: sklearn.ensemble.HistGradientBoostingClassifier\n"
        "  params: {learning_rate: 0.1, max_iter: 100, l2_regularization: 0.0}\n",
        "model/_wide.yaml": "defaults: [_base, _self_]\ntrain: {params: {max_leaf_nodes: 15}}\n",
        "model/_deep.yaml": "defaults: [_wide, _self_]\ntrain: {params: {max_iter: 300}}\n",
    }
    dataset = ""
    for number in range(resources):
        if number % 10 == 0:
            dataset = f"data_{number:05}"
            files[f"dataset/{dataset}.yaml"] = (
                f"description: Rows of group {number}.\n"
                f"source: {{type: file, path: data/{dataset}.parquet, format: parquet}}\n"
                "columns:\n  age: {type: integer, min: 18, max: 120}\n  income: {type: number, min: 0}\n"
                "  repaid: {type: integer, role: label, values: [0, 1]}\n"
                "checks: {min_rows: 20000}\nsplit: {method: stratified, by: repaid, test: 0.2, seed: 7}\n"
            )
            continue
        if number % 10 == 1:
            files[f"features/{dataset}.yaml"] = (
                f"description: What models see of group {number}.\n"
                "groups:\n  amounts:\n    columns: [age, income]\n"
            )
            continue
        files[f"model/model_{number:05}.yaml"] = (
            "defaults: [_deep, _self_]\n"
            f"description: Model {number} of ${{project}} in ${{vars.region}}.\n"
            f"dataset: {dataset}\nfeatures: {dataset}\n"
            'train: {params: {learning_rate: 0.08, max_bins: "${.max_leaf_nodes}"}}\n'
        )
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def grow(resources: int) -> dict[str, float]:
    """Seconds of each stage and the peak memory, in bytes, of this process, which does nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root, resources)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.process_time()
        layers = compose_layers(Source(load.read, root), pipeline.LANGUAGE)
        layered = time.process_time()
        document, mistakes = compose_document(layers, "dev", (), {}, pipeline.LANGUAGE)
        composed = time.process_time()
    assert not layers.diagnostics, layers.diagnostics[:3]
    assert not mistakes, mistakes[:3]
    assert len(document.addresses()) == resources
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "layers": layered - started,
        "document": composed - layered,
        "seconds": composed - started,
        "peak": peak * 1024,
        "before": before * 1024,
    }


def growth(sizes: tuple[int, ...]) -> None:
    """Each size in a process of its own, so that its peak of memory is its own."""
    print(
        f"{'resources':>10}{'files, s':>10}{'document, s':>13}{'total, s':>10}{'µs each':>9}{'peak, MB':>10}"
    )
    totals = []
    for size in sizes:
        print(f"{size:>10,}", end="", flush=True)
        answer = subprocess.run(
            [sys.executable, __file__, "grow", str(size)], check=True, capture_output=True, text=True
        )
        row = json.loads(answer.stdout)
        totals.append(row["seconds"])
        print(
            f"{row['layers']:10.2f}{row['document']:13.2f}{row['seconds']:10.2f}"
            f"{row['seconds'] / size * 1e6:9.0f}{row['peak'] / 1e6:10.0f}",
            flush=True,
        )
    if len(sizes) > 1:
        exponent = math.log(totals[-1] / totals[0]) / math.log(sizes[-1] / sizes[0])
        print(f"growth exponent {exponent:.2f}, wanted ≤ {WANTED_EXPONENT}")
        if exponent > WANTED_EXPONENT:
            sys.exit("Composing grows faster than the project.")


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["grow"]:
        print(json.dumps(grow(int(words[1]))))
    elif words[:1] == ["growth"]:
        growth(tuple(map(int, words[1:])) or SIZES)
    else:
        growth(SIZES)  # first: what a process weighs when it starts another counts as that one's peak
        print()
        main(int(words[0]) if words else 500)
