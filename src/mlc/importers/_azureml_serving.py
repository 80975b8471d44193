"""Endpoints and deployments of Azure Machine Learning, online and in batches → deployments and their targets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from mlc.importers._azureml_assets import SAYS, Assets, described, named, of_mlc, runtime_named, tell_tags
from mlc.importers._draft import Draft, Drafted, Reference, name_of
from mlc.importers._reading import Reading, bare
from mlc.importers._stubs import model_stub
from mlc.ir.node import Node

_VAULT = re.compile(
    r"\$\{\{\s*keyvault:https://([A-Za-z0-9-]+)\.vault\.azure\.net/secrets/([A-Za-z0-9-]+)(/[0-9a-f]*)?\s*\}\}"
)
_NOWHERE = "00000000-0000-0000-0000-000000000000"
_NOT_HERE = "A deployment of mlc on Azure Machine Learning has no such setting."
_TIMES = (("initial_delay", "delay"), ("period", "period"), ("timeout", "timeout"))


def read_schedule(told: Reading, draft: Draft) -> None:
    """A schedule of a job or of a monitor."""
    if list(told.left()):
        why = "A pipeline resource has `schedules`, by which CI applies or looks for drift."
        if told.get("create_monitor") is not None:
            why = "Describe it as a `monitor` of the deployment: `drift`, `data_quality` and `schedule`."
        draft.left_out(told.span, f"the schedule {told.text('name')}", why)
        told.skip_all()


def read_serving(
    endpoints: Sequence[Reading], deployments: Sequence[tuple[Reading, bool]], assets: Assets, draft: Draft
) -> None:
    """Each endpoint with its deployments. A deployment without its endpoint's file is taken over all the same."""
    by_name = {one.text("name"): one for one in endpoints}
    groups: dict[str, list[tuple[Reading, bool]]] = {name: [] for name in by_name}
    for one, online in deployments:
        groups.setdefault(one.text("endpoint_name"), []).append((one, online))
    for name, members in groups.items():
        _endpoint(name, by_name.get(name), members, assets, draft)


def _endpoint(
    endpoint: str, told: Reading | None, members: list[tuple[Reading, bool]], assets: Assets, draft: Draft
) -> None:
    ours = of_mlc(told, draft) if told is not None else None
    if not members and ours is None:
        if told is not None:
            draft.left_out(
                told.span, f"the endpoint {endpoint}", "No deployment that is imported answers behind it."
            )
        return
    name, prefix = _named(endpoint, ours, draft)
    made: dict[str, Drafted] = {}
    if not members and told is not None:
        online = "batchEndpoint" not in told.text("$schema")
        made[""] = _deployment(name, prefix, told, None, online, assets, draft)
    for one, online in members:
        inner = of_mlc(one, draft)
        called = one.text("name")
        own = inner[1] if inner else name if len(members) == 1 else name_of(f"{name}_{called}", called)
        made[called] = _deployment(own, prefix, told, one, online, assets, draft)
    if told is not None:
        _traffic(told, made, draft)
        first = next(iter(made.values()))
        if "batchEndpoint" in told.text("$schema"):
            told.skip("auth_mode")  # there is one
        if "description" not in first.spec:
            described(told, first)
        tell_tags(told, first)
        told.skip("name", "description" if ours else "")
        if bare(told.get("identity")) not in (None, {"type": "system_assigned"}):
            told.untake("identity")
        told.rest(draft, _NOT_HERE, first)


def _named(endpoint: str, ours: tuple[str, str] | None, draft: Draft) -> tuple[str, str | None]:
    """What a deployment is called, and what stands before its name in its endpoint's."""
    if ours is not None:
        name = ours[1]
        usual = f"{draft.project.get('project')}-{draft.environment}-{name}".replace("_", "-")
        before = endpoint.removesuffix(name.replace("_", "-"))
        return name, None if endpoint == usual or before == endpoint else before
    before, dash, after = endpoint.partition("-")
    if dash and after and before[:1].isalpha() and before.islower():
        return name_of(after, "imported"), f"{before}-"
    return name_of(endpoint, "imported"), None


