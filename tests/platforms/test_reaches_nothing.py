"""Looking at a stranger's project starts no process, opens no socket and reads nothing outside it (strace)."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from mlc import data, inquiry, load, modules
from mlc.compose.source import Source
from mlc.ir.module import Lock, Locked, folder_of, tree_digest, write_lock
from stages.git.real import commit, git

COMMANDS = [
    ["validate", "--env", "all"],
    ["validate", "model.default_risk.train.seed=7"],
    ["render", "--env", "all"],
    ["plan", "--env", "all"],
    ["explain", "model.default_risk.train.params.max_iter", "--env", "prod"],
    ["graph"],
]

# what a Python reads of itself and of its machine before it does anything for us
_MACHINE = (
    *("/etc/ld.so", "/lib", "/usr/lib", "/usr/local/lib", "/proc/self", "/dev/", "/sys/"),
    *("/etc/localtime", "/usr/share/zoneinfo", "/usr/share/locale", "/usr/local/share/locale"),
)

HOSTILE = {
    "model/_env.yaml": "description: ${oc.env:HOME}\n",
    "model/_up.yaml": "defaults: [../../../etc/passwd]\n",
    "model/_absolute.yaml": "defaults: [/etc/passwd]\n",
    "model/_file.yaml": "hydra: {searchpath: ['file:///etc']}\n",
    "model/_target.yaml": "_target_: os.system\nargs: [id]\n",
    "model/_tag.yaml": "description: !!python/object/apply:os.system [id]\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    made = shutil.ignore_patterns(".mlc", "generated", ".github")
    return Path(shutil.copytree(data.path("examples", "lending"), tmp_path / "project", ignore=made))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_reaches_nothing_outside_the_project(project: Path, command: list[str]) -> None:
    assert _strayed(project, command) == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_reaches_no_source_of_a_module(project: Path, command: list[str]) -> None:
    """What was fetched is read from the project; the folder beside it is not looked at."""
    layer = project.parent / "layers" / "model" / "_shared.yaml"
    layer.parent.mkdir(parents=True)
    layer.write_text("train: {params: {max_iter: 150}}\n")
    with (project / "mlc.yaml").open("a") as file:
        file.write("modules: {team: {source: ../layers}}\n")
    model = project / "model" / "default_risk.yaml"
    model.write_text(model.read_text().replace("_tabular,", "_tabular, team/_shared,"))
    modules.update(project, inquiry.declared_modules(Source(load.read, project)).declared, ())
    assert _strayed(project, command) == []


def test_reaches_nothing_for_modules_that_mean_harm(project: Path) -> None:
    """Sources that would start programs, and a lock and installed files that lead elsewhere."""
    with (project / "mlc.yaml").open("a") as file:
        file.write(
            "modules: {a: {source: 'git+ext::sh -c id'}, b: {source: 'git+https://git.invalid/x'}, c: {source: ../c}}\n"
        )
    content = b"train: {params: {max_iter: 150}}\n"
    (project.parent / "secret.yaml").write_bytes(content)
    files = {"model/_x.yaml": hashlib.sha256(content).hexdigest()}
    digest = tree_digest(files)
    locked = {
        "b": Locked(source="git+https://git.invalid/x", digest=digest, files=files),
        "c": Locked(source="../c", digest=digest, files=files),
    }
    (project / "mlc.lock").write_bytes(write_lock(Lock(modules=locked)))
    (project / folder_of("b", digest) / "model").mkdir(parents=True)
    (project / folder_of("b", digest) / "model" / "_x.yaml").symlink_to(project.parent / "secret.yaml")
    (project / folder_of("c", digest)).symlink_to(project.parent)
    model = project / "model" / "default_risk.yaml"
    model.write_text(model.read_text().replace("_tabular,", "_tabular, a/_x, b/_x, c/_x,"))
    assert _strayed(project, ["validate"], code=1) == []


def test_reaches_nothing_for_a_hostile_project(project: Path) -> None:
    layers = [Path(name).stem for name in HOSTILE]
    for name, text in HOSTILE.items():
        (project / name).write_text(text)
    (project / "gate" / "outside.yaml").symlink_to("/etc/passwd")
    model = project / "model" / "default_risk.yaml"
    model.write_text(model.read_text().replace("_tabular,", f"_tabular, {', '.join(layers)},"))
    assert _strayed(project, ["validate"], code=1) == []


OWN = {
    "backends/cards/backend.yaml": "backend: cards\ndescription: For a test.\nemits:\n"
    "  - {kind: model, template: card.yaml.j2, path: 'cards/{{ name }}/card.yaml', check: [jsonschema card.json]}\n",
    "backends/cards/card.yaml.j2": "# {{ header | comment }}\nname: {{ name | yaml }}\n",
    "backends/cards/card.json": '{"$ref": "https://schemas.invalid/x.json"}',
}
HOSTILE_TEMPLATES = (
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os.system('id') | yaml }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() | yaml }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() | yaml }}",
    "{{ self._TemplateReference__context | yaml }}",
    "{{ resource | attr('__class__') | yaml }}",
    "{{ ('{0.__class__}' | format(name)) | yaml }}",
    "{{ name }}",
)


def _with_own(project: Path) -> None:
    with (project / "mlc.yaml").open("a") as file:
        file.write("backends: {cards: {}}\n")
    for name, text in OWN.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)


@pytest.mark.parametrize(
    "command", [*COMMANDS, ["explain", "generated/prod/cards/default_risk/card.yaml"]], ids=" ".join
)
def test_reaches_nothing_for_backends_of_its_own(project: Path, command: list[str]) -> None:
    """Its templates are read from the project and filled; its checks wait for --verify."""
    _with_own(project)
    assert _strayed(project, command) == []


def test_reaches_nothing_for_templates_that_mean_harm(project: Path) -> None:
    """Neither to look at them nor to review them."""
    git(project, "init", "--quiet")
    commit(project)
    _with_own(project)
    lines = "".join(
        f"  - {{kind: model, template: t{number}.j2, path: 'cards/{{{{ name }}}}/{number}'}}\n"
        for number in range(len(HOSTILE_TEMPLATES))
    )
    with (project / "backends/cards/backend.yaml").open("a") as file:
        file.write(lines + "  - {kind: model, template: /etc/passwd, path: ../../../tmp/x, check: [id]}\n")
    for number, text in enumerate(HOSTILE_TEMPLATES):
        (project / f"backends/cards/t{number}.j2").write_text(text)
    (project / "backends/cards/link.j2").symlink_to("/etc/passwd")
    assert _strayed(project, ["validate"], code=1) == []
    (project / "backends/cards/link.j2").unlink()
    assert _strayed(project, ["validate"], code=1) == []
    assert _strayed(project, ["diff", "HEAD"], code=1) == []
    _with_own(project)
    (project / "mlc.yaml").write_text(
        (project / "mlc.yaml").read_text().removesuffix("backends: {cards: {}}\n")
    )
    for number in range(len(HOSTILE_TEMPLATES)):
        (project / f"backends/cards/t{number}.j2").unlink()
    assert _strayed(project, ["diff", "HEAD", "--format", "markdown"]) == []


def test_a_diff_reads_the_repository_and_nothing_else(project: Path, tmp_path: Path) -> None:
    """Not even where the repository's own configuration would have git run something."""
    git(project, "init", "--quiet")
    (project / ".gitattributes").write_text("*.yaml filter=run diff=run\n")
    commit(project)
    git(project, "repack", "-adq")
    for name in (
        "core.fsmonitor",
        "diff.external",
        "diff.run.textconv",
        "filter.run.clean",
        "core.hooksPath",
    ):
        git(project, "config", name, str(tmp_path / "run"))
    (tmp_path / "run").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (tmp_path / "run").chmod(0o755)
    model = project / "model" / "default_risk.yaml"
    model.write_text(model.read_text().replace("0.08", "0.09"))
    assert _strayed(project, ["diff", "HEAD", "--format", "markdown"]) == []
    assert _strayed(project, ["diff", "HEAD", "--format", "json"]) == []
    (project / "gate" / "outside.yaml").symlink_to("/etc/passwd")
    for name, text in HOSTILE.items():
        (project / name).write_text(text)
    model.write_text(
        model.read_text().replace("_tabular,", f"_tabular, {', '.join(Path(n).stem for n in HOSTILE)},")
    )
    assert _strayed(project, ["diff", "HEAD"], code=1) == []
    assert not (tmp_path / "ran").exists()


def _strayed(project: Path, command: list[str], code: int = 0) -> list[str]:
    """The system calls that reach for something they should not."""
    log = project.parent / "strace.log"
    mlc = [sys.executable, "-X", "utf8", "-m", "mlc.cli.main", *command]
    tracing = ["strace", "-f", "-o", str(log), "-e", "trace=%network,execve,openat", *mlc]
    done = subprocess.run(tracing, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    allowed = (str(project), sys.prefix, sys.base_prefix, *_imported_from(), *_MACHINE)
    strayed, programs = [], 0
    for line in log.read_text().splitlines():
        call = re.search(r"\b(\w+)\((.*)", line)
        if call is None:
            continue
        if call[1] == "execve":
            programs += 1
        elif call[1] == "openat":
            path = re.search(r'"([^"]*)"', call[2])
            if path is not None and path[1].startswith("/") and not path[1].startswith(allowed):
                strayed.append(line)
        else:
            strayed.append(line)
    assert programs == 1, "a process was started"
    return strayed


def _imported_from() -> tuple[str, ...]:
    places = {str(Path(entry).resolve()) for entry in sys.path if entry} | set(sysconfig.get_paths().values())
    return (*places, str(data.path("schemas").parent))
