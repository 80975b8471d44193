"""The least that a plan of benchmarks/scale.py's project can cost, written by hand for it and for nothing else.

libyaml with positions, layers merged as plain dicts, a memoised resolver, jsonschema-rs, Jinja2, SHA-256; nothing is
written and nothing is told. What mlc does beyond it: remember where every value was written and what it overwrote, the
rules, references, a graph of steps, the comparison with what was applied, and every message.

Run: python benchmarks/floor.py FOLDER
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import jinja2
import jsonschema_rs
import yaml

from mlc import data

TEMPLATES = 8
REFERENCE = re.compile(r"\$\{([^}]+)\}")


class Located(yaml.CSafeLoader):
    """Every map knows the lines and columns of its values."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        found = super().construct_mapping(node, deep=deep)
        places[id(found)] = [(value.start_mark.line, value.start_mark.column) for _, value in node.value]
        return found


places: dict[int, Any] = {}


def merged(low: Any, high: Any) -> Any:
    if isinstance(low, dict) and isinstance(high, dict):
        return {
            **low,
            **{key: merged(low[key], value) if key in low else value for key, value in high.items()},
        }
    return high


def resolved(value: Any, root: dict[str, Any], around: dict[str, Any], memo: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: resolved(child, root, value, memo) for key, child in value.items()}
    if isinstance(value, list):
        return [resolved(child, root, around, memo) for child in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return looked_up(whole[1], root, around, memo)
    return REFERENCE.sub(lambda found: str(looked_up(found[1], root, around, memo)), value)


def looked_up(key: str, root: dict[str, Any], around: dict[str, Any], memo: dict[str, Any]) -> Any:
    if key.startswith("."):
        return around[key[1:]]
    if key not in memo:
        found: Any = root
        for part in key.split("."):
            found = found[part]
        memo[key] = resolved(found, root, root, memo)
    return memo[key]


def templates() -> list[jinja2.Template]:
    """Eight that are as long as what mlc writes for a model: 43, 43, 36, 2, 6, 117, 95 and 9 lines."""
    environment = jinja2.Environment()
    line = "{{ model.owner }}: {{ model.train.params.max_iter }} of {{ name }} for {{ environment }}\n"
    return [
        environment.from_string((line + "fixed: text of some length\n" * 3) * (lines // 4 + 1))
        for lines in (43, 43, 36, 2, 6, 117, 95, 9)
    ]


def plan(root: Path) -> int:
    """How many artifacts there are."""
    layers = {
        path.relative_to(root).as_posix().removesuffix(".yaml"): yaml.load(path.read_bytes(), Loader=Located)
        or {}
        for folder in ("env", "model", "deployment", "dataset", "features")
        for path in sorted((root / folder).glob("*.yaml"))
    }
    project = yaml.load((root / "mlc.yaml").read_bytes(), Loader=Located)
    schema = json.loads(data.path("schemas", "model.json").read_bytes())
    validator = jsonschema_rs.validator_for(schema)
    rendered = templates()
    digests: dict[str, str] = {}
    composed: dict[str, dict[str, Any]] = {}

    def compose(name: str) -> Any:
        layer = layers[name]
        below: Any = {}
        for entry in layer.get("defaults", ()):
            below = merged(
                below, layer if entry == "_self_" else compose(f"{name.partition('/')[0]}/{entry}")
            )
        return {key: value for key, value in (below or layer).items() if key != "defaults"}

    for name in layers:
        if not name.startswith("env/") and "/_" not in name:
            composed[name] = compose(name)
    for environment in project["environments"]:
        variables = {**project["vars"], **layers[f"env/{environment}"].get("vars", {})}
        around = {"vars": variables, "project": project["project"]}
        memo: dict[str, Any] = {}
        for name, resource in composed.items():
            made = resolved(resource, around, around, memo)
            if not name.startswith("model/"):
                continue
            if not validator.is_valid(made):
                raise SystemExit(f"{name}: {next(validator.iter_errors(made)).message}")
            values = {"model": made, "name": name, "environment": environment}
            for index, template in enumerate(rendered):
                content = template.render(values).encode()
                digests[f"{environment}/{name}/{index}"] = hashlib.sha256(content).hexdigest()
    return len(digests)


if __name__ == "__main__":
    count = plan(Path(sys.argv[1]))
    print(json.dumps({"artifacts": count, "seconds": time.process_time()}))
