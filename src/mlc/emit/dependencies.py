"""Names that one part of an artifact calls another by: jobs that wait for one another, references of an API.

The schemas of GitLab and Azure take any name there, and OpenAPI's validator follows no reference to a schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_GITLAB_WORDS = frozenset(
    ["default", "include", "stages", "variables", "workflow", "image", "services", "cache", "before_script",
     "after_script", "pages", "spec"]
)  # fmt: skip
_AZURE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GITLAB_STAGES = (".pre", "build", "test", "deploy", ".post")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def gitlab_findings(document: Any) -> tuple[str, ...]:
    """Of `.gitlab-ci.yml`: `needs` and `dependencies` that name no job, stages that are not declared, circles."""
    if not isinstance(document, Mapping):
        return ("the document is no map of jobs",)
    jobs = {
        name: job for name, job in document.items() if isinstance(job, Mapping) and name not in _GITLAB_WORDS
    }
    stages = list(document.get("stages", _GITLAB_STAGES))
    waits: dict[str, list[str]] = {}
    findings: list[str] = []
    for name, job in jobs.items():
        if str(name).startswith("."):
            continue
        if (stage := job.get("stage", "test")) not in stages:
            findings.append(f"{name}: there is no stage {stage}; there are {', '.join(stages)}")
        needs = [one["job"] if isinstance(one, Mapping) else one for one in job.get("needs", ())]
        waits[name] = needs
        for field, wanted in (("needs", needs), ("dependencies", job.get("dependencies", ()))):
            findings += [f"{name}.{field}: there is no job {other}" for other in wanted if other not in jobs]
    return (*findings, *circles(waits))


def azure_findings(document: Any) -> tuple[str, ...]:
    """Of an Azure pipeline: `dependsOn` that names nothing, names that two bear or that Azure refuses, circles."""
    if not isinstance(document, Mapping):
        return ("the document is no pipeline",)
    findings: list[str] = []
    stages = document.get("stages", ())
    findings += _waiting(stages, "stage", "stage")
    for jobs in (document.get("jobs", ()), *(stage.get("jobs", ()) for stage in stages)):
        findings += _waiting([_named(job) for job in jobs], "job", "job")
    return tuple(findings)


def openapi_findings(document: Any) -> tuple[str, ...]:
    """Of an OpenAPI document: references within it that lead nowhere."""
    if not isinstance(document, Mapping):
        return ("the document is no map",)
    return tuple(
        f"{place}: there is no {to}" for place, to in _references(document) if not _leads(document, to)
    )


def _references(value: Any, place: str = "$") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if isinstance(to := value.get("$ref"), str):
            yield place, to
        for key, child in value.items():
            yield from _references(child, f"{place}.{key}")
    elif isinstance(value, list):
        for i, child in enumerate(value):
            yield from _references(child, f"{place}[{i}]")


def _leads(document: Any, reference: str) -> bool:
    if not reference.startswith("#/"):
        return False  # nothing outside of the document is emitted
    found = document
    for part in reference.removeprefix("#/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or key not in found:
            return False
        found = found[key]
    return True


def _named(job: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**job, "job": job.get("job", job.get("deployment"))}


def _waiting(parts: Any, field: str, word: str) -> Iterator[str]:
    names = [part[field] for part in parts]
    yield from (f"two {word}s are called {name}" for name in sorted({n for n in names if names.count(n) > 1}))
    yield from (
        f"{name} cannot be the name of a {word}" for name in names if not _AZURE_NAME.fullmatch(str(name))
    )
    waits = {}
    for part in parts:
        given = part.get("dependsOn") or []
        waits[part[field]] = [given] if isinstance(given, str) else list(given)
        missing = [other for other in waits[part[field]] if other not in names]
        yield from (f"{part[field]}.dependsOn: there is no {word} {other}" for other in missing)
    yield from circles(waits)


def circles(waits: Mapping[str, list[str]]) -> Iterator[str]:
    """One finding that names those which wait for themselves, over whatever way."""
    left = dict(waits)
    while ready := [name for name, others in left.items() if not any(other in left for other in others)]:
        for name in ready:
            del left[name]
    if left:
        yield f"these wait for one another: {', '.join(left)}"


def cyclonedx_findings(document: Any) -> tuple[str, ...]:
    """Of a bill of materials: components that bear one reference, and references to no component."""
    main = document.get("metadata", {}).get("component") if isinstance(document, Mapping) else None
    if main is None:
        return ("the document does not say what it is about (metadata.component)",)
    known = [one.get("bom-ref") for one in (main, *document.get("components", ()))]
    findings = [
        f"components: two bear the reference {one}" for one in dict.fromkeys(known) if known.count(one) > 1
    ]
    data = main.get("modelCard", {}).get("modelParameters", {}).get("datasets", ())
    named = [("metadata.component.modelCard.modelParameters.datasets", one.get("ref")) for one in data]
    for one in document.get("dependencies", ()):
        named += [("dependencies", ref) for ref in (one.get("ref"), *one.get("dependsOn", ()))]
    findings += [f"{place}: there is no component {ref}" for place, ref in named if ref not in known]
    return tuple(findings)


def slsa_findings(document: Any) -> tuple[str, ...]:
    """Of SLSA provenance: subjects that bear one name, digests that are none, what nobody could look up again."""
    if not isinstance(document, Mapping) or not isinstance(document.get("predicate"), Mapping):
        return ("the document is no statement with a predicate",)
    build = document["predicate"].get("buildDefinition") or {}
    run = document["predicate"].get("runDetails") or {}
    findings = []
    if document.get("predicateType") != "https://slsa.dev/provenance/v1":
        findings.append(f"predicateType: {document.get('predicateType')} is not that of SLSA provenance v1")
    for place, text in (
        ("buildDefinition.buildType", build.get("buildType")),
        ("runDetails.builder.id", (run.get("builder") or {}).get("id")),
    ):
        if not _URI.match(str(text or "")):
            findings.append(f"{place}: {text or 'nothing'} is not a URI")
    if not build.get("externalParameters"):
        findings.append("buildDefinition.externalParameters: it does not say what was asked for")
    names = [one.get("name") for one in document.get("subject", ())]
    findings += [f"subject: two are called {name}" for name in dict.fromkeys(names) if names.count(name) > 1]
    materials = build.get("resolvedDependencies", ())
    told = [("subject", one) for one in document.get("subject", ())]
    told += [("resolvedDependencies", one) for one in materials]
    told += [("byproducts", one) for one in run.get("byproducts", ())]
    for place, one in told:
        name = one.get("name") or one.get("uri")
        if not one.get("digest") and not one.get("uri"):
            findings.append(f"{place}: {name} has neither a digest nor a URI")
        for algorithm, digest in (one.get("digest") or {}).items():
            if algorithm == "sha256" and not _SHA256.fullmatch(str(digest)):
                findings.append(f"{place}: {digest} is no SHA-256 of {name}")
    return tuple(findings)


def openlineage_findings(document: Any) -> tuple[str, ...]:
    """Of an event of OpenLineage: data named twice, columns that lineage speaks of and no schema has, ends of time."""
    if not isinstance(document, Mapping) or not isinstance(document.get("run"), Mapping):
        return ("the document is no event of a run",)
    findings: list[str] = []
    if document.get("eventType") != "COMPLETE":
        findings.append(f"eventType: {document.get('eventType')} is not COMPLETE, which ends a run")
    if not document.get("outputs"):
        findings.append("outputs: the run made nothing")
    inputs = {_dataset(one): _fields(one) for one in document.get("inputs", ())}
    for side in ("inputs", "outputs"):
        names = [_dataset(one) for one in document.get(side, ())]
        findings += [f"{side}: two are {name}" for name in dict.fromkeys(names) if names.count(name) > 1]
        empty = [name for name in names if not all(name)]
        findings += [f"{side}: {name} says no namespace or no name" for name in empty]
    for one in document.get("outputs", ()):
        lineage = (one.get("facets") or {}).get("columnLineage") or {}
        known = _fields(one)
        told = [
            (field, source)
            for field, found in lineage.get("fields", {}).items()
            for source in found["inputFields"]
        ]
        findings += [
            f"columnLineage: {one.get('name')} has no column {field}"
            for field in lineage.get("fields", {})
            if known is not None and field not in known
        ]
        for field, source in (*told, *(("(the rows)", source) for source in lineage.get("dataset", ()))):
            name = _dataset(source)
            if name not in inputs:
                findings.append(f"columnLineage.{field}: {name} is no input of the run")
            elif (columns := inputs[name]) is not None and source.get("field") not in columns:
                findings.append(f"columnLineage.{field}: {name[1]} has no column {source.get('field')}")
    return tuple(findings)


def _dataset(one: Mapping[str, Any]) -> tuple[str, str]:
    return str(one.get("namespace") or ""), str(one.get("name") or "")


def _fields(one: Mapping[str, Any]) -> list[str] | None:
    """The columns of a dataset; None where it has no schema."""
    schema = (one.get("facets") or {}).get("schema")
    return None if schema is None else [str(field.get("name")) for field in schema.get("fields") or ()]
