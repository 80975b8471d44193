"""Shares the requests of an endpoint of Azure Machine Learning between the version before and the new one.

How far it got is a tag of the endpoint, which changes in one call with the shares: killed anywhere, the next apply goes
on from there. What nobody needs any more is deleted last.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlc.drivers import azureml_deployment, azureml_endpoint
from mlc.drivers._az import ask, show
from mlc.drivers._azureml import (
    TRAFFIC,
    is_ours,
    marked,
    observed,
    record,
    settled,
    shown,
    state_of,
    tags_of,
    told,
    written,
)
from mlc.ir.drift import Seen
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work
from mlc.rules import azure_refused

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True
PROGRAMS = ("az",)

_SLICE = 30.0  # seconds between two words while a step of a canary is held


class Stage(Struct, frozen=True):
    """Who answers how many of a hundred requests, who gets how many copies, and for how long; None: until somebody
    changes the description."""

    traffic: dict[str, int]
    mirror: dict[str, int] = {}
    seconds: int | None = 0


def run(work: Work) -> Product:
    """`record` is record.json: the shares. `file` is the endpoint as it was sent last.

    Raises StepFailed (azure-unreachable, azure-refused).
    """
    known = told(work, "deployment")
    return (_online if work.spec["online"] else _batch)(work, known["endpoint"], known["name"])


def _online(work: Work, endpoint: str, new: str) -> Product:
    seen, others = _endpoint(work, endpoint), _others(work, endpoint, new)
    last = _last(seen)
    before = _before(others, last, new)
    stages = list(_stages(work.spec["rollout"], new, before, last))
    document: dict[str, Any] = {}
    for stage in stages:
        document = _share(work, endpoint, stage, [new, *others])
        if stage.seconds:
            _hold(work, endpoint, new, stage.seconds, before, others)
    wanted = stages[-1]
    kept = _kept(work.spec["rollout"]["strategy"], wanted, others, before)
    _delete(work, endpoint, [name for name in others if name not in kept])
    shares = {"traffic": wanted.traffic, "mirror": wanted.mirror}
    summary = {"name": f"the traffic of {endpoint}", **shares}
    return Product({"record": record(work, shares), "file": written(work, "traffic.yaml", document)}, summary)


def _stages(
    rollout: Mapping[str, Any], new: str, before: str | None, last: Mapping[str, int]
) -> Iterator[Stage]:
    """What the shares are, one after the other; a canary goes on at the share that it had reached."""
    if before is None or rollout["strategy"] in ("all_at_once", "blue_green"):
        yield Stage({new: 100})
        return
    if rollout["strategy"] == "shadow":
        yield Stage({before: 100}, {new: rollout["mirrored"]}, None)
        return
    for step in rollout["steps"]:
        share = step["percent"]
        if share < last.get(new, 0):
            continue
        yield Stage({new: share, before: 100 - share} if share < 100 else {new: 100}, {}, step["seconds"])
        if step["seconds"] is None:
            return
    yield Stage({new: 100})


def _before(others: Mapping[str, str], last: Mapping[str, int], new: str) -> str | None:
    """What answered until now; None where nothing did, or where the new one has taken over already."""
    if last.get(new) == 100:
        return None
    answering = [name for name in others if last.get(name, 0) > 0 and others[name] == "Succeeded"]
    return max(answering, key=lambda name: last[name], default=None)


def _kept(strategy: str, wanted: Stage, others: Mapping[str, str], before: str | None) -> set[str]:
    """What stays beside the new one: what answers still, and with blue_green the one to go back to."""
    kept = {*wanted.traffic, *wanted.mirror}
    if strategy == "blue_green" and others:
        kept.add(before or max(others, key=_number))
    return kept


def _share(work: Work, endpoint: str, stage: Stage, deployments: Sequence[str]) -> dict[str, Any]:
    """Give the shares, with what they are as a tag; nothing where they are so already. Returns the endpoint as sent."""
    text = _text(stage.traffic) + (f" mirror {_text(stage.mirror)}" if stage.mirror else "")
    document = marked(work.spec["document"], **{TRAFFIC: text})
    document["traffic"] = {**dict.fromkeys(deployments, 0), **stage.traffic}
    document["mirror_traffic"] = stage.mirror
    seen = _endpoint(work, endpoint)
    if tags_of(seen).get(TRAFFIC) == text and (_live(seen, "traffic"), _live(seen, "mirror_traffic")) == (
        stage.traffic,
        stage.mirror,
    ):
        return document
    work.tell(f"sharing the requests of {endpoint}: {text}")
    file = written(work, "traffic.yaml", document)
    ask(work.spec["workspace"], "online-endpoint", "update", "--name", endpoint, "--file", str(file))
    _endpoint(work, endpoint)
    return document


def _hold(
    work: Work, endpoint: str, new: str, seconds: float, before: str | None, others: Mapping[str, str]
) -> None:
    """Wait, and see that the new one is still well; else the one before answers everything again."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        work.tell(f"holding for {left:.0f} s more")
        time.sleep(min(_SLICE, left))
    named = ("--name", new, "--endpoint-name", endpoint)
    seen = show(work.spec["workspace"], "online-deployment", "show", *named)
    state = "nothing" if seen is None else state_of(seen)
    if state != "Succeeded" and before is not None:
        _share(work, endpoint, Stage({before: 100}), list(others))
    if state != "Succeeded":
        raise StepFailed(azure_refused.not_well(new, state, endpoint))


