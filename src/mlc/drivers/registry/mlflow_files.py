"""Where a registry on MLflow is reached, and its bytes: artifacts of the run that holds the journal, by digest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from mlc.drivers.registry.files import Elsewhere
from mlc.drivers.registry.mlflow_journal import Journal
from mlc.ir.operation import StepFailed
from mlc.rules import registry_unreachable
from mlc.store.mlflow import Mlflow, MlflowError
from mlc.store.secrets import Secret


class Server(Struct, frozen=True):
    """Where the registry is: the address of an MLflow server and how it is reached, and an experiment's name."""

    uri: str
    experiment: str
    token: Secret | None = None
    user: str = ""
    password: Secret | None = None

    @contextmanager
    def reached(self) -> Iterator[Journal]:
        """Its journal. Raises StepFailed (registry-unreachable), without what is secret."""
        server = Mlflow(self.uri, self.token, self.user, self.password)
        try:
            yield Journal(server, self.experiment)
        except MlflowError as error:
            told = registry_unreachable.found(self.uri, str(error))
            raise StepFailed(told, passing=error.passing) from None
        finally:
            server.close()


class BytesInArtifacts(Elsewhere, frozen=True, kw_only=True):
    """Files as artifacts of the run that holds the journal, each in a folder of its own: `content`, and when it was put
    there, as MLflow does not say it."""

    server: Server

    def content(self, digest: str) -> bytes | None:
        with self.server.reached() as journal:
            place = self._folder(journal, digest)
            return None if place is None else journal.server.read(f"{place}/content")

    def keep(self, digest: str, content: bytes) -> None:
        with self.server.reached() as journal:
            journal.made()
            place = self._folder(journal, digest)
            journal.server.get("experiments/get-by-name", experiment_name=journal.name)  # for its clock
            journal.server.put(f"{place}/put-{journal.server.now:.0f}", b"")
            journal.server.put(f"{place}/content", content)

    def has(self, digest: str) -> bool:
        with self.server.reached() as journal:
            place = self._folder(journal, digest)
            return place is not None and ("content", False) in journal.server.listed(place)

    def place(self, digest: str) -> str:
        return f"{self.server.uri} (files/{self.valid(digest)} of the journal of {self.server.experiment})"

    def digests(self) -> Iterator[str]:
        with self.server.reached() as journal:
            root = journal.artifacts()
            listed = [] if root is None else journal.server.listed(f"{root}/files")
        return iter(sorted(name for name, is_folder in listed if is_folder and len(name) == 64))

    def remove(self, digest: str) -> bool:
        with self.server.reached() as journal:
            place = self._folder(journal, digest)
            there = [] if place is None else journal.server.listed(place)
            for name, _ in sorted(there):  # the content first: what is left says no more than when it came
                journal.server.remove(f"{place}/{name}")
            if there:
                journal.server.remove(str(place))
            return ("content", False) in there

    def age(self, digest: str) -> float:
        """By the server's clock."""
        with self.server.reached() as journal:
            place = self._folder(journal, digest)
            there = [] if place is None else journal.server.listed(place)
            put = [float(name.removeprefix("put-")) for name, _ in there if name.startswith("put-")]
            return max(0.0, journal.server.now - max(put)) if put else 0.0

    def _folder(self, journal: Journal, digest: str) -> str | None:
        root = journal.artifacts()
        return None if root is None else f"{root}/files/{self.valid(digest)}"