def _deployment(
    name: str,
    prefix: str | None,
    endpoint: Reading | None,
    told: Reading | None,
    online: bool,
    assets: Assets,
    draft: Draft,
) -> Drafted:
    stands_at = told or endpoint
    assert stands_at is not None
    one = told or Reading(None, "", stands_at.span)
    span = one.span
    served = draft.asked.model or _model(one, assets, draft) or assets.served or name
    variables, vault = _variables(one, online)
    replicas = one.get("instance_count") if online else one.map("resources").get("instance_count")
    if told:
        runtime = runtime_named(one, "environment", assets, draft, f"{name}_environment")
    else:
        runtime = name if draft.is_known("runtime", name) else _only(assets)
    compute = one.node.get("compute") if one.node is not None else None
    on_azure = runtime is not None and (online or compute is not None)
    target = (
        _target(name, prefix, endpoint, one, online, vault, assets, draft)
        if on_azure
        else _here(runtime, one, draft)
    )
    if on_azure and runtime is not None:
        _complete(runtime, online, draft)
    spec = {
        "model": served,
        "target": target,
        "runtime": runtime,
        "mode": None if online or not on_azure else Node("batch", span),
        "replicas": replicas,
        "autoscaling": _scaling(one) if online else None,
        "variables": variables,
    }
    made = draft.resource("deployment", name, spec, span)
    if not online and not on_azure:
        draft.left_out(span, "that it answers in batches", "Where it is here, it answers online.", on=made)
    if told is not None:
        described(one, made)
        tell_tags(one, made)
        one.skip("name", "endpoint_name", "type")
        script = one.map("code_configuration")
        if script:
            why = "mlc writes the script that asks the model, in its ONNX form."
            draft.left_out(script.span, f"code_configuration: {script.text('scoring_script')}", why, on=made)
            script.skip("code", "scoring_script")
        if prefix is None and endpoint is not None and of_mlc(endpoint, draft) is None:
            draft.left_out(
                endpoint.span_of("name"),
                f"the endpoint's name {endpoint.text('name')}",
                "It is called PROJECT-ENVIRONMENT-NAME here.",
                on=made,
            )
        one.rest(draft, _NOT_HERE, made)
    if not draft.is_known("model", served):
        asked = draft.asked
        if served == assets.served and assets.learned_from and not asked.dataset:
            draft.asked = structs.replace(asked, dataset=assets.learned_from)
        model_stub(draft, served, span, SAYS)
        draft.asked = asked
    return made


def _only(assets: Assets) -> str | None:
    """The one runtime that was imported, where there is one."""
    found = [one.name for one in assets.runtimes.values() if one is not None]
    return found[0] if len(found) == 1 else None


def _model(told: Reading, assets: Assets, draft: Draft) -> str:
    """The model that a deployment names; one that is written within it is told."""
    inner = told.map("model")
    if inner:
        if path := inner.text("path"):
            draft.left_out(
                inner.span_of("path"), f"model.path: {path}", "mlc serves what it trained and proved itself."
            )
        called = named(inner.text("name"))
        inner.skip("version", "type")
        return name_of(called, "imported") if called else ""
    called = named(told.text("model"))
    return assets.models.get(called, name_of(called, "imported") if called else "")


def _variables(told: Reading, online: bool) -> tuple[Node | None, str]:
    """The server's variables, and the Key Vault that secrets are read from."""
    found = (told if online else told.map("settings")).map("environment_variables")
    made: dict[str, Any] = {}
    vault = ""
    for key, node in found.items():
        secret = _VAULT.fullmatch(str(node.value))
        found.skip(key)
        if secret is not None:
            vault = secret[1]
            made[key] = Reference(f"${{secret:{secret[2].replace('-', '_')}}}")
        elif node.is_map or node.is_list:
            found.untake(key)
        else:
            made[key] = Node(str(node.value), node.span)
    return Node(made, found.span) if made else None, vault


def _scaling(told: Reading) -> dict[str, Any] | None:
    found = told.map("scale_settings")
    if found.text("type", "default") == "default":
        return None
    low, high, aim = (
        found.number(key) for key in ("min_instances", "max_instances", "target_utilization_percentage")
    )
    found.skip("polling_interval")
    return {"min": low if low is not None else 1, "max": high or 1, "cpu": f"{aim or 70}%"}


def _traffic(told: Reading, made: dict[str, Drafted], draft: Draft) -> None:
    """Who answers how much: the largest is the deployment, and others have a share of its requests."""
    traffic = told.map("traffic")
    shares = {key: node.value for key, node in traffic.items() if node.value and key in made}
    traffic.skip_all()
    if len(shares) > 1:
        main = max(shares, key=lambda key: shares[key])
        spec = {
            name_of(key, "share"): {"deployment": made[key].name, "traffic": f"{percent}%"}
            for key, percent in shares.items()
            if key != main
        }
        made[main].spec["shares"] = spec
        made[main].origins[("shares",)] = traffic.span
        made[main].origins |= {("shares", key): traffic.span for key in spec}
    mirror = told.map("mirror_traffic")
    if mirror:
        why = "A version in the shadow of another is a `rollout` of one deployment, not another deployment."
        draft.left_out(mirror.span, "mirror_traffic", why)
        mirror.skip_all()


# ── targets ─────────────────────────────────────────────────────────────────────────────────────────


_PACKAGES = {"azureml-inference-server-http": "1.5.1", "numpy": "2.4.6", "onnxruntime": "1.32.0"}
"""What answers on Azure needs; in batches, all but the first."""


