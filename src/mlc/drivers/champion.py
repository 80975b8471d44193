"""compare: the model and the registered one that an alias points to, on the same test rows.

Inputs: `onnx`, `test` (Parquet). Output: `comparison` (JSON, see `mlc.ir.evaluation.Comparison`).

Its key cannot hold the champion, as a plan knows the registry only by looking: `observe` says when the alias points
to another model than was compared with. The model's own promotion is none: what it had to beat stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlc.drivers.registry.places import open_registry
from mlc.drivers.registry.standing import Pointed, champions
from mlc.ir.drift import Seen
from mlc.ir.evaluation import Comparison, Duel
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work, digest_of

if TYPE_CHECKING:
    import polars as pl

    from mlc.drivers.registry.places import Registry
    from mlc.drivers.statistics.answers import Answers, Array
    from mlc.drivers.statistics.design import Design

VERSION = 1
PACKAGES = ("numpy", "onnxruntime", "polars", "scipy")
EFFECT = True
MEMORY = 300
MEMORY_PER_BYTE = 100.0
LOADS = (
    "polars",
    "mlc.drivers._canonical",
    "mlc.drivers.evaluating.answers",
    "mlc.drivers.evaluating.scoring",
    "mlc.drivers.statistics.paired",
)


def run(work: Work) -> Product:
    """Compare, for each gate that asks. Raises StepFailed (registry-unreadable, evaluation-impossible)."""
    import polars as pl

    from mlc.drivers._canonical import canonical
    from mlc.drivers.evaluating.answers import design_of, in_order
    from mlc.drivers.evaluating.scoring import scorer, truth_of
    from mlc.rules import evaluation_impossible

    spec = work.spec
    registry, pointed = pointed_to(work.root, spec)
    own = work.digests["onnx"]
    frame = in_order(spec, pl.read_parquet(work.inputs["test"]))
    others = [one for one in pointed.values() if one is not None and one.digest != own]
    duels: list[Duel] = []
    answers, truth, design = None, None, None
    if others:
        work.tell(f"comparing on {frame.height:,} rows")
        try:
            truth = truth_of(frame, spec)
            answers = scorer(work.inputs["onnx"], spec, truth)(frame)
            design, _ = design_of(spec, frame, answers)
        except ValueError as error:
            raise StepFailed(
                evaluation_impossible.found(
                    str(error), "Mend the data or the model's export.", address=work.operation.address
                )
            ) from error
    for gate, asked in sorted(spec["duels"].items()):
        champion = pointed[asked["alias"]]
        duel = Duel(gate, asked["alias"], asked["metric"], asked["test"])
        if champion is None:
            note = f"No version of {spec['name']} is called {asked['alias']} yet: there is nothing to compare with."
            duels.append(_with(duel, note=note))
        elif champion.digest == own:
            note = f"The model is version {champion.number} itself, which {asked['alias']} points to."
            duels.append(_with(duel, version=champion.number, digest=champion.digest, note=note))
        else:
            assert answers is not None
            assert design is not None
            duel = _with(duel, version=champion.number, digest=champion.digest)
            whole = registry.files.found(champion.digest) == champion.digest
            path = registry.files.path(champion.digest) if whole else None
            duels.append(_fought(duel, asked, path, spec, frame, truth, answers, design))
    written = work.folder / "comparison.json"
    written.write_bytes(canonical(Comparison(frame.height, tuple(duels))))
    return Product({"comparison": written}, {"champions": told(pointed)} | _summary(duels))


def pointed_to(root: Path, spec: Mapping[str, Any]) -> tuple[Registry, dict[str, Pointed | None]]:
    """The registry, and what each alias that a gate names points to in it. Raises StepFailed (registry-unreadable)."""
    registry = open_registry(root, spec["registry"])
    wanted = sorted({duel["alias"] for duel in spec["duels"].values()})
    found = champions(registry, [(spec["name"], alias) for alias in wanted])
    return registry, {alias: found[(spec["name"], alias)] for alias in wanted}


def told(pointed: Mapping[str, Pointed | None]) -> dict[str, dict[str, Any] | None]:
    """What was compared with, by alias, as a summary has it."""
    return {
        alias: {"version": one.number, "digest": one.digest} if one else None
        for alias, one in pointed.items()
    }


def observe(
    root: Path,
    environment: str,  # noqa: ARG001 - a registry is one for all of them
    done: Sequence[tuple[Operation, Outcome]],
) -> dict[str, Seen]:
    """Comparisons with a model that the alias no longer points to. The model itself in its place is none."""
    return moves(
        root, [(one, one.spec, made.made_from.get("input onnx", ""), made.summary) for one, made in done]
    )


Compared = tuple[Operation, Mapping[str, Any], str, Mapping[str, Any]]
"""An operation, the specification of its comparison, the digest of what was compared, and the operation's summary."""


