"""Compose a config of any Hydra config directory, as Hydra would give it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mlc.cli._console import Unfit, guarded


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the primary config, without .yaml")
    parser.add_argument("overrides", nargs="*", default=[], help="Hydra overrides")
    parser.add_argument("--config-dir", default=".", metavar="DIR", help="the config directory")
    parser.add_argument("--resolve", action="store_true", help="resolve interpolations")
    parser.add_argument("--format", choices=("yaml", "json"), default="yaml", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import inquiry
    from mlc.ir.diagnostic import has_errors

    folder = Path(arguments.folder) / arguments.config_dir
    config = inquiry.compose_config(folder, arguments.name, arguments.overrides, resolve=arguments.resolve)
    if has_errors(config.diagnostics):
        raise Unfit(*config.diagnostics, sources=config.sources)
    if arguments.format == "json":
        from mlc.report import json

        sys.stdout.write(json.bare(config.value))
    else:
        from mlc.report import yaml

        sys.stdout.write(yaml.bare(config.value))
    return 0
