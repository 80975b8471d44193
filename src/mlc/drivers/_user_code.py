"""Trains and exports with a module of the project, in an interpreter of its own.

`run_apart` is called by the driver. It copies the modules into a folder and starts `main` there, which alone imports
them; what comes back is read as data, never unpickled.
"""

from __future__ import annotations

import pickle
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import isclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
from msgspec import Struct

from mlc.drivers import _limits
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import user_code_failed
from mlc.store.source import copy_source

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

LARGEST_FILE = 4 << 30
"""Bytes."""

_REQUEST, _ANSWER, _LOG, _CODE = "request", "answer.json", "output.txt", "code"
_MOST_SAID = 2_000
_ASKED = ("predict", "predict_proba", "decision_function", "classes_")
"""What is asked of a trained estimator."""


class Answer(Struct, frozen=True):
    """What the other interpreter did: files by output name, below the step's folder; or what was wrong."""

    outputs: dict[str, str] = {}
    summary: dict[str, Any] = {}
    diagnostics: tuple[Diagnostic, ...] = ()


def run_apart(work: Work, act: str) -> Product:
    """Let `act` ("train", "score" or "export") be done apart. Raises StepFailed (user-code-failed, and what `act`
    raises)."""
    name, address = work.spec["estimator"], work.operation.address
    for role, module in work.files.items():
        try:
            copy_source(module, work.folder / _CODE / f"{role}{module.suffix}")
        except OSError:
            path = work.operation.files[role]
            raise StepFailed(user_code_failed.missing(name, path, address, _named_in(work))) from None
    request = {
        "act": act,
        "operation": work.operation,
        "environment": work.environment,
        "folder": work.folder,
        "inputs": dict(work.inputs),
        "digests": dict(work.digests),
        "modules": tuple(work.files),
    }
    (work.folder / _REQUEST).write_bytes(pickle.dumps(request))
    work.tell(f"running {name}")
    limits = work.operation.limits
    # -P: nothing of the folder it is started in is imported; the path that mlc was found on is handed over
    command = [sys.executable, "-P", "-c", _program(), str(work.folder)]
    ended = _limits.run(
        command,
        work.folder,
        work.folder / _LOG,
        timeout=limits["timeout"],
        memory=int(limits["memory"]),
    )
    answer = work.folder / _ANSWER
    if ended.how != "exit" or ended.code or not answer.is_file():
        raise StepFailed(_stopped(work, ended))
    found = msgspec.json.decode(answer.read_bytes(), type=Answer)
    if found.diagnostics:
        raise StepFailed(*found.diagnostics)
    return Product(
        {name: work.folder / Path(path).name for name, path in found.outputs.items()}, found.summary
    )


def _named_in(work: Work) -> str:
    """The field of the model that names the code."""
    name = work.spec.get("candidate", {}).get("name") or work.spec.get("chosen", "train")
    return "train" if name == "train" else f"candidates.{name}"


def _program() -> str:
    return (
        f"import sys; sys.path[:] = {sys.path!r}; from mlc.drivers._user_code import main; main(sys.argv[1])"
    )


def _stopped(work: Work, ended: _limits.Ended) -> Diagnostic:
    name, address = work.spec["estimator"], work.operation.address
    field, limits = f"code.{name.split('.')[1]}", work.operation.limits
    if ended.how == "timeout":
        detail, field = f"it took longer than {limits['timeout']:g} s", f"{field}.timeout"
    elif ended.how == "memory":
        allowed = limits["memory"] / 2**20
        detail, field = f"it took more than {allowed:,.0f} MiB of memory", f"{field}.memory"
    else:
        said = (work.folder / _LOG).read_bytes()[-_MOST_SAID:].decode("utf-8", "replace").strip()
        how = f"by signal {-ended.code}" if ended.code < 0 else f"with exit code {ended.code}"
        detail = f"it ended {how}" + (f", and said last: {said.splitlines()[-1]}" if said else "")
    return user_code_failed.stopped(name, detail, field, address, _named_in(work))


def main(folder: str) -> NoReturn:
    """Be the other interpreter: do the request in a folder and write the answer."""
    import os

    place = Path(folder)
    _limits.confine(LARGEST_FILE)
    request = pickle.loads((place / _REQUEST).read_bytes())  # noqa: S301 - by our own parent
    sys.path.append(str(place / _CODE))
    work = Work(
        operation=request["operation"],
        environment=request["environment"],
        root=place,
        folder=place,
        inputs=request["inputs"],
        digests=request["digests"],
        files={},
        tell=lambda _: None,
        render=_nothing_to_render,
    )
    try:
        product = _ACTS[request["act"]](work, request["modules"])
        outputs = {name: str(path.relative_to(place)) for name, path in product.outputs.items()}
        answer = Answer(outputs, product.summary)
    except StepFailed as failure:
        answer = Answer(diagnostics=failure.diagnostics)
    except Exception as error:
        answer = Answer(diagnostics=(_raised(work, error, place / _CODE),))
    written = place / f"{_ANSWER}.part"
    written.write_bytes(msgspec.json.encode(answer))
    written.rename(place / _ANSWER)
    sys.stdout.flush()
    os._exit(0)  # whatever threads the module has started


