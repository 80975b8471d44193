"""The stages of DVC of one environment, as DVC itself reads them, and what it is blind to until it runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

import yaml

from mlc.emit.programs import laid_out, missing, rejected
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification

PYTHON = Path(".checkers", "dvc", "bin", "python")
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WRITTEN = ("outs", "metrics", "plots")


def verify(artifact: Artifact, home: Path, beside: Sequence[Artifact]) -> Verification:
    """What mlc's own rule and DVC say of a dvc.yaml among those that it was emitted with."""
    files = {one.path: one.content for one in beside if "/dvc/" in one.path} | {
        artifact.path: artifact.content
    }
    try:
        documents = {path: _read(text) for path, text in files.items() if path.endswith("/dvc.yaml")}
    except yaml.YAMLError as error:
        return Verification("rejected", "", tuple(str(error).splitlines()))
    if findings := tuple(findings_of(artifact.path, documents, files)):
        return Verification("rejected", "", findings)
    python = home / PYTHON
    if not python.is_file():
        return missing(f"{python} is not there; `make .checkers/dvc/.installed` installs it")
    result = laid_out(files, [str(python), "-I", "-c", _CHECK])
    return Verification("ok", "") if result.returncode == 0 else rejected(result)


def findings_of(path: str, documents: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[str]:
    """What DVC would only find when it runs the stages of the file at `path`: results that no stage makes, parameters
    that are not there, outputs that it would copy or delete first. `documents` are all the dvc.yaml by their path."""
    made = {out for other, document in documents.items() for out, _ in _outs(other, document)}
    results = path.partition("/dvc/")[0] + "/dvc/"
    for name, stage in _stages(documents[path]):
        for dep in _names(stage.get("deps")):
            found = _within(path, stage, dep)
            if found.startswith(results) and found not in made:
                yield f"stages.{name}.deps: no stage makes {dep}"
        for file in _names(stage.get("params")):
            if _within(path, stage, file) not in files:
                yield f"stages.{name}.params: there is no file {file}"
    for out, options in _outs(path, documents[path]):
        if options.get("cache") is not False:
            yield f"{out}: DVC would keep a second copy of it; it needs cache: false"
        if options.get("persist") is not True:
            yield f"{out}: DVC would delete it before each run; it needs persist: true"


def _outs(path: str, document: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for _, stage in _stages(document):
        for field in _WRITTEN:
            for entry in stage.get(field) or ():
                for name, options in entry.items() if isinstance(entry, Mapping) else ((entry, {}),):
                    yield _within(path, stage, name), options if isinstance(options, Mapping) else {}


def _stages(document: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    stages = document.get("stages") if isinstance(document, Mapping) else None
    for name, stage in stages.items() if isinstance(stages, Mapping) else ():
        if isinstance(stage, Mapping):
            yield str(name), stage


def _names(entries: Any) -> list[str]:
    return [
        str(name)
        for entry in (entries if isinstance(entries, list) else ())
        for name in (entry if isinstance(entry, Mapping) else (entry,))
    ]


def _within(path: str, stage: Mapping[str, Any], name: object) -> str:
    """A path of a stage, from the project's folder."""
    return normpath(join(dirname(path), str(stage.get("wdir", ".")), str(name)))


def _read(text: bytes) -> Any:
    return yaml.load(text, Loader=_YAML_LOADER)  # noqa: S506 - a safe loader


# Every stage of every file is resolved and put into the one graph: schema, templates, outputs that overlap, circles.
_CHECK = """
import os, sys
os.environ["DVC_SITE_CACHE_DIR"] = os.path.join(os.getcwd(), ".site")
from dvc.exceptions import DvcException
from dvc.repo import Repo

try:
    repo = Repo.init(no_scm=True)
    stages = list(repo.index.stages)
    repo.index.check_graph()
    findings = [] if stages else ["DVC finds no stage"]
except DvcException as error:
    findings = []
    while error is not None:
        findings.append(str(error))
        error = error.__cause__
print("\\n".join(findings))
sys.exit(1 if findings else 0)
"""
