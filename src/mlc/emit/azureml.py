"""Documents of Azure Machine Learning as its own SDK loads them, and what the SDK takes without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from mlc.emit.azureml_monitor import monitor_findings
from mlc.emit.objects import inside, mapping
from mlc.emit.programs import laid_out, not_installed, python_of, rejected
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_REFERENCE = re.compile(r"azureml:([A-Za-z0-9][A-Za-z0-9_.-]*):([A-Za-z0-9._-]+)")
_ASSETS = {"environment", "model", "data"}
_ENDPOINT = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
_ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_MOST_MIRRORED = 50


def verify(kind: str, artifact: Artifact, home: Path, beside: Sequence[Artifact]) -> Verification:
    """What mlc's own rules and the SDK's loader of a kind say of a document among those of its deployment."""
    folder = artifact.path.rpartition("/")[0] + "/"
    files = {one.path.removeprefix(folder): one.content for one in beside if one.path.startswith(folder)} | {
        artifact.path.removeprefix(folder): artifact.content
    }
    try:
        documents = {name: _read(text) for name, text in files.items() if name.endswith(".yaml")}
    except yaml.YAMLError as error:
        return Verification("rejected", "", tuple(str(error).splitlines()))
    name = artifact.path.removeprefix(folder)
    if findings := tuple(findings_of(kind, name, documents, files)):
        return Verification("rejected", "", findings)
    python = python_of("azureml", home)
    if not python.is_file():
        return not_installed(python)
    result = laid_out(files, [str(python), "-I", "-c", LOAD, kind, name])
    return Verification("ok", "") if result.returncode == 0 else rejected(result)


def findings_of(
    kind: str, name: str, documents: Mapping[str, Any], files: Mapping[str, bytes]
) -> Iterator[str]:
    """What Azure would only find when the document at `name` is used: expressions and references that lead nowhere,
    shares that are none, names that it does not take. `documents` and `files` are those of the deployment, by name."""
    document = documents[name]
    if not isinstance(document, Mapping):
        yield "the document is no object"
        return
    yield from _names(kind, document)
    yield from _references(document, documents)
    yield from _files(document, files)
    if kind == "online-endpoint":
        yield from _shares(document, documents)
    if kind == "job" and document.get("type") == "pipeline":
        yield from _of_job(document, documents)
    if kind == "job" and document.get("type") == "sweep":
        yield from _of_sweep(document)
    if kind == "component":
        yield from _of_component(document)
    if kind in ("online-deployment", "batch-deployment"):
        yield from _of_endpoint(document, documents)
    if kind == "schedule" and "create_monitor" in document:
        yield from monitor_findings(mapping(document["create_monitor"]), documents)


def _names(kind: str, document: Mapping[str, Any]) -> Iterator[str]:
    name = document.get("name")
    if kind in ("online-endpoint", "batch-endpoint", "online-deployment", "batch-deployment"):
        if not isinstance(name, str) or not _ENDPOINT.fullmatch(name):
            yield f"name: {name!r} has to be 3 to 32 lower-case letters, digits and -, a letter first and no - last"
    elif kind != "job" and (not isinstance(name, str) or not _ASSET.fullmatch(name)):
        yield f"name: {name!r} has to be letters, digits, and _ . -, with a letter or digit first"


def _references(document: Any, documents: Mapping[str, Any]) -> Iterator[str]:
    """References to a version of something that is made beside it have to be to that version."""
    made = {
        str(one["name"]): str(one["version"])
        for one in documents.values()
        if isinstance(one, Mapping) and "name" in one and "version" in one
    }
    for place, text in _texts(document, ""):
        if place.endswith(".endpoint_deployment_id"):
            continue  # of an endpoint, and no version
        found = _REFERENCE.fullmatch(text)
        if found is None:
            if text.startswith("azureml:") and place.rpartition(".")[2] in _ASSETS:
                yield f"{place}: {text!r} names no version, as azureml:NAME:VERSION does"
            continue
        name, version = found.groups()
        if name in made and made[name] != version:
            yield f"{place}: there is no version {version} of {name}; there is {made[name]}"
        elif name not in made and place.rpartition(".")[2] in _ASSETS and made:
            yield f"{place}: nothing here makes {name}, as it does {', '.join(sorted(made))}"


def _files(document: Any, files: Mapping[str, bytes]) -> Iterator[str]:
    """Files beside it that it names; what only `apply` lays beside it (`./data`, `./model`) is not among them."""
    for place, text in _texts(document, ""):
        if not text.startswith("./") or text in ("./data", "./model"):
            continue
        below = text.removeprefix("./")
        if below not in files and not any(name.startswith(f"{below}/") for name in files):
            yield f"{place}: there is no file {text}"
    script = document.get("code_configuration")
    if isinstance(script, Mapping) and isinstance(script.get("code"), str):
        path = f"{script['code'].removeprefix('./')}/{script.get('scoring_script')}"
        if path not in files:
            yield f"code_configuration.scoring_script: there is no file {path}"


def _shares(document: Mapping[str, Any], documents: Mapping[str, Any]) -> Iterator[str]:
    traffic, mirror = document.get("traffic"), document.get("mirror_traffic")
    known = {
        str(one["name"])
        for one in documents.values()
        if isinstance(one, Mapping) and one.get("endpoint_name") == document.get("name") and "name" in one
    }
    if isinstance(traffic, Mapping) and traffic:
        shares = list(traffic.values())
        if not all(isinstance(one, int) and 0 <= one <= 100 for one in shares):
            yield f"traffic: {shares} are no whole percentages"
        elif sum(shares) not in (0, 100):
            yield f"traffic: the shares {shares} add up to {sum(shares)}, not to 100"
        if known and not known & {*map(str, traffic), *map(str, mapping(mirror))}:
            yield f"traffic: it names {', '.join(map(str, traffic))}, and the deployment here is {', '.join(known)}"
    if isinstance(mirror, Mapping) and mirror:
        if len(mirror) > 1:
            yield "mirror_traffic: Azure copies requests to one deployment only"
        if any(not isinstance(one, int) or not 0 < one <= _MOST_MIRRORED for one in mirror.values()):
            yield f"mirror_traffic: Azure copies {_MOST_MIRRORED} percent at most, and {list(mirror.values())} are said"
        for name in mirror:
            if isinstance(traffic, Mapping) and traffic.get(name):
                yield f"mirror_traffic.{name}: it gets requests already, so it cannot get copies of them"


def _of_endpoint(document: Mapping[str, Any], documents: Mapping[str, Any]) -> Iterator[str]:
    endpoints = {
        str(one.get("name")) for one in documents.values() if isinstance(one, Mapping) and "auth_mode" in one
    }
    if endpoints and document.get("endpoint_name") not in endpoints:
        yield f"endpoint_name: there is no endpoint {document.get('endpoint_name')}; there is {', '.join(endpoints)}"


def _of_job(document: Mapping[str, Any], documents: Mapping[str, Any]) -> Iterator[str]:
    """`${{parent.…}}`: inputs and outputs of the job, and outputs of steps that are there and come before."""
    steps = mapping(document, "jobs")
    waits: dict[str, set[str]] = {}
    for name, step in steps.items():
        waits[name] = set()
        component = _component(step, documents)
        for place, text in _texts(step, f"jobs.{name}"):
            for expression in _EXPRESSION.findall(text):
                path = expression.split(".")
                why = _leads_nowhere(path, document, documents)
                if why:
                    yield f"{place}: {why}"
                elif path[:2] == ["parent", "jobs"]:
                    waits[name].add(path[2])
        if component is None:
            continue
        takes, given = mapping(component, "inputs"), mapping(step, "inputs")
        yield from (
            f"jobs.{name}.inputs.{one}: its component takes no such input"
            for one in given
            if one not in takes
        )
        yield from (
            f"jobs.{name}.inputs: its component needs {one}"
            for one, about in takes.items()
            if one not in given and not (inside(about, "optional") or "default" in mapping(about))
        )
        gives = mapping(component, "outputs")
        yield from (
            f"jobs.{name}.outputs.{one}: its component has no such output"
            for one in mapping(step, "outputs")
            if one not in gives
        )
    yield from (f"jobs: {one}" for one in _circles(waits))


def _leads_nowhere(path: list[str], document: Mapping[str, Any], documents: Mapping[str, Any]) -> str:
    match path:
        case ["parent", ("inputs" | "outputs") as part, name]:
            return "" if name in mapping(document, part) else f"the job has no {part[:-1]} {name}"
        case ["parent", "jobs", step, "outputs", name]:
            steps = mapping(document, "jobs")
            if step not in steps:
                return f"there is no step {step}"
            component = _component(steps[step], documents)
            gives = mapping(component or steps[step], "outputs")
            return "" if name in gives else f"the step {step} has no output {name}"
    return f"Azure knows no ${{{{{'.'.join(path)}}}}} in a job"


def _of_component(document: Mapping[str, Any]) -> Iterator[str]:
    known = {part: mapping(document, part) for part in ("inputs", "outputs")}
    for expression in _EXPRESSION.findall(str(document.get("command"))):
        part, _, name = expression.partition(".")
        if name not in known.get(part, {}):
            yield f"command: the component has no {expression}"
    optional = [name for name, about in known["inputs"].items() if inside(about, "optional")]
    for name in optional:
        plain = re.sub(r"\$\[\[.*?\]\]", "", str(document.get("command")), flags=re.DOTALL)
        if f"inputs.{name}}}" in plain.replace(" ", ""):
            yield f"command: inputs.{name} is optional, so it has to stand within $[[…]]"


def _of_sweep(document: Mapping[str, Any]) -> Iterator[str]:
    space, trial = mapping(document, "search_space"), mapping(document, "trial")
    used = {
        expression.partition(".")[2]
        for expression in _EXPRESSION.findall(str(trial.get("command")))
        if expression.startswith("search_space.")
    }
    yield from (f"trial.command: there is no search_space.{name}" for name in sorted(used - space.keys()))
    yield from (
        f"search_space.{name}: the trial's command does not use it" for name in space if name not in used
    )
    for name, about in space.items():
        low, high = inside(about, "min_value"), inside(about, "max_value")
        if isinstance(low, int | float) and isinstance(high, int | float) and low >= high:
            yield f"search_space.{name}: {low} is not below {high}"


def _component(step: Any, documents: Mapping[str, Any]) -> Mapping[str, Any] | None:
    name = inside(step, "component")
    found = documents.get(name.removeprefix("./")) if isinstance(name, str) else name
    return found if isinstance(found, Mapping) else None


def _circles(waits: Mapping[str, set[str]]) -> Iterator[str]:
    from mlc.emit.dependencies import circles

    return circles({name: [one for one in others if one in waits] for name, others in waits.items()})


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _texts(child, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for i, child in enumerate(value):
            yield from _texts(child, f"{place}[{i}]")


def _read(text: bytes) -> Any:
    return yaml.load(text, Loader=_YAML_LOADER)  # noqa: S506 - a safe loader


# The SDK's loaders take a field that a nested class does not know, or read a value as another, in places without a
# word: what is lost between reading and writing again is a finding.
LOAD = """
import contextlib, io, json, logging, sys, warnings
from pathlib import Path
logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
import yaml
from azure.ai import ml
from azure.ai.ml.entities import _load_functions as loaders

