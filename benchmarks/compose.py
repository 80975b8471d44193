"""Loading and composing against Hydra and OmegaConf, in one process and on the same files.

Run: python benchmarks/compose.py [repetitions]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlc.compose.hydra import compose_config
from mlc.compose.interpolate import resolve
from mlc.compose.merge import merge
from mlc.compose.source import Source
from mlc.ir.node import Node, plain
from mlc.load.reader import read

LAYERS = 6


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


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
