"""States on real PostgreSQL and MariaDB servers: the conformance of every state, and servers that go away."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from acceptance.conftest import PROJECTS
from acceptance.script import environment
from mlc.store.databases import engine_of
from mlc.store.records import Owner
from mlc.store.secrets import Secret
from mlc.store.shared import leased, read_shared
from platforms.servers import PASSWORD, Server, mariadb, postgresql
from stages.shared_state.conformance import SharedConformance, place, somebody

MADE = {"postgresql": postgresql, "mariadb": mariadb}


@pytest.fixture(scope="module", params=sorted(MADE))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with MADE[request.param]() as server:
        yield server


@pytest.fixture
def url(server: Server) -> str:
    return server.url


@pytest.fixture
def password() -> str:
    return PASSWORD


class TestServers(SharedConformance):
    pass


def test_a_connection_that_was_cut_is_made_anew(url: str, password: str) -> None:
    owner, where = somebody(), place(url, password)
    with leased(where, owner) as (store, _):
        store.put_resource("model.a", {})
        _cut_all_connections(url)
        store.put_resource("model.b", {})
    assert sorted(read_shared(where, owner).resources) == ["model.a", "model.b"]


def test_a_wrong_password_is_told_without_it(url: str) -> None:
    with pytest.raises(Exception, match="does not answer as it should") as failed:
        read_shared(place(url, "wr0ng-canary"), somebody())
    assert "wr0ng-canary" not in str(failed.value)


def test_an_apply_survives_a_server_that_goes_away(server: Server, tmp_path: Path) -> None:
    """Rule state-unreachable: what was done is found again by the next apply, and the one after does nothing."""
    root = _project(tmp_path, server.url)
    where, owner = place(server.url, PASSWORD), Owner("shop", "dev")
    command = [sys.executable, "-P", "-m", "mlc.cli.main", "apply", "--yes"]
    with subprocess.Popen(
        command, cwd=root, env=_variables(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as applying:
        deadline = time.monotonic() + 120
        while read_shared(where, owner).serial < 3:
            assert time.monotonic() < deadline
            assert applying.poll() is None
            time.sleep(0.05)
        server.kill()
        try:
            out, err = applying.communicate(timeout=300)
        finally:
            server.start()
    assert applying.returncode == 1, (out, err)
    assert "error[state-unreachable]" in err
    assert "Traceback" not in err
    assert PASSWORD not in out + err
    assert err.count("error[") == 1, "it went on although nothing could be recorded"
    time.sleep(2.1)  # the lease of the one that could not let go
    again = _mlc(root, tmp_path, "apply", "--yes")
    assert again.returncode == 0, again.stderr
    assert "Nothing to do" in _mlc(root, tmp_path, "apply", "--yes").stdout
    assert _mlc(root, tmp_path, "drift", "--detailed-exitcode").returncode == 0


def test_from_this_machine_to_the_server_and_back(server: Server, tmp_path: Path) -> None:
    root = _project(tmp_path, server.url)
    shared = (root / "mlc.yaml").read_text()
    local = shared.replace("state:", "vars_of_state_were:").partition("vars_of_state_were:")[0]
    (root / "mlc.yaml").write_text(local.replace("project: shop", "project: moving"))
    assert _mlc(root, tmp_path, "apply", "--yes").returncode == 0
    before = _mlc(root, tmp_path, "state", "pull").stdout
    (tmp_path / "dev.json").write_text(before)
    (root / "mlc.yaml").write_text(shared.replace("project: shop", "project: moving"))
    pushed = _mlc(root, tmp_path, "state", "push", str(tmp_path / "dev.json"), "--yes")
    assert pushed.returncode == 0, pushed.stderr
    assert _mlc(root, tmp_path, "state", "pull").stdout == before
    assert "Nothing to do" in _mlc(root, tmp_path, "plan").stdout


def _project(tmp_path: Path, url: str) -> Path:
    root = Path(shutil.copytree(PROJECTS / "small", tmp_path / "project"))
    with (root / "mlc.yaml").open("a") as file:
        file.write(f"state: {{type: database, url: '{url}', password: '${{secret:DB}}', lease: 2s}}\n")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "DB").write_text(PASSWORD + "\n")
    return root


def _variables(tmp_path: Path) -> dict[str, str]:
    return {**environment(tmp_path), "MLC_SECRETS": str(tmp_path / "secrets")}


def _mlc(root: Path, tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "mlc.cli.main", *words]
    return subprocess.run(
        command, cwd=root, env=_variables(tmp_path), capture_output=True, text=True, check=False, timeout=300
    )


def _cut_all_connections(url: str) -> None:
    engine = engine_of(url, Secret(PASSWORD))
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            others = (
                "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND usename = 'mlc' AND datname IS NOT NULL"
            )
            ending = "SELECT pg_terminate_backend({})"
        else:
            others = (
                "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND user = 'mlc'"
            )
            ending = "KILL {}"
        found = [row[0] for row in connection.execute(text(others))]
        assert found
        for one in found:
            connection.execute(text(ending.format(int(one))))
    engine.dispose()
