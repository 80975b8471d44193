"""MLflow's files against MLflow's own loaders, in an environment of its own, and what those are blind to."""

from __future__ import annotations

from pathlib import Path

from mlc.emit.programs import process_apart
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification


def verified(artifact: Artifact, argument: str, home: Path) -> Verification:
    """What MLflow says of an MLproject, an MLmodel or a python_env.yaml (`argument`)."""
    return process_apart(artifact, "mlflow", home, "-W", "ignore", "-c", _PROGRAM, argument)


_PROGRAM = """
import os, re, sys
os.environ["MLFLOW_DISABLE_TELEMETRY"] = os.environ["DO_NOT_TRACK"] = "true"
import yaml

def of_project(file):
    from mlflow.projects import _project_spec
    folder = os.path.dirname(os.path.abspath(file))
    os.rename(file, os.path.join(folder, "MLproject"))
    with open(os.path.join(folder, "MLproject")) as opened:
        given = yaml.safe_load(opened)
    unknown = sorted(set(given) - {"name", "entry_points"})
    yield from (f"{key}: MLflow reads no such field" for key in unknown)
    project = _project_spec.load_project(folder)
    if "main" not in (given.get("entry_points") or {}):
        yield "entry_points: there is no main, which is what is run where none is named"
    for name, entry in (given.get("entry_points") or {}).items():
        unknown = sorted(set(entry) - {"command", "parameters"})
        yield from (f"{name}.{key}: MLflow reads no such field" for key in unknown)
        known = project.get_entry_point(name)
        command = known.compute_command({}, None)
        left = re.findall(r"(?<!{){(\\w+)}", command)
        yield from (f"{name}: the parameter {one} is used and not declared" for one in left)

def of_model(file):
    from mlflow.models import Model
    from mlflow.models.model import Model as Loaded
    model = Loaded.load(file)
    python = model.flavors.get("python_function")
    if python is None:
        yield "flavors: without python_function nobody can load it by mlflow.pyfunc"
    else:
        import importlib
        try:
            if not hasattr(importlib.import_module(python["loader_module"]), "_load_pyfunc"):
                yield f"loader_module: {python['loader_module']} loads no model"
        except (ImportError, KeyError) as error:
            yield f"loader_module: {error}"
    onnx = model.flavors.get("onnx")
    if onnx is not None and python is not None and onnx.get("data") != python.get("data"):
        yield "data: the two flavours name two files"
    if model.signature is None:
        yield "signature: there is none, so that nothing is checked of what is sent"
    elif not model.signature.inputs or not model.signature.outputs:
        yield "signature: a side of it is empty"

def of_environment(file):
    from mlflow.utils.environment import _PythonEnv
    found = _PythonEnv.from_yaml(file)
    if not re.fullmatch(r"3\\.[0-9]+(\\.[0-9]+)?", str(found.python)):
        yield f"python: {found.python!r} is no version"
    if not found.dependencies:
        yield "dependencies: there are none"

kind, file = sys.argv[1:]
try:
    findings = list({"MLproject": of_project, "MLmodel": of_model, "python_env": of_environment}[kind](file))
except Exception as error:
    findings = [f"it cannot be read: {type(error).__name__}: {error}"]
print("\\n".join(findings))
sys.exit(1 if findings else 0)
"""
