"""The JSON forms. Each is one document with `version`, described by a schema in `schemas/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from mlc.ir import outputs, tracing_output, written_output
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification
from mlc.ir.columns_out import ColumnsOut, FeaturesOut
from mlc.ir.diagnostic import Diagnostic, Edit, Fix
from mlc.ir.event import Finished
from mlc.ir.explanation import Explanation, Layered, Part
from mlc.ir.plan import Change, Plan, PlannedArtifact
from mlc.ir.span import Span
from mlc.ir.tracing import Source, Traced
from mlc.report import plan_entries, plan_files
from mlc.report.terminal import encodable

VERSION = 1


def document(**members: Any) -> str:
    """A document whose form only its command knows."""
    return bare({"version": VERSION, **members})


def bare(value: Any) -> str:
    """Plain data or a document as JSON, readable."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:  # bytes on the command line that are no UTF-8
        encoded = msgspec.json.encode(_encodable(msgspec.to_builtins(value)))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def diagnostics(found: tuple[Diagnostic, ...]) -> str:
    return bare(outputs.Diagnostics(diagnostics=[diagnostic(one) for one in found]))


def plans(planned: Sequence[Plan]) -> str:
    """Plans for machines to read: like the saved form, without what only `apply` needs."""
    return bare(outputs.Plans(plans=[_plan(one) for one in planned]))


def saved_plan(planned: Plan, stale: list[str] | None, edited: list[str] | None) -> str:
    """A saved plan, and whether it still fits."""
    files = [*planned.made.files] if planned.made is not None else []
    return bare(
        outputs.SavedPlanOut(
            plans=[_plan(planned)], tool=planned.tool, files=files, stale=stale, edited=edited
        )
    )


def migrated(
    language: int,
    steps: Sequence[tuple[int, int, Sequence[Edit]]],
    files: Sequence[str],
    found: tuple[Diagnostic, ...],
    *,
    written: bool,
) -> str:
    """What a migration edits, version by version, and what it leaves to do by hand."""
    made = [
        written_output.MigrationStepOut(before, after, [_edit(edit) for edit in edits])
        for before, after, edits in steps
    ]
    return bare(
        written_output.Migrated(
            written=written,
            language=language,
            steps=made,
            files=list(files),
            diagnostics=[diagnostic(one) for one in found],
        )
    )


def translated(
    folder: str, files: list[written_output.WrittenOut], found: tuple[Diagnostic, ...], *, written: bool
) -> str:
    """What an import writes, and what of its sources it does not."""
    diagnostics = [diagnostic(one) for one in found]
    return bare(
        written_output.Translated(written=written, folder=folder, files=files, diagnostics=diagnostics)
    )


def imported(found: Sequence[tuple[str, str]]) -> str:
    return bare(outputs.Imported(imported=[outputs.ImportedOut(what, note) for what, note in found]))


def applied(end: Finished, failures: tuple[Diagnostic, ...]) -> str:
    return bare(
        outputs.Applied(
            outcome=end.outcome,
            done=end.done,
            failed=end.failed,
            skipped=end.skipped,
            not_started=end.not_started,
            diagnostics=[diagnostic(one) for one in failures],
        )
    )


def explained(address: str, found: tuple[Explanation, ...]) -> str:
    return bare(outputs.Explained(address=address, environments=[_explanation(one) for one in found]))


def traced(one: Traced) -> str:
    """What the lines of an artifact come from."""
    lines = [
        tracing_output.LineOut(line.number, line.text, [_line_source(source) for source in line.sources])
        for line in one.lines
    ]
    return bare(
        tracing_output.TracedOut(
            path=one.path, environment=one.environment, address=one.address, backend=one.backend, lines=lines
        )
    )


def _line_source(one: Source) -> tracing_output.LineSourceOut:
    explained = msgspec.structs.asdict(_explanation(one.explanation))
    return tracing_output.LineSourceOut(**explained, of=one.kind, shifts=one.shifts)


def columns_out(features: str, used: Sequence[ColumnsOut]) -> str:
    """What comes out of features."""
    return bare(FeaturesOut(features=features, used=tuple(used)))


def _encodable(value: Any) -> Any:
    """Plain data with the escapes of lone surrogates in their place."""
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, dict):
        return {_encodable(key): _encodable(child) for key, child in value.items()}
    return [_encodable(child) for child in value] if isinstance(value, list) else value


def formatted(files: list[outputs.FormattedFile], found: tuple[Diagnostic, ...], *, written: bool) -> str:
    """What formatting changed, and what it could not format."""
    diagnostics = [diagnostic(one) for one in found]
    return bare(outputs.Formatted(written=written, files=files, diagnostics=diagnostics))


def fixed(
    files: list[str],
    done: list[outputs.FixedOut],
    undone: list[outputs.UndoneOut],
    left: tuple[Diagnostic, ...],
    *,
    written: bool,
) -> str:
    """What was fixed, and what is left."""
    diagnostics = [diagnostic(one) for one in left]
    return bare(
        outputs.Fixed(written=written, files=files, fixed=done, undone=undone, diagnostics=diagnostics)
    )