def moves(root: Path, done: Sequence[Compared]) -> dict[str, Seen]:
    """By operation, what an alias points to now in the place of what was compared with."""
    found: dict[str, Seen] = {}
    for place in {digest_of(spec["registry"]): spec["registry"] for _, spec, _, _ in done}.values():
        here = [each for each in done if each[1]["registry"] == place]
        aliases = [(spec["name"], alias) for _, spec, _, told in here for alias in told.get("champions", {})]
        try:
            held = champions(open_registry(root, place), aliases)
        except StepFailed:
            continue  # that the registry cannot be read is told of the versions in it
        for operation, spec, own, told in here:
            seen = moved(spec["name"], own, told.get("champions", {}), held)
            if seen is not None:
                found[operation.id] = seen
    return found


def moved(
    name: str,
    own: str,
    compared: Mapping[str, Mapping[str, Any] | None],
    held: Mapping[tuple[str, str], Pointed | None],
) -> Seen | None:
    """The first alias that points neither to what was compared with nor to the model itself (its digest is `own`)."""
    for alias, before in compared.items():
        now = held[(name, alias)]
        digest = now.digest if now is not None else ""
        if digest in (own, before["digest"] if before else ""):
            continue
        was = f"version {before['version']}" if before else "no version"
        is_now = f"version {now.number}" if now is not None else "no version"
        return Seen(
            f"{alias} of {name} points to {is_now}, and the model was compared with {was}",
            was,
            is_now,
            digest or "none",
        )
    return None


def _fought(
    duel: Duel,
    asked: Mapping[str, Any],
    path: Path | None,
    spec: dict[str, Any],
    frame: pl.DataFrame,
    truth: Array | None,
    answers: Answers,
    design: Design,
) -> Duel:
    """The duel with its outcome, or with the problem that keeps it from having one."""
    import polars as pl

    from mlc.drivers.evaluating.scoring import scorer
    from mlc.drivers.statistics.paired import difference

    if path is None:
        return _with(duel, problem="The champion's file is gone from the registry, or was edited there.")
    try:
        champion = scorer(path, spec, truth, as_it_takes=True)(frame)
        level = asked["confidence"]
        apart = difference(duel.metric, answers, champion, design, [] if level == 0.95 else [level])
    except StepFailed as failure:
        return _with(duel, problem=f"The champion cannot be opened: {failure}")
    except (ValueError, KeyError, pl.exceptions.PolarsError) as error:
        return _with(duel, problem=f"The champion cannot be compared with on these rows: {error}")
    return _with(
        duel,
        challenger=apart.first,
        champion=apart.second,
        difference=apart.estimate,
        p_value=apart.p_value,
    )


def _with(duel: Duel, **fields: Any) -> Duel:
    from msgspec import structs

    return structs.replace(duel, **fields)


def _summary(duels: Sequence[Duel]) -> dict[str, Any]:
    """What the terminal shows of each gate's duel."""
    shown: dict[str, Any] = {}
    for duel in duels:
        said = duel.note or duel.problem
        if duel.difference is not None and duel.difference.value is not None:
            ends = (
                ""
                if duel.difference.low is None
                else f" ({duel.difference.low:+.4f} to {duel.difference.high:+.4f})"
            )
            said = f"{duel.metric} {duel.difference.value:+.4f}{ends} against version {duel.version}"
        shown[f"{duel.gate}.{duel.alias}"] = said
    return shown
