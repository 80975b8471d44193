"""Real database servers, as a user without privileges, in a folder and on a port of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

PASSWORD = "a pass/word: with @ all %20"
_UNPRIVILEGED = 65534
_SECONDS = 60


class Server(Struct):
    """A server that can be stopped in the middle and started again. `url` names no password."""

    url: str
    start: Callable[[], None]
    kill: Callable[[], None]


@contextmanager
def postgresql() -> Iterator[Server]:
    with _folder() as folder:
        port = free_port()
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        initdb = [
            _program("initdb"),
            "-D",
            str(folder / "data"),
            "-U",
            "mlc",
            "--pwfile",
            str(folder / "password"),
        ]
        _run([*initdb, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"])
        command = [_program("postgres"), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder)]
        with _serving([*command, "-c", "listen_addresses=127.0.0.1"], port) as server:
            yield Server(f"postgresql://mlc@127.0.0.1:{port}/postgres", *server)


@contextmanager
def mariadb() -> Iterator[Server]:
    import pymysql

    with _folder() as folder:
        port = free_port()
        data = [f"--datadir={folder / 'data'}", "--no-defaults"]
        _run(
            [
                _program("mariadb-install-db"),
                "--no-defaults",
                data[0],
                "--auth-root-authentication-method=normal",
            ]
        )
        command = [_program("mariadbd"), "--no-defaults", data[0], f"--socket={folder / 'socket'}"]
        command += [f"--port={port}", "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}"]
        with _serving(command, port) as server:
            with (
                pymysql.connect(unix_socket=str(folder / "socket"), user="root") as root,
                root.cursor() as cursor,
            ):
                cursor.execute("CREATE DATABASE states")
                cursor.execute("CREATE USER 'mlc'@'127.0.0.1' IDENTIFIED BY %s", (PASSWORD,))
                cursor.execute("GRANT ALL ON states.* TO 'mlc'@'127.0.0.1'")
            yield Server(f"mariadb://mlc@127.0.0.1:{port}/states", *server)


CHECKERS = Path(__file__).parents[2] / ".checkers"
S3_KEYS = {"key": "AKIA-canary", "secret": "canary-of-moto"}


@contextmanager
def s3() -> Iterator[str]:
    """S3 as moto plays it: where it answers."""
    program = CHECKERS / "moto" / "bin" / "moto_server"
    assert program.is_file(), "moto is not installed: make checkers"
    port = free_port()
    with _serving([str(program), "-H", "127.0.0.1", "-p", str(port)], port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def mongodb() -> Iterator[Server]:
    """What speaks MongoDB's protocol: nx-27017, which keeps its documents in SQLite and asks for no password."""
    program = CHECKERS / "nx-27017" / "bin" / "nx-27017"
    assert program.is_file(), "nx-27017 is not installed: make checkers"
    with _folder() as folder:
        port = free_port()
        with _serving(
            [
                str(program),
                "--port",
                str(port),
                *(f"--{one}={folder / one}" for one in ("db", "log-file", "pid-file")),
            ],
            port,
        ) as server:
            yield Server(f"mongodb://127.0.0.1:{port}/mlc", *server)


@contextmanager
def mlflow() -> Iterator[Server]:
    """MLflow's own server with its runs and its registry in SQLite, which hands artifacts on."""
    program = CHECKERS / "mlflow" / "bin" / "mlflow"
    assert program.is_file(), "mlflow is not installed: make checkers"
    with _folder() as folder:
        port = free_port()
        command = [str(program), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{folder}/data/mlflow.db"]
        command += ["--artifacts-destination", f"{folder}/data/artifacts"]
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "HOME": str(folder)}
        # as this user, whose Python it may be; it has processes below it, which are ended with it
        with _serving(
            ["env", *(f"{name}={value}" for name, value in quiet.items()), *command], port, own=True
        ) as server:
            yield Server(f"http://127.0.0.1:{port}", *server)


def _program(name: str) -> str:
    """Where a program is: Debian keeps a server's outside of everybody's path. Fails where there is none."""
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/sbin")]
    found = shutil.which(name, path=os.pathsep.join([*map(str, places), os.environ["PATH"]]))
    assert found is not None, f"{name} is not installed: make checkers"
    return found


def _run(command: list[str]) -> None:
    done = subprocess.run([*_unprivileged(), *command], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr


def _unprivileged() -> list[str]:
    if os.geteuid():
        return []
    return ["setpriv", f"--reuid={_UNPRIVILEGED}", f"--regid={_UNPRIVILEGED}", "--clear-groups"]


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="mlc", dir="/tmp"))
    (folder / "data").mkdir(mode=0o700)
    if not os.geteuid():
        for path in (folder, folder / "data"):
            os.chown(path, _UNPRIVILEGED, _UNPRIVILEGED)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _serving(
    command: list[str], port: int, *, own: bool = False
) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        server = subprocess.Popen(
            [*([] if own else _unprivileged()), *command],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        running.append(server)
        deadline = time.monotonic() + _SECONDS
        while not answers(port):
            assert server.poll() is None, f"{command[0]} ended with {server.returncode}"
            assert time.monotonic() < deadline, f"{command[0]} does not answer"
            time.sleep(0.1)

    def kill() -> None:
        _end(running.pop())
        deadline = time.monotonic() + _SECONDS
        while answers(port):  # PostgreSQL's other processes notice it a moment later
            assert time.monotonic() < deadline
            time.sleep(0.1)

    start()
    try:
        yield start, kill
    finally:
        for server in running:  # nobody needs what it holds
            _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """It and what it started: each has a session of its own."""
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
