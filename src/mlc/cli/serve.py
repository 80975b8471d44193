"""Serve a deployment of the embedded target by the Open Inference Protocol v2.

Answers at /v2/models/NAME/infer, /v2/health/ready and /metrics until it is stopped, and takes up a newly
applied version by itself.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mlc.cli._console import Unfit, guarded, name, one_environment, project_folder
from mlc.rules import not_deployed


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("deployment", nargs="?", type=name, help="a deployment of the project")
    parser.add_argument(
        "--bundle", metavar="DIR", help="serve a bundle rather than a deployment of a project"
    )
    parser.add_argument("--env", metavar="NAME", help="the environment; the first where none is named")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (127.0.0.1)")
    parser.add_argument("--port", type=int, help="the port; 0 takes a free one (the deployment's own)")


@guarded
def run(arguments: argparse.Namespace) -> int:
    place, port = _place(arguments)
    from mlc.drivers import server

    def ready(url: str) -> None:
        print(f"Serving {place} at {url} (Ctrl-C stops)", flush=True)

    server.serve(place, arguments.host, port if arguments.port is None else arguments.port, ready)
    if not arguments.quiet:
        print("Stopped.", file=sys.stderr)
    return 0


def _place(arguments: argparse.Namespace) -> tuple[Path, int]:
    """The folder to serve and the port that goes with it. Raises Unfit where nothing is deployed there."""
    from mlc.drivers import _bundle

    if arguments.bundle is not None:
        place = Path(arguments.folder) / arguments.bundle
        if not place.is_dir():
            raise Unfit(not_deployed.no_folder(str(place)))
        return place, 8080
    root = project_folder(arguments)
    environment = one_environment(root, arguments.env)
    deployed = sorted(folder.name for folder in (root / ".mlc" / "deployments" / environment).glob("*/"))
    if arguments.deployment not in deployed:
        raise Unfit(not_deployed.found(arguments.deployment, environment, deployed))
    place = _bundle.place_of(root, environment, arguments.deployment)
    return place, _bundle.read_bundle(_bundle.current(place)).port
