"""Compose a config of any Hydra config directory, as Hydra would give it."""

from __future__ import annotations

import argparse
import sys

from mlc.cli._console import guarded, show_diagnostics


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the primary config, without .yaml")
    parser.add_argument("overrides", nargs="*", help="Hydra overrides")
    parser.add_argument("--config-dir", default=".", metavar="DIR", help="the config directory")
    parser.add_argument("--resolve", action="store_true", help="resolve interpolations")
    parser.add_argument("--format", choices=("yaml", "json"), default="yaml", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from mlc import pipeline
    from mlc.report import composed_yaml, json

    folder = Path(arguments.folder) / arguments.config_dir
    composed = pipeline.compose_config(folder, arguments.name, arguments.overrides, resolve=arguments.resolve)
    if composed.node is None:
        show_diagnostics(
            composed.diagnostics,
            composed.sources,
            argparse.Namespace(**{**vars(arguments), "format": "text"}),
        )
        return 1
    bare = composed.bare
    sys.stdout.write(composed_yaml.config(bare) if arguments.format == "yaml" else json.bare(bare))
    return 0
