"""What an estimator of scikit-learn in a file of skops is, told as data by a process of its own.

`ask` starts the process; only types of a fixed list are loaded there (`_skops.TRUSTED` beside what skops itself
trusts), within limits of time and memory. Nothing is fitted, and nothing is asked of what was loaded but its
parameters.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlc.drivers import _limits
from mlc.ir.told import Branch, Part, Step, Told

SECONDS = 120
MEMORY = 4 << 30  # bytes
_ANSWER, _LOG = "answer.json", "output.txt"


def ask(path: Path) -> Told:
    """What a process of its own tells of a file."""
    with tempfile.TemporaryDirectory(prefix="mlc-import-") as name:
        folder = Path(name).resolve()
        # -P: nothing of the folder it is started in is imported; the path that mlc was found on is handed over
        program = (
            f"import sys; sys.path[:] = {sys.path!r}; from mlc.drivers._skops_told import main; "
            "main(*sys.argv[1:])"
        )
        command = [sys.executable, "-P", "-c", program, str(path.resolve()), str(folder)]
        ended = _limits.run(command, folder, folder / _LOG, timeout=SECONDS, memory=MEMORY)
        answer = folder / _ANSWER
        if ended.how != "exit":
            what = f"{SECONDS} s" if ended.how == "timeout" else f"{MEMORY >> 30} GiB of memory"
            return Told(refused=f"reading it took more than {what}.")
        if ended.code or not answer.is_file():
            said = (folder / _LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return Told(refused=f"it cannot be read: {said[-1] if said else 'the reader ended'}")
        return msgspec.json.decode(answer.read_bytes(), type=Told)


def main(path: str, folder: str) -> None:
    """Be that process."""
    _limits.confine(64 << 20)
    Path(folder, _ANSWER).write_bytes(msgspec.json.encode(_told(Path(path))))


def _told(path: Path) -> Told:
    import warnings
    import zipfile

    import skops.io

    from mlc.drivers._skops import LARGEST_MODEL, TRUSTED

    warnings.simplefilter("ignore")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > LARGEST_MODEL:
            return Told(refused=f"it unpacks to {size:,} bytes; at most {LARGEST_MODEL:,} are read.")
        untrusted = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED))
        if untrusted:
            return Told(untrusted=untrusted)
        model = skops.io.load(path, trusted=list(TRUSTED))
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, ImportError) as error:
        return Told(
            refused=f"it is no file of skops that this version reads ({type(error).__name__}: {error})."
        )
    if not hasattr(model, "get_params"):
        return Told(refused=f"it holds a {type(model).__name__}, which is no estimator of scikit-learn.")
    return Told(model=_part(model))


def _part(made: Any) -> Part:
    if isinstance(made, str):
        return Part(type=made)
    name, given = _name(type(made)), made.get_params(deep=False)
    if name == "sklearn.pipeline.Pipeline":
        steps = [Step(str(step), _part(one)) for step, one in made.steps if one is not None]
        return _fitted(made, Part(type=name, steps=steps, **_params(made, given, ("steps",))))
    if name == "sklearn.compose.ColumnTransformer":
        kept = _params(made, given, ("transformers", "remainder"))
        branches = [Branch(str(branch), _part(one), columns) for branch, one, columns in _branches(made)]
        word = made.remainder if isinstance(made.remainder, str) else _name(type(made.remainder))
        return _fitted(made, Part(type=name, branches=branches, remainder=word, **kept))
    return _fitted(made, Part(type=name, **_params(made, given, ())))


def _name(constructor: type) -> str:
    """The name that people import it by."""
    parts = constructor.__module__.split(".")
    private = next((number for number, part in enumerate(parts) if part.startswith("_")), len(parts))
    if parts[0] == "mlc":
        private = len(parts)
    return ".".join([*parts[:private], constructor.__name__])


def _params(made: Any, given: Mapping[str, Any], without: tuple[str, ...]) -> dict[str, Any]:
    """The parameters that differ from those of an estimator that was told none."""
    import inspect

    own = type(made).__module__.startswith("mlc.")  # whose author wrote a spec, which has other defaults
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(type(made).__init__).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    params, unsaid, within = {}, {}, {}
    for name, value in given.items():
        if name in without or (not own and name in defaults and _same(value, defaults[name])):
            continue
        inner = _estimators(value)
        if inner:
            within[name] = [Step(step, _part(one)) for step, one in inner]
            continue
        try:
            params[name] = _plain(value)
        except TypeError:
            unsaid[name] = getattr(value, "__name__", type(value).__name__)
    return {"params": params, "unsaid": unsaid, "within": within}


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    if isinstance(value, float) and isinstance(default, float) and math.isnan(value) and math.isnan(default):
        return True
    try:
        return type(value) is type(default) and bool(value == default)
    except ValueError:  # of arrays
        return False


def _estimators(value: Any) -> list[tuple[str, Any]]:
    """The estimators that a parameter holds, with their names where they have some."""
    if hasattr(value, "get_params") and not isinstance(value, type):
        return [("", value)]
    if isinstance(value, list) and value and all(isinstance(one, tuple) and len(one) == 2 for one in value):
        found = [(str(name), one) for name, one in value if hasattr(one, "get_params")]
        return found if len(found) == len(value) else []
    return []


def _plain(value: Any) -> Any:
    """Raises TypeError for what is no plain data."""
    import numpy as np

    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(value)
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(one) for key, one in value.items()}
    raise TypeError(value)


def _fitted(made: Any, part: Part) -> Part:
    """With what is known of an estimator that was fitted."""
    told: dict[str, Any] = {}
    if hasattr(made, "classes_"):
        told["classes"] = _listed(made.classes_)
    if hasattr(made, "categories_"):
        told["categories"] = [_listed(one) for one in made.categories_]
    if hasattr(made, "feature_names_in_"):
        told["columns_in"] = [str(one) for one in made.feature_names_in_]
    if hasattr(made, "n_features_in_"):
        told["width"] = int(made.n_features_in_)
    told["is_fitted"] = any(name.endswith("_") and not name.startswith("_") for name in vars(made))
    return msgspec.structs.replace(part, **told)


def _listed(values: Any) -> list[Any]:
    try:
        found = [_plain(one) for one in values]
    except TypeError:
        return []
    return found if len(found) <= 10_000 else []


def _branches(made: Any) -> list[tuple[str, Any, list[str | int] | None]]:
    """What is done to which columns: of a fitted one as it was worked out, the rest among it."""
    names = [str(one) for one in getattr(made, "feature_names_in_", ())]
    places = getattr(made, "_transformer_to_input_indices", None)
    if places is None or not hasattr(made, "transformers_"):
        return [(name, one, _columns(columns)) for name, one, columns in made.transformers]
    # what was to be done, rather than what was fitted: parameters are the author's there
    written = {name: one for name, one, _ in made.transformers}
    fitted = {name: one for name, one, _ in made.transformers_}
    found: list[tuple[str, Any, list[str | int] | None]] = []
    for name, indices in places.items():
        one = fitted.get(name, written.get(name, made.remainder))
        if isinstance(written.get(name, made.remainder), str):
            one = written.get(name, made.remainder)
        found.append((name, one, [names[place] if names else int(place) for place in indices]))
    return found


def _columns(columns: Any) -> list[str | int] | None:
    """Columns as they were named, where they were."""
    if isinstance(columns, str):
        return [columns]
    if isinstance(columns, int) and not isinstance(columns, bool):
        return [columns]
    try:
        found = _plain(list(columns))
    except TypeError:
        return None
    if all(isinstance(one, str) for one in found) or all(type(one) is int for one in found):
        return found  # type: ignore[no-any-return]
    return None
