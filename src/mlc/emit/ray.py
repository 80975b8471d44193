"""A configuration of Ray Serve against Ray's own schema, alone or within a RayService; what a RayJob hands to Ray."""

from __future__ import annotations

from pathlib import Path

import yaml

from mlc.emit.programs import laid_out, not_installed, python_of, rejected
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification


def verify(artifact: Artifact, home: Path) -> Verification:
    """What Ray says of the configuration, in the environment of its own that `make checkers` makes."""
    python = python_of("ray", home)
    if not python.is_file():
        return not_installed(python)
    content = artifact.content
    document = yaml.safe_load(content)
    if isinstance(document, dict) and document.get("kind") == "RayJob":
        result = laid_out({"job.yaml": content}, [str(python), "-I", "-c", _CHECK_JOB])
        return Verification("ok", "") if result.returncode == 0 else rejected(result)
    if isinstance(document, dict) and document.get("kind") == "RayService":
        content = str(document.get("spec", {}).get("serveConfigV2", "")).encode()
    result = laid_out({"serve.yaml": content}, [str(python), "-I", "-c", _CHECK])
    return Verification("ok", "") if result.returncode == 0 else rejected(result)


# The schema takes any mapping for how to scale, which Ray reads with a class of its own; a field that a class does not
# know is a finding here.
_CHECK = """
import sys, yaml
from pydantic import ValidationError
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import DeploymentSchema, RayActorOptionsSchema, ServeApplicationSchema, ServeDeploySchema

def unknown(where, data, model):
    names = {one.alias or name for name, one in model.model_fields.items()} | set(model.model_fields)
    return [f"{where}{name}: Ray has no such field" for name in sorted(set(data) - names)]

with open("serve.yaml") as opened:
    data = yaml.safe_load(opened)
findings = []
try:
    ServeDeploySchema.model_validate(data)
    findings += unknown("", data, ServeDeploySchema)
    for a, application in enumerate(data.get("applications", [])):
        findings += unknown(f"applications.{a}.", application, ServeApplicationSchema)
        for d, deployment in enumerate(application.get("deployments", [])):
            where = f"applications.{a}.deployments.{d}."
            findings += unknown(where, deployment, DeploymentSchema)
            options = deployment.get("ray_actor_options", {})
            findings += unknown(f"{where}ray_actor_options.", options, RayActorOptionsSchema)
            if "autoscaling_config" in deployment:
                scaling = deployment["autoscaling_config"]
                findings += unknown(f"{where}autoscaling_config.", scaling, AutoscalingConfig)
                AutoscalingConfig.model_validate(scaling)
except ValidationError as error:
    findings += [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
except (AttributeError, TypeError, ValueError) as error:
    findings.append(str(error))
print("\\n".join(findings))
sys.exit(1 if findings else 0)
"""

# KubeRay hands these fields over to Ray's interface for jobs; the rest is for Kubernetes, and held by the definition.
_CHECK_JOB = """
import shlex, sys, yaml
from ray.dashboard.modules.job.common import JobSubmitRequest

with open("job.yaml") as opened:
    spec = yaml.safe_load(opened).get("spec") or {}
names = {
    "entrypoint": "entrypoint",
    "jobId": "submission_id",
    "metadata": "metadata",
    "entrypointNumCpus": "entrypoint_num_cpus",
    "entrypointNumGpus": "entrypoint_num_gpus",
}
findings = []
try:
    asked = {names[name]: value for name, value in spec.items() if name in names}
    if "runtimeEnvYAML" in spec:
        asked["runtime_env"] = yaml.safe_load(spec["runtimeEnvYAML"])
    JobSubmitRequest(**asked)
    if not shlex.split(asked["entrypoint"]):
        findings.append("spec.entrypoint: there is no command")
except (TypeError, ValueError, yaml.YAMLError) as error:
    findings.append(f"spec: {error}")
print("\\n".join(findings))
sys.exit(1 if findings else 0)
"""
