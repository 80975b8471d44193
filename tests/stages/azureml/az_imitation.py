"""An imitation of `az ml`: what it makes it keeps in a folder, and it refuses what Azure is documented to refuse.

It is no Azure. Where it differs from the real one, only a workspace would show. It is a program of its own, of which
the tests put one on the PATH (`lay`); `AZ_IMITATION` names its folder:

    state.json    what is in the workspace
    log.jsonl     the command lines that it was given
    faults.json   what is to go wrong: [{"match": "online-deployment create", "times": 1, "stderr": …, "done": false}]

A fault with `done` fails after its effect; one with `state` lets a deployment end so, one with `ill` another that was
well; one with `hang` waits, having begun, until it is killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ASSETS = ("environment", "model", "data", "component")
ENDPOINTS = ("online-endpoint", "batch-endpoint")
DEPLOYMENTS = ("online-deployment", "batch-deployment")
FIELDS = {
    "environment": "name version description image conda_file inference_config tags",
    "model": "name version description type path tags properties stage flavors",
    "data": "name version description type path tags properties",
    "online-endpoint": "name description auth_mode public_network_access identity traffic mirror_traffic tags "
    "properties",
    "batch-endpoint": "name description auth_mode defaults tags properties",
    "online-deployment": "name endpoint_name description model environment code_configuration environment_variables "
    "instance_type instance_count request_settings liveness_probe readiness_probe scale_settings tags "
    "model_mount_path egress_public_network_access app_insights_enabled data_collector properties type",
    "batch-deployment": "name endpoint_name description model environment code_configuration compute resources "
    "settings type error_threshold tags properties",
    "schedule": "name display_name description trigger create_job create_monitor tags properties",
}
LOADED = {
    "online-endpoint": "online-endpoint",
    "online-deployment": "online-deployment",
    "batch-endpoint": "batch-endpoint",
    "batch-deployment": "batch-deployment",
    "schedule": "schedule",
    **{asset: asset for asset in ASSETS},
}


def lay(folder: Path, home: Path) -> dict[str, str]:
    """Put `az` into a folder of programs, with its state in `home`: the variables that lead there."""
    folder.mkdir(parents=True, exist_ok=True)
    home.mkdir(parents=True, exist_ok=True)
    program = folder / "az"
    # without `site`, which takes longer than all the rest: an apply asks some twenty times
    places = [place for place in sys.path if place.endswith("site-packages") or place.endswith("src")]
    text = f"import sys\nsys.path += {places!r}\nexec(open({str(Path(__file__))!r}).read())\n"
    program.write_text(f"#!{sys.executable} -SsE\n{text}")
    program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "AZ_IMITATION": str(home)}


class Refusal(Exception):
    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class Workspace:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "state.json"
        self.items: dict[str, dict[str, Any]] = (
            json.loads(self.path.read_text()) if self.path.exists() else {}
        )

    def save(self) -> None:
        staged = self.path.with_suffix(".new")
        staged.write_text(json.dumps(self.items, indent=1, sort_keys=True))
        staged.replace(self.path)


@contextmanager
def workspace() -> Iterator[Workspace]:
    home = Path(os.environ["AZ_IMITATION"])
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Workspace(home)


def main(words: list[str]) -> int:
    home = Path(os.environ["AZ_IMITATION"])
    with (home / "log.jsonl").open("a") as log:
        log.write(json.dumps(words) + "\n")
    if words[:1] == ["version"]:
        print(json.dumps({"azure-cli": "2.80.0", "extensions": {"ml": "2.41.0"}}))
        return 0
    if words[:1] != ["ml"]:
        print(f"ERROR: '{words[0]}' is misspelled or not recognized by the system.", file=sys.stderr)
        return 2
    noun, verb, options = words[1], words[2], read_options(words[3:])
    fault = next_fault(home, f"{noun} {verb}")
    if fault and "stderr" in fault and not fault.get("done"):
        print(f"ERROR: {fault['stderr']}", file=sys.stderr)
        return int(fault.get("code", 1))
    try:
        answer = act(noun, verb, options, fault or {})
    except Refusal as refusal:
        print(f"ERROR: {refusal}", file=sys.stderr)
        return refusal.code
    if fault and fault.get("done"):
        print(f"ERROR: {fault['stderr']}", file=sys.stderr)
        return 1
    if answer is not None:
        print(json.dumps(answer, indent=2))
    return 0


def read_options(words: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for i, word in enumerate(words):
        if word.startswith("--"):
            found[word] = words[i + 1] if i + 1 < len(words) and not words[i + 1].startswith("--") else ""
    for wanted in ("--subscription", "--resource-group", "--workspace-name"):
        if not found.get(wanted):
            raise SystemExit(f"ERROR: the following arguments are required: {wanted}")
    if found.get("--output") != "json":
        raise SystemExit("ERROR: the tests read JSON")
    return found


def next_fault(home: Path, command: str) -> dict[str, Any] | None:
    path = home / "faults.json"
    if not path.exists():
        return None
    faults = json.loads(path.read_text())
    for fault in faults:
        if fault["match"] == command and fault["times"] > 0:
            fault["times"] -= 1
            path.write_text(json.dumps(faults))
            return dict(fault)
    return None


def act(noun: str, verb: str, options: dict[str, str], fault: dict[str, Any]) -> Any:
    if verb == "list":
        with workspace() as space:
            endpoint = options["--endpoint-name"]
            present(space, DEPLOYMENTS_OF[noun], endpoint)
            return [
                shown(one)
                for key, one in sorted(space.items.items())
                if key.startswith(f"{noun}/{endpoint}/")
            ]
    if verb == "show":
        with workspace() as space:
            return shown(present(space, noun, *key_words(noun, options)))
    if verb in ("create", "update"):
        return write(noun, verb, options, fault)
    if verb == "delete":
        return delete(noun, options)
    if noun == "schedule" and verb in ("enable", "disable"):
        with workspace() as space:
            present(space, noun, options["--name"])["is_enabled"] = verb == "enable"
            space.save()
        return None
    raise Refusal(f"'{verb}' is misspelled or not recognized by the system.", 2)


DEPLOYMENTS_OF = dict(zip(DEPLOYMENTS, ENDPOINTS, strict=True))


def key_words(noun: str, options: dict[str, str]) -> tuple[str, ...]:
    if noun in DEPLOYMENTS:
        return options["--endpoint-name"], options["--name"]
    if noun in ASSETS:
        return options["--name"], options["--version"]
    return (options["--name"],)


def present(space: Workspace, noun: str, *words: str) -> dict[str, Any]:
    found = space.items.get("/".join([noun, *words]))
    if found is None:
        raise Refusal(f"(ResourceNotFound) The {noun} {' '.join(words)} was not found in the workspace.", 3)
    return found


def shown(item: dict[str, Any]) -> dict[str, Any]:
    """What `show` says: the fields as they were sent, and how far Azure is."""
    out = {key: value for key, value in item.items() if key not in ("ready_at", "ends", "$schema")}
    if "ready_at" in item:
        out["provisioning_state"] = item["ends"] if time.time() >= item["ready_at"] else item["doing"]
    return out


def write(noun: str, verb: str, options: dict[str, str], fault: dict[str, Any]) -> Any:
    import yaml  # only here: most commands read nothing

    path = Path(options["--file"])
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if unknown := sorted(set(document) - set(FIELDS[noun].split()) - {"$schema"}):
        raise Refusal(f"Validation for {noun} failed: unknown field {', '.join(unknown)}")
    load(noun, path)
    name = str(options.get("--name") or document["name"])
    words = {
        True: (document.get("endpoint_name", ""), name),
        False: (name, str(document.get("version"))) if noun in ASSETS else (name,),
    }[noun in DEPLOYMENTS]
    key = "/".join([noun, *words])
    with workspace() as space:
        before = space.items.get(key)
        if verb == "create" and before is not None and noun != "schedule":
            raise Refusal(f"(UserError) The {noun} {' '.join(words)} already exists.")
        if verb == "update" and before is None:
            present(space, noun, *words)
        hold(space, noun, document, path, name)
        item = {**(before or {}), **document}
        if noun == "schedule":
            item["is_enabled"] = True if before is None else before.get("is_enabled", True)
        if noun not in ASSETS:
            slow = float(os.environ.get("AZ_IMITATION_SECONDS", "0"))
            item |= {
                "doing": "Creating" if before is None else "Updating",
                "ready_at": time.time() + (slow if noun in DEPLOYMENTS else 0),
                "ends": fault.get("state", "Succeeded"),
            }
        space.items[key] = item
        if noun == "online-endpoint" and item.get("traffic"):
            shares = " ".join(f"{one}={share}" for one, share in sorted(item["traffic"].items()) if share)
            with (space.home / "shares.txt").open("a") as file:
                file.write(shares + "\n")
        if "ill" in fault:
            space.items[fault["ill"]]["ends"] = "Failed"
        space.save()
    if fault.get("hang"):
        time.sleep(600)
    if noun not in ASSETS:
        time.sleep(max(0.0, item["ready_at"] - time.time()))
    if item.get("ends") == "Failed":
        raise Refusal(f"(ResourceOperationFailure) The {noun} {' '.join(words)} ended as Failed.")
    return shown(item)


def hold(space: Workspace, noun: str, document: dict[str, Any], path: Path, name: str) -> None:
    """What Azure refuses of a document, having read it."""
    for field in ("model", "environment"):
        reference = document.get(field)
        if noun in DEPLOYMENTS:
            prefix, asset, version = str(reference).split(":")
            if prefix != "azureml":
                raise Refusal(f"(UserError) {reference} is no reference.")
            present(space, field, asset, version)
    if noun in DEPLOYMENTS:
        present(space, DEPLOYMENTS_OF[noun], document["endpoint_name"])
        code = document["code_configuration"]
        if not (path.parent / code["code"] / code["scoring_script"]).is_file():
            raise Refusal(f"(UserError) There is no scoring script {code['scoring_script']}.")
    if noun in ("model", "data") and not any((path.parent / document["path"]).iterdir()):
        raise Refusal(f"(UserError) {document['path']} is empty.")
    if document.get("type") == "mltable" and not (path.parent / document["path"] / "MLTable").is_file():
        raise Refusal(f"(UserError) {document['path']} has no file MLTable.")
    if noun == "schedule":
        for part in ("create_job",):
            job = document.get(part)
            if isinstance(job, str) and not (path.parent / job).is_file():
                raise Refusal(f"(UserError) There is no file {job}.")
        if "create_monitor" in document:
            hold_monitor(space, document["create_monitor"])
    if noun == "online-endpoint":
        traffic = {one: share for one, share in (document.get("traffic") or {}).items() if share}
        mirror = document.get("mirror_traffic") or {}
        for one in (*traffic, *mirror):
            there = present(space, "online-deployment", name, one)
            if shown(there)["provisioning_state"] != "Succeeded":
                raise Refusal(f"(UserError) The deployment {one} is not well.")
        if traffic and sum(traffic.values()) != 100:
            raise Refusal("(UserError) Traffic percentages have to add up to 100.")
        if any(one in traffic or share > 50 for one, share in mirror.items()) or len(mirror) > 1:
            raise Refusal("(UserError) Mirror traffic is refused.")
    if noun == "batch-endpoint" and document.get("defaults"):
        present(space, "batch-deployment", name, document["defaults"]["deployment_name"])


def hold_monitor(space: Workspace, monitor: dict[str, Any]) -> None:
    """A monitor looks at a deployment that keeps what it is asked, and compares with data that is there."""
    _, endpoint, name = monitor["monitoring_target"]["endpoint_deployment_id"].split(":")
    kept = (
        present(space, "online-deployment", endpoint, name).get("data_collector", {}).get("collections", {})
    )
    for signal in monitor["monitoring_signals"].values():
        for part in ("production_data", "reference_data"):
            _, asset, version = signal[part]["input_data"]["path"].split(":")
            context = signal[part]["data_context"]
            if asset == f"{endpoint}-{name}-{context}":
                if kept.get(context, {}).get("enabled") != "True":
                    raise Refusal(f"(UserError) {endpoint}/{name} does not collect {context}.")
            elif present(space, "data", asset, version)["type"] != "mltable":
                raise Refusal(f"(UserError) {asset} is no mltable, and has no preprocessing.")


def load(noun: str, path: Path) -> None:
    """Let the official SDK load the file, where a Python that has it is named."""
    python = os.environ.get("AZ_IMITATION_SDK")
    if not python:
        return
    import subprocess

    from mlc.emit.azureml import LOAD

    done = subprocess.run(
        [python, "-I", "-c", LOAD, LOADED[noun], path.name], cwd=path.parent, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise Refusal(f"Validation for {noun} failed: {done.stdout.strip()} {done.stderr.strip()[-500:]}")


def delete(noun: str, options: dict[str, str]) -> None:
    if "--yes" not in options:
        raise Refusal("Unable to prompt for confirmation as no tty available. Use --yes.", 1)
    words = key_words(noun, options)
    with workspace() as space:
        item = present(space, noun, *words)
        if noun == "online-deployment":
            endpoint = present(space, "online-endpoint", words[0])
            if (endpoint.get("traffic") or {}).get(words[1]) or (endpoint.get("mirror_traffic") or {}).get(
                words[1]
            ):
                raise Refusal(
                    f"(UserError) The deployment {words[1]} gets requests; set its traffic to 0 first."
                )
        if noun == "schedule" and item.get("is_enabled"):
            raise Refusal("(UserError) A schedule has to be disabled before it is deleted.")
        if noun in ENDPOINTS:
            below = f"{dict(zip(ENDPOINTS, DEPLOYMENTS, strict=True))[noun]}/{words[0]}/"
            space.items = {key: one for key, one in space.items.items() if not key.startswith(below)}
        del space.items["/".join([noun, *words])]
        space.save()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