def rendered(artifacts: Iterable[Artifact], checked: Mapping[str, tuple[Verification, ...]] | None) -> str:
    """The artifacts of a project; with what official checkers said of each, by path, where they were asked."""
    listed = [
        outputs.RenderedOut(
            path=one.path,
            backend=one.backend,
            address=str(one.address),
            digest=one.digest,
            checks=None
            if checked is None
            else [
                outputs.CheckOut(said.checker, said.outcome, [*said.findings], _origins(said))
                for said in checked[one.path]
            ],
        )
        for one in artifacts
    ]
    return bare(outputs.Rendered(artifacts=listed))


def _origins(said: Verification) -> list[list[outputs.OriginOut]]:
    return [
        [outputs.OriginOut(span.file, span.line, span.column) for span in spans] for spans in said.origins
    ]


def modules(listed: list[outputs.ModuleOut], found: tuple[Diagnostic, ...]) -> str:
    """What became of each module, or how it stands with it."""
    return bare(outputs.Modules(modules=listed, diagnostics=[diagnostic(one) for one in found]))


def diagnostic(one: Diagnostic) -> outputs.DiagnosticOut:
    return outputs.DiagnosticOut(
        rule=one.rule,
        severity=one.severity,
        summary=one.summary,
        detail=one.detail,
        address=one.address,
        path=one.path,
        labels=[
            outputs.LabelOut(**_region(label.span), text=label.text, primary=label.primary)
            for label in one.labels
        ],
        help=one.help,
        fix=None if one.fix is None else _fix(one.fix),
        refused=one.refused,
    )


def _fix(fix: Fix) -> outputs.FixOut:
    edits = [_edit(edit) for edit in fix.edits]
    return outputs.FixOut(title=fix.title, safety=fix.safety, edits=edits)


def _plan(planned: Plan) -> outputs.PlanOut:
    steps = [
        outputs.StepOut(
            id=step.id,
            address=step.address,
            action=step.action,
            change_class=step.change_class,
            because=step.because,
            due_to=step.due_to,
            depends_on=list(step.depends_on),
            changes=[_change(change) for change in step.changes],
            artifact=None if step.artifact is None else _artifact(step.artifact),
            was="" if step.move is None else step.move.was,
            known_after_apply=list(step.unknown),
            stays=step.stays,
        )
        for step in planned.steps
    ]
    counted = plan_entries.counts(
        planned.unchanged, plan_entries.entries(planned.steps), plan_files.files(planned.steps)
    )
    return outputs.PlanOut(
        project=planned.project,
        environment=planned.environment,
        lineage=planned.lineage,
        serial=planned.serial,
        unchanged=planned.unchanged,
        steps=steps,
        counts=outputs.CountsOut(
            counted.add, counted.change, counted.destroy, counted.rename, counted.costs, counted.foreign
        ),
        narrowing=planned.narrowing,
    )


def _change(change: Change) -> outputs.ChangeOut:
    return outputs.ChangeOut(
        path=change.path,
        before=change.before,
        after=change.after,
        change_class=change.change_class,
        cause=None if change.cause is None else outputs.Region(**_region(change.cause)),
        origin=change.origin,
        added=change.added,
        near=None if change.near is None else outputs.Region(**_region(change.near)),
        reads=[outputs.ReadOut(**_region(read.span), key=read.key) for read in change.reads],
        former=list(change.former),
    )


def _artifact(found: PlannedArtifact) -> outputs.ArtifactOut:
    return outputs.ArtifactOut(
        found.path, found.backend, found.digest, found.added, found.removed, found.diff, found.foreign
    )


def _explanation(one: Explanation) -> outputs.ExplanationOut:
    return outputs.ExplanationOut(
        environment=one.environment,
        path=one.path,
        value=one.winner.value,
        winner=_layer(one.winner),
        overwrote=[_layer(lost) for lost in one.overwrote],
        read=[_layer(read, key) for key, read in one.read],
        description=one.description,
        change_class=one.change_class,
        parts=[_part(part) for part in one.parts],
    )


def _part(part: Part) -> outputs.PartOut:
    return outputs.PartOut(
        key=part.key,
        winner=_layer(part.winner),
        overwrote=[_layer(lost) for lost in part.overwrote],
        parts=[_part(inner) for inner in part.parts],
    )


def _layer(layer: Layered, key: str | None = None) -> outputs.LayeredOut:
    return outputs.LayeredOut(**_region(layer.span), value=layer.value, written=layer.written, key=key)


def _edit(edit: Edit) -> outputs.EditOut:
    return outputs.EditOut(**_region(edit.span), text=edit.text)


def _region(where: Span) -> dict[str, Any]:
    return msgspec.structs.asdict(where)