kind, file = sys.argv[1:]
names = {"online-endpoint": "load_online_endpoint", "online-deployment": "load_online_deployment",
         "batch-endpoint": "load_batch_endpoint", "batch-deployment": "load_model_batch_deployment"}
load = getattr(loaders, names.get(kind, f"load_{kind}"))

def lost(place, given, kept):
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            where = f"{place}.{key}" if place else str(key)
            if key in ("$schema", "path", "code", "create_job", "component", "conda_file"):
                continue  # read into something else
            if key not in kept:
                if value not in (None, "", {}, [], False):
                    yield f"{where}: Azure has no such field, or drops it"
            else:
                yield from lost(where, value, kept[key])
    elif isinstance(given, str) and given.startswith("azureml:"):
        return
    elif str(given).lower() != str(kept).lower() and not isinstance(kept, dict):
        try:
            if float(given) == float(kept):
                return
        except (TypeError, ValueError):
            pass
        yield f"{place}: Azure reads {given!r} as {kept!r}"

findings = []
out = io.StringIO()
try:
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        loaded = load(source=file)
        if hasattr(loaded, "_validate") and kind in ("job", "component"):
            result = loaded._validate(raise_error=False)
            findings += [f"{where}: {why}" for where, why in result.error_messages.items()]
        if hasattr(loaded, "_to_job"):
            result = loaded._to_job()._validate(raise_error=False)
            findings += [f"{where}: {why}" for where, why in result.error_messages.items()]
        if kind == "job" and not findings and loaded.type == "sweep":
            loaded._to_rest_object()
        kept = loaded._to_dict() if hasattr(loaded, "_to_dict") else None
        sent = None
        if getattr(loaded, "create_monitor", None) is not None:  # more is lost on the way to the service
            sent = type(loaded)._from_rest_object(loaded._to_rest_object())._to_dict()["create_monitor"]
    given = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    if kept is not None:
        findings += lost("", given, json.loads(json.dumps(kept, default=str)))
    if sent is not None:
        found = lost("create_monitor", given["create_monitor"], json.loads(json.dumps(sent, default=str)))
        findings += [one for one in found if one not in findings]
except Exception as error:
    text = str(error)
    if isinstance(error, NotImplementedError) and not text:  # which the SDK raises where none of several forms fits
        text = "create_monitor: it has a field or a value that no monitor of Azure has"
    findings.append(" ".join(text.split())[:1500] or repr(error))
print("\\n".join(findings))
sys.exit(1 if findings else 0)
"""