def _batch(work: Work, endpoint: str, new: str) -> Product:
    """A batch endpoint has one deployment that answers by default, and shares nothing."""
    document = {**marked(work.spec["document"]), "defaults": {"deployment_name": new}}
    file = written(work, "traffic.yaml", document)
    seen = _endpoint(work, endpoint)
    if (seen.get("defaults") or {}).get("deployment_name") != new:
        ask(work.spec["workspace"], "batch-endpoint", "update", "--name", endpoint, "--file", str(file))
        _endpoint(work, endpoint)
    _delete(work, endpoint, list(_others(work, endpoint, new)))
    shares = {"default": new}
    summary = {"name": f"the default of {endpoint}", **shares}
    return Product({"record": record(work, shares), "file": file}, summary)


def _endpoint(work: Work, endpoint: str) -> dict[str, Any]:
    """The endpoint once Azure is at rest. Raises StepFailed where it is gone."""
    kind = azureml_endpoint.noun(work.spec["online"])
    seen = settled(lambda: show(work.spec["workspace"], kind, "show", "--name", endpoint), work, endpoint)
    if seen is None:
        raise StepFailed(azure_refused.found(f"az ml {kind} show --name {endpoint}", "it is gone"))
    return seen


def _others(work: Work, endpoint: str, new: str) -> dict[str, str]:
    """What else mlc has behind the endpoint, with its state."""
    kind = azureml_deployment.noun(work.spec["online"])
    found = ask(work.spec["workspace"], kind, "list", "--endpoint-name", endpoint) or []
    return {
        str(one["name"]): state_of(one)
        for one in found
        if is_ours(work.spec["document"], one) and one["name"] != new
    }


def _delete(work: Work, endpoint: str, names: Sequence[str]) -> None:
    kind = azureml_deployment.noun(work.spec["online"])
    for name in sorted(names):
        work.tell(f"removing {name}, which gets no requests any more")
        named = ("--name", name, "--endpoint-name", endpoint)
        if show(work.spec["workspace"], kind, "show", *named) is not None:
            ask(work.spec["workspace"], kind, "delete", *named, "--yes")


def _last(seen: Mapping[str, Any]) -> dict[str, int]:
    """How mlc last shared the requests; how they are shared where no tag says so."""
    text = tags_of(seen).get(TRAFFIC)
    if text is None:
        return _live(seen, "traffic")
    pairs = (word.partition("=") for word in text.partition(" mirror ")[0].split())
    return {name: int(share) for name, _, share in pairs if share.isdecimal()}


def _live(seen: Mapping[str, Any], field: str) -> dict[str, int]:
    """The shares that are none of nothing: Azure keeps a 0 for who gets no requests."""
    return {str(name): int(share) for name, share in (seen.get(field) or {}).items() if int(share) > 0}


def _text(shares: Mapping[str, int]) -> str:
    return " ".join(f"{name}={share}" for name, share in sorted(shares.items()))


def _number(name: str) -> int:
    number = name.rpartition("-")[2]
    return int(number) if number.isdecimal() else -1


def observe(root: Path, environment: str, done: Sequence[tuple[Operation, Outcome]]) -> dict[str, Seen]:  # noqa: ARG001
    """Requests that are shared otherwise than they were."""

    def look(operation: Operation, outcome: Outcome) -> tuple[dict[str, Any] | None, list[str]]:
        endpoint, online = operation.spec["document"]["name"], operation.spec["online"]
        seen = shown(operation, azureml_endpoint.noun(online), "show", "--name", endpoint)
        if seen is None:
            return None, []
        if not online:
            now = (seen.get("defaults") or {}).get("deployment_name")
            return seen, [] if now == outcome.summary["default"] else [f"the default ({now})"]
        now_shared, mirrored = _live(seen, "traffic"), _live(seen, "mirror_traffic")
        changed = []
        if now_shared != outcome.summary["traffic"]:
            changed.append(f"the shares ({_text(now_shared) or 'none'})")
        if mirrored != outcome.summary["mirror"]:
            changed.append(f"the copies ({_text(mirrored) or 'none'})")
        return seen, changed

    return observed(done, look)
