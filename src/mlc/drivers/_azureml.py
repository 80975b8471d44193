"""What the steps on Azure Machine Learning have in common: documents as files, and whether what stands there is ours
and as it was described."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlc.drivers._az import show
from mlc.ir.drift import ABSENT, Seen
from mlc.ir.operation import Operation, Outcome, StepFailed, Work

MARK = "mlc-digest"
"""The tag that holds the digest of the document that mlc sent: two of which differ are two descriptions."""

TRAFFIC = "mlc-traffic"
"""The tag of an endpoint that says how mlc last shared its requests."""

WORKING = ("creating", "updating", "deleting", "scaling", "accepted", "provisioning")

_TOLD: tuple[tuple[str, ...], ...] = (
    ("auth_mode",),
    ("public_network_access",),
    ("instance_type",),
    ("instance_count",),
    ("egress_public_network_access",),
    ("request_settings", "request_timeout_ms"),
    ("request_settings", "max_concurrent_requests_per_instance"),
    ("environment_variables",),
    ("settings", "mini_batch_size"),
    ("resources", "instance_count"),
    ("trigger", "expression"),
    ("trigger", "time_zone"),
    ("is_enabled",),
    ("create_monitor", "compute", "instance_type"),
    ("create_monitor", "alert_notification", "emails"),
    *(
        ("create_monitor", "monitoring_signals", signal, field)
        for signal in ("features", "prediction", "quality")
        for field in ("features", "metric_thresholds", "alert_enabled")
    ),
)
"""The fields that Azure shows as they were sent, and that somebody may change in its portal."""


def marked(document: Mapping[str, Any], **tags: str) -> dict[str, Any]:
    """A document with the tag by which it is known again."""
    plain = {key: value for key, value in document.items() if key != "tags"}
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:32]
    return {**document, "tags": {**document["tags"], **tags, MARK: digest}}


def differences(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """What is not as a marked document says, by name; `description` where it was sent before from another one."""
    found = []
    for path in _TOLD:
        asked, there = _at(wanted, path), _at(seen, path)
        if asked is not None and there is not None and not _same(asked, there):
            found.append(".".join(path))
    if tags_of(seen).get(MARK) != wanted["tags"][MARK]:
        found.append("description")
    return found


def tags_of(seen: Mapping[str, Any]) -> dict[str, str]:
    tags = seen.get("tags")
    return {str(key): str(value) for key, value in tags.items()} if isinstance(tags, Mapping) else {}


def is_ours(document: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    """Whether what stands there bears the mark of the resource that the document is of."""
    return bool(tags_of(seen).get("mlc") == document["tags"]["mlc"])


def state_of(seen: Mapping[str, Any]) -> str:
    return str(seen.get("provisioning_state") or "Succeeded")


def settled(look: Callable[[], dict[str, Any] | None], work: Work, what: str) -> dict[str, Any] | None:
    """What stands there once Azure has ended what it was doing: an apply before this one may have been killed."""
    while True:
        seen = look()
        if seen is None or state_of(seen).lower() not in WORKING:
            return seen
        work.tell(f"waiting for {what}: {state_of(seen).lower()}")
        time.sleep(max(0.01, work.operation.backoff))


def written(work: Work, name: str, document: Mapping[str, Any]) -> Path:
    """A document as the file that is sent."""
    path = work.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    header = f"Written by mlc from {work.operation.address}; changes here are overwritten."
    path.write_bytes(
        work.render("azureml_applied", "document.yaml.j2", {"header": header, "document": document})
    )
    return path


def record(work: Work, content: Mapping[str, Any]) -> Path:
    """What later steps are told: the same bytes for the same thing."""
    path = work.folder / "record.json"
    path.write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
    return path


def told(work: Work, name: str) -> dict[str, Any]:
    """The record of an earlier step."""
    found: dict[str, Any] = json.loads(work.inputs[name].read_bytes())
    return found


def observed(
    done: Sequence[tuple[Operation, Outcome]],
    look: Callable[[Operation, Outcome], tuple[dict[str, Any] | None, list[str]]],
) -> dict[str, Seen]:
    """Each effect that is gone or not as recorded. What Azure does not answer about is not taken for changed."""
    found: dict[str, Seen] = {}
    for operation, outcome in done:
        try:
            seen, changed = look(operation, outcome)
        except StepFailed:
            continue
        name = outcome.summary["name"]
        if seen is None:
            found[operation.id] = Seen(f"{name} is gone from the workspace", name, "nothing", ABSENT)
        elif changed:
            words = ", ".join(changed)
            token = hashlib.sha256(f"{words} {sorted(_values(seen))}".encode()).hexdigest()[:16]
            found[operation.id] = Seen(
                f"{words} of {name} changed in the workspace", "as described", words, token
            )
    return found


def shown(operation: Operation, *arguments: str) -> dict[str, Any] | None:
    return show(operation.spec["workspace"], *arguments)


def _values(seen: Mapping[str, Any]) -> Iterator[str]:
    """What may have been changed, as text."""
    for path in (*_TOLD, ("traffic",), ("mirror_traffic",), ("defaults",), ("provisioning_state",)):
        value = _at(seen, path)
        if value is not None:
            yield f"{path} {json.dumps(value, sort_keys=True)}"


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _same(asked: Any, there: Any) -> bool:
    if isinstance(asked, Mapping) and isinstance(there, Mapping):
        return asked.keys() <= there.keys() and all(_same(asked[key], there[key]) for key in asked)
    if isinstance(asked, int | float) and isinstance(there, int | float):
        return asked == there
    return str(asked).lower() == str(there).lower()