def _train(work: Work, modules: tuple[str, ...]) -> Product:
    from mlc.drivers import _training

    return _training.train(work, _builder(work, modules), finished=_take_out, path=_named_in(work))


def _score(work: Work, modules: tuple[str, ...]) -> Product:
    from mlc.drivers import _candidate

    return _candidate.score(work, make=_builder(work, modules))


def _export(work: Work, modules: tuple[str, ...]) -> Product:
    from mlc.drivers import onnx_export

    for name in modules:
        _imported(work, name)
    return onnx_export.export(work, tuple(f"{name}." for name in modules))


_ACTS: Mapping[str, Callable[[Work, tuple[str, ...]], Product]] = {
    "train": _train,
    "score": _score,
    "export": _export,
}


def _builder(work: Work, modules: tuple[str, ...]) -> Callable[[str, Mapping[str, Any], int], Any]:
    """What makes the estimator that the spec names, unfitted. Raises StepFailed."""
    member = _member(work, modules)
    if isclass(member):
        return lambda _, params, seed: _seeded(member, params, seed)
    return _by_function(member)


def _member(work: Work, modules: tuple[str, ...]) -> Any:
    """The class or the function that the spec names. Raises StepFailed."""
    name = work.spec["estimator"]
    _, module, member = name.split(".")
    for other in modules:
        _imported(work, other)
    found = getattr(_imported(work, module), member, None)
    if found is None:
        raise _unfit(work, f"the module has no `{member}`")
    if isclass(found):
        missing = [method for method in ("fit", "predict", "get_params") if not hasattr(found, method)]
        if missing:
            raise _unfit(work, f"the class has no method `{missing[0]}`")
    elif not callable(found):
        raise _unfit(work, "it is neither a class nor a function")
    return found


def _imported(work: Work, module: str) -> Any:
    found = import_module(module)
    if not (found.__file__ or "").startswith(str(work.folder / _CODE)):
        raise _unfit(work, f"the module's name `{module}` is that of an installed package; call it otherwise")
    return found


def _seeded(estimator: Any, params: Mapping[str, Any], seed: int) -> Any:
    """An estimator with its parameters, and the seed where it takes one."""
    made = estimator(**params)
    if "random_state" in made.get_params() and "random_state" not in params:
        made.set_params(random_state=seed)
    return made


def _by_function(function: Callable[..., Any]) -> Callable[[str, Mapping[str, Any], int], Any]:
    """A builder of estimators that are fitted by a function `train(X, y, *, seed, …)`."""
    from sklearn.base import BaseEstimator

    class Trained(BaseEstimator):  # type: ignore[misc]
        """Stands for what the function gives, and answers as that does once it is fitted."""

        stands_for_a_function = True

        def __init__(self, params: Mapping[str, Any] | None = None, seed: int = 0) -> None:
            self.params, self.seed = params, seed

        def fit(self, table: Any, labels: Any) -> Trained:
            self.model_ = function(table, labels, seed=self.seed, **(self.params or {}))
            return self

        def __getattr__(self, name: str) -> Any:
            if name in _ASKED and "model_" in self.__dict__:
                return getattr(self.model_, name)
            raise AttributeError(name)

    return lambda _, params, seed: Trained(params, seed)


def _take_out(model: Pipeline) -> None:
    """Put what a function gave into the place of what stood for it, within a calibration too."""
    from mlc.drivers._calibration import Calibrated

    name, last = model.steps[-1]
    if isinstance(last, Calibrated):
        last.estimator = _given(last.estimator)
    else:
        model.steps[-1] = (name, _given(last))


def _given(estimator: Any) -> Any:
    return estimator.model_ if hasattr(type(estimator), "stands_for_a_function") else estimator


def _raised(work: Work, error: Exception, code: Path) -> Diagnostic:
    """An exception, with the innermost line of the project's code that it came through."""
    where = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith(str(code)):
            role = Path(frame.filename).relative_to(code)
            top = role.parts[0].removesuffix(".py")
            path = work.operation.files.get(top, str(role))
            where = "/".join((path, *role.parts[1:])) + f":{frame.lineno}"
    said = f"{type(error).__name__}: {error}".strip().splitlines()[0][:500].removesuffix(": ")
    return user_code_failed.raised(
        work.spec["estimator"], said, where, work.operation.address, _named_in(work)
    )


def _unfit(work: Work, detail: str) -> StepFailed:
    name, address = work.spec["estimator"], work.operation.address
    return StepFailed(user_code_failed.unfit(name, detail, address, _named_in(work)))


def _nothing_to_render(backend: str, template: str, data: Mapping[str, Any]) -> bytes:
    raise AssertionError((backend, template, data))