def _complete(name: str, online: bool, draft: Draft) -> None:
    """Packages that mlc's own script needs, where the runtime lists packages and not these."""
    runtime = draft.resources.get(f"runtime.{name}")
    packages = runtime.spec.get("packages") if runtime is not None else None
    if runtime is None or not packages:
        return
    known = {one.lower().replace("_", "-") for one in packages}
    missing = {key: version for key, version in _PACKAGES.items() if key not in known}
    if not online:
        missing.pop("azureml-inference-server-http", None)
    if missing:
        packages |= missing
        why = f"what answers there needs {', '.join(missing)}, at versions that are known to work."
        draft.assumed(runtime, ("packages",), why)


def _here(runtime: str | None, told: Reading, draft: Draft) -> str:
    """This machine, where a deployment cannot be on Azure; why is told."""
    known = draft.asked.known.get("target", {})
    name = next((one for one, spec in known.items() if spec == {"type": "local"}), "here")
    if not draft.is_known("target", name):
        draft.resource("target", name, {"type": "local"}, told.span)
    why = (
        "A deployment there has a runtime, whose image is pinned by its digest."
        if runtime is None
        else "Batches need a cluster, which `compute` of the deployment names."
    )
    draft.left_out(told.span, "Azure Machine Learning", f"{why} It is this machine here.")
    return name


def _target(
    name: str,
    prefix: str | None,
    endpoint: Reading | None,
    told: Reading,
    online: bool,
    vault: str,
    assets: Assets,
    draft: Draft,
) -> str:
    """The name of the target; deployments that say the same have the same."""
    fields: dict[str, Any] = {
        "type": "azureml",
        "subscription": _NOWHERE,
        "resource_group": "resource-group",
        "workspace": "workspace",
        "endpoint_prefix": prefix,
        "key_vault": vault,
        **(_online(endpoint, told) if online else _batch(told)),
        "jobs": dict(assets.jobs) if assets.jobs_of in ("", name) else {},
    }
    plain = {
        key: getattr(one, "value", one)
        for key, one in fields.items()
        if getattr(one, "value", one) not in (None, "", {})
    }
    for other in draft.resources.values():
        if other.kind == "target" and other.spec == plain:
            return other.name
    known = draft.asked.known.get("target", {})
    alike = next(
        (
            one
            for one, spec in known.items()
            if (spec or {}).get("type") == "azureml" and not set(plain) - set(spec)
        ),
        None,
    )
    if alike is not None:
        return alike
    called = next(
        one
        for one in ("azure", *(f"azure_{number}" for number in range(2, 100)))
        if not draft.is_known("target", one)
    )
    made = draft.resource("target", called, fields, told.span)
    draft.assumed(
        made,
        ("subscription",),
        f"{SAYS} does not say in which subscription, resource group and workspace it is.",
    )
    return called


def _online(endpoint: Reading | None, told: Reading) -> dict[str, Any]:
    made: dict[str, Any] = {"instance_type": told.get("instance_type")}
    if endpoint is not None:
        auth = endpoint.text("auth_mode", "key")
        made["auth"] = {"key": None, "aml_token": "aml_token", "aad_token": "aad_token"}.get(auth)
        if endpoint.text("public_network_access", "enabled") == "disabled":
            made["public"] = False
            if told.text("egress_public_network_access", "disabled") != "disabled":
                told.untake("egress_public_network_access")
        elif told.text("egress_public_network_access", "enabled") != "enabled":
            told.untake("egress_public_network_access")
    settings = told.map("request_settings")
    requests: dict[str, Any] = {}
    if (timeout := settings.number("request_timeout_ms")) is not None and timeout != 5000:
        requests["timeout"] = f"{timeout // 1000}s" if timeout % 1000 == 0 else f"{timeout}ms"
    if (at_once := settings.number("max_concurrent_requests_per_instance")) not in (None, 1):
        requests["at_once"] = at_once
    made["requests"] = requests
    made["probe"] = _probe(told)
    return made


def _probe(told: Reading) -> dict[str, Any]:
    """One probe for both; a second that says otherwise is told."""
    live, ready = told.map("liveness_probe"), told.map("readiness_probe")
    source = live if live else ready
    made: dict[str, Any] = {}
    usual = {"delay": 10, "period": 10, "timeout": 2, "failures": 30}
    for theirs, ours in (*_TIMES, ("failure_threshold", "failures")):
        value = source.number(theirs)
        if value is not None and value != usual[ours]:
            made[ours] = value if ours == "failures" else f"{value}s"
    if source.number("success_threshold") not in (None, 1):
        source.untake("success_threshold")
    if live and ready and bare(live.node) == bare(ready.node):
        ready.skip_all()
    return made


def _batch(told: Reading) -> dict[str, Any]:
    settings = told.map("settings")
    size = told.number("mini_batch_size") or settings.number("mini_batch_size")
    compute = told.node.get("compute") if told.node is not None else None
    told.skip("compute", "auth_mode")
    return {
        "compute": Node(named(str(compute.value)), compute.span) if compute is not None else None,
        "mini_batch": size if size not in (None, 10) else None,
    }
