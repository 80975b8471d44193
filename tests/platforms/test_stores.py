"""Rows out of Google Cloud Storage and Azure, which emulators play on ports of their own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import fsspec
import pytest
from polars.testing import assert_frame_equal

from mlc.ir.operation import StepFailed
from platforms.servers import answers, free_port
from stages.drivers.test_files import people
from stages.drivers.test_sources import read, rows, store

CHECKERS = Path(__file__).parents[2] / ".checkers"
GCS = CHECKERS / "stores" / "bin" / "gcp-storage-emulator"
AZURITE = CHECKERS / "azurite" / "node_modules" / ".bin" / "azurite-blob"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own, which its manual publishes."""


class Lake(NamedTuple):
    """What reaches a store: the beginning of a URL, and the options as the driver and as a spec have them."""

    url: str
    options: dict[str, Any]
    asked: dict[str, Any]


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("MLC_SECRETS", str(folder))


def played(command: list[str], port: int) -> subprocess.Popen[bytes]:
    assert Path(command[0]).is_file(), f"{command[0]} is not installed: make checkers"
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not answers(port):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return server


@pytest.fixture(scope="module", params=["gs", "abfs"])
def lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    port, folder = free_port(), tmp_path_factory.mktemp("lake")
    with pytest.MonkeyPatch.context() as patch:
        # gcsfs asks a second service, of other buckets, which the emulator does not play
        patch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        if request.param == "gs":
            command = [str(GCS), "start", "--host", "127.0.0.1", "--port", str(port), "--in-memory"]
            options = {"project": "lake", "token": "anon", "endpoint_url": f"http://127.0.0.1:{port}"}
            found = Lake("gs://lake", options, options)
        else:
            command = [str(AZURITE), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent"]
            command += ["--location", str(folder), "--skipApiVersionCheck", "--disableTelemetry"]
            endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
            connection = (
                f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
                f"BlobEndpoint={endpoint};"
            )
            secret = {"connection_string": "${secret:CONNECTION}"}
            found = Lake("abfs://lake", {"connection_string": connection}, secret)
        server = played(command, port)
        try:
            files = fsspec.filesystem(request.param, **found.options)
            files.mkdir("lake")
            for number in range(2):
                with files.open(f"lake/people/part-{number}.parquet", "wb") as file:
                    people().slice(number * 20, 20).write_parquet(file)
            yield found
        finally:
            server.kill()
            server.wait()


@pytest.fixture
def options(lake: Lake, tmp_path: Path) -> dict[str, Any]:
    if "connection_string" in lake.options:
        (tmp_path / "secrets" / "CONNECTION").write_text(lake.options["connection_string"])
    return lake.asked


def test_objects_are_read_in_the_order_of_their_names(
    lake: Lake, options: dict[str, Any], tmp_path: Path
) -> None:
    found = read("object_store_read", tmp_path, store(f"{lake.url}/people/*.parquet", options=options))
    assert_frame_equal(rows(found), people())


@pytest.mark.parametrize("path", ["nothing.parquet", "nowhere/*.parquet"])
def test_what_is_not_there_is_told_without_a_key(
    lake: Lake, options: dict[str, Any], tmp_path: Path, path: str
) -> None:
    with pytest.raises(StepFailed) as failed:
        read("object_store_read", tmp_path, store(f"{lake.url}/{path}", options=options))
    (told,) = failed.value.diagnostics
    assert told.rule == "source-unreachable"
    assert f"{lake.url}/{path}" in told.detail
    assert KEY not in repr(told)
